namespace VariationalInference;

/// <summary>One way up the bound, in nats a row, over the free parameters in standard units.</summary>
/// <remarks>
/// Steps are of limited-memory BFGS (Nocedal, 1980) with a line search that ends at a sufficient rise and a small enough slope. Every step
/// raises the bound, but for its rounding. Standard deviations may go through zero: their sign does not matter. At zero the gradient by a
/// standard deviation is zero for either reason, and only the second derivatives, those of the Newton steps, or the slope by the variance
/// tell a maximum at the boundary from a saddle.
/// </remarks>
internal sealed partial class BoundAscent
{
    private const int Memory = 20;
    private const double SufficientRise = 1e-4;
    private const double SlopeRatio = 0.9;
    private const int MostTrials = 40;

    /// <summary>Standard deviations below this, in standard units, are tried at zero.</summary>
    private const double NearZero = 1e-3;

    private const double Probe = 1e-4;

    private readonly MarginalBound _bound;
    private readonly LearningLayout _layout;
    private readonly LearningPoint _point;
    private readonly LearningPoint _derivatives;
    private readonly CancellationToken _cancellationToken;

    public BoundAscent(MarginalBound bound, LearningLayout layout, LearningPoint start, CancellationToken cancellationToken)
    {
        _bound = bound;
        _layout = layout;
        _point = start.Copy();
        _derivatives = start.Copy();
        _cancellationToken = cancellationToken;
        Vector = layout.Pack(start);
        Gradient = new double[Vector.Length];
        Value = Evaluate(Vector, Gradient);
        Trace.Add(Value);
    }

    public double[] Vector { get; private set; }

    public double[] Gradient { get; private set; }

    /// <summary>Gets the bound in nats a row.</summary>
    public double Value { get; private set; }

    /// <summary>Gets the bound by iteration, in nats a row.</summary>
    public List<double> Trace { get; } = [];

    public int Iterations => Trace.Count - 1;

    public double GradientNorm => Largest(Gradient);

    /// <summary>Gets what rounding does to the bound.</summary>
    public double Rounding => 1e-14 * (1 + Math.Abs(Value));

    public LearningPoint Point
    {
        get
        {
            LearningPoint point = _point.Copy();
            _layout.Unpack(Vector, point);
            return point;
        }
    }

    /// <summary>Returns the bound in nats a row, and its gradient.</summary>
    public double Evaluate(double[] vector, double[] gradient)
    {
        _cancellationToken.ThrowIfCancellationRequested();
        _layout.Unpack(vector, _point);
        double value = _bound.Value(_point, _derivatives) / _bound.RowCount;
        _layout.Gather(_derivatives, gradient);
        for (int i = 0; i < gradient.Length; i++)
        {
            gradient[i] /= _bound.RowCount;
            if (!double.IsFinite(gradient[i]))
            {
                return double.NegativeInfinity;
            }
        }

        return value;
    }

    /// <summary>Takes a point that was found by other means, if it is no worse.</summary>
    /// <returns>Whether it was taken.</returns>
    public bool Take(LearningPoint point)
    {
        double[] vector = _layout.Pack(point);
        var gradient = new double[vector.Length];
        double value = Evaluate(vector, gradient);
        if (!(value >= Value - (100 * Rounding)))
        {
            return false;
        }

        Accept(vector, gradient, value);
        return true;
    }

    /// <summary>Climbs until the gradient is small enough, no step rises any more, or the number of iterations is reached.</summary>
    public void Climb(double tolerance, int maxIterations)
    {
        var pairs = new List<(double[] Step, double[] Change, double Product)>();
        while (GradientNorm > tolerance && Iterations < maxIterations)
        {
            double[] direction = Direction(pairs);
            double slope = Dot(direction, Gradient);
            if (!(slope > 0))
            {
                pairs.Clear();
                direction = [.. Gradient];
                slope = Dot(direction, Gradient);
            }

            double length = pairs.Count > 0 ? 1 : Math.Min(1, 0.1 / Largest(direction));
            if (Search(direction, slope, length) is not (double[] vector, double[] gradient, double value))
            {
                if (pairs.Count == 0)
                {
                    return;
                }

                pairs.Clear();
                continue;
            }

            double[] step = Difference(vector, Vector), change = Difference(Gradient, gradient);
            double product = Dot(step, change);
            if (product > 1e-12 * Math.Sqrt(Dot(step, step) * Dot(change, change)))
            {
                pairs.Add((step, change, product));
                if (pairs.Count > Memory)
                {
                    pairs.RemoveAt(0);
                }
            }

            Accept(vector, gradient, value);
        }
    }

