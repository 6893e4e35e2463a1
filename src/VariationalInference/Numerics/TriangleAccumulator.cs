using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>The triangle R of the orthogonal reduction of rows that come in batches, RᵀR = Σ rowᵀ row; all matrices column by column.</summary>
internal sealed class TriangleAccumulator(int columns)
{
    private const int BatchRows = 64;

    /// <summary>Vectors below this length are done before a call to a vectorised routine has begun.</summary>
    private const int Short = 12;

    private readonly double[] _batch = new double[columns * (columns + BatchRows)];
    private int _rows;

    /// <summary>Adds rows.</summary>
    /// <param name="values">The rows, column by column.</param>
    /// <param name="count">Their number.</param>
    /// <param name="stride">How far apart columns lie.</param>
    public void Add(double[] values, int count, int stride)
    {
        int height = columns + BatchRows;
        for (int done = 0; done < count;)
        {
            int taken = Math.Min(height - _rows, count - done);
            for (int c = 0; c < columns; c++)
            {
                values.AsSpan((c * stride) + done, taken).CopyTo(_batch.AsSpan((c * height) + _rows));
            }

            _rows += taken;
            done += taken;
            if (_rows == height)
            {
                Reduce();
            }
        }
    }

    /// <summary>Returns the triangle, n×n.</summary>
    public double[] Finish()
    {
        Reduce();
        var triangle = new double[columns * columns];
        for (int c = 0; c < columns; c++)
        {
            _batch.AsSpan(c * (columns + BatchRows), columns).CopyTo(triangle.AsSpan(c * columns));
        }

        return triangle;
    }

    /// <summary>Reduces a matrix in place to the triangle of its orthogonal reduction by reflections; what is below is cleared.</summary>
    /// <param name="matrix">The matrix, column by column.</param>
    /// <param name="rows">The number of rows in use.</param>
    /// <param name="columns">The number of columns.</param>
    /// <param name="stride">How far apart columns lie.</param>
    public static void Triangularise(Span<double> matrix, int rows, int columns, int stride)
    {
        for (int c = 0; c < Math.Min(columns, rows); c++)
        {
            int height = rows - c;
            Span<double> column = matrix.Slice((c * stride) + c, height);
            double norm = Math.Sqrt(Dot(column, column));
            if (norm == 0)
            {
                continue;
            }

            double head = column[0];
            double diagonal = head > 0 ? -norm : norm;

            // The reflection I − ββ' with v = column − diagonal e₁, scaled so that vᵀv/2 = norm (norm + |head|).
            column[0] = head - diagonal;
            double factor = 1 / (norm * (norm + Math.Abs(head)));
            for (int other = c + 1; other < columns; other++)
            {
                Span<double> target = matrix.Slice((other * stride) + c, height);
                double product = Dot(column, target) * factor;
                if (height < Short)
                {
                    ShortVectors.Subtract(column, product, target);
                }
                else
                {
                    TensorPrimitives.MultiplyAdd(column, -product, target, target);
                }
            }

            column.Clear();
            column[0] = diagonal;
        }
    }

    private static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b) =>
        a.Length < Short ? ShortVectors.Dot(a, b) : TensorPrimitives.Dot(a, b);

    private void Reduce()
    {
        int height = columns + BatchRows;
        Triangularise(_batch, _rows, columns, height);
        _rows = Math.Min(_rows, columns);
    }
}
