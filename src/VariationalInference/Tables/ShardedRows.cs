namespace VariationalInference;

/// <summary>Summarises rows, shard by shard.</summary>
internal interface IShardWorker<out TShard>
{
    /// <exception cref="ArgumentException">A cell is out of range; the first such is named.</exception>
    TShard Summarise(in RowView source, long first, int rows);

    /// <exception cref="ArgumentException">A cell is out of range; the first such is named.</exception>
    void RequireCells(in RowView source, long first, int rows);
}

/// <summary>
/// Cuts rows into shards of a fixed size, as they come, has them summarised in parallel and puts the summaries together in a fixed tree: the
/// outcome depends on the rows and their order alone.
/// </summary>
internal sealed class ShardedRows<TShard>
    where TShard : class
{
    private readonly int _width;
    private readonly int _shardRows;
    private readonly int _maxThreads;
    private readonly Func<IShardWorker<TShard>> _createWorker;
    private readonly IShardWorker<TShard> _worker;
    private readonly MergeTree<TShard> _shards;
    private double[] _pending = [];
    private int _pendingRows;

    /// <summary>Initializes a new instance of the <see cref="ShardedRows{TShard}"/> class.</summary>
    /// <param name="width">The number of columns, one that lies apart included.</param>
    /// <param name="shardRows">The number of rows of a shard, the work that a thread takes at a time.</param>
    /// <param name="maxThreads">The largest number of threads; <see langword="null"/> means the number of processors.</param>
    /// <param name="createWorker">Creates a worker for a thread.</param>
    /// <param name="merge">Puts the summaries of two sets of rows together.</param>
    public ShardedRows(int width, int shardRows, int? maxThreads, Func<IShardWorker<TShard>> createWorker, Func<TShard, TShard, TShard> merge)
    {
        _width = width;
        _shardRows = shardRows;
        _maxThreads = maxThreads ?? Environment.ProcessorCount;
        Guard.AtLeast(_maxThreads, 1, nameof(maxThreads));
        _createWorker = createWorker;
        _worker = createWorker();
        _shards = new MergeTree<TShard>(merge);
    }

    /// <summary>Gets the number of rows added so far.</summary>
    public long RowCount => (_shards.Count * _shardRows) + _pendingRows;

    /// <summary>Adds rows, at least one, of the right width.</summary>
    /// <param name="table">The columns but for one that lies apart.</param>
    /// <param name="last">The last column; empty where it lies with the others.</param>
    /// <param name="labels">What to call them.</param>
    /// <param name="cancellationToken">Stops the work; rows that were added before remain.</param>
    public unsafe void Add(RowSpan table, ReadOnlySpan<double> last, RowLabels labels, CancellationToken cancellationToken)
    {
        fixed (double* cells = table.Values, apart = last)
        fixed (float* singles = table.Singles)
        {
            RowView source = RowView.Of(cells, table, labels, last: apart, singles: singles);
            for (int next = 0; next < table.RowCount;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                int shards = _pendingRows == 0 ? Math.Min((table.RowCount - next) / _shardRows, 8 * _maxThreads) : 0;
                if (shards > 0)
                {
                    AddShards(source, next, shards);
                    next += shards * _shardRows;
                }
                else
                {
                    // Full only after the shard was found to be out of range; it still is.
                    TakeFullShard();
                    int count = Math.Min(table.RowCount - next, _shardRows - _pendingRows);
                    _worker.RequireCells(source, next, count);
                    Append(source, next, count);
                    next += count;
                }
            }
        }
    }

    /// <summary>Returns the summary of all rows; <see langword="null"/> where there are none.</summary>
    public TShard? Total() => _shards.Total(_pendingRows > 0 ? SummarisePending() : null);

    private void AddShards(RowView source, int first, int shards)
    {
        var found = new TShard[shards];
        if (_maxThreads == 1 || shards == 1)
        {
            for (int shard = 0; shard < shards; shard++)
            {
                found[shard] = _worker.Summarise(source, first + (shard * _shardRows), _shardRows);
            }
        }
        else
        {
            AddInParallel(source, first, found);
        }

        foreach (TShard shard in found)
        {
            _shards.Add(shard);
        }
    }

    private void AddInParallel(RowView source, int first, TShard[] found)
    {
        var failures = new Exception?[found.Length];
        using (var team = new ThreadTeam(Math.Min(_maxThreads, found.Length)))
        {
            var workers = new IShardWorker<TShard>?[team.Size];
            team.Run(found.Length, (member, shard) =>
            {
                IShardWorker<TShard> worker = workers[member] ??= _createWorker();
                try
                {
                    found[shard] = worker.Summarise(source, first + (shard * _shardRows), _shardRows);
                }
                catch (Exception exception) when (exception is ArgumentException or NonFiniteValueException)
                {
                    failures[shard] = exception;
                }
            });
        }

        if (failures.FirstOrDefault(failure => failure is not null) is Exception failure)
        {
            throw failure;
        }
    }

    private void Append(in RowView source, int first, int count)
    {
        int needed = (_pendingRows + count) * _width;
        if (_pending.Length < needed)
        {
            Array.Resize(ref _pending, Math.Min(Math.Max(needed, 2 * _pending.Length), checked(_shardRows * _width)));
        }

        for (int n = 0, at = _pendingRows * _width; n < count; n++)
        {
            for (int k = 0; k < _width; k++, at++)
            {
                _pending[at] = source[first + n, k];
            }
        }

        _pendingRows += count;
        TakeFullShard();
    }

    private void TakeFullShard()
    {
        if (_pendingRows == _shardRows)
        {
            TShard shard = SummarisePending();
            _pendingRows = 0;
            _shards.Add(shard);
        }
    }

    private unsafe TShard SummarisePending()
    {
        fixed (double* cells = _pending)
        {
            RowSpan rows = RowSpan.RowMajor(_pending.AsSpan(0, _pendingRows * _width), _width);
            return _worker.Summarise(RowView.Of(cells, rows, RowLabels.Of("rows"), _shards.Count * _shardRows), 0, _pendingRows);
        }
    }
}
