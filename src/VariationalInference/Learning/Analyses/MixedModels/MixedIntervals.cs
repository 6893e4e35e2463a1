using System.Collections.Immutable;
using MathNet.Numerics.Distributions;

namespace VariationalInference;

/// <summary>Profile-likelihood intervals of the variance components of a fit.</summary>
/// <remarks>
/// From the optimum outwards, the signed root ζ = √(deviance − least deviance) is nearly linear in the logarithm of a standard deviation and in the
/// inverse hyperbolic tangent of a correlation: its crossing of the quantile's root is found by secants inside a bracket.
/// </remarks>
internal sealed class MixedIntervals
{
    private const double Accuracy = 1e-7;
    private const int MostSteps = 60;
    private const int DescentIterations = 100;

    /// <summary>A correlation nearer to ±1 than this is at its boundary.</summary>
    private const double Singular = 1e-13;

    /// <summary>Where a profile has not crossed by then, in logarithms, it does not: the data set no limit.</summary>
    private const double Furthest = 40;

    private readonly MixedModelFit _fit;
    private readonly MixedObjective _objective;
    private readonly MixedOptimum _optimum;
    private readonly double _least;
    private readonly double _quantile;
    private readonly CancellationToken _cancellationToken;

    public MixedIntervals(MixedModelFit fit, double probability, CancellationToken cancellationToken)
    {
        _fit = fit;
        _cancellationToken = cancellationToken;
        MixedObjective known = fit.Estimate.Objective;
        _objective = new MixedObjective(
            known.Parameters, known.Criterion.Reduction, known.Criterion.IsRestricted, fit.Options.MaxThreads ?? Environment.ProcessorCount);
        _optimum = fit.Estimate.Optimum;
        _least = _optimum.Value + (_objective.Freedom * (1 - Math.Log(_objective.Freedom)));
        double root = Normal.InvCDF(0, 1, 0.5 + (probability / 2));
        _quantile = root * root;
    }

    public ImmutableArray<VarianceInterval> All()
    {
        var intervals = ImmutableArray.CreateBuilder<VarianceInterval>();
        int at = 0;
        for (int t = 0; t < _fit.Model.Terms.Length; t++)
        {
            (int factor, int[] effects) = RandomTerm.PlaceOf(_fit.Estimate.Design, _fit.Model.Terms[t].Group, t);
            foreach (int effect in effects)
            {
                VarianceComponent component = _fit.VarianceComponents[at++];
                double scale = _fit.Estimate.Design.ResponseScale / _fit.Estimate.Design.Effects[factor][effect].Scale;
                (double lower, double upper) = IsUnknown(component)
                    ? (double.NaN, double.NaN)
                    : Deviations(new DeviationProfile(_objective, _fit.Estimate.Design, factor, effects, effect), component.SdOrCorrelation / scale, Typical(factor, effect));
                intervals.Add(new VarianceInterval { Component = component, Lower = lower * scale, Upper = upper * scale });
            }

            for (int a = 0; a < effects.Length; a++)
            {
                for (int b = 0; b < a; b++)
                {
                    VarianceComponent component = _fit.VarianceComponents[at++];
                    (double lower, double upper) = double.IsNaN(component.SdOrCorrelation)
                        ? (double.NaN, double.NaN)
                        : Correlations(new CorrelationProfile(_objective, _fit.Estimate.Design, factor, effects, effects[b], effects[a]), component.SdOrCorrelation);
                    intervals.Add(new VarianceInterval { Component = component, Lower = lower, Upper = upper });
                }
            }
        }

        VarianceComponent residual = _fit.VarianceComponents[at];
        double unit = _fit.Estimate.Design.ResponseScale;
        (double low, double high) = IsUnknown(residual)
            ? (double.NaN, double.NaN)
            : Deviations(new ResidualProfile(_objective, _fit.Estimate.Design), residual.SdOrCorrelation / unit, residual.SdOrCorrelation / unit);
        intervals.Add(new VarianceInterval { Component = residual, Lower = low * unit, Upper = high * unit });
        return intervals.ToImmutable();
    }

    private bool IsUnknown(VarianceComponent component) =>
        _optimum.IsUnbounded || (double.IsNaN(component.StandardError) && (component.Value > 0 || _fit.Estimate.Flat.Count > 0));

    /// <summary>Returns the deviation of an effect that is as large as the noise in its estimate.</summary>
    private double Typical(int factor, int effect)
    {
        int parameter = Enumerable.Range(0, _objective.Parameters.Count).First(
            i => _objective.Parameters[i].Factor == factor && _objective.Parameters[i].Row == effect);
        return _objective.Parameters.UnitOf(parameter) * Math.Sqrt(_fit.Estimate.Variance);
    }

