using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>Goes from sites to the best ones: Anderson's mixing of the fixed point where that raises the ELBO, and else a step along the natural gradient that does.</summary>
internal sealed class SiteAscent
{
    private const int Depth = 8;

    /// <summary>The shortest step along the natural gradient, 2 to this power.</summary>
    private const int MostHalvings = 40;

    /// <summary>So many halvings are enough where the ELBO no longer tells points apart.</summary>
    private const int HalvingsAtRounding = 2;

    /// <summary>So many iterations without a smaller gradient, the ELBO at its rounding, are enough.</summary>
    private const int Patience = 12;

    private readonly SiteSystem _system;
    private readonly FixedFormOptions _options;
    private readonly ImmutableArray<double>.Builder _trace = ImmutableArray.CreateBuilder<double>();
    private SitePosterior _current;
    private SitePosterior _candidate;

    public SiteAscent(SiteSystem system, FixedFormOptions options)
    {
        _system = system;
        _options = options;
        _current = new SitePosterior(system);
        _candidate = new SitePosterior(system);
    }

    /// <summary>Gets the sites that were reached.</summary>
    public SitePosterior Reached => _current;

    /// <summary>Gets the ELBO by iteration.</summary>
    public ImmutableArray<double> Trace => _trace.ToImmutable();

    /// <summary>Gets ‖∇‖ in whitened coordinates over the smallest ratio of a posterior standard deviation to its prior one.</summary>
    public double ScaledGradient { get; private set; }

    /// <summary>Goes on until the scaled gradient is within the tolerance.</summary>
    public StopReason Run(CancellationToken cancellationToken)
    {
        Start();
        var mixing = new AndersonMixing(2 * _system.CellCount, Depth);
        double smallest = double.PositiveInfinity;
        int idle = 0;
        for (int iteration = 0; ; iteration++)
        {
            _trace.Add(_current.Elbo);
            ScaledGradient = _current.GradientNorm / SmallestRatio();
            idle = ScaledGradient < 0.9 * smallest ? 0 : idle + 1;
            smallest = Math.Min(smallest, ScaledGradient);
            if (ScaledGradient <= _options.Tolerance)
            {
                return StopReason.CertificateMet;
            }

            if (idle > Patience && _trace[^1] - _trace[^(Patience + 1)] <= _current.ElboRounding)
            {
                return StopReason.RoundingFloor;
            }

            if (iteration == _options.MaxIterations)
            {
                return StopReason.IterationLimit;
            }

            if (cancellationToken.IsCancellationRequested)
            {
                return StopReason.Cancelled;
            }

            if (!TryStep(mixing))
            {
                return StopReason.RoundingFloor;
            }
        }
    }

    /// <summary>Starts from the curvature of each cell where it is likely, with as little certainty about the predictors as gives a finite ELBO.</summary>
    private void Start()
    {
        _system.Start(_current.Precisions, _current.Pulls);
        for (double certainty = 1e-3; !_current.TryEvaluate(); certainty *= 10)
        {
            if (!double.IsFinite(certainty))
            {
                Guard.ThrowNonFinite("The ELBO", double.NaN, row: 0, iteration: 0);
            }

            for (int i = 0; i < _system.CellCount; i++)
            {
                double more = Math.Max(certainty, _current.Precisions[i]);
                _current.Pulls[i] *= more / Math.Max(_current.Precisions[i], certainty / 10);
                _current.Precisions[i] = more;
            }
        }
    }

    private bool TryStep(AndersonMixing mixing)
    {
        int cells = _system.CellCount;
        double[] point = [.. _current.Precisions, .. _current.Pulls];
        double[] change = new double[2 * cells], scales = new double[2 * cells];
        for (int i = 0; i < cells; i++)
        {
            // A site's precision counts by what it does to the variance of its predictor, its pull by what it does to the mean.
            change[i] = _current.BestPrecisions[i] - _current.Precisions[i];
            change[cells + i] = _current.BestPulls[i] - _current.Pulls[i];
            scales[i] = Math.Sqrt(0.5) * _current.Variances[i];
            scales[cells + i] = Math.Sqrt(_current.Variances[i]);
        }

        mixing.Add(point, change);
        if (mixing.IsReady && TryMove(mixing.Next(scales)))
        {
            return true;
        }

        double step = 1;
        var next = new double[2 * cells];
        for (int halving = 0; halving < MostHalvings; halving++, step *= 0.5)
        {
            for (int i = 0; i < next.Length; i++)
            {
                next[i] = point[i] + (step * change[i]);
            }

            if (TryMove(next))
            {
                if (halving > 0)
                {
                    mixing.Clear();
                }

                return true;
            }

            if (halving == HalvingsAtRounding && Math.Abs(_candidate.Elbo - _current.Elbo) <= _current.ElboRounding)
            {
                return false;
            }
        }

        return false;
    }

    /// <summary>Moves to other sites unless they lower the ELBO by more than its rounding.</summary>
    private bool TryMove(double[] sites)
    {
        int cells = _system.CellCount;
        sites.AsSpan(0, cells).CopyTo(_candidate.Precisions);
        sites.AsSpan(cells).CopyTo(_candidate.Pulls);
        if (!_candidate.TryEvaluate())
        {
            return false;
        }

        double gain = _candidate.Elbo - _current.Elbo, rounding = _current.ElboRounding;
        if (!(gain > rounding || (gain >= -rounding && _candidate.GradientNorm < _current.GradientNorm)))
        {
            return false;
        }

        (_current, _candidate) = (_candidate, _current);
        return true;
    }

    /// <summary>Returns the smallest ratio of a posterior standard deviation to its prior one, over all directions: 1 over the root of the largest eigenvalue of V⁻¹, bounded by its trace.</summary>
    private double SmallestRatio()
    {
        double trace = 0;
        LowerFactor factor = _current.Factor;
        for (int i = 0; i < factor.Size; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                trace += factor[i, j] * factor[i, j];
            }
        }

        return 1 / Math.Sqrt(trace);
    }
}
