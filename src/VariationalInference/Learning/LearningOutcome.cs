using System.Collections.Immutable;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>Makes a result of where the climbs ended: the parameters in the data's units, their bounds, and what is wrong with them.</summary>
internal sealed class LearningOutcome
{
    private readonly LinearGaussianModel _start;
    private readonly LearningProblem _problem;
    private readonly LearningSearch _search;
    private readonly BoundAscent _ascent;
    private readonly VariationalEmOptions _options;
    private readonly bool _isCancelled;
    private readonly LearningPoint _learned;
    private readonly LearningPoint _point;
    private readonly Lazy<LearningInformation> _information;

    /// <param name="start">The model that learning started from, whose fixed parameters stay.</param>
    /// <param name="problem">What was learned, from what.</param>
    /// <param name="search">The climbs.</param>
    /// <param name="ascent">The best of them.</param>
    /// <param name="options">How they went about it.</param>
    /// <param name="isCancelled">Whether the work was cut short.</param>
    public LearningOutcome(
        LinearGaussianModel start, LearningProblem problem, LearningSearch search, BoundAscent ascent, VariationalEmOptions options, bool isCancelled)
    {
        _start = start;
        _problem = problem;
        _search = search;
        _ascent = ascent;
        _options = options;
        _isCancelled = isCancelled;
        _learned = LoadingRotation.Canonical(ascent, problem, options);
        _point = problem.Complete(_learned);
        _information = new Lazy<LearningInformation>(() => new LearningInformation(problem, _learned, options, ascent.NoiseFloors));
    }

    // A cancelled run does not wait for the second derivatives either.
    private bool HasInformation => !_isCancelled && _problem.Layout.Count <= BoundAscent.MostNewtonParameters;

    public VariationalEmResult Result()
    {
        LearningUnits units = _problem.Units;
        int observations = _start.ObservationCount, latents = _start.LatentCount;
        Matrix<double> loadings = _options.Loadings
            ? Matrix<double>.Build.Dense(observations, latents, (k, j) => units.Loading(_point, k, j))
            : _start.Loadings();
        ImmutableArray<double> offset =
            _options.Offset ? [.. Enumerable.Range(0, observations).Select(k => units.Offset(_point, k))] : _start.Offset;
        ImmutableArray<double> noise = _options.NoiseVariances == VarianceLearning.Fixed
            ? _start.NoiseVariances
            : [.. Enumerable.Range(0, observations).Select(k => units.NoiseVariance(_point, k))];
        ImmutableArray<double> means =
            _options.PriorMeans ? [.. Enumerable.Range(0, latents).Select(j => units.PriorMean(_point, j))] : _start.PriorMeans;
        ImmutableArray<double> variances =
        [
            .. Enumerable.Range(0, latents).Select(
                j => _problem.Layout.Deviations[j] < 0 ? _start.PriorVariances[j] : units.PriorVariance(_point, j)),
        ];

        // The rotation of the loadings is a part of the last iteration: it takes nothing from the evidence, and in the mean-field family adds to the bound.
        double elbo = BoundOf(_options.Family);
        double remaining = HasInformation ? _information.Value.Missing : _problem.RowCount * _ascent.Missing;
        StopReason reason = StopReasonOf(remaining);
        return new VariationalEmResult(
            loadings,
            new Lazy<ParameterStandardErrors>(() => new ParameterStandardErrors(_problem, _information.Value, observations, latents)),
            new Lazy<ParameterChange[]>(() => LearnedChanges.Of(_problem, _information.Value, observations)))
        {
            Options = _options,
            FreeParameterCount = _problem.Layout.Count,
            Model = Model(loadings, offset, noise, means, variances),
            Offset = offset,
            NoiseVariances = noise,
            PriorMeans = means,
            PriorVariances = variances,
            ElboTrace = [.. _ascent.Trace.SkipLast(1).Select(value => (value * _problem.RowCount) - _problem.LogScale), elbo],
            LogEvidence = _options.Family == PosteriorFamily.FullGaussian ? elbo : BoundOf(PosteriorFamily.FullGaussian),
            GradientNorm = _ascent.GradientNorm,
            RemainingNats = remaining,
            StopReason = reason,
            Optima = [.. _search.Optima.Select(optimum => OptimumOf(optimum.Ascent, optimum.Starts, remaining, reason))],
            Warnings = LearningWarnings.Of(
                _start,
                _problem,
                _learned,
                _search.Floors,
                HasInformation && _options.Family == PosteriorFamily.FullGaussian ? _information.Value : null,
                _options),
        };
    }

    private double BoundOf(PosteriorFamily family) => _problem.CreateBound(family).Value(_learned, _learned.Copy()) - _problem.LogScale;

    private StopReason StopReasonOf(double remaining) =>
        _isCancelled ? StopReason.Cancelled
        : _search.Floors.IsUnlimited && _search.Floors.Binding(_learned).Length > 0 ? StopReason.Unbounded
        : IsWithinTolerance(remaining) ? StopReason.CertificateMet
        : _ascent.Iterations >= _options.MaxIterations ? StopReason.IterationLimit
        : StopReason.RoundingFloor;

    /// <summary>Describes an optimum; the best of them is the result itself.</summary>
    private LearnedOptimum OptimumOf(BoundAscent reached, int starts, double remaining, StopReason reason)
    {
        double missing = reached == _ascent ? remaining : _problem.RowCount * reached.Missing;
        bool converged = reached == _ascent ? reason == StopReason.CertificateMet : IsWithinTolerance(missing);
        return new LearnedOptimum
        {
            Elbo = (reached.Value * _problem.RowCount) - _problem.LogScale,
            RemainingNats = missing,
            Converged = converged,
            Starts = starts,
        };
    }

    /// <summary>Determines whether so many nats are few enough standard errors.</summary>
    private bool IsWithinTolerance(double missing) => Math.Sqrt(2 * missing) <= _options.Tolerance;

    private LinearGaussianModel Model(
        Matrix<double> loadings,
        ImmutableArray<double> offset,
        ImmutableArray<double> noise,
        ImmutableArray<double> means,
        ImmutableArray<double> variances)
    {
        double[] positiveNoise = Positive(noise, _problem.Units.Scales);
        double[] positiveVariances = Positive(variances, _problem.Units.LatentScales);
        LinearGaussianModel model = _problem.IsSum
            ? _start.Structure.ModelOf(positiveNoise[0], means.AsSpan(), positiveVariances)
            : new LinearGaussianModel(loadings, offset.AsSpan(), positiveNoise, means.AsSpan(), positiveVariances);
        return model.Named(_start.Columns, _start.Latents);
    }

    private static double[] Positive(ImmutableArray<double> variances, double[] scales) =>
        [.. variances.Select((variance, i) => variance > 0 ? variance : VariationalEmResult.ZeroVarianceStandIn * scales[i] * scales[i])];
}
