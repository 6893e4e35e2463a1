using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>Builds <see cref="SufficientStatistics"/> from rows as they come: one by one, from a CSV stream say, or many at once.</summary>
/// <remarks>
/// The outcome depends on the rows and their order only, not on how many came at a time; see <see cref="SufficientStatistics"/>.
/// <threadsafety>For use by one thread at a time. Shards that are built apart can be merged.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// var builder = new SufficientStatisticsBuilder(columnCount: 2);
/// foreach (string line in new[] { "1.2;0.8", "0.1;", "2.0;2.2" })
/// {
///     builder.Add([.. line.Split(';').Select(cell => cell.Length == 0 ? double.NaN : double.Parse(cell))]);
/// }
///
/// Console.WriteLine(builder.Build());   // 3 rows of 2 columns, 2 patterns of missing cells
/// </code>
/// </example>
public sealed class SufficientStatisticsBuilder
{
    /// <summary>Rows of a shard, the work that a thread takes at a time: 16 tiles.</summary>
    internal const int ShardRows = 16 * MomentKernels.TileRows;

    private readonly int _maxThreads;
    private readonly MomentWorker _worker;

    // Element l holds 2^l shards, or nothing: shards are put together as a binary counter counts.
    private readonly List<Dictionary<MissingPattern, Moments>?> _levels = [];
    private double[] _pending = [];
    private int _pendingRows;
    private long _shards;

    /// <summary>Initializes a new instance of the <see cref="SufficientStatisticsBuilder"/> class.</summary>
    /// <param name="columnCount">The number of columns K. Range: at least 1.</param>
    /// <param name="maxThreads">The largest number of threads; <see langword="null"/> means the number of processors. Range: at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is outside its range.</exception>
    public SufficientStatisticsBuilder(int columnCount, int? maxThreads = null)
    {
        Guard.SquareInArray(columnCount, nameof(columnCount));
        _maxThreads = maxThreads ?? Environment.ProcessorCount;
        Guard.AtLeast(_maxThreads, 1, nameof(maxThreads));
        ColumnCount = columnCount;
        _worker = new MomentWorker(columnCount);
    }

    /// <summary>Gets the number of columns K.</summary>
    public int ColumnCount { get; }

    /// <summary>Gets the number of rows added so far.</summary>
    public long RowCount => (_shards * ShardRows) + _pendingRows;

    /// <summary>Adds one row.</summary>
    /// <param name="row">The observations, length K; NaN means missing.</param>
    /// <exception cref="ArgumentException"><paramref name="row"/> has another length or holds an infinity.</exception>
    /// <exception cref="NonFiniteValueException">The squares of a column leave the range of double precision.</exception>
    public void Add(ReadOnlySpan<double> row)
    {
        Guard.Length(row.Length, ColumnCount, nameof(row), "one for each column");
        for (int k = 0; k < row.Length; k++)
        {
            if (double.IsInfinity(row[k]))
            {
                throw new ArgumentException(Guard.Text($"row[{k}] is {row[k]}; it must be finite, or NaN when it is missing."), nameof(row));
            }
        }

        Append(RowSpan.RowMajor(row, ColumnCount), 0, 1);
    }

