using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Factorization;

namespace VariationalInference;

/// <summary>Minimises a smooth function of few variables by Newton steps with updated second derivatives.</summary>
/// <remarks>
/// Second derivatives begin as differences of the gradient and are updated after each step (BFGS). Steps go by their absolute values, are no
/// longer than one scale, and are shortened until the function falls, or until the gradient does where the fall drowns in rounding. Updated
/// derivatives may promise too little along a flat valley: only fresh ones end the descent.
/// </remarks>
/// <param name="evaluate">Returns the function and writes its gradient.</param>
/// <param name="scaleOf">Returns the scale of a variable at a point.</param>
/// <param name="rounding">What rounding does to the function.</param>
/// <param name="isCostly">Whether second derivatives at the end are by forward differences, too, which take half the evaluations and have half the digits.</param>
internal sealed class QuasiNewton(
    Func<double[], double[], double> evaluate, Func<double[], int, double> scaleOf, double rounding, bool isCostly = false)
{
    private const double SufficientFall = 1e-4;
    private const double ForwardStep = 1e-6;
    private const double CentralStep = 1e-4;

    /// <summary>In scales: a variance of its own scale does not reach zero in one step.</summary>
    private const double LongestStep = 0.6;

    /// <summary>After a step that promised less than this, second derivatives are what they were.</summary>
    private const double StillFresh = 1e-4;

    /// <summary>A step that promises less than this part of the rounding leads nowhere.</summary>
    private const double NoPromise = 0.01;

    /// <summary>After so many steps second derivatives are worked out anew.</summary>
    private const int Renewal = 8;

    /// <summary>A curvature in a variable's own scale below this is rounding: steps along it are no longer than the slope over it.</summary>
    private const double LeastCurvature = 1e-9;

    /// <summary>After so many steps in a row that rose no more than rounding, there is no more to gain.</summary>
    private const int MostFailures = 4;

    /// <summary>Gets the point.</summary>
    public double[] Point { get; private set; } = [];

    public double[] Gradient { get; private set; } = [];

    public double Value { get; private set; }

    /// <summary>Gets the second derivatives at the point by variables in their scales; null where they are not fresh.</summary>
    public Matrix<double>? Curvature { get; private set; }

    /// <summary>Begins at a point.</summary>
    public QuasiNewton At(double[] point)
    {
        Point = [.. point];
        Gradient = new double[point.Length];
        Curvature = null;
        Value = evaluate(Point, Gradient);
        return this;
    }

    /// <summary>Descends until a step promises no more than rounding, or none falls.</summary>
    /// <param name="active">The variables that may move.</param>
    /// <param name="maxIterations">The largest number of steps.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    public void Descend(int[] active, int maxIterations, CancellationToken cancellationToken)
    {
        if (active.Length == 0 || !double.IsFinite(Value))
        {
            return;
        }

        double[] scales = Scales(active);
        Matrix<double> curvature = SecondDerivatives(active, scales, central: false);
        bool isFresh = false;
        int failures = 0;
        for (int iteration = 0; iteration < maxIterations && failures < MostFailures; iteration++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Vector<double> slope = Slope(Gradient, active, scales);
            (Vector<double> step, double promise) = Step(curvature, slope);
            bool isDone = promise < NoPromise * rounding;
            if (isDone && isFresh)
            {
                Curvature = curvature;
                return;
            }

            if (isDone || Search(active, scales, step, slope) is not (double[] point, double[] gradient, double value))
            {
                failures += isDone || !isFresh ? 0 : MostFailures;
                curvature = isFresh ? curvature : SecondDerivatives(active, scales, central: !isCostly);
                isFresh = true;
                continue;
            }

            var moved = Vector<double>.Build.Dense(active.Length, i => (point[active[i]] - Point[active[i]]) / scales[i]);
            failures = value < Value - rounding ? 0 : failures + 1;
            (Point, Gradient, Value, Curvature) = (point, gradient, value, null);
            isFresh &= promise < StillFresh;
            if (double.IsNegativeInfinity(value))
            {
                return;
            }

            if (isFresh)
            {
                Rescale(curvature, active, scales);
            }
            else if (iteration % Renewal < Renewal - 1 && Update(curvature, moved, Slope(gradient, active, scales) - slope))
            {
                Rescale(curvature, active, scales);
            }
            else
            {
                scales = Scales(active);
                curvature = SecondDerivatives(active, scales, central: false);
            }
        }
    }

    /// <summary>Returns the second derivatives by differences of the gradient, by variables in their scales.</summary>
    public Matrix<double> SecondDerivatives(int[] active, double[] scales, bool central)
    {
        double length = central ? CentralStep : ForwardStep;
        var second = Matrix<double>.Build.Dense(active.Length, active.Length);
        double[] moved = [.. Point];
        double[] above = new double[moved.Length], below = Gradient;
        for (int i = 0; i < active.Length; i++)
        {
            // What is not written, where the function is not finite, must not pass for a gradient.
            Array.Fill(above, double.NaN);
            moved[active[i]] = Point[active[i]] + (length * scales[i]);
            evaluate(moved, above);
            if (central)
            {
                below = new double[moved.Length];
                moved[active[i]] = Point[active[i]] - (length * scales[i]);
                evaluate(moved, below);
            }

            moved[active[i]] = Point[active[i]];
            for (int j = 0; j < active.Length; j++)
            {
                second[i, j] = (above[active[j]] - below[active[j]]) * scales[j] / (central ? 2 * length : length);
            }
        }

        Matrix<double> symmetric = (second + second.Transpose()) / 2;
        return symmetric.ForAll(double.IsFinite) ? symmetric : Matrix<double>.Build.DenseIdentity(active.Length);
    }

    public double[] Scales(int[] active) => [.. active.Select(i => scaleOf(Point, i))];

    /// <summary>Takes one step with the curvature given, if the gradient falls and the function does not rise beyond rounding.</summary>
    public void Polish(int[] active, double[] scales, Matrix<double> curvature)
    {
        Vector<double> slope = Slope(Gradient, active, scales);
        (Vector<double> step, _) = Step(curvature, slope);
        double[] point = Moved(active, scales, step, 1);
        var gradient = new double[point.Length];
        double value = evaluate(point, gradient);
        if (value <= Value + rounding && Slope(gradient, active, scales).AbsoluteMaximum() < slope.AbsoluteMaximum())
        {
            (Point, Gradient, Value) = (point, gradient, value);
        }
    }

    private static Vector<double> Slope(double[] gradient, int[] active, double[] scales) =>
        Vector<double>.Build.Dense(active.Length, i => gradient[active[i]] * scales[i]);

    /// <summary>Returns the Newton step with the curvature's absolute values, and what it promises.</summary>
    private static (Vector<double> Step, double Promise) Step(Matrix<double> curvature, Vector<double> slope)
    {
        if (slope.Count == 1)
        {
            double absolute = Math.Max(Math.Abs(curvature[0, 0]), LeastCurvature);
            return (slope / -absolute, slope[0] * slope[0] / absolute / 2);
        }

        Evd<double> spectrum = curvature.Evd(Symmetricity.Symmetric);
        double floor = Math.Max(spectrum.EigenValues.Max(value => Math.Abs(value.Real)) * 1e-12, LeastCurvature);
        Vector<double> along = spectrum.EigenVectors.TransposeThisAndMultiply(slope);
        double promise = 0;
        for (int i = 0; i < along.Count; i++)
        {
            double scaled = along[i] / Math.Max(Math.Abs(spectrum.EigenValues[i].Real), floor);
            promise += along[i] * scaled / 2;
            along[i] = -scaled;
        }

        return (spectrum.EigenVectors * along, promise);
    }

    /// <summary>Updates the second derivatives, unless the function bends down along the step, for which updates cannot account.</summary>
    private static bool Update(Matrix<double> curvature, Vector<double> moved, Vector<double> change)
    {
        double product = moved.DotProduct(change);
        Vector<double> image = curvature * moved;
        double quadratic = moved.DotProduct(image);
        if (!(product > 1e-10 * moved.L2Norm() * change.L2Norm() && quadratic > 0))
        {
            return false;
        }

        (curvature + (change.OuterProduct(change) / product) - (image.OuterProduct(image) / quadratic)).CopyTo(curvature);
        return true;
    }

    private double[] Moved(int[] active, double[] scales, Vector<double> step, double length)
    {
        double[] point = [.. Point];
        for (int i = 0; i < active.Length; i++)
        {
            point[active[i]] += length * scales[i] * step[i];
        }

        return point;
    }

    private (double[] Point, double[] Gradient, double Value)? Search(int[] active, double[] scales, Vector<double> step, Vector<double> slope)
    {
        const int trials = 30;
        double length = Math.Min(1, LongestStep / step.AbsoluteMaximum());
        double fall = slope.DotProduct(step), steepness = slope.AbsoluteMaximum();
        for (int trial = 0; trial < trials; trial++)
        {
            double[] point = Moved(active, scales, step, length);
            var gradient = new double[point.Length];
            double value = evaluate(point, gradient);
            if (double.IsNegativeInfinity(value)
                || value <= Value + (SufficientFall * length * fall)
                || (value <= Value + rounding && Slope(gradient, active, scales).AbsoluteMaximum() < steepness))
            {
                return (point, gradient, value);
            }

            length /= trial < 4 ? 2 : 8;
        }

        return null;
    }

    /// <summary>Takes the curvature to the scales of the present point.</summary>
    private void Rescale(Matrix<double> curvature, int[] active, double[] scales)
    {
        double[] now = Scales(active);
        for (int i = 0; i < now.Length; i++)
        {
            for (int j = 0; j < now.Length; j++)
            {
                curvature[i, j] *= now[i] / scales[i] * (now[j] / scales[j]);
            }
        }

        now.CopyTo(scales, 0);
    }
}
