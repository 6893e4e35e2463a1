using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>Reduces tiles of rows into a <see cref="TriangularFactor"/>, one after another.</summary>
/// <remarks>
/// Columns are scaled by powers of two, which rounds nothing: where the largest cell of a column is so large or so small that squares might leave
/// the range of double precision, it becomes about 1.
/// </remarks>
internal sealed unsafe class TriangleWorker
{
    /// <summary>Cells of 2^±200, about 1e±60, and sums of 1e9 of their squares are far inside the range.</summary>
    private const int SafeExponent = 200;

    private readonly AlignedBuffer<double> _tile;
    private readonly AlignedBuffer<double> _triangle;
    private readonly int[] _exponents;
    private readonly int _padded;

    public TriangleWorker(int columns)
    {
        _padded = TriangleKernels.Pad(columns);
        _tile = new AlignedBuffer<double>(checked(_padded * TriangleKernels.TileRows));
        _triangle = new AlignedBuffer<double>(checked(_padded * _padded));
        _exponents = new int[columns];
        Begin();
    }

    /// <summary>Gets the vectors to work with.</summary>
    public LaneWidth Width { get; init; } = Lanes.Widest;

    public int Columns => _exponents.Length;

    public void Begin()
    {
        _triangle.Span.Clear();
        _tile.Span.Clear();
        Array.Fill(_exponents, TriangularFactor.Unset);
    }

    /// <summary>Returns a column of the tile, to be filled for <see cref="Reduce"/>.</summary>
    public Span<double> Column(int k) => new(Pointer(k), TriangleKernels.TileRows);

    /// <summary>Returns where a column of the tile begins.</summary>
    public double* Pointer(int k) => _tile.Pointer + ((long)k * TriangleKernels.TileRows);

    /// <summary>Returns the first column that holds what is not finite; −1 where none does.</summary>
    public int FirstNonFinite(int rows)
    {
        for (int k = 0; k < Columns; k++)
        {
            if (!double.IsFinite(TensorPrimitives.MaxMagnitude<double>(Column(k)[..rows])))
            {
                return k;
            }
        }

        return -1;
    }

    /// <summary>Reduces the first rows of the tile, all finite, and leaves the tile undefined.</summary>
    public void Reduce(int rows)
    {
        int padded = TriangleKernels.PadRows(rows);
        for (int k = 0; k < Columns; k++)
        {
            Span<double> column = Column(k);
            column[rows..padded].Clear();
            double largest = Math.Abs(TensorPrimitives.MaxMagnitude<double>(column[..rows]));
            if (largest > 0)
            {
                Fit(k, largest);
                Scale(column[..rows], -_exponents[k]);
            }
        }

        Run(padded);
    }

    /// <summary>Begins with a factor.</summary>
    public void Load(TriangularFactor factor)
    {
        Begin();
        factor.Exponents.CopyTo(_exponents, 0);
        for (int i = 0; i < Columns; i++)
        {
            factor.Entries.AsSpan(i * Columns, Columns).CopyTo(_triangle.Span.Slice(i * _padded, Columns));
        }
    }

    /// <summary>Reduces the rows of a factor.</summary>
    public void Add(TriangularFactor factor)
    {
        for (int k = 0; k < Columns; k++)
        {
            if (factor.Exponents[k] != TriangularFactor.Unset && factor.Exponents[k] > _exponents[k])
            {
                Raise(k, factor.Exponents[k]);
            }
        }

        for (int first = 0; first < Columns; first += TriangleKernels.TileRows)
        {
            int rows = Math.Min(TriangleKernels.TileRows, Columns - first);
            int padded = TriangleKernels.PadRows(rows);
            for (int k = 0; k < Columns; k++)
            {
                Span<double> column = Column(k);
                column[..padded].Clear();
                for (int n = 0; n < rows && first + n <= k; n++)
                {
                    column[n] = factor.Scaled(first + n, k);
                }

                Scale(column[..rows], factor.Exponents[k] == TriangularFactor.Unset ? 0 : factor.Exponents[k] - _exponents[k]);
            }

            Run(padded);
        }
    }

    /// <summary>Returns the factor of all that was reduced.</summary>
    public TriangularFactor End()
    {
        int size = Columns;
        var entries = new double[size * size];
        for (int i = 0; i < size; i++)
        {
            ReadOnlySpan<double> row = _triangle.Span.Slice(i * _padded, size);
            double sign = row[i] < 0 ? -1 : 1;
            for (int j = i; j < size; j++)
            {
                // Never −0, which would not survive a merge with nothing.
                entries[(i * size) + j] = (sign * row[j]) + 0.0;
            }
        }

        return new TriangularFactor(entries, [.. _exponents]);
    }

    private static void Scale(Span<double> column, int exponent)
    {
        if (exponent != 0)
        {
            for (int n = 0; n < column.Length; n++)
            {
                column[n] = Math.ScaleB(column[n], exponent);
            }
        }
    }

    /// <summary>Sees to it that cells of a size can be squared in the scale of their column.</summary>
    private void Fit(int k, double largest)
    {
        int exponent = Math.ILogB(largest);
        if (_exponents[k] == TriangularFactor.Unset)
        {
            _exponents[k] = Math.Abs(exponent) <= SafeExponent ? 0 : exponent;
        }
        else if (exponent - _exponents[k] > SafeExponent)
        {
            Raise(k, exponent);
        }
    }

    private void Raise(int k, int exponent)
    {
        if (_exponents[k] != TriangularFactor.Unset)
        {
            for (int i = 0; i <= k; i++)
            {
                double* entry = _triangle.Pointer + ((long)i * _padded) + k;
                *entry = Math.ScaleB(*entry, _exponents[k] - exponent);
            }
        }

        _exponents[k] = exponent;
    }

    private void Run(int padded)
    {
        // The columns that pad the last panel took up what the reductions before left there: nothing, as they were zero.
        TriangleKernels.Reduce(Width, _tile.Pointer, padded, _padded, _triangle.Pointer);
    }
}
