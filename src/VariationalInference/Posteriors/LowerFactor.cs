using System.Numerics.Tensors;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>A lower triangular matrix L with a positive diagonal, packed by rows: the Cholesky factor of a covariance.</summary>
internal sealed class LowerFactor
{
    private readonly double[] _packed;

    /// <param name="packed">L_00, L_10, L_11, L_20, …; kept.</param>
    /// <param name="size">The order J.</param>
    public LowerFactor(double[] packed, int size)
    {
        _packed = packed;
        Size = size;
        double sum = 0;
        for (int j = 0; j < size; j++)
        {
            sum += Math.Log(this[j, j]);
        }

        LogDeterminantOfSquare = 2 * sum;
    }

    public int Size { get; }

    /// <summary>Gets log det LLᵀ.</summary>
    public double LogDeterminantOfSquare { get; }

    public double this[int i, int j] => _packed[Start(i) + j];

    /// <summary>Returns where a row begins in the packed order.</summary>
    public static int Start(int row) => row * (row + 1) / 2;

    /// <summary>Factors a symmetric matrix.</summary>
    /// <returns>The factor; <see langword="null"/> where the matrix is not positive definite.</returns>
    public static LowerFactor? OfCovariance(Matrix<double> covariance) => OfLowerTriangle(covariance.ToRowMajorArray(), covariance.RowCount);

    /// <summary>Factors a symmetric matrix of which the lower triangle is read, row-major; <see langword="null"/> unless it is positive definite.</summary>
    public static LowerFactor? OfLowerTriangle(ReadOnlySpan<double> square, int size)
    {
        var packed = new double[Start(size)];
        for (int i = 0; i < size; i++)
        {
            Span<double> row = packed.AsSpan(Start(i), i + 1);
            for (int j = 0; j <= i; j++)
            {
                ReadOnlySpan<double> other = packed.AsSpan(Start(j), j + 1);
                double rest = square[(i * size) + j] - TensorPrimitives.Dot<double>(row[..j], other[..j]);
                if (i == j && !(rest > 0 && double.IsFinite(rest)))
                {
                    return null;
                }

                row[j] = i == j ? Math.Sqrt(rest) : rest / other[j];
            }
        }

        return new LowerFactor(packed, size);
    }

    /// <summary>Factors Σ = WᵀW by reducing W, never through the elements of Σ, whose square condition may be too much for digits.</summary>
    public static LowerFactor OfRoot(Matrix<double> root) => new(PackedOfRoot(root.ToColumnMajorArray(), root.ColumnCount), root.ColumnCount);

    /// <summary>Returns the factor, packed, of Σ = WᵀW with the columns of W one after another; spoils W, which has at least as many rows as columns.</summary>
    public static double[] PackedOfRoot(double[] root, int size)
    {
        int rows = root.Length / size;
        TriangleAccumulator.Triangularise(root, rows, size, rows);
        var packed = new double[Start(size)];
        for (int i = 0; i < size; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                packed[Start(i) + j] = root[(i * rows) + j] * (root[(j * rows) + j] < 0 ? -1 : 1);
            }
        }

        return packed;
    }

    /// <summary>Writes Lε.</summary>
    public void Multiply(ReadOnlySpan<double> noise, Span<double> destination)
    {
        for (int i = 0; i < Size; i++)
        {
            destination[i] = TensorPrimitives.Dot<double>(Row(i), noise[..(i + 1)]);
        }
    }

    /// <summary>Replaces y by L⁻¹y.</summary>
    public void Solve(Span<double> y)
    {
        for (int i = 0; i < Size; i++)
        {
            y[i] = (y[i] - TensorPrimitives.Dot<double>(Row(i)[..i], y[..i])) / this[i, i];
        }
    }

    /// <summary>Replaces y by L⁻ᵀy.</summary>
    public void SolveTransposed(Span<double> y)
    {
        for (int i = Size - 1; i >= 0; i--)
        {
            y[i] /= this[i, i];
            TensorPrimitives.MultiplyAdd(Row(i)[..i], -y[i], y[..i], y[..i]);
        }
    }

    /// <summary>Returns LLᵀ, row-major.</summary>
    public double[] Square()
    {
        var square = new double[Size * Size];
        for (int i = 0; i < Size; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                square[(i * Size) + j] = TensorPrimitives.Dot(Row(i)[..(j + 1)], Row(j));
                square[(j * Size) + i] = square[(i * Size) + j];
            }
        }

        return square;
    }

    private ReadOnlySpan<double> Row(int i) => _packed.AsSpan(Start(i), i + 1);
}
