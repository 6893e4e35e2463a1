using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>Turns shards of rows into moments by pattern of missing cells, one shard at a time.</summary>
/// <remarks>
/// The complete tiles of a shard are centred at the mean of the first of them, and the mean of what is left is taken off at the end:
/// S = Σddᵀ − nd̄d̄ᵀ. As the first tile is at least a sixteenth of them, nd̄² is at most 15 S, however the data drift.
/// </remarks>
internal sealed unsafe class MomentWorker : IShardWorker<Dictionary<MissingPattern, Moments>>
{
    private readonly int _columns;
    private readonly AlignedBuffer<double> _tile;
    // Only for more than one row: one long row must not take the square of its length.
    private AlignedBuffer<double>? _square;
    private readonly double[] _centres;
    private readonly double[] _sums;
    private readonly double[] _tileSums;
    private readonly double[] _row;
    private readonly MissingPattern _complete;
    private int _count;
    private int _width;

    public MomentWorker(int columns)
    {
        _columns = columns;
        int padded = MomentKernels.Pad(columns);
        _tile = new AlignedBuffer<double>(checked(padded * MomentKernels.TileRows));
        _centres = new double[columns];
        _sums = new double[columns];
        _tileSums = new double[columns];
        _row = new double[columns];
        _complete = MissingPattern.Of(_row);
    }

    /// <summary>Gets the vectors to work with.</summary>
    public LaneWidth Width { get; init; } = Lanes.Widest;

    /// <exception cref="ArgumentException">A cell is infinite; the first such row is named.</exception>
    /// <exception cref="NonFiniteValueException">The squares of a column leave the range of double precision.</exception>
    public Dictionary<MissingPattern, Moments> Summarise(in RowView source, long first, int rows)
    {
        var moments = new Dictionary<MissingPattern, Moments>();
        var incomplete = new Dictionary<MissingPattern, List<double>>();
        Begin(_columns);
        for (int start = 0; start < rows; start += MomentKernels.TileRows)
        {
            int count = Math.Min(MomentKernels.TileRows, rows - start);
            (nint cells, long stride) = source.Columns(first + start, count, _tile.Pointer, MomentKernels.TileRows);
            if (!TryAdd((double*)cells, stride, count))
            {
                SortOut(source, first + start, count, moments, incomplete);
            }
        }

        if (_count > 0)
        {
            moments[_complete] = End();
        }

        foreach ((MissingPattern pattern, List<double> cells) in incomplete)
        {
            Flush(moments, pattern, cells);
        }

        foreach ((MissingPattern pattern, Moments item) in moments)
        {
            RequireFinite(item, pattern, source.FirstRow + first);
        }

        return moments;
    }

    /// <summary>Adds rows to those of the same pattern.</summary>
    public static void Add(Dictionary<MissingPattern, Moments> moments, MissingPattern pattern, Moments more) =>
        moments[pattern] = moments.TryGetValue(pattern, out Moments? known) ? known.Merge(more) : more;

    /// <summary>Sorts the rows of a tile by their patterns.</summary>
    private void SortOut(
        in RowView source,
        long first,
        int rows,
        Dictionary<MissingPattern, Moments> moments,
        Dictionary<MissingPattern, List<double>> incomplete)
    {
        for (int n = 0; n < rows; n++)
        {
            source.CopyRow(first + n, _row);
            RequireCells(source, first + n, 1);
            MissingPattern pattern = MissingPattern.OfTransient(_row);
            if (!incomplete.TryGetValue(pattern, out List<double>? cells))
            {
                pattern = pattern.Copy();
                incomplete[pattern] = cells = [];
            }

            int observed = _columns - pattern.MissingCount;
            if (observed == 0)
            {
                Add(moments, pattern.Copy(), new Moments(1, [], [], null));
                continue;
            }

            foreach (double value in _row)
            {
                if (!double.IsNaN(value))
                {
                    cells.Add(value);
                }
            }
        }
    }

