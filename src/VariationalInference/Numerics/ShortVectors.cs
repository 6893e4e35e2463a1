using System.Numerics;

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

    /// <summary>Returns the same for many rows at once, one in each lane, with the same bits.</summary>
    public static Vector<double> Dot(ReadOnlySpan<double> a, ReadOnlySpan<Vector<double>> b)
    {
        Vector<double> sum = Vector<double>.Zero;
        for (int i = 0; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }

    public static Vector<double> SquaredNorm(ReadOnlySpan<Vector<double>> a)
    {
        Vector<double> sum = Vector<double>.Zero;
        foreach (Vector<double> value in a)
        {
            sum += value * value;
        }

        return sum;
    }

    public static Vector<double> SquaredDistance(ReadOnlySpan<Vector<double>> a, ReadOnlySpan<Vector<double>> b)
    {
        Vector<double> sum = Vector<double>.Zero;
        for (int i = 0; i < a.Length; i++)
        {
            Vector<double> difference = a[i] - b[i];
            sum += difference * difference;
        }

        return sum;
    }

    /// <summary>Subtracts factor · column from e, with a factor for each row.</summary>
    public static void Subtract(ReadOnlySpan<double> column, Vector<double> factor, Span<Vector<double>> e)
    {
        for (int k = 0; k < column.Length; k++)
        {
            e[k] -= column[k] * factor;
        }
    }
}
