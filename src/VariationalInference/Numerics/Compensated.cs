namespace VariationalInference;

/// <summary>
/// Sums and products carried as an unevaluated pair high + low, so that differences of nearly equal large numbers keep their digits
/// (Ogita, Rump and Oishi, 2005).
/// </summary>
internal static class Compensated
{
    /// <summary>Returns offset + Σ a_i b_i as a pair whose sum is good to about twice the precision of a double.</summary>
    public static (double High, double Low) Dot(double offset, ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        double high = offset;
        double low = 0;
        for (int i = 0; i < a.Length; i++)
        {
            double product = a[i] * b[i];
            double productError = Math.FusedMultiplyAdd(a[i], b[i], -product);
            (high, double sumError) = TwoSum(high, product);
            low += sumError + productError;
        }

        return TwoSum(high, low);
    }

    /// <summary>Returns offset + Σ a_i as such a pair.</summary>
    public static (double High, double Low) Sum(double offset, ReadOnlySpan<double> a)
    {
        double high = offset;
        double low = 0;
        foreach (double value in a)
        {
            (high, double error) = TwoSum(high, value);
            low += error;
        }

        return TwoSum(high, low);
    }

    /// <summary>Returns a − b as such a pair.</summary>
    public static (double High, double Low) Difference(double a, (double High, double Low) b)
    {
        (double high, double low) = TwoSum(a, -b.High);
        return TwoSum(high, low - b.Low);
    }

    /// <summary>Returns ab/c as such a pair; without the low part where it would not be finite.</summary>
    public static (double High, double Low) ProductOver(double a, double b, double c)
    {
        double product = a * b;
        double quotient = product / c;
        double low = (Math.FusedMultiplyAdd(-quotient, c, product) + Math.FusedMultiplyAdd(a, b, -product)) / c;
        return (quotient, double.IsFinite(low) ? low : 0);
    }

    /// <summary>Returns (high + low)/c as such a pair; without the low part where it would not be finite.</summary>
    public static (double High, double Low) Over((double High, double Low) pair, double c)
    {
        double quotient = pair.High / c;
        double low = (Math.FusedMultiplyAdd(-quotient, c, pair.High) + pair.Low) / c;
        return (quotient, double.IsFinite(low) ? low : 0);
    }

    private static (double Sum, double Error) TwoSum(double a, double b)
    {
        double sum = a + b;
        double bPart = sum - a;
        return (sum, (a - (sum - bPart)) + (b - bPart));
    }
}
