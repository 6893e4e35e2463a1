using System.Collections.Concurrent;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>A <see cref="DecoderModel"/> with its encoder, ready to infer, reconstruct and complete rows, and to make new ones.</summary>
/// <remarks>
/// Inference of a row is a pass through the encoder, and one of a few fixed draws through the decoder with the closed-form block behind it. Answers
/// depend on the row alone, to the last bit.
/// <threadsafety>Safe to share, as long as nobody writes the parameters of its networks.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// Matrix<double> rows = new GaussianSumModel(latentCount: 3, observationCount: 4, noiseVariance: 1.0).Sample(500, seed: 1).Observations;
/// var model = new DecoderModel(new MlpDecoder(latentCount: 1, observationCount: 4, hiddenWidths: [8]), linearLatentCount: 1);
/// var encoder = new MlpEncoder(4, 1, new PerceptronOptions { HiddenWidths = [8], AcceptsMissing = true });
/// DecoderInference inference = new HybridSolver(new DecoderOptions { MaxEpochs = 5 }).Fit(model, encoder, rows);
/// double[] whole = inference.Impute([0.5, double.NaN, 0.1, 0.4]);
/// Console.WriteLine(whole[0]);   // 0.5
/// Console.WriteLine(inference.Sample(3, seed: 1).RowCount);   // 3
/// ]]></code>
/// </example>
public partial class DecoderInference
{
    // Enough for means; how good the ELBO is with more draws, evaluations say.
    private const int Pairs = 8;
    private const int RefinementPairs = 32;

    private readonly DecoderParts _parts;
    private readonly double[] _noise;
    private readonly Matrix<double>? _root;
    private readonly ConcurrentBag<DecoderTile> _tiles = [];

    /// <summary>Initializes a new instance of the <see cref="DecoderInference"/> class.</summary>
    /// <param name="model">The model, with numbers of its own.</param>
    /// <param name="encoder">The encoder, trained with it. It is not copied.</param>
    /// <exception cref="ArgumentException">The encoder does not fit the model, or the model has no numbers yet.</exception>
    public DecoderInference(DecoderModel model, IEncoder encoder)
    {
        HybridSolver.RequireFit(model, encoder);
        if (!model.HasNumbers)
        {
            throw new ArgumentException("model has no loadings, offset or noise variances of its own; they must be given or learned.", nameof(model));
        }

        Model = model;
        Encoder = encoder;
        var linear = new LinearPart(
            model, Enumerable.Repeat(1.0, model.ObservationCount).ToArray(), floor: 0, new LinearLearning(false, false, VarianceLearning.Fixed));
        _parts = new DecoderParts(encoder, model.Decoder, linear, model.AmortizedPrior);
        _noise = DecoderJudge.OppositeDraws(1, Pairs, model.AmortizedLatentCount, seed: 0);
        _root = model.LinearPrior?.CovarianceMatrix().Cholesky().Factor;
    }

    /// <summary>Gets the model.</summary>
    public DecoderModel Model { get; }

    /// <summary>Gets the encoder.</summary>
    public IEncoder Encoder { get; }

    /// <summary>Gets the ELBO, in nats, below which a row is flagged as unlike those of training.</summary>
    /// <value>The default is −∞; of a <see cref="DecoderResult"/>, the smallest ELBO of a held-out row.</value>
    public double ElboLimit { get; init; } = double.NegativeInfinity;

    /// <summary>Infers the latents of a row in one pass.</summary>
    /// <param name="row">The observations x, length K, all finite, or NaN where missing if the encoder accepts that.</param>
    /// <returns>The posterior.</returns>
    /// <exception cref="ArgumentException"><paramref name="row"/> has another length or holds a value that is not allowed.</exception>
    /// <exception cref="NonFiniteValueException">The row is so far out that its posterior or its ELBO is not finite.</exception>
    public DecoderPosterior Infer(ReadOnlySpan<double> row)
    {
        DecoderTile tile = Encode(row);
        DecoderPosterior posterior = Posterior(tile);
        _tiles.Add(tile);
        return posterior;
    }

    /// <summary>
    /// Starts from the encoder and finds the best factors of this row by itself: what the encoder gave away, for a cost of some hundred passes.
    /// </summary>
    /// <param name="row">The observations x, length K, all finite, or NaN where missing if the encoder accepts that.</param>
    /// <param name="cancellationToken">Stops the ascent; the best factors so far are returned.</param>
    /// <returns>The posterior.</returns>
    /// <exception cref="ArgumentException"><paramref name="row"/> has another length or holds a value that is not allowed.</exception>
    /// <exception cref="NonFiniteValueException">The row is so far out that its posterior or its ELBO is not finite.</exception>
    public DecoderPosterior Refine(ReadOnlySpan<double> row, CancellationToken cancellationToken = default)
    {
        DecoderTile tile = Encode(row);
        var rows = new DecoderRows(row);
        var refinement = new RowRefinement(_parts, RefinementPairs, seed: 0);
        MeanFieldGaussian best = refinement.Refine(rows, Amortized(tile), cancellationToken);
        tile.Load(rows, best.Means.AsSpan(), [.. best.Variances.Select(Math.Log)]);
        tile.Evaluate(_noise);
        DecoderPosterior posterior = Posterior(tile);
        _tiles.Add(tile);
        return posterior;
    }

