using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Random;

namespace VariationalInference.Tests.Hybrid.Decoders;

/// <summary>A small model with a decoder, networks in double precision, rows, and its densities written out with dense matrices.</summary>
internal sealed class DecoderCase
{
    public const int Width = 5;
    public const int Amortized = 2;
    public const int Linear = 3;

    public DecoderCase(bool missing = false, bool correlated = false, int linear = Linear)
    {
        var random = new Xoshiro256StarStar(7, threadSafe: false);
        double Next() => (2 * random.NextDouble()) - 1;
        var options = new PerceptronOptions { HiddenWidths = [4], Precision = NetworkPrecision.Bits64, AcceptsMissing = missing };
        var encoder = new MlpEncoder(Width, Amortized, options with { Seed = 1 });
        var decoder = new MlpDecoder(Amortized, Width, options with { Seed = 2, AcceptsMissing = false });
        Matrix<double>? loadings = linear == 0 ? null : Matrix<double>.Build.Dense(Width, linear, (_, _) => Next());
        GaussianPrior? amortizedPrior = correlated
            ? GaussianPrior.Correlated([0.3, -0.2], Matrix<double>.Build.DenseOfRowArrays([1.5, 0.4], [0.4, 0.8]))
            : null;
        GaussianPrior? linearPrior = correlated && linear == Linear
            ? GaussianPrior.Correlated([0.5, -1, 0.2], Matrix<double>.Build.DenseOfRowArrays([1.2, 0.3, 0.1], [0.3, 0.9, -0.2], [0.1, -0.2, 2]))
            : null;
        double[] offset = [.. Enumerable.Range(0, Width).Select(_ => Next())];
        double[] noise = [.. Enumerable.Range(0, Width).Select(_ => 0.2 + random.NextDouble())];
        Model = new DecoderModel(decoder, loadings, offset, noise, amortizedPrior, linearPrior);
        Encoder = encoder;
        Rows = Matrix<double>.Build.Dense(6, Width, (_, _) => 2 * Next());
        if (missing)
        {
            Rows[1, 0] = Rows[1, 3] = Rows[3, 4] = Rows[4, 0] = Rows[4, 3] = double.NaN;
        }

        foreach (ref double parameter in encoder.Parameters.Span)
        {
            parameter += 0.2 * Next();
        }

        foreach (ref double parameter in decoder.Parameters.Span)
        {
            parameter += 0.2 * Next();
        }
    }

    public DecoderModel Model { get; }

    public MlpEncoder Encoder { get; }

    public Matrix<double> Rows { get; }

    public DecoderRows AllRows => new(Width, Rows, Enumerable.Range(0, Rows.RowCount).ToArray());

    /// <summary>Sets up what is trained, with scales that are not 1.</summary>
    public DecoderParts Parts(DecoderOptions options) => new(
        Encoder,
        Model.Decoder,
        new LinearPart(Model, [0.5, 1, 2, 0.7, 1.3], floor: 0.05, new LinearLearning(options.Loadings && Model.LinearLatentCount > 0, options.Offset, options.NoiseVariances)),
        Model.AmortizedPrior);

    /// <summary>Returns log N(x | f + A m + b, R + A S Aᵀ) of the cells that were observed, by the dense covariance matrix.</summary>
    public double LogDensity(DecoderParts parts, ReadOnlySpan<double> row, double[] decoded)
    {
        LinearPart part = parts.Linear;
        int[] observed = [.. row.ToArray().Select((x, k) => (x, k)).Where(cell => !double.IsNaN(cell.x)).Select(cell => cell.k)];
        Matrix<double> covariance = Matrix<double>.Build.DenseOfDiagonalArray(part.NoiseVariances);
        var mean = Vector<double>.Build.Dense(Width, k => decoded[k] + part.Offset[k]);
        if (part.Count > 0)
        {
            Matrix<double> loadings = Matrix<double>.Build.DenseOfRowMajor(Width, part.Count, part.Loadings);
            covariance += loadings * Model.LinearPrior!.CovarianceMatrix() * loadings.Transpose();
            mean += loadings * Vector<double>.Build.DenseOfEnumerable(Model.LinearPrior.Means);
        }

        Matrix<double> own = Matrix<double>.Build.Dense(observed.Length, observed.Length, (i, j) => covariance[observed[i], observed[j]]);
        double[] cells = row.ToArray();
        var rest = Vector<double>.Build.Dense(observed.Length, i => cells[observed[i]] - mean[observed[i]]);
        return Normal(rest, own);
    }

