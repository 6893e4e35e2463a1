using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>
/// Loadings of one everywhere, with one noise variance: n observations say about the latents what their mean with noise σ²/n says.
/// </summary>
internal sealed class SumLoadings : LoadingStructure
{
    private readonly double _noiseVariance;
    private readonly (double High, double Low) _prediction;
    private readonly double _weight;
    private readonly double[] _meanWeights;

    /// <summary>Lᵀ1, the standard deviations where latents are independent.</summary>
    private readonly double[] _rootSums;
    private readonly SharedShape?[] _shapes;
    private readonly Lazy<RowReduction> _reduction;

    public SumLoadings(int observationCount, double noiseVariance, GaussianPrior prior)
        : base(prior, observationCount)
    {
        _noiseVariance = noiseVariance;
        _prediction = Compensated.Sum(0, prior.Means.AsSpan());
        RequireFinitePredictions([_prediction]);
        _weight = 1 / Math.Sqrt(noiseVariance);
        _meanWeights = Sequences.Array(observationCount + 1, observed => Math.Sqrt(observed / noiseVariance));
        _rootSums = Sequences.Array(prior.Count, _ => 1);
        prior.ScaleTransposed(_rootSums);
        _shapes = new SharedShape?[observationCount + 1];
        Complete = ShapeOf(observationCount);
        _reduction = new Lazy<RowReduction>(CreateReduction);
    }

    public override SharedShape Complete { get; }

    public override RowReduction Reduction(CancellationToken cancellationToken) => _reduction.Value;

    public override bool HasReplicates => true;

    public override LinearGaussianModel ModelOf(double noiseVariance, ReadOnlySpan<double> priorMeans, ReadOnlySpan<double> priorVariances) =>
        new GaussianSumModel(ObservationCount, noiseVariance, priorMeans, priorVariances);

    public override Matrix<double> Loadings() => Matrix<double>.Build.Dense(ObservationCount, Prior.Count, 1.0);

    public override SharedShape ShapeOf(MissingPattern pattern) =>
        ShapeOf(ObservationCount - pattern.MissingCount);

    public override ConditionedRow Condition(ReadOnlySpan<double> row, Span<double> whitened)
    {
        int observed = 0;
        double total = 0;
        foreach (double value in row)
        {
            if (!double.IsNaN(value))
            {
                total += value - _prediction.High - _prediction.Low;
                observed++;
            }
        }

        double mean = observed > 0 ? total / observed : 0;
        double squares = 0;
        foreach (double value in row)
        {
            if (!double.IsNaN(value))
            {
                double difference = (value - _prediction.High - _prediction.Low - mean) * _weight;
                squares += difference * difference;
            }
        }

        whitened[0] = mean * _meanWeights[observed];
        return Conditioned(ShapeOf(observed), whitened, squares);
    }

    public override void Predict(ReadOnlySpan<double> latents, Span<double> observations)
    {
        double sum = 0;
        foreach (double latent in latents)
        {
            sum += latent;
        }

        observations.Fill(sum);
    }

    /// <summary>Returns the shape for a number of observed cells. Its values do not depend on the thread that creates it.</summary>
    private SharedShape ShapeOf(int observed) => _shapes[observed] ??= CreateShape(observed);

    private SharedShape CreateShape(int observed)
    {
        double[] loadings = Sequences.Array(_rootSums.Length, j => _rootSums[j] * _meanWeights[observed]);
        RequireFinite(loadings);
        double logNormalizer = -0.5 * observed * Math.Log(2 * Math.PI * _noiseVariance);
        return new SharedShape(new WhitenedLoadings(loadings, rank: 1), Prior, observed, logNormalizer);
    }

    /// <summary>Creates the reduction by which tables are solved, and its error.</summary>
    /// <remarks>
    /// A relative error ε of u is an error of the means of at most ε‖w‖ posterior standard deviations, since
    /// tᵀLᵀΛLt = w²‖B‖²/(1 + ‖B‖²) ≤ w²; and one of each mean alone of at most ε times what all terms of the means come to, for independent
    /// priors ε Σ_j √λ_j |t_j| ≤ ε√J‖w‖.
    /// </remarks>
    private SumReduction CreateReduction()
    {
        double[] loadings = Sequences.Array(_rootSums.Length, j => _rootSums[j] * _weight);
        double[] gains = [.. loadings];
        Prior.Scale(gains);
        double inInput = ObservationCount + 16;
        double inMeans = Prior.IsIndependent ? 6 * Math.Sqrt(Prior.Count) : (6 + Prior.LargestBlock) * LargestReach();
        return new SumReduction
        {
            Gains = gains,
            PredictionHigh = [.. Enumerable.Repeat(_prediction.High, ObservationCount)],
            PredictionLow = [.. Enumerable.Repeat(_prediction.Low, ObservationCount)],
            Weights = [.. Enumerable.Repeat(_weight, ObservationCount)],
            Coupling = Compensated.Dot(0, loadings, loadings).High,
            ErrorBase = Complete.MeanRoundingBound(new double[Prior.Count]),
            ErrorSlope = (inInput + inMeans) * DoublePrecision.UnitRoundoff,
        };
    }

    /// <summary>Returns what all terms of a row's means come to, at most, for ‖w‖ = 1 and any number of observed cells.</summary>
    private double LargestReach()
    {
        double largest = 0;
        var t = new double[Prior.Count];
        for (int observed = 1; observed <= ObservationCount; observed++)
        {
            SharedShape shape = ShapeOf(observed);
            shape.Loadings.Row.CopyTo(t);
            double square = ShortVectors.SquaredNorm(t);
            for (int j = 0; j < t.Length; j++)
            {
                t[j] /= 1 + square;
            }

            largest = Math.Max(largest, shape.Reach(t));
        }

        return largest;
    }
}
