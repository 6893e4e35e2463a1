namespace VariationalInference;

/// <summary>Which numbers are counts.</summary>
internal static class Counts
{
    /// <summary>The largest, 2⁵³: beyond it, doubles leave whole numbers out.</summary>
    public const double Largest = 9_007_199_254_740_992;

    public const string Allowed = "a whole number from 0 to 9007199254740992";

    public static bool Includes(double value) => value is >= 0 and <= Largest && Math.Floor(value) == value;

    /// <summary>Requires a mean whose counts can be drawn.</summary>
    public static void RequireMean(double mean, string name)
    {
        if (!(mean < Largest))
        {
            throw new ArgumentException(Guard.Text($"{name} give a count a mean of {mean}; to be drawn, it must have one of less than {Largest}."), name);
        }
    }
}