    /// <summary>Returns log N(rest | 0, covariance).</summary>
    public static double Normal(Vector<double> rest, Matrix<double> covariance)
    {
        var factor = covariance.Cholesky();
        return -0.5 * (rest.DotProduct(factor.Solve(rest)) + factor.DeterminantLn + (rest.Count * Math.Log(2 * Math.PI)));
    }

    public double LogPrior(double[] latents) => Normal(
        Vector<double>.Build.Dense(latents) - Vector<double>.Build.DenseOfEnumerable(Model.AmortizedPrior.Means), Model.AmortizedPrior.CovarianceMatrix());

    /// <summary>
    /// Returns Σ over rows of mean_l [log p(x | z) + log p(z) − log q(z)] with z = μ + σε; log q of the encoder as it is, or of outputs that are held.
    /// </summary>
    /// <param name="parts">The model's parts.</param>
    /// <param name="noise">ε, row by row.</param>
    /// <param name="draws">L.</param>
    /// <param name="held">The encoder's outputs that log q keeps; null for those at hand, for which KL(q ‖ p) is taken in closed form.</param>
    public double Bound(DecoderParts parts, double[] noise, int draws, double[]? held)
    {
        parts.Linear.Refresh();
        INetworkTape encoder = Encoder.CreateTape(1), decoder = Model.Decoder.CreateTape(1);
        double sum = 0;
        for (int n = 0; n < Rows.RowCount; n++)
        {
            double[] row = [.. Rows.Row(n)];
            var outputs = new double[2 * Amortized];
            encoder.Forward(row, outputs);
            for (int l = 0; l < draws; l++)
            {
                double[] latents = [.. Enumerable.Range(0, Amortized).Select(a => outputs[a] + (Math.Exp(outputs[Amortized + a] / 2) * noise[(((n * draws) + l) * Amortized) + a]))];
                var decoded = new double[Width];
                decoder.Forward(latents, decoded);
                sum += LogDensity(parts, row, decoded) / draws;
                if (held is not null)
                {
                    double[] kept = held[(2 * Amortized * n)..(2 * Amortized * (n + 1))];
                    double logFactor = Enumerable.Range(0, Amortized).Sum(a => -0.5 * (Math.Log(2 * Math.PI) + kept[Amortized + a] + (Math.Pow(latents[a] - kept[a], 2) / Math.Exp(kept[Amortized + a]))));
                    sum += (LogPrior(latents) - logFactor) / draws;
                }
            }

            sum -= held is null ? Divergence(outputs) : 0;
        }

        return sum;
    }

    /// <summary>Returns the encoder's outputs of all rows.</summary>
    public double[] Outputs()
    {
        var outputs = new double[2 * Amortized * Rows.RowCount];
        Encoder.CreateTape(Rows.RowCount).Forward(Rows.ToRowMajorArray(), outputs);
        return outputs;
    }

    /// <summary>Returns KL(N(μ, D) ‖ N(m, S)) = ½ (tr S⁻¹D + (μ − m)ᵀS⁻¹(μ − m) − A + log det S − log det D).</summary>
    private double Divergence(double[] outputs)
    {
        Matrix<double> covariance = Model.AmortizedPrior.CovarianceMatrix();
        Matrix<double> precision = covariance.Inverse();
        var difference = Vector<double>.Build.Dense(Amortized, a => outputs[a] - Model.AmortizedPrior.Means[a]);
        double trace = Enumerable.Range(0, Amortized).Sum(a => precision[a, a] * Math.Exp(outputs[Amortized + a]));
        return 0.5 * (trace + difference.DotProduct(precision * difference) - Amortized + Math.Log(covariance.Determinant()) - outputs[Amortized..].Sum());
    }
}
