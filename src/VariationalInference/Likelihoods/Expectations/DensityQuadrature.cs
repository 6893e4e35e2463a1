namespace VariationalInference;

/// <summary>The expectation of any smooth function under N(m, s²), with its derivatives, by a trapezoid rule whose step is halved until nothing changes.</summary>
/// <remarks>
/// No derivative of the function is asked for: with f less its value at the mean, g = E[f t]/s and λ = −E[f (t² − 1)]/s². What rounding leaves of that when s is small is less than what
/// differences of the expectation in its mean leave, so those are taken there.
/// </remarks>
internal static class DensityQuadrature
{
    // Beyond nine deviations the normal density is zero, unless f grows: then further, while terms count.
    private const double Reach = 9;
    private const double FarthestReach = 60;
    private const double Negligible = 1e-19;
    private const double FirstStep = 0.5;
    private const int Halvings = 11;
    private const double Tolerance = 1e-13;

    // Rounding leaves u/s² of λ: 1e-11 from here on.
    private const double Narrow = 0.003;

    // f changes by so little of its size within a few deviations where Gauss and Hermite's five nodes are exact to rounding.
    private const double Flat = 0.02;
    private const double NormalDensityAtZero = 0.39894228040143267794;

    public static double Average<TFunction>(in TFunction function, double mean, double variance)
        where TFunction : IPredictorFunction => Expect(function, mean, variance).Value;

    public static SiteExpectation Expect<TFunction>(in TFunction function, double mean, double variance)
        where TFunction : IPredictorFunction
    {
        double deviation = Math.Sqrt(variance), atMean = function.At(mean);
        if (!double.IsFinite(atMean))
        {
            return Overflow;
        }

        var smoothed = new Smoothed<TFunction>(function, deviation);
        SiteExpectation site = deviation < Narrow && smoothed.IsFlat(mean, atMean)
            ? Differences(smoothed, mean)
            : Sum(function, mean, deviation, atMean);
        return double.IsFinite(site.Value) && double.IsFinite(site.Gradient) && double.IsFinite(site.Precision) ? site : Overflow;
    }

    /// <summary>Gets what is beyond double precision: ℓ is −∞, and nothing is known of its slope.</summary>
    private static SiteExpectation Overflow => new(double.NegativeInfinity, 0, double.PositiveInfinity);

    private static SiteExpectation Differences<TFunction>(in Smoothed<TFunction> smoothed, double mean)
        where TFunction : IPredictorFunction
    {
        (double first, double second) = DensityDifferences.At(smoothed, mean);
        return new SiteExpectation(smoothed.At(mean), first, -second);
    }

    private static SiteExpectation Sum<TFunction>(in TFunction function, double mean, double deviation, double atMean)
        where TFunction : IPredictorFunction
    {
        Sums sums = default;
        double to = Extend(function, mean, deviation, atMean, ref sums), from = -Extend(function, mean, -deviation, atMean, ref sums);
        double step = FirstStep;
        bool isSteady = false;
        for (int i = 0; i < Halvings && !isSteady; i++)
        {
            Sums between = default;
            for (double t = from + (0.5 * step); t < to; t += step)
            {
                between.Add(t, function.At(mean + (deviation * t)) - atMean);
            }

            isSteady = between.IsCloseTo(sums);
            sums = sums.Plus(between);
            step *= 0.5;
        }

        double factor = step * NormalDensityAtZero;
        return new SiteExpectation(
            atMean + (factor * sums.Value), factor * sums.First / deviation, -factor * sums.Second / deviation / deviation);
    }

    /// <summary>Adds the terms on one side of the mean, and returns where they end. With a negative deviation, the left side.</summary>
    private static double Extend<TFunction>(in TFunction function, double mean, double deviation, double atMean, ref Sums sums)
        where TFunction : IPredictorFunction
    {
        double t = 0, largest = 0, size;
        do
        {
            t += FirstStep;
            double excess = function.At(mean + (deviation * t)) - atMean;
            sums.Add(deviation < 0 ? -t : t, excess);
            size = Math.Abs(excess) * Math.Exp(-0.5 * t * t);
            largest = Math.Max(largest, size);
        }
        while (t < Reach || (size > Negligible * largest && t < FarthestReach));

        return t;
    }

    /// <summary>Sums of e^(−t²/2) f, with factors 1, t and t² − 1, and the size of their terms.</summary>
    private struct Sums
    {
        private double _size;

        public double Value { get; private set; }

        public double First { get; private set; }

        public double Second { get; private set; }

        public void Add(double t, double excess)
        {
            double term = Math.Exp(-0.5 * t * t) * excess;
            Value += term;
            First += term * t;
            Second += term * ((t * t) - 1);
            _size += Math.Abs(term);
        }

        public readonly Sums Plus(in Sums other) => new()
        {
            Value = Value + other.Value,
            First = First + other.First,
            Second = Second + other.Second,
            _size = _size + other._size,
        };

        public readonly bool IsCloseTo(in Sums other)
        {
            double allowed = Tolerance * Math.Max(_size, other._size);

            // Factors of up to t² make the rounding of the second larger.
            return Math.Abs(Value - other.Value) <= allowed && Math.Abs(First - other.First) <= allowed && Math.Abs(Second - other.Second) <= 4 * allowed;
        }
    }

    /// <summary>The expectation as a function of the mean, by Gauss and Hermite's five nodes: a deviation that small asks for no more.</summary>
    private readonly struct Smoothed<TFunction>(TFunction function, double deviation) : IPredictorFunction
        where TFunction : IPredictorFunction
    {
        private const double Inner = 1.3556261799742659;
        private const double Outer = 2.8569700138728056;
        private const double CentreWeight = 8.0 / 15;
        private const double InnerWeight = 0.22207592200561264;
        private const double OuterWeight = 0.011257411327720689;

        public bool IsFlat(double mean, double atMean)
        {
            double below = function.At(mean - (Outer * deviation)), above = function.At(mean + (Outer * deviation));
            return Math.Max(Math.Abs(below - atMean), Math.Abs(above - atMean)) <= Flat * (1 + Math.Abs(atMean));
        }

        public double At(double predictor) => deviation == 0
            ? function.At(predictor)
            : (CentreWeight * function.At(predictor))
                + (InnerWeight * (function.At(predictor - (Inner * deviation)) + function.At(predictor + (Inner * deviation))))
                + (OuterWeight * (function.At(predictor - (Outer * deviation)) + function.At(predictor + (Outer * deviation))));
    }
}
