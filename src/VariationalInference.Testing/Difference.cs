namespace VariationalInference.Testing;

/// <summary>A derivative by central differences of order four, with the step at which it is steadiest, and how steady that is.</summary>
/// <param name="Value">The derivative; NaN where the function is not finite near by.</param>
/// <param name="Error">About how far it may be off.</param>
internal readonly record struct Difference(double Value, double Error)
{
    private const double LargestStep = 0.5;
    private const int Steps = 24;

    // What a function's own rounding may be, relatively.
    private const double Rounding = 1e-15;

    public static Difference First(Func<double, double> f, double x) =>
        Steadiest(f, x, power: 1, h => ((8 * (f(x + h) - f(x - h))) - (f(x + (2 * h)) - f(x - (2 * h)))) / (12 * h));

    public static Difference Second(Func<double, double> f, double x)
    {
        double middle = f(x);
        return Steadiest(
            f, x, power: 2, h => ((16 * (f(x + h) - middle + (f(x - h) - middle))) - (f(x + (2 * h)) - middle + (f(x - (2 * h)) - middle))) / (12 * h * h));
    }

    private static Difference Steadiest(Func<double, double> f, double x, int power, Func<double, double> estimate)
    {
        var best = new Difference(double.NaN, double.PositiveInfinity);
        double before = double.NaN, size = Rounding * (Math.Abs(f(x)) + Math.Abs(f(x + LargestStep)) + Math.Abs(f(x - LargestStep)));
        for (int i = 0; i < Steps; i++)
        {
            double step = Math.ScaleB(LargestStep, -i), value = estimate(step);
            double error = Math.Abs(value - before) + (size / Math.Pow(step, power));
            best = error < best.Error ? new Difference(value, error) : best;
            before = value;
        }

        return best;
    }
}
