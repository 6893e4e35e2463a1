using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Factorization;

namespace VariationalInference;

/// <summary>Descends the deviance from a point to the stationary point below it, by Newton steps with updated second derivatives.</summary>
/// <remarks>
/// Second derivatives are differences of the gradient where the descent begins and at its end, and updated (BFGS) between. A variance that
/// runs to zero is put there when the deviance is no higher, and stays: its element of θ enters by its square alone.
/// </remarks>
internal sealed class MixedAscent(MixedObjective objective, int maxIterations, CancellationToken cancellationToken)
{
    /// <summary>Below this, in θ's units, a diagonal element is tried at zero: the deviance then differs from that at zero by some 1e-4 at most.</summary>
    private const double NearZero = 0.03;

    /// <summary>A decrement of so much is far below the rounding of any deviance.</summary>
    private const double NoDecrement = 1e-15;

    /// <summary>From here on a descent towards a residual variance of zero has no end: the data have no more digits.</summary>
    private const double LargestTheta = 1e16;

    /// <summary>Below this part of a curvature of its own size a direction is flat.</summary>
    private const double Flat = 1e-7;

    private readonly MixedParameters _parameters = objective.Parameters;

    private double Rounding => 1e-14 * objective.Freedom;

    /// <summary>Descends from θ; elements of a row of zeros stay zero.</summary>
    public MixedOptimum Descend(double[] start)
    {
        double[] theta = [.. start];
        var gradient = new double[theta.Length];
        double value = objective.Value(theta, gradient);
        bool[] isActive = [.. Enumerable.Range(0, theta.Length).Select(i => _parameters.RowOf(i).Any(j => theta[j] != 0))];
        while (true)
        {
            value = Descend(theta, gradient, value, isActive);
            if (!Settle(theta, gradient, ref value, isActive))
            {
                return Finish(theta, gradient, value, isActive);
            }
        }
    }

    private static double[] Select(double[] values, int[] places) => [.. places.Select(place => values[place])];

    private double[] ScalesOf(double[] theta, int[] active) =>
        [.. active.Select(i => Math.Max(1, Math.Sqrt(_parameters.RowOf(i).Sum(j => theta[j] * theta[j]))))];

    private double Descend(double[] theta, double[] gradient, double value, bool[] isActive)
    {
        int[] active = [.. Enumerable.Range(0, theta.Length).Where(i => isActive[i])];
        if (active.Length == 0 || !double.IsFinite(value))
        {
            return value;
        }

        double[] scales = ScalesOf(theta, active);
        Matrix<double> curvature = SecondDerivatives(theta, gradient, active, scales, central: false);
        int failures = 0;
        for (int iteration = 0; iteration < maxIterations && failures < 2; iteration++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Vector<double> slope = Vector<double>.Build.Dense(active.Length, i => gradient[active[i]] * scales[i]);
            (Vector<double> step, double decrement) = Step(curvature, slope);
            if (decrement < NoDecrement * objective.Freedom || theta.Any(element => Math.Abs(element) > LargestTheta))
            {
                return value;
            }

            double length = Math.Min(1, 1 / step.AbsoluteMaximum());
            if (Search(theta, value, gradient, active, scales, step, slope.DotProduct(step), length) is not (double[] next, double[] slopes, double reached))
            {
                failures++;
                curvature = SecondDerivatives(theta, gradient, active, scales, central: true);
                continue;
            }

            Vector<double> moved = Vector<double>.Build.Dense(active.Length, i => (next[active[i]] - theta[active[i]]) / scales[i]);
            Vector<double> change = Vector<double>.Build.Dense(active.Length, i => slopes[active[i]] * scales[i]) - slope;
            failures = reached < value - Rounding ? 0 : failures + 1;
            next.CopyTo(theta, 0);
            slopes.CopyTo(gradient, 0);
            value = reached;
            double[] wider = ScalesOf(theta, active);
            if (wider.Zip(scales).Any(pair => pair.First > 4 * pair.Second || pair.First < pair.Second / 4))
            {
                scales = wider;
                curvature = SecondDerivatives(theta, gradient, active, scales, central: false);
            }
            else
            {
                Update(curvature, moved, change);
            }
        }

        return value;
    }

    /// <summary>Returns the Newton step and half of what it promises, with the curvature's absolute values.</summary>
    private static (Vector<double> Step, double Decrement) Step(Matrix<double> curvature, Vector<double> slope)
    {
        Evd<double> spectrum = curvature.Evd(Symmetricity.Symmetric);
        double floor = Math.Max(spectrum.EigenValues.Max(value => Math.Abs(value.Real)) * 1e-12, double.Epsilon);
        Vector<double> along = spectrum.EigenVectors.TransposeThisAndMultiply(slope);
        double decrement = 0;
        for (int i = 0; i < along.Count; i++)
        {
            double scaled = along[i] / Math.Max(Math.Abs(spectrum.EigenValues[i].Real), floor);
            decrement += along[i] * scaled / 2;
            along[i] = -scaled;
        }

        return (spectrum.EigenVectors * along, decrement);
    }

