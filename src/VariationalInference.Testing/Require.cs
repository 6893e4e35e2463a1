namespace VariationalInference.Testing;

/// <summary>Preconditions on options: each failure names the option, the value and what would be allowed.</summary>
internal static class Require
{
    public static int AtLeast(int value, int minimum, string name)
    {
        if (value < minimum)
        {
            throw new ArgumentOutOfRangeException(
                name, value, FormattableString.Invariant($"{name} is {value}; it must be at least {minimum}."));
        }

        return value;
    }

    public static double Positive(double value, string name)
    {
        if (!(value > 0 && double.IsFinite(value)))
        {
            throw new ArgumentOutOfRangeException(
                name, value, FormattableString.Invariant($"{name} is {value}; it must be positive and finite."));
        }

        return value;
    }
}