    private (double Lower, double Upper) Deviations(MixedProfile profile, double estimate, double typical)
    {
        double[] start = profile.Start(_optimum.Theta, Math.Log(_fit.Estimate.Variance));
        double centre = estimate > 0 ? Math.Log(estimate) : Inside(profile, start, Math.Log(typical / 10), -1, Math.Exp);
        double lower = estimate > 0 && !(profile is DeviationProfile && Excess(profile, start, 0).Excess <= _quantile)
            ? Math.Exp(Crossing(profile, start, centre, -1, Math.Exp))
            : 0;
        return (lower, Math.Exp(Crossing(profile, start, centre, 1, Math.Exp)));
    }

    private (double Lower, double Upper) Correlations(MixedProfile profile, double estimate)
    {
        double[] start = profile.Start(_optimum.Theta, Math.Log(_fit.Estimate.Variance));
        double centre = Math.Abs(estimate) < 1 - Singular
            ? Math.Atanh(estimate)
            : Inside(profile, start, Math.Sign(estimate) * Math.Atanh(0.99), Math.Sign(estimate), Math.Tanh);
        double End(int direction) => Excess(profile, start, direction).Excess <= _quantile
            ? direction
            : Math.Tanh(Crossing(profile, start, centre, direction, Math.Tanh));
        return (End(-1), End(1));
    }

    /// <summary>Goes from a point towards an estimate at a boundary until it is well inside the interval.</summary>
    private double Inside(MixedProfile profile, double[] start, double from, int direction, Func<double, double> value)
    {
        double at = from;
        while (Excess(profile, start, value(at)).Excess > _quantile / 4 && Math.Abs(at - from) < Furthest)
        {
            _cancellationToken.ThrowIfCancellationRequested();
            at += direction * 0.7;
        }

        return at;
    }

    /// <summary>Returns by how much the deviance with a value held exceeds its least, and the variables there.</summary>
    private (double Excess, double[] Variables) Excess(MixedProfile profile, double[] start, double held)
    {
        const double away = 0.1;
        profile.Held = held;

        // At zero a diagonal element has no slope, even where the deviance falls from there.
        double[] variables = [.. start];
        foreach (int i in _objective.Parameters.Diagonals)
        {
            variables[i] = Math.Abs(variables[i]) < away * away ? away : variables[i];
        }

        QuasiNewton descent = new QuasiNewton(profile.Evaluate, (point, i) => Math.Max(1, Math.Abs(point[i])), _objective.Rounding).At(variables);
        descent.Descend([.. Enumerable.Range(0, variables.Length)], DescentIterations, _cancellationToken);
        return (Math.Max(0, descent.Value - _least), descent.Point);
    }

    private double Crossing(MixedProfile profile, double[] start, double centre, int direction, Func<double, double> value)
    {
        double target = Math.Sqrt(_quantile), inside = centre, insideRoot = Math.Sqrt(Excess(profile, start, value(centre)).Excess), outside = double.NaN, outsideRoot = double.NaN, step = 0.25;
        double[] variables = start;
        double at = centre + (direction * step);
        for (int trial = 0; trial < MostSteps; trial++)
        {
            _cancellationToken.ThrowIfCancellationRequested();
            (double excess, double[] there) = Excess(profile, variables, value(at));
            double root = Math.Sqrt(excess);
            if (Math.Abs(root - target) <= Accuracy)
            {
                return at;
            }

            if (root < target)
            {
                (inside, insideRoot, variables) = (at, root, there);
            }
            else
            {
                (outside, outsideRoot) = (at, root);
            }

            if (double.IsNaN(outside))
            {
                // Linear as the root is, the next step is as long as it promises, within limits.
                double promise = insideRoot > 0 ? Math.Abs(inside - centre) * (target / insideRoot - 1) : step;
                step = Math.Clamp(1.05 * promise, 0.05, 2);
                at = inside + (direction * step);
                if (Math.Abs(at - centre) > Furthest)
                {
                    return direction * double.PositiveInfinity;
                }
            }
            else
            {
                double share = double.IsFinite(outsideRoot) ? (target - insideRoot) / (outsideRoot - insideRoot) : 0.5;
                at = inside + ((outside - inside) * Math.Clamp(share, 0.02, 0.98));
            }
        }

        return (inside + outside) / 2;
    }
}
