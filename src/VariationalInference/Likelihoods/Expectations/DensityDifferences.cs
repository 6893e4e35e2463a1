using System.Runtime.InteropServices;

namespace VariationalInference;

/// <summary>The first two derivatives of a function by central differences of order eight, each with the step at which it is steadiest.</summary>
/// <remarks>
/// The error is c h⁸ + u|f|/h, or u|f|/h² for the second, with the unit roundoff u. What changes from one step to the next, half as long, shows the first term; the step with the least sum is taken (Ridders, 1982).
/// </remarks>
internal static class DensityDifferences
{
    private const double FirstStep = 4;

    // The last step is 4 · 2⁻⁴⁰, but where longer ones are a million times better, none so short is tried.
    private const int Steps = 41;
    private const double Hopeless = 1e6;

    private static ReadOnlySpan<double> FirstWeights => [4 / 5.0, -1 / 5.0, 4 / 105.0, -1 / 280.0];

    private static ReadOnlySpan<double> SecondWeights => [8 / 5.0, -1 / 5.0, 8 / 315.0, -1 / 560.0];

    public static (double First, double Second) At<TFunction>(in TFunction function, double x)
        where TFunction : IPredictorFunction
    {
        double atX = function.At(x), step = FirstStep;
        Steadiest first = Steadiest.None, second = Steadiest.None;
        for (int i = 0; i < Steps && !(first.IsPast && second.IsPast); i++)
        {
            (double slope, double curvature, double rounding) = Estimate(function, x, atX, step);
            first.Add(slope, rounding / step);
            second.Add(curvature, rounding / step / step);
            step *= 0.5;
        }

        return (first.Value, second.Value);
    }

    private static (double First, double Second, double Rounding) Estimate<TFunction>(in TFunction function, double x, double atX, double step)
        where TFunction : IPredictorFunction
    {
        double first = 0, second = 0, largest = Math.Abs(atX);
        for (int i = 1; i <= FirstWeights.Length; i++)
        {
            double above = function.At(x + (i * step)), below = function.At(x - (i * step));
            first += FirstWeights[i - 1] * (above - below);
            second += SecondWeights[i - 1] * (above - atX + (below - atX));
            largest = Math.Max(largest, Math.Max(Math.Abs(above), Math.Abs(below)));
        }

        return (first / step, second / step / step, DoublePrecision.UnitRoundoff * largest);
    }

    /// <summary>Of estimates with ever shorter steps, the one with the least error.</summary>
    [StructLayout(LayoutKind.Auto)]
    private struct Steadiest
    {
        public static Steadiest None => new() { Value = double.NaN, _last = double.NaN, _error = double.PositiveInfinity };

        private double _last;
        private double _error;

        public double Value { get; private set; }

        public bool IsPast { get; private set; }

        public void Add(double estimate, double rounding)
        {
            double error = Math.Abs(estimate - _last) + rounding;
            if (error < _error)
            {
                (Value, _error) = (estimate, error);
            }

            IsPast = rounding > Hopeless * _error;
            _last = estimate;
        }
    }
}
