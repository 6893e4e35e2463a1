using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>
/// Where training begins: the factor analysis of the training rows, x ~ N(b, VVᵀ + WWᵀ + R) with every variance at least the floor. The factors V
/// are those that the networks begin with, as a linear decoder and its exact encoder; W are the loadings of the linear latents.
/// </summary>
/// <remarks>
/// <para>
/// By expectation and maximisation over the moments of the rows (Rubin and Thayer, 1982): with all factors F = [V W], Bᵀ = (R + FFᵀ)⁻¹F and the rows'
/// covariance matrix S, F ← SBᵀ(M⁻¹ + BSBᵀ)⁻¹ and r ← diag E(x − Fz)². Columns that the model gives stay, as do its variances. A missing cell
/// counts as its column's mean here.
/// </para>
/// <para>
/// The strongest factors, by VᵀR⁻¹V, become the networks': they are what a curve has to be found in. They are turned until their posterior given the rows
/// is independent, so that mean-field factors lose nothing at the start.
/// </para>
/// </remarks>
internal sealed class LinearStart
{
    // So close to the optimum, training goes on as fast.
    private const double Tolerance = 1e-4;
    private const int MaxIterations = 1_000;

    // Of the columns' mean variance: below it, a column is as good as constant.
    private const double FloorShare = 1e-4;

    private readonly DecoderModel _model;
    private readonly VarianceLearning _learning;
    private readonly double _floor;
    private readonly int _width;
    private readonly Matrix<double> _covariance;
    private readonly double[] _scales;

    /// <param name="moments">The moments of the training rows.</param>
    /// <param name="model">The model, which may lack numbers.</param>
    /// <param name="learning">How noise variances are learned.</param>
    /// <param name="floor">The smallest noise variance.</param>
    /// <param name="scales">The scales of the observations, to whose squares all noise variances shall be in one ratio; empty to leave them free.</param>
    public LinearStart(RowMoments moments, DecoderModel model, VarianceLearning learning, double floor, ReadOnlySpan<double> scales = default)
    {
        _scales = scales.ToArray();
        _model = model;
        _learning = model.HasNoise ? VarianceLearning.Fixed : learning;
        _floor = floor;
        _width = model.ObservationCount;
        _covariance = moments.Covariance;
        int given = model.HasLoadings ? model.LinearLatentCount : 0;
        int all = Math.Min(model.LinearLatentCount + model.AmortizedLatentCount, _width - 1);
        Matrix<double> factors = Matrix<double>.Build.Dense(_width, Math.Max(all, model.LinearLatentCount));
        if (given > 0)
        {
            factors.SetSubMatrix(0, 0, WhiteLoadings());
        }

        double[] noise = model.HasNoise ? [.. model.NoiseVariances] : [.. moments.Variances.Select(variance => Math.Max(variance, floor))];
        SetPrincipal(factors, given, all);
        Iterate(factors, noise, given);
        (Matrix<double> amortized, Matrix<double> linear) = Part(factors, noise, given);
        Turn(amortized, linear, noise);
        Model = new DecoderModel(
            model.Decoder,
            model.LinearLatentCount == 0 ? null : OwnLoadings(linear),
            model.HasOffset ? model.Offset.AsSpan() : moments.Means,
            noise,
            model.AmortizedPrior,
            model.LinearPrior);
    }

    /// <summary>Gets the model with numbers for those that it lacked.</summary>
    public DecoderModel Model { get; }

    /// <summary>Gets V of the whitened amortized latents, K×A; zero for latents beyond what rows of K numbers can tell.</summary>
    public Matrix<double> Loadings { get; private set; } = null!;

    /// <summary>Gets the gains A×K that give the whitened amortized latents' posterior means from x − b.</summary>
    public Matrix<double> Gains { get; private set; } = null!;

    /// <summary>Gets their posterior variances.</summary>
    public double[] Variances { get; private set; } = [];

    /// <summary>Gets the smallest noise variance where none is asked for; 1 where no column varies, and anything would do.</summary>
    public static double DefaultFloor(RowMoments moments) => moments.Variances.Average() is var variance and > 0 ? FloorShare * variance : 1;

