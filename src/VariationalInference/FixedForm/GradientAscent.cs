using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>One walk ν ← ν + η∇L over ν = (μ, log v).</summary>
/// <remarks>
/// The means move in whitened coordinates t = D⁻¹(μ − m), where ∂L/∂μ_j is g_j/s_j with g = Bᵀe − t; a step η on μ_j is a step η/s_j² on
/// t_j. The log variances ρ move by η ½(1 − q) with q = Λ_jj v_j. With the step 2/max(1, q) neither side of the optimum q = 1 is ever
/// overshot: log q + 1 − q ≤ 0, and log q − 1 + 1/q ≥ 0.
/// </remarks>
internal sealed class GradientAscent
{
    private const double VarianceRounding = 1e-13;

    private readonly FixedFormElbo _elbo;
    private readonly GradientAscentOptions _options;
    private readonly SharedShape _shape;
    private readonly double[] _t;
    private readonly double[] _logVariances;
    private readonly double[] _meanSteps;
    private readonly double[] _residual;
    private readonly double[] _gradient;
    private double _gradientNorm = double.PositiveInfinity;

    public GradientAscent(FixedFormElbo elbo, GradientAscentOptions options, MeanFieldGaussian start)
    {
        _elbo = elbo;
        _options = options;
        _shape = elbo.Joint.Shape;
        int count = elbo.Joint.LatentCount;
        _t = new double[count];
        _shape.Prior.Whiten(start.Means.AsSpan(), _t);
        _logVariances = [.. start.Variances.Select(Math.Log)];
        _meanSteps = new double[count];
        for (int j = 0; j < count; j++)
        {
            _meanSteps[j] = options.StepSize is double step
                ? step / _shape.Prior.ConditionalVariances[j]
                : 2 / ((_shape.Spectrum.Min + _shape.Spectrum.Max) * _shape.ScaledPrecision[j]);
        }

        _residual = new double[_shape.Rank];
        _gradient = new double[count];
    }

    public GradientAscentResult Run(CancellationToken cancellationToken)
    {
        var trace = ImmutableArray.CreateBuilder<double>();
        var path = ImmutableArray.CreateBuilder<MeanFieldGaussian>();
        Point current = Assess();
        Point best = current;
        trace.Add(current.Elbo);
        path.Add(current.Posterior);
        StopReason? reason = Stop(current, steps: 0, cancellationToken);
        while (reason is null)
        {
            Step();
            if (!IsFinite())
            {
                reason = StopReason.Diverged;
                break;
            }

            Point next = Assess();
            if (!double.IsFinite(next.Elbo) || !double.IsFinite(next.ErrorBound))
            {
                reason = StopReason.Diverged;
                break;
            }

            current = next;
            trace.Add(current.Elbo);
            best = current.Elbo >= best.Elbo ? current : best;
            if (path.Count < _options.PathLimit)
            {
                path.Add(current.Posterior);
            }

            reason = Stop(current, trace.Count - 1, cancellationToken);
        }

        // At the certificate the last point is the answer, whatever rounding does to its ELBO.
        Point answer = reason is StopReason.CertificateMet or StopReason.RoundingFloor ? current : best;
        return new GradientAscentResult(_elbo.Joint, answer.Posterior)
        {
            Elbo = answer.Elbo,
            ElboTrace = trace.ToImmutable(),
            Path = path.ToImmutable(),
            StopReason = reason.Value,
            Converged = answer.MeetsTolerance(_options.Tolerance),
            ErrorBound = answer.ErrorBound,
            VarianceErrorBound = answer.VarianceError,
            ElboGapBound = (0.5 * answer.ErrorBound * answer.ErrorBound) + answer.VarianceGap,
        };
    }

    private StopReason? Stop(Point point, int steps, CancellationToken cancellationToken) => point switch
    {
        _ when point.MeetsTolerance(_options.Tolerance) => StopReason.CertificateMet,
        _ when point.AtRoundingFloor => StopReason.RoundingFloor,
        _ when steps >= _options.MaxSteps => StopReason.IterationLimit,
        _ when cancellationToken.IsCancellationRequested => StopReason.Cancelled,
        _ => null,
    };

    private void Step()
    {
        if (!_shape.Prior.IsIndependent)
        {
            // In the latents themselves, and back.
            _shape.Prior.ToLatents(_gradient);
            for (int j = 0; j < _t.Length; j++)
            {
                _gradient[j] *= _shape.Prior.ConditionalVariances[j] * _meanSteps[j];
            }

            _shape.Prior.Unscale(_gradient);
        }

        for (int j = 0; j < _t.Length; j++)
        {
            _t[j] += _shape.Prior.IsIndependent ? _meanSteps[j] * _gradient[j] : _gradient[j];
            double ratio = _shape.VarianceRatio(j, _logVariances[j]);
            double step = _options.StepSize ?? 2 / Math.Max(1, ratio);
            _logVariances[j] += step * 0.5 * (1 - ratio);
        }
    }

    private bool IsFinite()
    {
        double sum = 0;
        for (int j = 0; j < _t.Length; j++)
        {
            double variance = Math.Exp(_logVariances[j]);
            if (!(variance > 0))
            {
                return false;
            }

            sum += (_t[j] * _t[j] * _shape.ScaledPrecision[j]) + (variance / _shape.MeanFieldVariances[j]);
        }

        return double.IsFinite(sum);
    }

    private Point Assess()
    {
        _shape.Loadings.Residual(_elbo.Joint.Whitened, _t, _residual);
        _shape.Loadings.Gradient(_t, _residual, _gradient);
        double gradientNorm = Math.Sqrt(ShortVectors.SquaredNorm(_gradient));
        (double gradientRounding, double errorRounding) = _shape.RoundingBounds(
            _elbo.Joint.Row.WhitenedNorm, _t, Math.Sqrt(ShortVectors.SquaredNorm(_t)), Math.Sqrt(ShortVectors.SquaredNorm(_residual)));
        double meanRounding = _shape.MeanRoundingBound(_t);
        double varianceError = 0;
        double varianceGap = 0;
        for (int j = 0; j < _t.Length; j++)
        {
            varianceError = Math.Max(varianceError, Math.Abs(_shape.VarianceRatio(j, _logVariances[j]) - 1));
            varianceGap += _shape.VarianceGap(j, _logVariances[j]);
        }

        var means = new double[_t.Length];
        _shape.Prior.Unwhiten(_t, means);
        MeanFieldGaussian posterior = MeanFieldGaussian.Adopt(means, [.. _logVariances.Select(Math.Exp)], _elbo.Joint.LatentNames);
        bool atRoundingFloor = gradientNorm <= gradientRounding + meanRounding && gradientNorm >= _gradientNorm
            && varianceError <= VarianceRounding;
        _gradientNorm = gradientNorm;
        return new Point(
            posterior, _elbo.Value(posterior), gradientNorm + errorRounding + meanRounding, varianceError, varianceGap, atRoundingFloor);
    }

    private readonly record struct Point(
        MeanFieldGaussian Posterior, double Elbo, double ErrorBound, double VarianceError, double VarianceGap, bool AtRoundingFloor)
    {
        public bool MeetsTolerance(double tolerance) => ErrorBound <= tolerance && VarianceError <= tolerance;
    }
}
