namespace VariationalInference;

/// <summary>Turns shards of rows into moments by pattern of missing cells, one shard at a time.</summary>
internal sealed unsafe class MomentWorker
{
    private readonly int _columns;
    private readonly AlignedBuffer<double> _tile;
    private readonly AlignedBuffer<double> _square;
    private readonly double[] _row;
    private readonly MissingPattern _complete;

    public MomentWorker(int columns)
    {
        _columns = columns;
        int padded = MomentKernels.Pad(columns);
        _tile = new AlignedBuffer<double>(checked(padded * MomentKernels.TileRows));
        _square = new AlignedBuffer<double>(checked(padded * padded));
        _row = new double[columns];
        _complete = MissingPattern.Of(_row);
    }

    /// <summary>Gets the vectors to work with.</summary>
    public LaneWidth Width { get; init; } = Lanes.Widest;

    /// <exception cref="ArgumentException">A cell is infinite; the first such row is named.</exception>
    /// <exception cref="NonFiniteValueException">The squares of a column leave the range of double precision.</exception>
    public Dictionary<MissingPattern, Moments> Summarise(in MomentSource source, long first, int rows)
    {
        var moments = new Dictionary<MissingPattern, Moments>();
        var incomplete = new Dictionary<MissingPattern, List<double>>();
        for (int start = 0; start < rows; start += MomentKernels.TileRows)
        {
            int count = Math.Min(MomentKernels.TileRows, rows - start);
            source.CopyTile(first + start, count, _tile.Pointer);
            if (TileMoments(count, _columns) is Moments complete)
            {
                Add(moments, _complete, complete);
            }
            else
            {
                SortOut(source, first + start, count, moments, incomplete);
            }
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
        in MomentSource source,
        long first,
        int rows,
        Dictionary<MissingPattern, Moments> moments,
        Dictionary<MissingPattern, List<double>> incomplete)
    {
        for (int n = 0; n < rows; n++)
        {
            source.CopyRow(first + n, _row);
            RequireCells(source, first + n);
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

            if (cells.Count == observed * MomentKernels.TileRows)
            {
                Flush(moments, pattern.Copy(), cells);
            }
        }
    }

    private void Flush(Dictionary<MissingPattern, Moments> moments, MissingPattern pattern, List<double> cells)
    {
        if (cells.Count == 0)
        {
            return;
        }

        int observed = _columns - pattern.MissingCount;
        int rows = cells.Count / observed;
        for (int n = 0, at = 0; n < rows; n++)
        {
            for (int k = 0; k < observed; k++, at++)
            {
                _tile.Pointer[(k * MomentKernels.TileRows) + n] = cells[at];
            }
        }

        cells.Clear();
        Moments item = TileMoments(rows, observed) ?? new Moments(rows, Overflow(observed), new double[observed], null);
        Add(moments, pattern, item);

        static double[] Overflow(int length) => [.. Enumerable.Repeat(double.PositiveInfinity, length)];
    }

    /// <summary>Summarises the tile; null when a mean is not finite.</summary>
    private Moments? TileMoments(int rows, int columns)
    {
        var high = new double[columns];
        var low = new double[columns];
        if (!MomentKernels.Centre(Width, _tile.Pointer, rows, columns, high, low))
        {
            return null;
        }

        if (rows == 1)
        {
            return new Moments(1, high, low, null);
        }

        int padded = MomentKernels.Pad(columns);
        _tile.Span[(columns * MomentKernels.TileRows)..(padded * MomentKernels.TileRows)].Clear();
        MomentKernels.Square(Width, _tile.Pointer, rows, columns, _square.Pointer);
        var products = new double[Moments.TriangleLength(columns)];
        for (int i = 0, at = 0; i < columns; i++)
        {
            int length = columns - i;
            _square.Span.Slice((i * padded) + i, length).CopyTo(products.AsSpan(at, length));
            at += length;
        }

        return new Moments(rows, high, low, products);
    }

    private void RequireCells(in MomentSource source, long row)
    {
        for (int k = 0; k < _row.Length; k++)
        {
            if (double.IsInfinity(_row[k]))
            {
                throw new ArgumentException(
                    Guard.Text($"{source.Label}[{source.FirstRow + row}, {k}] is {_row[k]}; it must be finite, or NaN when it is missing."),
                    source.ParameterName);
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