    private void Flush(Dictionary<MissingPattern, Moments> moments, MissingPattern pattern, List<double> cells)
    {
        int observed = _columns - pattern.MissingCount;
        if (observed == 0)
        {
            return;
        }

        int rows = cells.Count / observed;
        Begin(observed);
        for (int first = 0; first < rows; first += MomentKernels.TileRows)
        {
            int count = Math.Min(MomentKernels.TileRows, rows - first);
            for (int n = 0, at = first * observed; n < count; n++)
            {
                for (int k = 0; k < observed; k++, at++)
                {
                    _tile.Pointer[(k * MomentKernels.TileRows) + n] = cells[at];
                }
            }

            if (!TryAdd(_tile.Pointer, MomentKernels.TileRows, count))
            {
                double[] beyond = [.. Enumerable.Repeat(double.PositiveInfinity, observed)];
                Add(moments, pattern, new Moments(count, beyond, new double[observed], null));
                return;
            }
        }

        Add(moments, pattern, End());
    }

    private void Begin(int columns)
    {
        _count = 0;
        _width = columns;
        int padded = MomentKernels.Pad(columns);
        _square?.Span[..(padded * padded)].Clear();
        _tile.Span[(columns * MomentKernels.TileRows)..(padded * MomentKernels.TileRows)].Clear();
        Array.Clear(_sums);
    }

    /// <summary>Adds a tile, unless a cell is missing or infinite or a sum overflows.</summary>
    private bool TryAdd(double* cells, long stride, int rows)
    {
        Span<double> tileSums = _tileSums.AsSpan(0, _width);
        if (_count == 0)
        {
            for (int k = 0; k < _width; k++)
            {
                _centres[k] = TensorPrimitives.Sum(new ReadOnlySpan<double>(cells + (k * stride), rows)) / rows;
            }
        }

        if (!MomentKernels.Centre(Width, cells, stride, _tile.Pointer, rows, _centres.AsSpan(0, _width), tileSums))
        {
            return false;
        }

        TensorPrimitives.Add(_sums.AsSpan(0, _width), tileSums, _sums.AsSpan(0, _width));
        if (_count + rows > 1)
        {
            MomentKernels.Square(Width, _tile.Pointer, rows, _width, Square().Pointer);
        }

        _count += rows;
        return true;
    }

    /// <summary>Returns the square, zero at first. A first row alone would add nothing to it, as it is centred at itself.</summary>
    private AlignedBuffer<double> Square()
    {
        if (_square is null)
        {
            int padded = MomentKernels.Pad(_columns);
            _square = new AlignedBuffer<double>(checked(padded * padded));
            _square.Span.Clear();
        }

        return _square;
    }

    private Moments End()
    {
        var high = new double[_width];
        var low = new double[_width];
        for (int k = 0; k < _width; k++)
        {
            _sums[k] /= _count;
            (high[k], low[k]) = Compensated.Sum(_centres[k], [_sums[k]]);
        }

        if (_count == 1)
        {
            return new Moments(1, high, low, null);
        }

        int padded = MomentKernels.Pad(_width);
        var products = new double[Moments.TriangleLength(_width)];
        for (int i = 0, at = 0; i < _width; i++)
        {
            for (int j = i; j < _width; j++, at++)
            {
                double product = Square().Pointer[(i * padded) + j] - (_count * _sums[i] * _sums[j]);
                products[at] = i == j ? Math.Max(product, 0) : product;
            }
        }

        return new Moments(_count, high, low, products);
    }

    /// <exception cref="ArgumentException">A cell is infinite; the first such row is named.</exception>
    public void RequireCells(in RowView source, long first, int rows)
    {
        for (long row = first; row < first + rows; row++)
        {
            for (int k = 0; k < _columns; k++)
            {
                if (double.IsInfinity(source[row, k]))
                {
                    throw source.Refuse(row, k, "finite, or NaN when it is missing");
                }
            }
        }
    }

    private static void RequireFinite(Moments moments, MissingPattern pattern, long row)
    {
        for (int i = 0, column = 0; i < moments.Size; i++, column++)
        {
            while (pattern.IsMissing(column))
            {
                column++;
            }

            double square = moments.Mean(i) + moments.Product(i, i);
            if (!double.IsFinite(square))
            {
                Guard.ThrowNonFinite(Guard.Text($"the sum of squares of column {column}"), square, row, iteration: 0);
            }
        }
    }
}
