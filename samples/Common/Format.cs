using System.Globalization;

namespace VariationalInference.Samples;

/// <summary>Numbers as text, the same in every culture.</summary>
/// <remarks>
/// How many digits a number needs follows from what it is read beside: a standard deviation, or an interval. With three significant digits of
/// that, at least, nothing that matters is rounded away, and the two ends of an interval differ, however far they are from zero. No number
/// gets more digits than a double has.
/// </remarks>
public static class Format
{
    private const double RoundingOnly = 1e-9;

    // What a number gets when nothing stands beside it.
    private const int Significant = 5;

    // What a spread gets, and so what makes an interval visible: its ends are off by less than 1 % of it.
    private const int SpreadDigits = 3;

    // A decimal fraction of this many significant digits survives as a double; beyond, the shortest text that gives the double is printed.
    private const int DoubleDigits = 15;

    // An interval of 95 % is four standard deviations wide.
    private const double DeviationsPerInterval = 4;

    /// <summary>Formats a number with five significant digits.</summary>
    public static string Number(double value) => Unsigned(value).ToString("G5", CultureInfo.InvariantCulture);

    /// <summary>Formats a number with five significant digits, or with more where three digits of its spread ask for them.</summary>
    /// <param name="value">The number.</param>
    /// <param name="spread">What it is read beside, as its standard error. 0 asks for all digits; what is not finite for none.</param>
    public static string Number(double value, double spread)
    {
        if (spread == 0)
        {
            return Exact(value);
        }

        if (value == 0 || !double.IsFinite(value) || !double.IsFinite(spread))
        {
            return Number(value);
        }

        int digits = Math.Max(Significant, Exponent(value, DoubleDigits) - LastPlace(spread, SpreadDigits) + 1);
        return digits > DoubleDigits ? Exact(value) : value.ToString($"G{digits}", CultureInfo.InvariantCulture);
    }

    /// <summary>Formats an interval so that its width can be seen.</summary>
    public static string Interval(double lower, double upper)
    {
        double spread = (upper / DeviationsPerInterval) - (lower / DeviationsPerInterval);
        return $"{Number(lower, spread)} to {Number(upper, spread)}";
    }

    /// <summary>Formats a log likelihood or an ELBO so that a hundredth of a nat can be seen, as models are compared by nats.</summary>
    public static string Nats(double value) => Number(value, spread: 1);

    /// <summary>Formats a measurement with all its digits.</summary>
    public static string Exact(double value) => Unsigned(value).ToString(CultureInfo.InvariantCulture);

    /// <summary>Formats an error or a gap: two significant digits, and no more than "below" where only rounding is left.</summary>
    public static string Small(double value) =>
        Math.Abs(value) < RoundingOnly ? "< 1E-09" : value.ToString("G2", CultureInfo.InvariantCulture);

    /// <summary>Formats a mean as far as its standard deviation has the given number of significant digits, however far it is from zero.</summary>
    /// <param name="mean">The mean.</param>
    /// <param name="standardDeviation">What decides. 0 asks for all digits; what is not finite, for five significant ones.</param>
    /// <param name="digits">The significant digits of the standard deviation. Range: 1 to 15.</param>
    /// <returns>The text: decimals, as many for all means with the same standard deviation, or powers of ten where these would be too many.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The number of digits is out of its range.</exception>
    public static string Mean(double mean, double standardDeviation, int digits = SpreadDigits)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(digits, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(digits, DoubleDigits);
        if (standardDeviation == 0 || !double.IsFinite(mean))
        {
            return Exact(mean);
        }

        if (!double.IsFinite(standardDeviation))
        {
            return Number(mean);
        }

        int last = LastPlace(standardDeviation, digits);
        int first = mean == 0 ? 0 : Exponent(mean, DoubleDigits);
        if (first - last >= DoubleDigits)
        {
            return Exact(mean);
        }

        string text = last >= -DoubleDigits && first < DoubleDigits
            ? mean.ToString($"F{Math.Max(0, -last)}", CultureInfo.InvariantCulture)
            : mean.ToString($"0.{new string('0', Math.Max(0, first - last))}E+00", CultureInfo.InvariantCulture);
        return IsZero(text) ? text.TrimStart('-') : text;
    }

    /// <summary>Names a quantity with its unit, where that is known.</summary>
    public static string WithUnit(string quantity, string? unit) => unit is null ? quantity : $"{quantity} ({unit})";

    /// <summary>Formats mean ± standard deviation, with three significant digits of the latter.</summary>
    public static string PlusMinus(double mean, double standardDeviation) =>
        $"{Mean(mean, standardDeviation)} ± {Mean(standardDeviation, standardDeviation)}";

    /// <summary>Returns the power of ten of the last of a number's significant digits, once it is rounded to them.</summary>
    private static int LastPlace(double value, int digits) => Exponent(value, digits) - digits + 1;

    /// <summary>Returns the power of ten of a number's first digit, once it is rounded; 0.09996 rounded to three digits is 0.100.</summary>
    private static int Exponent(double value, int digits)
    {
        string text = value.ToString($"E{digits - 1}", CultureInfo.InvariantCulture);
        return int.Parse(text.AsSpan(text.IndexOf('E', StringComparison.Ordinal) + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
    }

    /// <summary>Returns the number, and 0 for -0, whose sign says nothing to a reader.</summary>
    private static double Unsigned(double value) => value == 0 ? 0 : value;

    private static bool IsZero(string text)
    {
        int mantissa = text.IndexOf('E', StringComparison.Ordinal);
        return text.AsSpan(0, mantissa < 0 ? text.Length : mantissa).IndexOfAnyInRange('1', '9') < 0;
    }
}