    /// <summary>Makes calibrated networks begin with the factors.</summary>
    /// <param name="encoder">The encoder.</param>
    /// <param name="decoder">The decoder.</param>
    /// <param name="areDrawn">Whether their weights were just drawn; otherwise what hidden layers add to the linear maps stays.</param>
    public void Begin(MlpEncoder encoder, MlpDecoder decoder, bool areDrawn)
    {
        GaussianPrior prior = _model.AmortizedPrior;
        Matrix<double> units = Matrix<double>.Build.DenseOfDiagonalArray([.. prior.Variances.Select(Math.Sqrt)]);
        encoder.Network.BeginLinear(units * Gains, areDrawn);
        decoder.Network.BeginLinear(Loadings * units.Inverse(), areDrawn);
        for (int a = 0; a < Variances.Length; a++)
        {
            double variance = prior.Variances[a] * Variances[a];
            encoder.Network.SetOutputBias(Variances.Length + a, Math.Log(variance) - Math.Log(encoder.Scales.OutputVariances[a]));
        }
    }

    /// <summary>Returns the given loadings of whitened linear latents, AL with the root L of their prior.</summary>
    private Matrix<double> WhiteLoadings() => _model.Loadings()! * _model.LinearPrior!.CovarianceMatrix().Cholesky().Factor;

    private Matrix<double> OwnLoadings(Matrix<double> white) => _model.HasLoadings
        ? _model.Loadings()!
        : white * _model.LinearPrior!.CovarianceMatrix().Cholesky().Factor.Inverse();

    /// <summary>Starts free factors from the leading directions of the rows, less what is given, with half their deviations.</summary>
    private void SetPrincipal(Matrix<double> factors, int given, int all)
    {
        Matrix<double> rest = _covariance - (factors * factors.Transpose());
        var eigen = rest.Evd(Symmetricity.Symmetric);
        const double share = 0.5;
        for (int j = given; j < all; j++)
        {
            int place = _width - 1 - (j - given);
            double deviation = share * Math.Sqrt(Math.Max(eigen.EigenValues[place].Real, 0));
            factors.SetColumn(j, deviation * eigen.EigenVectors.Column(place));
        }
    }

    private void Iterate(Matrix<double> factors, double[] noise, int given)
    {
        var before = new double[_width];
        for (int iteration = 0; iteration < MaxIterations; iteration++)
        {
            noise.CopyTo(before, 0);
            double change = Step(factors, noise, given);
            for (int k = 0; k < _width; k++)
            {
                change = Math.Max(change, Math.Abs((noise[k] / before[k]) - 1));
            }

            if (change < Tolerance)
            {
                break;
            }
        }
    }

    /// <summary>Takes one step; returns by how much the free factors changed, relative to the deviations of the noise.</summary>
    private double Step(Matrix<double> factors, double[] noise, int given)
    {
        (Matrix<double> weights, Matrix<double> inverse) = Posterior(factors, noise);
        Matrix<double> products = _covariance * weights;
        Matrix<double> second = inverse + weights.TransposeThisAndMultiply(products);
        int free = factors.ColumnCount - given;
        double change = 0;
        if (free > 0)
        {
            Matrix<double> right = products.SubMatrix(0, _width, given, free);
            if (given > 0)
            {
                right -= factors.SubMatrix(0, _width, 0, given) * second.SubMatrix(0, given, given, free);
            }

            Matrix<double> moved = second.SubMatrix(given, free, given, free).Cholesky().Solve(right.Transpose()).Transpose();
            for (int k = 0; k < _width && _learning == VarianceLearning.Fixed; k++)
            {
                for (int j = 0; j < free; j++)
                {
                    change = Math.Max(change, Math.Abs(moved[k, j] - factors[k, given + j]) / Math.Sqrt(noise[k]));
                }
            }

            factors.SetSubMatrix(0, given, moved);
        }

        SetNoise(factors, noise, products, second);
        return change;
    }

