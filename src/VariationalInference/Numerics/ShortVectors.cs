namespace VariationalInference;

/// <summary>Sums over vectors of a few values, one after another, so that their order never depends on the machine.</summary>
internal static class ShortVectors
{
    public static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }

    public static double SquaredNorm(ReadOnlySpan<double> a) => Dot(a, a);

    /// <summary>Subtracts factor · column from e.</summary>
    public static void Subtract(ReadOnlySpan<double> column, double factor, Span<double> e)
    {
        for (int k = 0; k < column.Length; k++)
        {
            e[k] -= column[k] * factor;
        }
    }
}