    /// <summary>Puts standard deviations that are nearly zero there, where the bound falls with the variance.</summary>
    public void Settle()
    {
        double[] probe = [.. Vector];
        int[] near = [.. Enumerable.Range(0, probe.Length).Where(i => _layout.IsDeviation(i) && Math.Abs(probe[i]) < NearZero && probe[i] != 0)];
        if (near.Length == 0)
        {
            return;
        }

        foreach (int i in near)
        {
            probe[i] = Probe;
        }

        var gradient = new double[probe.Length];
        if (!double.IsFinite(Evaluate(probe, gradient)))
        {
            return;
        }

        double[] settled = [.. Vector];
        foreach (int i in near.Where(i => gradient[i] <= 0))
        {
            settled[i] = 0;
        }

        var settledGradient = new double[probe.Length];
        double value = Evaluate(settled, settledGradient);
        if (value >= Value - Rounding)
        {
            Accept(settled, settledGradient, value);
        }
    }

    private static double Dot(double[] a, double[] b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }

    private static double Largest(double[] values) => values.Length == 0 ? 0 : values.Max(Math.Abs);

    private static double[] Difference(double[] a, double[] b) => [.. a.Zip(b, (x, y) => x - y)];

    private static double[] Along(double[] start, double[] direction, double length) => [.. start.Zip(direction, (x, d) => x + (length * d))];

    private void Accept(double[] vector, double[] gradient, double value)
    {
        Vector = vector;
        Gradient = gradient;
        Value = value;
        Trace.Add(value);
    }

    /// <summary>Returns the gradient multiplied by the inverse of the second derivatives' estimate.</summary>
    private double[] Direction(List<(double[] Step, double[] Change, double Product)> pairs)
    {
        double[] direction = [.. Gradient];
        var factors = new double[pairs.Count];
        for (int i = pairs.Count - 1; i >= 0; i--)
        {
            factors[i] = Dot(pairs[i].Step, direction) / pairs[i].Product;
            AddTo(direction, pairs[i].Change, -factors[i]);
        }

        if (pairs.Count > 0)
        {
            double scale = pairs[^1].Product / Dot(pairs[^1].Change, pairs[^1].Change);
            for (int j = 0; j < direction.Length; j++)
            {
                direction[j] *= scale;
            }
        }

        for (int i = 0; i < pairs.Count; i++)
        {
            AddTo(direction, pairs[i].Step, factors[i] - (Dot(pairs[i].Change, direction) / pairs[i].Product));
        }

        return direction;

        static void AddTo(double[] sum, double[] values, double factor)
        {
            for (int j = 0; j < sum.Length; j++)
            {
                sum[j] += factor * values[j];
            }
        }
    }

    /// <summary>
    /// Finds a step that rises enough and after which the slope is small enough. Where the rise drowns in the rounding of the bound, the slope
    /// alone decides (Hager and Zhang, 2005).
    /// </summary>
    private (double[] Vector, double[] Gradient, double Value)? Search(double[] direction, double slope, double length)
    {
        double low = 0, lowSlope = slope, high = double.PositiveInfinity, highSlope = double.NaN;
        (double[] Vector, double[] Gradient, double Value)? best = null;
        for (int trial = 0; trial < MostTrials; trial++)
        {
            double[] vector = Along(Vector, direction, length);
            var gradient = new double[vector.Length];
            double value = Evaluate(vector, gradient);
            double trialSlope = double.IsFinite(value) ? Dot(gradient, direction) : double.NaN;
            bool rises = value >= Value + (SufficientRise * length * slope)
                || (value >= Value - Rounding && Math.Abs(trialSlope) <= SlopeRatio * slope);
            if (rises)
            {
                best = (vector, gradient, value);
                if (Math.Abs(trialSlope) <= SlopeRatio * slope)
                {
                    return best;
                }
            }

            if (!rises || trialSlope < 0)
            {
                high = length;
                highSlope = trialSlope;
            }
            else
            {
                low = length;
                lowSlope = trialSlope;
            }

            length = NextLength(low, lowSlope, high, highSlope);
        }

        return best;
    }

    /// <summary>Returns where the slope between two lengths is expected to be zero, well inside them; or a longer step.</summary>
    private static double NextLength(double low, double lowSlope, double high, double highSlope)
    {
        if (double.IsPositiveInfinity(high))
        {
            return 3 * low;
        }

        double width = high - low;
        double secant = highSlope < 0 ? low + (width * lowSlope / (lowSlope - highSlope)) : low + (width / 4);
        return Math.Clamp(secant, low + (width / 10), high - (width / 10));
    }
}