    /// <summary>Returns what the model makes of a row without its noise: the posterior mean of f_θ(z_A) + A z_C + b.</summary>
    /// <param name="row">The observations x, length K, all finite, or NaN where missing if the encoder accepts that.</param>
    /// <returns>A new row, length K, without missing cells.</returns>
    /// <exception cref="ArgumentException"><paramref name="row"/> has another length or holds a value that is not allowed.</exception>
    /// <exception cref="NonFiniteValueException">The row is so far out that its posterior or its ELBO is not finite.</exception>
    public double[] Reconstruct(ReadOnlySpan<double> row)
    {
        DecoderTile tile = Encode(row);
        LinearPart linear = _parts.Linear;
        var whole = new double[linear.Width];
        for (int draw = 0; draw < tile.DrawCount; draw++)
        {
            ReadOnlySpan<double> decoded = tile.Decoded(draw), latents = tile.LinearMeans(draw);
            for (int k = 0; k < whole.Length; k++)
            {
                double mean = decoded[k] + linear.Centre[k];
                for (int j = 0; j < linear.Count; j++)
                {
                    mean += linear.Roots[(k * linear.Count) + j] * latents[j];
                }

                whole[k] += mean / tile.DrawCount;
            }
        }

        _tiles.Add(tile);
        return whole;
    }

    /// <summary>Fills in the missing cells of a row with their posterior means.</summary>
    /// <param name="row">The observations x, length K, NaN where missing; the encoder must accept that.</param>
    /// <returns>A new row, in which the cells that were observed stay as they are.</returns>
    /// <exception cref="ArgumentException"><paramref name="row"/> has another length or holds a value that is not allowed.</exception>
    /// <exception cref="NonFiniteValueException">The row is so far out that its posterior or its ELBO is not finite.</exception>
    public double[] Impute(ReadOnlySpan<double> row)
    {
        double[] whole = Reconstruct(row);
        for (int k = 0; k < whole.Length; k++)
        {
            whole[k] = double.IsNaN(row[k]) ? whole[k] : row[k];
        }

        return whole;
    }

    /// <summary>Makes rows: latents from their priors, through the model, with noise.</summary>
    /// <param name="count">The number of rows. Range: at least 1.</param>
    /// <param name="seed">The seed.</param>
    /// <returns>A new table, N×K.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is below 1.</exception>
    public Matrix<double> Sample(int count, int seed)
    {
        Guard.InArray(count, Model.ObservationCount, nameof(count));
        int amortized = Model.AmortizedLatentCount, linear = Model.LinearLatentCount, width = Model.ObservationCount;
        var noise = new double[amortized + linear + width];
        var latents = new double[amortized];
        var classical = new double[linear];
        INetworkTape tape = Model.Decoder.CreateTape(capacity: 1);
        var table = Matrix<double>.Build.Dense(count, width);
        for (int n = 0; n < count; n++)
        {
            NormalStream.Fill(StreamSeed.Of(seed, 6, n), noise);
            Model.AmortizedPrior.Unwhiten(noise.AsSpan(0, amortized), latents);
            Model.LinearPrior?.Unwhiten(noise.AsSpan(amortized, linear), classical);
            double[] row = Mean(tape, latents, classical);
            for (int k = 0; k < width; k++)
            {
                table[n, k] = row[k] + (Math.Sqrt(Model.NoiseVariances[k]) * noise[amortized + linear + k]);
            }
        }

        return table;
    }

    /// <summary>Returns the mean f_θ(z_A) + A z_C + b of a row with given latents.</summary>
    /// <param name="amortized">z_A, length A, all finite.</param>
    /// <param name="linear">z_C, length C, all finite.</param>
    /// <returns>A new row, length K.</returns>
    /// <exception cref="ArgumentException">A length is wrong, or a value is not finite.</exception>
    public double[] Decode(ReadOnlySpan<double> amortized, ReadOnlySpan<double> linear = default)
    {
        Guard.Length(amortized.Length, Model.AmortizedLatentCount, nameof(amortized), "one for each amortized latent");
        Guard.AllFinite(amortized, nameof(amortized));
        Guard.Length(linear.Length, Model.LinearLatentCount, nameof(linear), "one for each linear latent");
        Guard.AllFinite(linear, nameof(linear));
        return Mean(Model.Decoder.CreateTape(capacity: 1), amortized, linear);
    }

