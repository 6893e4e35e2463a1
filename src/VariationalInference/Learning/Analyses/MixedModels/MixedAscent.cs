using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Factorization;

namespace VariationalInference;

/// <summary>Goes from a point to the maximum of the likelihood near it, at the boundary where it lies there.</summary>
/// <remarks>
/// A variance that runs to zero is put there when the deviance is no higher, and stays: its element of θ enters by its square alone, so that
/// at zero the gradient says nothing.
/// </remarks>
internal sealed class MixedAscent(MixedObjective objective, int maxIterations, CancellationToken cancellationToken)
{
    /// <summary>Below this, in θ's units, a diagonal element is tried at zero.</summary>
    private const double NearZero = 0.03;

    /// <summary>From here on an ascent towards a residual variance of zero has no end: the data have no more digits.</summary>
    private const double LargestTheta = 1e15;

    /// <summary>Where the deviance falls from zero, it does so at one of these: it goes with their squares.</summary>
    private static readonly double[] Probes = [0.1, 0.01, 0.001];

    private readonly MixedParameters _parameters = objective.Parameters;

    /// <summary>Ascends from θ.</summary>
    public MixedOptimum Ascend(double[] start)
    {
        QuasiNewton descent = new QuasiNewton(objective.Value, _parameters.ScaleOf, objective.Rounding).At(start);
        int[] active = [.. Enumerable.Range(0, start.Length).Where(i => _parameters.RowOf(i).Any(j => start[j] != 0))];
        bool isMoving = true;
        while (isMoving)
        {
            descent.Descend(active, maxIterations, cancellationToken);
            (active, isMoving) = Settle(descent, active);
            if (!isMoving)
            {
                (active, isMoving) = Release(descent, active);
            }
        }

        return Finish(descent, active);
    }

    /// <summary>Lets a diagonal element at zero go where the deviance falls from there: what was no maximum but a saddle.</summary>
    private (int[] Active, bool IsReleasing) Release(QuasiNewton descent, int[] active)
    {
        foreach (int diagonal in _parameters.Diagonals.Where(i => descent.Point[i] == 0))
        {
            foreach (double probe in Probes)
            {
                double[] released = [.. descent.Point];
                released[diagonal] = probe;
                if (objective.Value(released) < descent.Value - objective.Rounding)
                {
                    descent.At(released);
                    return ([.. active.Union(_parameters.RowOf(diagonal)).Order()], true);
                }
            }
        }

        return (active, false);
    }

    /// <summary>Puts a small diagonal element, with its row or alone, to zero where the deviance is no higher there.</summary>
    private (int[] Active, bool IsSettling) Settle(QuasiNewton descent, int[] active)
    {
        double[] theta = descent.Point;
        double value = descent.Value;
        foreach (int diagonal in active.Where(i => _parameters.IsDiagonal(i) && Math.Abs(theta[i]) < NearZero))
        {
            int[] row = _parameters.RowOf(diagonal);
            foreach (int[] places in row.Length > 1 && row.All(i => Math.Abs(theta[i]) < NearZero) ? (int[][])[row, [diagonal]] : [[diagonal]])
            {
                double[] settled = [.. theta];
                foreach (int place in places)
                {
                    settled[place] = 0;
                }

                if (objective.Value(settled) <= value + objective.Rounding)
                {
                    descent.At(settled);
                    return ([.. active.Except(places)], true);
                }
            }
        }

        return (active, false);
    }

    private MixedOptimum Finish(QuasiNewton descent, int[] active)
    {
        double[] scales = descent.Scales(active);
        bool isUnbounded = double.IsNegativeInfinity(descent.Value) || descent.Point.Any(element => Math.Abs(element) > LargestTheta);
        if (active.Length == 0 || isUnbounded)
        {
            return new MixedOptimum(descent.Point, descent.Value, active, scales, null, 0, isUnbounded);
        }

        Matrix<double> curvature = descent.Curvature ?? descent.SecondDerivatives(active, scales, central: true);
        descent.Polish(active, scales, curvature);
        return new MixedOptimum(
            descent.Point, descent.Value, active, scales, new MixedCurvature(curvature), Missing(curvature, descent, active, scales), isUnbounded);
    }

    /// <summary>Returns by how many nats the likelihood may rise, ¼ gᵀH⁻¹g over the directions that are curved; infinite where it rises along another.</summary>
    private double Missing(Matrix<double> curvature, QuasiNewton descent, int[] active, double[] scales)
    {
        Evd<double> spectrum = curvature.Evd(Symmetricity.Symmetric);
        Vector<double> along = spectrum.EigenVectors.TransposeThisAndMultiply(
            Vector<double>.Build.Dense(active.Length, i => descent.Gradient[active[i]] * scales[i]));
        double missing = 0;
        for (int i = 0; i < along.Count; i++)
        {
            double eigenvalue = spectrum.EigenValues[i].Real;
            if (eigenvalue > MixedCurvature.Flat)
            {
                missing += along[i] * along[i] / eigenvalue / 4;
            }
            else if (along[i] * along[i] > MixedCurvature.Flat * objective.Rounding)
            {
                missing = double.PositiveInfinity;
            }
        }

        return missing;
    }
}
