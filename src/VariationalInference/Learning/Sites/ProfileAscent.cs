using System.Collections.Immutable;
using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>Climbs a <see cref="SiteProfile"/> by Newton steps, damped by the diagonal of the second derivatives where they lead nowhere (Levenberg and Marquardt).</summary>
internal sealed class ProfileAscent
{
    private const double FirstDamping = 1e-2;
    private const double LeastDamping = 1e-7;

    /// <summary>Below this no step is tried any more.</summary>
    private const double MostDamping = 1e12;

    /// <summary>Damping takes no diagonal element for smaller than this part of the largest.</summary>
    private const double LeastShare = 1e-6;

    /// <summary>A single step changes no parameter by more: loadings, log odds and logarithms are of that size.</summary>
    private const double LongestStep = 2;

    /// <summary>A sum of ELBOs is good to this part of its size.</summary>
    private const double Rounding = 1e-12;

    private readonly SiteProfile _profile;
    private readonly ImmutableArray<double>.Builder _trace = ImmutableArray.CreateBuilder<double>();
    private double[] _theta;
    private RowStates _states;
    private double _damping = FirstDamping;

    public ProfileAscent(SiteProfile profile, double[] start)
    {
        _profile = profile;
        _theta = [.. start];
        _states = new RowStates(profile.Parameters.Latents, profile.Rows.Count);
        Value = profile.Evaluate(_theta, _states);
        Reason = StopReason.IterationLimit;
    }

    /// <summary>Gets θ.</summary>
    public double[] Theta => _theta;

    /// <summary>Gets the posteriors of the rows.</summary>
    public RowStates States => _states;

    public double Value { get; private set; }

    public StopReason Reason { get; private set; }

    /// <summary>Gets the length of the Newton step in standard errors.</summary>
    public double Distance { get; private set; } = double.PositiveInfinity;

    /// <summary>Gets Σ ELBO by iteration.</summary>
    public ImmutableArray<double> Trace => _trace.ToImmutable();

    /// <summary>Gets the derivatives at θ.</summary>
    public SiteCurvature? Curvature { get; private set; }

    /// <summary>Climbs until the Newton step is shorter than the tolerance, in standard errors.</summary>
    public void Run(double tolerance, int maxIterations, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        if (!double.IsFinite(Value))
        {
            Reason = StopReason.Diverged;
            return;
        }

        for (int iteration = 0; ; iteration++)
        {
            _trace.Add(Value);
            progress?.Report(Value);
            Curvature = _profile.Differentiate(_theta, _states);
            double[]? step = Step(0);
            Distance = step is null ? double.PositiveInfinity : Math.Sqrt(Math.Max(0, TensorPrimitives.Dot<double>(step, Curvature.Gradient)));
            if (Distance <= tolerance)
            {
                Reason = StopReason.CertificateMet;
                return;
            }

            if (iteration == maxIterations || cancellationToken.IsCancellationRequested)
            {
                Reason = iteration == maxIterations ? StopReason.IterationLimit : StopReason.Cancelled;
                return;
            }

            if (!TryClimb())
            {
                Reason = StopReason.RoundingFloor;
                return;
            }
        }
    }

    /// <summary>Turns the latents, θ being turned already.</summary>
    public void Turn(double[] theta, double[] turn)
    {
        _theta = theta;
        _states.Turn(turn);
        Value = _profile.Evaluate(_theta, _states);
        Curvature = _profile.Differentiate(_theta, _states);
    }

    private bool TryClimb()
    {
        double rounding = Rounding * (1 + Math.Abs(Value));
        for (; _damping <= MostDamping; _damping = Math.Max(LeastDamping, 10 * _damping))
        {
            if (Step(_damping) is not double[] step)
            {
                continue;
            }

            double length = TensorPrimitives.MaxMagnitude<double>(step), promise = 0;
            double part = length == 0 ? 0 : Math.Min(1, LongestStep / Math.Abs(length));
            promise = part * TensorPrimitives.Dot<double>(step, Curvature!.Gradient);
            double[] theta = [.. _theta.Select((value, i) => value + (part * step[i]))];
            RowStates states = _states.Copy();
            double value = _profile.Evaluate(theta, states);
            if (double.IsFinite(value) && value >= Value - rounding)
            {
                double ratio = (value - Value) / (promise * (1 - (0.5 * part)));
                _damping = ratio > 0.7 || promise < rounding ? _damping / 10 : ratio < 0.3 ? 4 * _damping : _damping;
                _damping = _damping < LeastDamping ? 0 : _damping;
                bool isIdle = promise < rounding && value <= Value && theta.AsSpan().SequenceEqual(_theta);
                (_theta, _states, Value) = (theta, states, value);
                return !isIdle;
            }
        }

        return false;
    }

    /// <summary>Returns the Newton step with so much damping; null where second derivatives are not negative definite with it.</summary>
    private unsafe double[]? Step(double damping)
    {
        SiteCurvature curvature = Curvature!;
        var factor = new DenseCholesky(curvature.Count, maxThreads: 1);
        double largest = Enumerable.Range(0, curvature.Count).Max(i => Math.Abs(curvature[i, i])), floor = LeastShare * largest;
        Span<double> lower = factor.Lower;
        for (int i = 0; i < curvature.Count; i++)
        {
            new ReadOnlySpan<double>(curvature.Information + ((long)i * curvature.Stride), i + 1).CopyTo(lower[(i * factor.Stride)..]);
            lower[(i * factor.Stride) + i] += damping * Math.Max(Math.Abs(curvature[i, i]), floor);
        }

        // The ELBO does not change as latents turn: steps leave out that direction, which would have no end.
        foreach (double[] direction in _profile.Parameters.TurningDirections(_theta))
        {
            for (int i = 0; i < direction.Length; i++)
            {
                for (int j = 0; j <= i; j++)
                {
                    lower[(i * factor.Stride) + j] += largest * direction[i] * direction[j];
                }
            }
        }

        if (!factor.Factor())
        {
            return null;
        }

        double[] step = [.. curvature.Gradient];
        factor.Solve(step);
        return step;
    }
}
