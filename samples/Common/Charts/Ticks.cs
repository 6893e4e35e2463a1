using System.Globalization;

namespace VariationalInference.Samples;

/// <summary>Round numbers within a range, for the labels of an axis.</summary>
internal static class Ticks
{
    private const string Superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹";
    private const int PlainDigits = 5;

    private static readonly double[] Steps = [1, 2, 5, 10];

    /// <summary>Returns multiples of 1, 2 or 5 times a power of ten, as many as there may be at most.</summary>
    public static IReadOnlyList<Tick> Linear(double low, double high, int most)
    {
        double least = (high - low) / Math.Max(1, most);
        int exponent = (int)Math.Floor(Math.Log10(least));
        double unit = Math.Pow(10, exponent);
        double factor = Steps.First(step => step * unit >= least * (1 - 1e-9));
        if (factor == 10)
        {
            exponent++;
            factor = 1;
        }

        // Multiples by whole numbers, so that rounding does not pile up.
        double size = factor * Math.Pow(10, exponent);
        double first = Math.Ceiling((low / size) - 1e-9);
        int count = (int)(Math.Floor((high / size) + 1e-9) - first) + 1;
        double[] values = [.. Enumerable.Range(0, Math.Max(0, count)).Select(i => ((first + i) * size) + 0.0)];
        int magnitude = values.Length == 0 ? 0 : (int)Math.Floor(Math.Log10(Math.Max(size, values.Max(Math.Abs))) + 1e-9);
        bool isPlain = magnitude < PlainDigits + 2 && exponent > -PlainDigits - 1;
        return [.. values.Select(value => new Tick(value, isPlain ? Plain(value, -exponent) : Scientific(value, magnitude, exponent)))];
    }

    /// <summary>Returns powers of ten; within less than two decades, also 2 and 5 times these.</summary>
    public static IReadOnlyList<Tick> Logarithmic(double low, double high, int most)
    {
        int first = (int)Math.Floor(Math.Log10(low) + 1e-9);
        int last = (int)Math.Floor(Math.Log10(high) + 1e-9);
        double decades = Math.Log10(high) - Math.Log10(low);
        if (decades < 1)
        {
            return Linear(low, high, most);
        }

        double[] factors = decades < 2 && most >= 5 ? [1, 2, 5] : [1];
        int[] exponents = [.. Enumerable.Range(first, last - first + 1)];
        int stride = (int)Math.Ceiling(decades / Math.Max(1, most));
        bool isPlain = first > -4 && last < PlainDigits;
        return
        [
            .. from exponent in exponents
               where exponent % stride == 0
               from factor in factors
               let value = factor * Math.Pow(10, exponent)
               where value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9)
               select new Tick(value, isPlain ? Plain(value, Math.Max(0, -exponent)) : Power(factor, exponent)),
        ];
    }

    private static string Plain(double value, int decimals) =>
        Minus(value.ToString("F" + Math.Max(0, decimals).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture));

    private static string Scientific(double value, int magnitude, int exponent) => value == 0
        ? "0"
        : $"{Plain(value / Math.Pow(10, magnitude), Math.Min(15, magnitude - exponent))}×10{Superscript(magnitude)}";

    private static string Power(double factor, int exponent) => factor == 1 ? $"10{Superscript(exponent)}" : $"{factor:0}×10{Superscript(exponent)}";

    private static string Superscript(int exponent) => (exponent < 0 ? "⁻" : string.Empty)
        + string.Concat(Math.Abs(exponent).ToString(CultureInfo.InvariantCulture).Select(digit => Superscripts[digit - '0']));

    private static string Minus(string number) => number.Replace('-', '−');
}
