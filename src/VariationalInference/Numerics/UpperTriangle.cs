using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>An upper triangular matrix R, kept by columns, with the solves that RᵀR = precision needs.</summary>
internal sealed class UpperTriangle
{
    private readonly double[] _columns;
    private readonly int _stride;

    public UpperTriangle(Matrix<double> r)
        : this(new double[r.ColumnCount * r.ColumnCount], r.ColumnCount, r.ColumnCount)
    {
        for (int j = 0; j < Size; j++)
        {
            for (int i = 0; i <= j; i++)
            {
                _columns[(j * Size) + i] = r[i, j];
            }
        }
    }

    /// <summary>Reads a triangle where it stands.</summary>
    /// <param name="columns">The columns, of which what is below the diagonal is not read.</param>
    /// <param name="size">Their number.</param>
    /// <param name="stride">How far apart they lie.</param>
    public UpperTriangle(double[] columns, int size, int stride)
    {
        _columns = columns;
        Size = size;
        _stride = stride;
    }

    public int Size { get; }

    public double this[int i, int j] => _columns[(j * _stride) + i];

    /// <summary>Replaces x by R⁻¹x.</summary>
    public void Solve(Span<double> x)
    {
        for (int j = Size - 1; j >= 0; j--)
        {
            double value = x[j] /= this[j, j];
            for (int i = 0; i < j; i++)
            {
                x[i] -= this[i, j] * value;
            }
        }
    }

    /// <summary>Replaces x by R⁻ᵀx.</summary>
    public void SolveTransposed(Span<double> x)
    {
        for (int j = 0; j < Size; j++)
        {
            double value = x[j];
            for (int i = 0; i < j; i++)
            {
                value -= this[i, j] * x[i];
            }

            x[j] = value / this[j, j];
        }
    }

    /// <summary>Returns (RᵀR)⁻¹ = R⁻¹R⁻ᵀ, row-major.</summary>
    public double[] InverseOfSquare()
    {
        var inverse = new double[Size * Size];
        for (int j = 0; j < Size; j++)
        {
            Span<double> row = inverse.AsSpan(j * Size, Size);
            row[j] = 1;
            SolveTransposed(row);
            Solve(row);
        }

        return inverse;
    }
}