    /// <summary>Adds the rows of a table.</summary>
    /// <param name="table">The observations, N×K with N ≥ 1; NaN means missing.</param>
    /// <param name="cancellationToken">Stops the work; rows that were added before remain.</param>
    /// <exception cref="ArgumentException"><paramref name="table"/> has no rows, another width or holds an infinity.</exception>
    /// <exception cref="NonFiniteValueException">The squares of a column leave the range of double precision.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public void Add(Matrix<double> table, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(table);
        double[] values = table.AsColumnMajorArray() ?? table.ToColumnMajorArray();
        Add(RowSpan.ColumnMajor(values, table.ColumnCount), nameof(table), nameof(table), cancellationToken);
    }

    /// <summary>Adds rows in memory that the caller owns.</summary>
    /// <param name="rows">The observations, N×K with N ≥ 1; NaN means missing.</param>
    /// <param name="cancellationToken">Stops the work; rows that were added before remain.</param>
    /// <exception cref="ArgumentException"><paramref name="rows"/> has no rows, another width or holds an infinity.</exception>
    /// <exception cref="NonFiniteValueException">The squares of a column leave the range of double precision.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public void Add(RowSpan rows, CancellationToken cancellationToken = default) => Add(rows, nameof(rows), nameof(rows), cancellationToken);

    /// <summary>Summarises the rows added so far. More may be added afterwards.</summary>
    /// <returns>The statistics.</returns>
    /// <exception cref="InvalidOperationException">No row was added.</exception>
    /// <exception cref="NonFiniteValueException">The squares of a column leave the range of double precision.</exception>
    public SufficientStatistics Build()
    {
        if (RowCount == 0)
        {
            throw new InvalidOperationException("No row was added; statistics need at least 1.");
        }

        Dictionary<MissingPattern, Moments>? all = _pendingRows == 0 ? null : SummarisePending();
        foreach (Dictionary<MissingPattern, Moments>? level in _levels)
        {
            all = (level, all) switch
            {
                (null, _) => all,
                (_, null) => level,
                _ => Merge(level, all),
            };
        }

        return new SufficientStatistics(ColumnCount, all!);
    }

    /// <summary>Says how many rows were added so far.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => $"{Wording.Count(RowCount, "row")} of {Wording.Count(ColumnCount, "column")} so far";

    internal void Add(RowSpan rows, string label, string parameterName, CancellationToken cancellationToken)
    {
        if (rows.ColumnCount != ColumnCount)
        {
            throw new ArgumentException(
                Guard.Text($"{label} has {rows.ColumnCount} columns; it must have {ColumnCount}."), parameterName);
        }

        if (rows.RowCount == 0)
        {
            throw new ArgumentException(Guard.Text($"{label} has no rows; it must have at least 1."), parameterName);
        }

        int next = 0;
        while (next < rows.RowCount)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int shards = _pendingRows == 0 ? (rows.RowCount - next) / ShardRows : 0;
            if (shards > 0)
            {
                shards = Math.Min(shards, 8 * _maxThreads);
                AddShards(rows, next, shards, label, parameterName);
                next += shards * ShardRows;
            }
            else
            {
                int count = Math.Min(rows.RowCount - next, ShardRows - _pendingRows);
                RequireCells(rows, next, count, label, parameterName);
                Append(rows, next, count);
                next += count;
            }
        }
    }

    private static void RequireCells(RowSpan rows, int first, int count, string label, string parameterName)
    {
        for (int n = first; n < first + count; n++)
        {
            for (int k = 0; k < rows.ColumnCount; k++)
            {
                if (double.IsInfinity(rows[n, k]))
                {
                    throw new ArgumentException(
                        Guard.Text($"{label}[{n}, {k}] is {rows[n, k]}; it must be finite, or NaN when it is missing."), parameterName);
                }
            }
        }
    }

    private static Dictionary<MissingPattern, Moments> Merge(
        Dictionary<MissingPattern, Moments> first, Dictionary<MissingPattern, Moments> second)
    {
        var both = new Dictionary<MissingPattern, Moments>(first);
        foreach ((MissingPattern pattern, Moments moments) in second)
        {
            MomentWorker.Add(both, pattern, moments);
        }

        return both;
    }

    /// <summary>Summarises whole shards where they lie, in parallel, and takes them in order.</summary>
    private unsafe void AddShards(RowSpan rows, int first, int shards, string label, string parameterName)
    {
        var found = new Dictionary<MissingPattern, Moments>[shards];
        var failures = new Exception?[shards];
        fixed (double* cells = rows.Values)
        {
            var source = new MomentSource
            {
                Cells = cells,
                ColumnCount = ColumnCount,
                RowStride = rows.IsColumnMajor ? 1 : ColumnCount,
                ColumnStride = rows.IsColumnMajor ? rows.RowCount : 1,
                Label = label,
                ParameterName = parameterName,
                FirstRow = 0,
            };
            if (_maxThreads == 1 || shards == 1)
            {
                for (int shard = 0; shard < shards; shard++)
                {
                    found[shard] = _worker.Summarise(source, first + (shard * ShardRows), ShardRows);
                }
            }
            else
            {
                Parallel.For(
                    0,
                    shards,
                    new ParallelOptions { MaxDegreeOfParallelism = _maxThreads },
                    () => new MomentWorker(ColumnCount),
                    (shard, _, worker) =>
                    {
                        try
                        {
                            found[shard] = worker.Summarise(source, first + (shard * ShardRows), ShardRows);
                        }
                        catch (Exception exception) when (exception is ArgumentException or NonFiniteValueException)
                        {
                            failures[shard] = exception;
                        }

                        return worker;
                    },
                    _ => { });
            }
        }

        if (failures.FirstOrDefault(failure => failure is not null) is Exception failure)
        {
            throw failure;
        }

        foreach (Dictionary<MissingPattern, Moments> shard in found)
        {
            Take(shard);
        }
    }

    private void Append(RowSpan rows, int first, int count)
    {
        // Full only after the shard was found to be out of range; it still is.
        TakeFullShard();
        int needed = (_pendingRows + count) * ColumnCount;
        if (_pending.Length < needed)
        {
            Array.Resize(ref _pending, Math.Min(Math.Max(needed, 2 * _pending.Length), checked(ShardRows * ColumnCount)));
        }

        Span<double> destination = _pending.AsSpan(_pendingRows * ColumnCount);
        for (int n = 0, at = 0; n < count; n++)
        {
            for (int k = 0; k < ColumnCount; k++, at++)
            {
                destination[at] = rows[first + n, k];
            }
        }

        _pendingRows += count;
        TakeFullShard();
    }

    private void TakeFullShard()
    {
        if (_pendingRows == ShardRows)
        {
            Dictionary<MissingPattern, Moments> shard = SummarisePending();
            _pendingRows = 0;
            Take(shard);
        }
    }

    private unsafe Dictionary<MissingPattern, Moments> SummarisePending()
    {
        fixed (double* cells = _pending)
        {
            var source = new MomentSource
            {
                Cells = cells,
                ColumnCount = ColumnCount,
                RowStride = ColumnCount,
                ColumnStride = 1,
                Label = "rows",
                ParameterName = "rows",
                FirstRow = _shards * ShardRows,
            };
            return _worker.Summarise(source, 0, _pendingRows);
        }
    }

    private void Take(Dictionary<MissingPattern, Moments> shard)
    {
        _shards++;
        for (int level = 0; ; level++)
        {
            if (level == _levels.Count)
            {
                _levels.Add(null);
            }

            if (_levels[level] is not Dictionary<MissingPattern, Moments> earlier)
            {
                _levels[level] = shard;
                return;
            }

            shard = Merge(earlier, shard);
            _levels[level] = null;
        }
    }
}
