using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace VariationalInference;

/// <summary>Algebra of small lower triangular matrices, kept whole and row by row, zero above the diagonal. It allocates nothing.</summary>
/// <remarks>No operation is fused, and sums have one or four parts by their length alone: the bits are the same on every processor.</remarks>
internal static class LowerTriangles
{
    /// <summary>Vectors below this length are done one by one.</summary>
    private const int Short = 8;

    /// <summary>Replaces a symmetric matrix, of which the lower triangle is read, by its Cholesky factor.</summary>
    /// <returns>Whether it is positive definite; where it is not, the matrix is spoilt.</returns>
    public static bool TryFactor(Span<double> matrix, int size)
    {
        for (int i = 0; i < size; i++)
        {
            Span<double> row = matrix.Slice(i * size, size);
            for (int j = 0; j < i; j++)
            {
                ReadOnlySpan<double> other = matrix.Slice(j * size, j + 1);
                row[j] = (row[j] - Dot(row[..j], other[..j])) / other[j];
            }

            double rest = row[i] - Dot(row[..i], row[..i]);
            if (!(rest > 0 && double.IsFinite(rest)))
            {
                return false;
            }

            row[i] = Math.Sqrt(rest);
            row[(i + 1)..].Clear();
        }

        return true;
    }

    /// <summary>Replaces X by L⁻¹X.</summary>
    /// <param name="factor">L, n×n.</param>
    /// <param name="matrix">X, n×n.</param>
    /// <param name="size">n.</param>
    /// <param name="isLower">Whether X is lower triangular.</param>
    public static void SolveLeft(ReadOnlySpan<double> factor, Span<double> matrix, int size, bool isLower)
    {
        for (int i = 0; i < size; i++)
        {
            Span<double> row = matrix.Slice(i * size, isLower ? i + 1 : size);
            for (int k = 0; k < i; k++)
            {
                AddScaled(matrix.Slice(k * size, isLower ? k + 1 : size), -factor[(i * size) + k], row);
            }

            double diagonal = factor[(i * size) + i];
            for (int j = 0; j < row.Length; j++)
            {
                row[j] /= diagonal;
            }
        }
    }

    /// <summary>Replaces X, n×n, by XL⁻ᵀ.</summary>
    public static void SolveRight(ReadOnlySpan<double> factor, Span<double> matrix, int size)
    {
        for (int i = 0; i < size; i++)
        {
            Solve(factor, matrix.Slice(i * size, size));
        }
    }

    /// <summary>Replaces x by L⁻¹x.</summary>
    public static void Solve(ReadOnlySpan<double> factor, Span<double> x)
    {
        for (int j = 0; j < x.Length; j++)
        {
            ReadOnlySpan<double> row = factor.Slice(j * x.Length, j + 1);
            x[j] = (x[j] - Dot(row[..j], x[..j])) / row[j];
        }
    }

    /// <summary>Replaces x by L⁻ᵀx.</summary>
    public static void SolveTransposed(ReadOnlySpan<double> factor, Span<double> x)
    {
        for (int j = x.Length - 1; j >= 0; j--)
        {
            ReadOnlySpan<double> row = factor.Slice(j * x.Length, j + 1);
            x[j] /= row[j];
            AddScaled(row[..j], -x[j], x[..j]);
        }
    }

    /// <summary>Writes FL, lower triangular like both.</summary>
    public static void Multiply(ReadOnlySpan<double> first, ReadOnlySpan<double> second, Span<double> product, int size)
    {
        product.Clear();
        for (int i = 0; i < size; i++)
        {
            for (int k = 0; k <= i; k++)
            {
                AddScaled(second.Slice(k * size, k + 1), first[(i * size) + k], product.Slice(i * size, k + 1));
            }
        }
    }

    /// <summary>Writes Lx.</summary>
    public static void Multiply(ReadOnlySpan<double> factor, ReadOnlySpan<double> x, Span<double> product)
    {
        for (int i = 0; i < x.Length; i++)
        {
            product[i] = Dot(factor.Slice(i * x.Length, i + 1), x[..(i + 1)]);
        }
    }

    /// <summary>Adds Lᵀx to a vector.</summary>
    public static void AddTransposed(ReadOnlySpan<double> factor, ReadOnlySpan<double> x, Span<double> sum)
    {
        for (int i = 0; i < x.Length; i++)
        {
            AddScaled(factor.Slice(i * x.Length, i + 1), x[i], sum[..(i + 1)]);
        }
    }

    /// <summary>Returns a·b.</summary>
    public static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        double sum = 0;
        int i = 0;
        if (a.Length >= Short)
        {
            Vector256<double> parts = Vector256<double>.Zero;
            ref double x = ref MemoryMarshal.GetReference(a);
            ref double y = ref MemoryMarshal.GetReference(b[..a.Length]);
            for (; i + 4 <= a.Length; i += 4)
            {
                parts += Vector256.LoadUnsafe(ref x, (nuint)i) * Vector256.LoadUnsafe(ref y, (nuint)i);
            }

            sum = (parts[0] + parts[2]) + (parts[1] + parts[3]);
        }

        for (; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }

    /// <summary>Adds factor · x to y.</summary>
    public static void AddScaled(ReadOnlySpan<double> x, double factor, Span<double> y)
    {
        int i = 0;
        if (x.Length >= Short)
        {
            ref double from = ref MemoryMarshal.GetReference(x);
            ref double to = ref MemoryMarshal.GetReference(y[..x.Length]);
            for (Vector256<double> factors = Vector256.Create(factor); i + 4 <= x.Length; i += 4)
            {
                (Vector256.LoadUnsafe(ref to, (nuint)i) + (Vector256.LoadUnsafe(ref from, (nuint)i) * factors)).StoreUnsafe(ref to, (nuint)i);
            }
        }

        for (; i < x.Length; i++)
        {
            y[i] += x[i] * factor;
        }
    }
}
