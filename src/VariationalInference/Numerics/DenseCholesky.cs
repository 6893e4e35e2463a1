using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>M = LLᵀ of a symmetric positive definite matrix of any size, blocked and shared out among threads, and M⁻¹.</summary>
/// <remarks>
/// Left-looking by panels of 64 columns; the inverse is YYᵀ with Y = L⁻ᵀ. All three run along rows in memory. Each element is worked out by one
/// thread in one order: the bits do not depend on the number of threads.
/// </remarks>
internal sealed unsafe class DenseCholesky
{
    private const int Panel = 64;
    private const int Strip = 8;

    /// <summary>Below this order threads cost more than they bring.</summary>
    private const int LeastParallelOrder = 192;

    private readonly AlignedBuffer<double> _lower;
    private readonly AlignedBuffer<double> _scratch;
    private readonly AlignedBuffer<double> _inverse;
    private readonly int _threads;

    public DenseCholesky(int order, int maxThreads)
    {
        Order = order;
        Stride = (order + 7) & ~7;
        _lower = new AlignedBuffer<double>(checked(order * Stride));
        _scratch = new AlignedBuffer<double>(order * Stride);
        _inverse = new AlignedBuffer<double>(order * Stride);
        _threads = order < LeastParallelOrder ? 1 : maxThreads;
    }

    public int Order { get; }

    /// <summary>Gets how far apart rows lie in <see cref="Lower"/> and <see cref="Inverse"/>.</summary>
    public int Stride { get; }

    /// <summary>Gets the matrix to factor, of which the lower triangle is read, and L once it is factored.</summary>
    public Span<double> Lower => _lower.Span;

    /// <summary>Gets M⁻¹, both triangles, after <see cref="Invert"/>.</summary>
    public ReadOnlySpan<double> Inverse => _inverse.Span;

    public double LogDeterminant { get; private set; }

    /// <summary>Factors in place.</summary>
    /// <returns>Whether the matrix is positive definite.</returns>
    public bool Factor()
    {
        LogDeterminant = 0;
        for (int first = 0; first < Order; first += Panel)
        {
            int width = Math.Min(Panel, Order - first);
            double* diagonal = Row(_lower, first);
            RowProducts.Add(diagonal, diagonal, diagonal + first, width, width, first, Stride, -1);
            if (!FactorDiagonal(first, width))
            {
                return false;
            }

            int below = Order - first - width;
            ForEach((below + Panel - 1) / Panel, chunk =>
            {
                int start = first + width + (chunk * Panel);
                int rows = Math.Min(Panel, Order - start);
                RowProducts.Add(Row(_lower, start), Row(_lower, first), Row(_lower, start) + first, rows, width, first, Stride, -1);
                SolveRows(Row(_lower, start) + first, rows, first, width);
            });
        }

        return true;
    }

    /// <summary>Takes Rᵀ for L, with the triangle R of M = RᵀR from an orthogonal reduction.</summary>
    /// <param name="triangle">R, column by column.</param>
    public void Adopt(ReadOnlySpan<double> triangle)
    {
        LogDeterminant = 0;
        for (int k = 0; k < Order; k++)
        {
            double sign = Math.Sign(triangle[(k * Order) + k]);
            LogDeterminant += 2 * Math.Log(Math.Abs(triangle[(k * Order) + k]));
            for (int i = k; i < Order; i++)
            {
                Row(_lower, i)[k] = sign * triangle[(i * Order) + k];
            }
        }
    }

