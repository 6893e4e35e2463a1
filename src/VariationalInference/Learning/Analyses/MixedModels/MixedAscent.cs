using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>Goes from a point to the maximum of the likelihood near it, at the boundary where it lies there.</summary>
/// <remarks>
/// A covariance that becomes singular is put there when the deviance is no higher, and loses a column of Λ: the elements of a column of zeros enter by
/// their squares alone, so that the gradient says nothing there; whether the deviance falls from there is tried.
/// </remarks>
internal sealed class MixedAscent(MixedObjective objective, int maxIterations, CancellationToken cancellationToken)
{
    /// <summary>Below this, in θ's units, a diagonal element is tried at zero.</summary>
    private const double NearZero = 0.03;

    /// <summary>From here on an ascent towards a residual variance of zero has no end: the data have no more digits.</summary>
    private const double LargestTheta = 1e15;

    /// <summary>So many times its rounding the deviance may change along a flat valley: that is still a curvature of 1e-9 at most for 100 rows.</summary>
    private const double StaysTheSame = 100;

    private const int RoundsByParameter = 3;

    /// <summary>Square roots of what is added to a variance, in θ's units.</summary>
    private static readonly double[] Probes = [0.1, 0.01, 0.001];

    private readonly MixedParameters _parameters = objective.Parameters;

    /// <summary>Ascends from θ.</summary>
    public MixedOptimum Ascend(double[] start)
    {
        QuasiNewton descent = new QuasiNewton(objective.Value, _parameters.ScaleOf, objective.Rounding, objective.IsCostly).At(
            Canonical(start));
        bool isMoving = true;
        for (int round = 0; isMoving && round < RoundsByParameter * (start.Length + 1); round++)
        {
            descent.Descend(_parameters.ActiveAt(descent.Point), maxIterations, cancellationToken);
            isMoving = double.IsFinite(descent.Value) && (Settle(descent) || Release(descent));
        }

        // The same point, with the same signs whatever the way to it.
        double[] canonical = Canonical(descent.Point);
        if (!canonical.AsSpan().SequenceEqual(descent.Point))
        {
            descent.At(canonical);
        }

        return Finish(descent, _parameters.ActiveAt(descent.Point));
    }

    /// <summary>Returns a point with the same covariances in which columns of zeros come last: only there does all that is not zero have a slope.</summary>
    private double[] Canonical(double[] theta)
    {
        double[] canonical = [.. theta];
        foreach (MixedTerm term in _parameters.Terms)
        {
            term.Reduce(canonical);
        }

        return canonical;
    }

    /// <summary>Puts a small element on a diagonal, with its row or alone, to zero where the deviance is no higher there.</summary>
    private bool Settle(QuasiNewton descent)
    {
        double[] theta = descent.Point;
        foreach (MixedTerm term in _parameters.Terms)
        {
            for (int i = 0; i < term.Effects.Length; i++)
            {
                int diagonal = term.Place(i, i);
                if (theta[diagonal] == 0 || Math.Abs(theta[diagonal]) >= NearZero)
                {
                    continue;
                }

                int[] row = _parameters.RowOf(diagonal);
                bool isSmall = row.Length > 1 && row.All(place => Math.Abs(theta[place]) < NearZero);
                foreach (int[] places in isSmall ? (int[][])[row, [diagonal]] : [[diagonal]])
                {
                    double[] settled = [.. theta];
                    foreach (int place in places)
                    {
                        settled[place] = 0;
                    }

                    term.Reduce(settled);
                    if (_parameters.ActiveAt(settled).Length < _parameters.ActiveAt(theta).Length
                        && objective.Value(settled) <= descent.Value + objective.Rounding)
                    {
                        descent.At(settled);
                        return true;
                    }
                }
            }
        }

        return false;
    }

    /// <summary>Adds to a variance of a singular covariance where the deviance falls with it: what was no maximum but a saddle.</summary>
    private bool Release(QuasiNewton descent)
    {
        foreach (MixedTerm term in _parameters.Terms.Where(term => Enumerable.Range(0, term.Effects.Length).Any(column => term.IsZero(descent.Point, column))))
        {
            for (int effect = 0; effect < term.Effects.Length; effect++)
            {
                foreach (double probe in Probes)
                {
                    double[] released = [.. descent.Point];
                    term.Reduce(released, probe, effect);
                    if (objective.Value(released) < descent.Value - objective.Rounding)
                    {
                        descent.At(released);
                        return true;
                    }
                }
            }
        }

        return false;
    }

    private MixedOptimum Finish(QuasiNewton descent, int[] active)
    {
        double[] scales = descent.Scales(active);
        bool isUnbounded = double.IsNegativeInfinity(descent.Value);
        if (!isUnbounded && descent.Point.Any(element => Math.Abs(element) > LargestTheta))
        {
            isUnbounded = FallsTo(descent);
            if (!isUnbounded)
            {
                // A plain that goes on for ever: its other end will do.
                descent.At([.. descent.Point.Select(element => Math.Abs(element) > LargestTheta ? 0 : element)]);
                active = _parameters.ActiveAt(descent.Point);
                scales = descent.Scales(active);
            }
        }

        if (active.Length == 0 || isUnbounded)
        {
            return new MixedOptimum(descent.Point, descent.Value, active, scales, null, 0, isUnbounded);
        }

        Matrix<double> second = descent.Curvature ?? descent.SecondDerivatives(active, scales, central: !objective.IsCostly);
        descent.Polish(active, scales, second);
        var curvature = new MixedCurvature(second, axis => IsFlat(descent.Point, descent.Value, active[axis.AbsoluteMaximumIndex()]));
        var slope = Vector<double>.Build.Dense(active.Length, i => descent.Gradient[active[i]] * scales[i]);
        return new MixedOptimum(
            descent.Point, descent.Value, active, scales, curvature, curvature.Missing(slope, objective.Rounding), isUnbounded);
    }

    /// <summary>Tells whether the deviance falls all the way, by several nats for each factor of ten, as it does where residuals vanish.</summary>
    private bool FallsTo(QuasiNewton descent) =>
        objective.Value(descent.Point.Select(element => Math.Abs(element) > LargestTheta ? element / 10 : element).ToArray()) > descent.Value + 1;

    /// <summary>Tells whether the deviance stays as it is when a parameter is moved away, and the others follow.</summary>
    public bool IsFlat(double[] theta, double value, int parameter)
    {
        double[] moved = [.. theta];
        moved[parameter] = theta[parameter] == 0 ? 1 : 1.5 * theta[parameter];
        QuasiNewton descent = new QuasiNewton(objective.Value, _parameters.ScaleOf, objective.Rounding, objective.IsCostly).At(moved);
        descent.Descend([.. _parameters.ActiveAt(moved).Where(i => i != parameter)], maxIterations, cancellationToken);
        return Math.Abs(descent.Value - value) <= StaysTheSame * objective.Rounding;
    }
}
