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

    /// <summary>A step that would rise by less than this part of the bound's rounding is not tried.</summary>
    private const double LeastRise = 1e-2;

    /// <summary>A noise deviation below this part of the largest no longer shortens steps.</summary>
    private const double LeastNoise = 0.1;

    private readonly MarginalBound _bound;
    private readonly LearningLayout _layout;
    private double[]? _noiseFloors;
    private readonly LearningPoint _point;
    private readonly LearningPoint _derivatives;
    private readonly CancellationToken _cancellationToken;

    /// <param name="bound">The bound.</param>
    /// <param name="layout">Which parameters are free.</param>
    /// <param name="start">Where to start.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <param name="noiseFloors">The smallest noise variances in standard units, one for each free one; none where it is null.</param>
    /// <param name="held">The parameter that is held where it is, −1 where none is.</param>
    public BoundAscent(
        MarginalBound bound,
        LearningLayout layout,
        LearningPoint start,
        CancellationToken cancellationToken,
        double[]? noiseFloors = null,
        int held = -1)
    {
        _bound = bound;
        Held = held;
        _layout = layout;
        _noiseFloors = noiseFloors;
        _point = start.Copy();
        _derivatives = start.Copy();
        _cancellationToken = cancellationToken;
        Vector = Pack(start);
        Gradient = new double[Vector.Length];
        Value = Evaluate(Vector, Gradient);
        UsualNoise = MedianNoise();
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

    /// <summary>Gets what rounding does to the bound, in nats a row: residuals are rounded to the data's size, and count by the noise's.</summary>
    public double Rounding => (1e-14 * (1 + Math.Abs(Value))) + (2e-17 / Math.Max(UsualNoise, 1e-6));

    private double UsualNoise { get; set; } = 1;

    /// <summary>Gets how much higher the bound is at the optimum nearby, to second order, in nats a row; +∞ where that is not known.</summary>
    public double Missing { get; private set; } = double.PositiveInfinity;

    public LearningPoint Point
    {
        get
        {
            LearningPoint point = _point.Copy();
            Unpack(Vector, point);
            return point;
        }
    }

    /// <summary>Gets the parameter that is held where it is, −1 where none is.</summary>
    public int Held { get; }

    /// <summary>Returns the bound in nats a row, and its gradient.</summary>
    public double Evaluate(double[] vector, double[] gradient)
    {
        _cancellationToken.ThrowIfCancellationRequested();
        Unpack(vector, _point);
        double value = _bound.Value(_point, _derivatives) / _bound.RowCount;
        _layout.Gather(_derivatives, gradient);
        for (int i = 0; i < gradient.Length; i++)
        {
            gradient[i] = i == Held ? 0 : gradient[i] / _bound.RowCount * Slope(i, vector[i]);
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
        double[] vector = Pack(point);
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
                direction = Direction(pairs);
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
        UsualNoise = MedianNoise();
        Missing = double.PositiveInfinity;
        Trace.Add(value);
    }

    /// <summary>
    /// Returns the squared lengths of the parameters, by the noise: with known latents the information on the loadings, the offset and the noise
    /// deviation of an observation is as large as its noise variance is small; cells that are pure noise add to that on a shared noise deviation.
    /// </summary>
    private double[] Metric()
    {
        var metric = new double[Vector.Length];
        Array.Fill(metric, 1);
        if (_layout.NoiseCount == 0)
        {
            return metric;
        }

        Unpack(Vector, _point);
        double largest = _point.Noise.Max(Math.Abs);
        for (int k = 0; k < _point.Observations; k++)
        {
            // A noise that vanishes says nothing: what explains it is latent then, and moves freely.
            double variance = Math.Max(Math.Abs(_point.Noise[k]), LeastNoise * largest);
            variance = Math.Min(variance * variance, 1);
            for (int j = 0; j < _layout.LoadingCount / _point.Observations; j++)
            {
                metric[(k * _point.Latents) + j] = variance;
            }

            if (_layout.OffsetCount > 0)
            {
                metric[_layout.OffsetStart + k] = variance;
            }

            if (k < _layout.NoiseCount)
            {
                metric[_layout.NoiseStart + k] = variance / (1 + (_bound.NoiseCells / _bound.RowCount));
            }
        }

        return metric;
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

        double[] metric = Metric();
        double scale = pairs.Count == 0 ? 1 : pairs[^1].Product / pairs[^1].Change.Zip(metric, (change, m) => change * change * m).Sum();
        for (int j = 0; j < direction.Length; j++)
        {
            direction[j] *= scale * metric[j];
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
            if (length * slope < LeastRise * Rounding)
            {
                break;
            }
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