    /// <summary>Evaluates how well model and encoder do on rows.</summary>
    /// <param name="rows">The observations, N×K, all finite, or NaN where missing if the encoder accepts that.</param>
    /// <param name="drawCount">The number of draws a row. Range: 2 to 100,000.</param>
    /// <param name="refinedRowCount">The number of rows to refine, the first ones; all, if there are not so many. Range: at least 0.</param>
    /// <param name="seed">The seed of the draws.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The evaluation.</returns>
    /// <exception cref="ArgumentException"><paramref name="rows"/> or a number is out of its range.</exception>
    /// <exception cref="NonFiniteValueException">A row is so far out that its posterior or its ELBO is not finite.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public DecoderEvaluation Evaluate(
        Matrix<double> rows, int drawCount = 200, int refinedRowCount = 32, int seed = 0, CancellationToken cancellationToken = default)
    {
        HybridSolver.RequireRows(Model, Encoder, rows);
        DecoderOptions.RequireDraws(drawCount, nameof(drawCount));
        Guard.AtLeast(refinedRowCount, 0, nameof(refinedRowCount));
        int[] all = [.. Enumerable.Range(0, rows.RowCount)];
        return new DecoderEvaluator(_parts, new DecoderRows(Model.ObservationCount, rows, all), drawCount, refinedRowCount, seed)
            .Run(Environment.ProcessorCount, refuses: true, cancellationToken);
    }

    /// <summary>Names the encoder and the model.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => $"{Encoder} for {Model}";

    private DecoderTile Encode(ReadOnlySpan<double> row)
    {
        Guard.Length(row.Length, Model.ObservationCount, nameof(row), "one for each observation");
        for (int k = 0; k < row.Length; k++)
        {
            if (!double.IsFinite(row[k]) && !(Encoder.AcceptsMissing && double.IsNaN(row[k])))
            {
                string allowed = Encoder.AcceptsMissing ? "finite, or NaN when it is missing" : "finite";
                throw new ArgumentException(Guard.Text($"{nameof(row)}[{k}]{Model.Columns.Behind(k)} is {row[k]}; it must be {allowed}."), nameof(row));
            }
        }

        if (!_tiles.TryTake(out DecoderTile? tile))
        {
            tile = new DecoderTile(_parts, capacity: 1, 2 * Pairs);
        }

        tile.Load([new RowReference<DecoderRows>(new DecoderRows(row), 0)]);
        tile.Evaluate(_noise);
        tile.RequireFinite(place: 0, row: 0);
        return tile;
    }

    private MeanFieldGaussian Amortized(DecoderTile tile) => new(tile.Means(0), [.. tile.LogVariances(0).ToArray().Select(Math.Exp)])
    {
        LatentNames = Model.AmortizedLatentNames,
    };

    private DecoderPosterior Posterior(DecoderTile tile)
    {
        double likelihood = 0;
        foreach (double value in tile.Values(0))
        {
            likelihood += value;
        }

        double elbo = (likelihood / tile.DrawCount) - _parts.Prior.Divergence(tile.Means(0), tile.LogVariances(0));
        return new DecoderPosterior(Amortized(tile), Linear(tile), elbo, elbo < ElboLimit);
    }

    /// <summary>Returns the moments of the mixture of N(m + Lu, LM⁻¹Lᵀ) over the draws.</summary>
    private MultivariateGaussian? Linear(DecoderTile tile)
    {
        if (_root is null)
        {
            return null;
        }

        int count = _root.RowCount;
        ConditionalShape shape = tile.ShapeOf(0);
        Vector<double> mean = Vector<double>.Build.Dense(count);
        for (int draw = 0; draw < tile.DrawCount; draw++)
        {
            mean += Vector<double>.Build.DenseOfArray(tile.LinearMeans(draw).ToArray()) / tile.DrawCount;
        }

        double[] inverse = shape.Inverse.Span.ToArray();
        Matrix<double> covariance = Matrix<double>.Build.Dense(count, count, (i, j) => inverse[(i * shape.LatentStride) + j]);
        for (int draw = 0; draw < tile.DrawCount; draw++)
        {
            Vector<double> difference = Vector<double>.Build.DenseOfArray(tile.LinearMeans(draw).ToArray()) - mean;
            covariance += difference.OuterProduct(difference) / tile.DrawCount;
        }

        Vector<double> means = Vector<double>.Build.DenseOfEnumerable(Model.LinearPrior!.Means) + (_root * mean);
        Matrix<double> own = _root * covariance * _root.Transpose();
        return new MultivariateGaussian(means.ToArray(), (own + own.Transpose()) / 2) { LatentNames = Model.LinearLatentNames };
    }

    private double[] Mean(INetworkTape tape, ReadOnlySpan<double> amortized, ReadOnlySpan<double> linear)
    {
        var row = new double[Model.ObservationCount];
        tape.Forward(amortized, row);
        for (int k = 0; k < row.Length; k++)
        {
            row[k] += Model.Offset[k];
            for (int j = 0; j < linear.Length; j++)
            {
                row[k] += Model.LoadingValues[(k * linear.Length) + j] * linear[j];
            }
        }

        return row;
    }
}