    private void SetNoise(Matrix<double> factors, double[] noise, Matrix<double> products, Matrix<double> second)
    {
        if (_learning == VarianceLearning.Fixed)
        {
            return;
        }

        // E(x − Fz)², for any F.
        Matrix<double> moved = factors * second;
        for (int k = 0; k < _width; k++)
        {
            double rest = _covariance[k, k];
            for (int j = 0; j < factors.ColumnCount; j++)
            {
                rest += factors[k, j] * (moved[k, j] - (2 * products[k, j]));
            }

            noise[k] = Math.Max(rest, _floor);
        }

        if (_learning == VarianceLearning.Shared)
        {
            Array.Fill(noise, noise.Average());
        }
        else if (_scales.Length > 0)
        {
            double ratio = noise.Select((variance, k) => variance / (_scales[k] * _scales[k])).Average();
            for (int k = 0; k < _width; k++)
            {
                noise[k] = Math.Max(ratio * _scales[k] * _scales[k], _floor);
            }
        }
    }

    /// <summary>Returns Bᵀ = R⁻¹FM⁻¹, K×J, and M⁻¹.</summary>
    private static (Matrix<double> Weights, Matrix<double> Inverse) Posterior(Matrix<double> factors, double[] noise)
    {
        Matrix<double> scaled = Matrix<double>.Build.Dense(factors.RowCount, factors.ColumnCount, (k, j) => factors[k, j] / noise[k]);
        Matrix<double> identity = Matrix<double>.Build.DenseIdentity(factors.ColumnCount);
        Matrix<double> inverse = (identity + factors.TransposeThisAndMultiply(scaled)).Cholesky().Solve(identity);
        return (scaled * inverse, inverse);
    }

    /// <summary>Parts the factors into those of the networks and those of the linear latents.</summary>
    private (Matrix<double> Amortized, Matrix<double> Linear) Part(Matrix<double> factors, double[] noise, int given)
    {
        int linear = _model.LinearLatentCount;
        int amortized = factors.ColumnCount - linear;
        Matrix<double> none = Matrix<double>.Build.Dense(_width, Math.Max(linear, 1));
        Matrix<double> ordered = given > 0 || amortized == 0 ? factors : factors * Directions(factors, noise);
        int first = given > 0 || amortized == 0 ? linear : 0;
        Matrix<double> own = Matrix<double>.Build.Dense(_width, _model.AmortizedLatentCount);
        for (int j = 0; j < amortized; j++)
        {
            own.SetColumn(j, ordered.Column(first + j));
        }

        return (own, linear == 0 ? none : ordered.SubMatrix(0, _width, first == 0 ? amortized : 0, linear));
    }

    /// <summary>Turns V until VᵀC⁻¹V is diagonal, C = WWᵀ + R, and sets gains and variances.</summary>
    private void Turn(Matrix<double> amortized, Matrix<double> linear, double[] noise)
    {
        (Matrix<double> weights, _) = Posterior(linear, noise);
        Matrix<double> Whitened(Matrix<double> columns)
        {
            Matrix<double> rest = columns - (linear * weights.TransposeThisAndMultiply(columns));
            return Matrix<double>.Build.Dense(_width, columns.ColumnCount, (k, j) => rest[k, j] / noise[k]);
        }

        var eigen = amortized.TransposeThisAndMultiply(Whitened(amortized)).Evd(Symmetricity.Symmetric);
        Loadings = amortized * eigen.EigenVectors;
        Variances = [.. eigen.EigenValues.Select(value => 1 / (1 + Math.Max(value.Real, 0)))];
        Gains = Matrix<double>.Build.DenseOfDiagonalArray(Variances) * Whitened(Loadings).Transpose();
    }

    /// <summary>Returns the turn in which FᵀR⁻¹F is diagonal, the strongest factors first.</summary>
    private static Matrix<double> Directions(Matrix<double> factors, double[] noise)
    {
        Matrix<double> scaled = Matrix<double>.Build.Dense(factors.RowCount, factors.ColumnCount, (k, j) => factors[k, j] / noise[k]);
        Matrix<double> vectors = factors.TransposeThisAndMultiply(scaled).Evd(Symmetricity.Symmetric).EigenVectors;
        return Matrix<double>.Build.Dense(
            vectors.RowCount, vectors.ColumnCount, (i, j) => vectors[i, vectors.ColumnCount - 1 - j]);
    }
}