    /// <summary>Writes M⁻¹.</summary>
    public void Invert()
    {
        int panels = (Order + Panel - 1) / Panel;
        ForEach(panels, InvertPanel);
        ForEach(panels, panel =>
        {
            int start = panel * Panel, rows = Math.Min(Panel, Order - start);
            for (int other = start; other < Order; other += Panel)
            {
                int count = Math.Min(Panel, Order - other);
                for (int i = start; i < start + rows; i++)
                {
                    new Span<double>(Row(_inverse, i) + other, count).Clear();
                }

                // Both rows of Y are zero before the later panel.
                RowProducts.Add(
                    Row(_scratch, start) + other, Row(_scratch, other) + other, Row(_inverse, start) + other, rows, count, Order - other, Stride, 1);
            }
        });
        for (int i = 0; i < Order; i++)
        {
            for (int j = 0; j < i; j++)
            {
                Row(_inverse, i)[j] = Row(_inverse, j)[i];
            }
        }
    }

    /// <summary>Replaces x by M⁻¹x.</summary>
    public void Solve(Span<double> x)
    {
        for (int i = 0; i < Order; i++)
        {
            ReadOnlySpan<double> row = new(Row(_lower, i), i + 1);
            x[i] = (x[i] - TensorPrimitives.Dot(row[..i], x[..i])) / row[i];
        }

        for (int i = Order - 1; i >= 0; i--)
        {
            ReadOnlySpan<double> row = new(Row(_lower, i), i + 1);
            double value = x[i] /= row[i];
            TensorPrimitives.MultiplyAdd(row[..i], -value, x[..i], x[..i]);
        }
    }

    private double* Row(AlignedBuffer<double> buffer, int i) => buffer.Pointer + ((long)i * Stride);

    private void ForEach(int count, Action<int> body) => ThreadTeam.For(_threads, count, body);

    private bool FactorDiagonal(int first, int width)
    {
        for (int i = first; i < first + width; i++)
        {
            double* row = Row(_lower, i) + first;
            SolveRow(row, first, i - first);
            double pivot = row[i - first];
            for (int k = 0; k < i - first; k++)
            {
                pivot -= row[k] * row[k];
            }

            if (!(pivot > 0 && double.IsFinite(pivot)))
            {
                return false;
            }

            row[i - first] = Math.Sqrt(pivot);
            LogDeterminant += Math.Log(pivot);
        }

        return true;
    }

    /// <summary>Does as <see cref="SolveRow"/> for some rows, by strips of columns, so that most of the work is products of rows.</summary>
    private void SolveRows(double* rows, int count, int first, int width)
    {
        for (int strip = 0; strip < width; strip += Strip)
        {
            int columns = Math.Min(Strip, width - strip);
            RowProducts.Add(rows, Row(_lower, first + strip) + first, rows + strip, count, columns, strip, Stride, -1);
            for (int i = 0; i < count; i++)
            {
                SolveRow(rows + ((long)i * Stride) + strip, first + strip, columns);
            }
        }
    }

    /// <summary>Replaces the beginning of a row by its solution x with xL_ppᵀ = row, where L_pp is a factored block on the diagonal.</summary>
    private void SolveRow(double* row, int first, int width)
    {
        for (int j = 0; j < width; j++)
        {
            double* pivot = Row(_lower, first + j) + first;
            double sum = row[j];
            for (int k = 0; k < j; k++)
            {
                sum -= row[k] * pivot[k];
            }

            row[j] = sum / pivot[j];
        }
    }

    /// <summary>Writes some rows of Y = L⁻ᵀ, from YLᵀ = I.</summary>
    private void InvertPanel(int panel)
    {
        int start = panel * Panel, rows = Math.Min(Panel, Order - start);
        for (int i = 0; i < rows; i++)
        {
            new Span<double>(Row(_scratch, start + i) + start, Order - start).Clear();
            Row(_scratch, start + i)[start + i] = 1;
        }

        for (int other = start; other < Order; other += Panel)
        {
            int width = Math.Min(Panel, Order - other);
            RowProducts.Add(
                Row(_scratch, start) + start, Row(_lower, other) + start, Row(_scratch, start) + other, rows, width, other - start, Stride, -1);
            SolveRows(Row(_scratch, start) + other, rows, other, width);
        }
    }
}
