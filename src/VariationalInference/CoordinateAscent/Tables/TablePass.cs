namespace VariationalInference;

/// <summary>One pass over a table: reads each cell once, writes each posterior once.</summary>
/// <remarks>
/// The table is cut into shards of fixed size, each worked on by one <see cref="TileWorker"/> at a time, and what they come to is put
/// together in their order: nothing depends on the number of threads.
/// </remarks>
internal sealed unsafe class TablePass
{
    /// <summary>Rows of a shard, the work that a thread takes at a time.</summary>
    internal const int ShardRows = 16_384;

    /// <summary>The same when each row is solved on its own.</summary>
    private const int ShardRowsOneByOne = 64;

    private readonly bool _isOneByOne;
    private readonly int _shardRows;
    private readonly ShardOutcome[] _outcomes;

    /// <param name="model">The model.</param>
    /// <param name="options">How to go about it.</param>
    /// <param name="rows">The table.</param>
    /// <param name="rowCount">The number of its rows N.</param>
    /// <param name="outputs">Where the results go.</param>
    public TablePass(LinearGaussianModel model, CaviOptions options, RowView rows, int rowCount, TableOutputs outputs)
    {
        Model = model;
        Options = options;
        Rows = rows;
        RowCount = rowCount;
        Outputs = outputs;
        _isOneByOne = options.SolvesRowByRow || outputs.NeedsEachRow;
        _shardRows = _isOneByOne ? ShardRowsOneByOne : ShardRows;
        _outcomes = new ShardOutcome[((rowCount - 1) / _shardRows) + 1];
    }

    public LinearGaussianModel Model { get; }

    /// <summary>Gets how rows are solved together; null when each is solved on its own.</summary>
    public RowReduction? Reduction { get; private set; }

    /// <summary>Gets what stops the pass.</summary>
    public CancellationToken CancellationToken { get; private set; }

    public CaviOptions Options { get; }

    public int RowCount { get; }

    public RowView Rows { get; }

    public TableOutputs Outputs { get; }

    /// <summary>Gets the vectors to work with.</summary>
    public LaneWidth Width { get; init; } = Lanes.Widest;

    /// <summary>Returns where a latent's values are in a block of outputs; null when the block is not wanted.</summary>
    public double* Column(double* block, int latent) => block == null ? null : block + ((long)latent * RowCount);

    /// <exception cref="ArgumentException">A cell is infinite; the first such row is named.</exception>
    /// <exception cref="NonFiniteValueException">A row left the range of double precision.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public CaviTableSummary Run(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        CancellationToken = cancellationToken;
        if (Outputs.Variances != null)
        {
            // Before there are threads that would wait for them.
            _ = Model.Structure.Complete.VariancesUnless(cancellationToken);
        }

        Reduction = _isOneByOne ? null : Model.Structure.Reduction(cancellationToken);
        int threads = Math.Min(Options.MaxThreads, _outcomes.Length);
        var workers = new TileWorker?[threads];
        try
        {
            using var team = new ThreadTeam(threads);
            team.Run(_outcomes.Length, (member, shard) => SolveShard(shard, workers[member] ??= new TileWorker(this)));
        }
        finally
        {
            foreach (TileWorker? worker in workers)
            {
                worker?.Dispose();
            }
        }

        var summary = new CaviTableSummary { RowCount = RowCount, UnconvergedRowCount = 0, LargestErrorBound = 0 };
        foreach (ShardOutcome outcome in _outcomes)
        {
            if (outcome.IsCancelled)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            if (outcome.Failure is Exception failure)
            {
                throw failure;
            }

            summary = new CaviTableSummary
            {
                RowCount = RowCount,
                UnconvergedRowCount = summary.UnconvergedRowCount + outcome.UnconvergedRowCount,
                LargestErrorBound = Math.Max(summary.LargestErrorBound, outcome.LargestErrorBound),
            };
        }

        return summary;
    }

    /// <summary>Returns the rows that have missing cells, in order.</summary>
    public IncompleteRow[] IncompleteRows() => [.. _outcomes.SelectMany(outcome => outcome.IncompleteRows ?? [])];

    private void SolveShard(int shard, TileWorker worker)
    {
        int first = shard * _shardRows;
        _outcomes[shard] = worker.Solve(first, Math.Min(_shardRows, RowCount - first));
    }
}
