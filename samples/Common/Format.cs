using System.Globalization;

namespace VariationalInference.Samples;

/// <summary>Numbers as text, the same in every culture.</summary>
public static class Format
{
    private const double RoundingOnly = 1e-9;

    /// <summary>Formats a number with five significant digits.</summary>
    public static string Number(double value) => value.ToString("G5", CultureInfo.InvariantCulture);

    /// <summary>Formats a measurement with all its digits.</summary>
    public static string Exact(double value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>Formats an error or a gap: two significant digits, and no more than "below" where only rounding is left.</summary>
    public static string Small(double value) =>
        Math.Abs(value) < RoundingOnly ? "< 1E-09" : value.ToString("G2", CultureInfo.InvariantCulture);

    /// <summary>Formats a mean as far as its standard deviation has the given number of significant digits, however far it is from zero.</summary>
    public static string Mean(double mean, double standardDeviation, int digits = 3)
    {
        int decimals = Math.Clamp(digits - 1 - (int)Math.Floor(Math.Log10(standardDeviation)), 0, 15);
        return mean.ToString($"F{decimals}", CultureInfo.InvariantCulture);
    }

    /// <summary>Names a quantity with its unit, where that is known.</summary>
    public static string WithUnit(string quantity, string? unit) => unit is null ? quantity : $"{quantity} ({unit})";

    /// <summary>Formats mean ± standard deviation, with three significant digits of the latter.</summary>
    public static string PlusMinus(double mean, double standardDeviation) =>
        $"{Mean(mean, standardDeviation)} ± {Mean(standardDeviation, standardDeviation)}";
}