    private static void Update(Matrix<double> curvature, Vector<double> moved, Vector<double> change)
    {
        double product = moved.DotProduct(change);
        Vector<double> image = curvature * moved;
        double quadratic = moved.DotProduct(image);
        if (product > 1e-10 * moved.L2Norm() * change.L2Norm() && quadratic > 0)
        {
            (curvature + (change.OuterProduct(change) / product) - (image.OuterProduct(image) / quadratic)).CopyTo(curvature);
        }
    }

    private (double[] Theta, double[] Gradient, double Value)? Search(
        double[] theta, double value, double[] gradient, int[] active, double[] scales, Vector<double> step, double slope, double length)
    {
        double steepness = Steepness(gradient, active, scales);
        for (int trial = 0; trial < 30; trial++)
        {
            double[] next = [.. theta];
            for (int i = 0; i < active.Length; i++)
            {
                next[active[i]] += length * scales[i] * step[i];
            }

            var slopes = new double[theta.Length];
            double reached = objective.Value(next, slopes);
            if (double.IsNegativeInfinity(reached)
                || reached <= value + (1e-4 * length * slope)
                || (reached <= value + Rounding && Steepness(slopes, active, scales) < steepness))
            {
                return (next, slopes, reached);
            }

            length /= trial < 4 ? 2 : 8;
        }

        return null;
    }

    private static double Steepness(double[] gradient, int[] active, double[] scales) =>
        active.Select((place, i) => Math.Abs(gradient[place] * scales[i])).Max();

    /// <summary>Returns the second derivatives by differences of the gradient, in the scales.</summary>
    private Matrix<double> SecondDerivatives(double[] theta, double[] gradient, int[] active, double[] scales, bool central)
    {
        double length = central ? 1e-4 : 1e-6;
        var second = Matrix<double>.Build.Dense(active.Length, active.Length);
        double[] moved = [.. theta];
        var above = new double[theta.Length];
        for (int i = 0; i < active.Length; i++)
        {
            double[] below = gradient;
            moved[active[i]] = theta[active[i]] + (length * scales[i]);
            objective.Value(moved, above);
            if (central)
            {
                below = new double[theta.Length];
                moved[active[i]] = theta[active[i]] - (length * scales[i]);
                objective.Value(moved, below);
            }

            moved[active[i]] = theta[active[i]];
            for (int j = 0; j < active.Length; j++)
            {
                second[i, j] = (above[active[j]] - below[active[j]]) * scales[j] / (central ? 2 * length : length);
            }
        }

        Matrix<double> symmetric = (second + second.Transpose()) / 2;
        return symmetric.ForAll(double.IsFinite) ? symmetric : Matrix<double>.Build.DenseIdentity(active.Length);
    }

    /// <summary>Puts small diagonal elements, alone or with their rows, to zero where the deviance is no higher there.</summary>
    private bool Settle(double[] theta, double[] gradient, ref double value, bool[] isActive)
    {
        foreach (int diagonal in _parameters.Diagonals.Where(i => isActive[i] && Math.Abs(theta[i]) < NearZero))
        {
            int[] row = _parameters.RowOf(diagonal);
            foreach (int[] places in row.Length > 1 && row.All(i => Math.Abs(theta[i]) < NearZero) ? (int[][])[row, [diagonal]] : [[diagonal]])
            {
                double[] settled = [.. theta];
                foreach (int place in places)
                {
                    settled[place] = 0;
                }

                var slopes = new double[theta.Length];
                double reached = objective.Value(settled, slopes);
                if (reached <= value + Rounding)
                {
                    settled.CopyTo(theta, 0);
                    slopes.CopyTo(gradient, 0);
                    value = reached;
                    foreach (int place in places)
                    {
                        isActive[place] = false;
                    }

                    return true;
                }
            }
        }

        return false;
    }

    private MixedOptimum Finish(double[] theta, double[] gradient, double value, bool[] isActive)
    {
        int[] active = [.. Enumerable.Range(0, theta.Length).Where(i => isActive[i])];
        double[] scales = ScalesOf(theta, active);
        bool isUnbounded = double.IsNegativeInfinity(value) || theta.Any(element => Math.Abs(element) > LargestTheta);
        if (active.Length == 0 || isUnbounded)
        {
            return new MixedOptimum(theta, value, active, scales, Matrix<double>.Build.Dense(active.Length + 1, active.Length + 1), 0, isUnbounded);
        }

        Matrix<double> curvature = SecondDerivatives(theta, gradient, active, scales, central: true);
        Evd<double> spectrum = curvature.Evd(Symmetricity.Symmetric);
        Vector<double> along = spectrum.EigenVectors.TransposeThisAndMultiply(Vector<double>.Build.Dense(Select(gradient, active)).PointwiseMultiply(
            Vector<double>.Build.Dense(scales)));
        double missing = 0;
        for (int i = 0; i < along.Count; i++)
        {
            double eigenvalue = spectrum.EigenValues[i].Real;
            if (eigenvalue > Flat)
            {
                missing += along[i] * along[i] / eigenvalue / 4;
            }
            else if (Math.Abs(along[i]) > Flat)
            {
                missing = double.NaN;
            }
        }

        return new MixedOptimum(theta, value, active, scales, curvature, missing, isUnbounded);
    }
}
