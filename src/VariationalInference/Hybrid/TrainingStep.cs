using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>Takes one step after another, each on a minibatch.</summary>
/// <remarks>
/// A minibatch is cut into shards by its size alone, and their gradients are merged in order; parameters are merged and stepped by parts of
/// fixed length. So results do not depend on the number of threads.
/// </remarks>
internal sealed class TrainingStep
{
    private const double AveragingEpochs = 3;
    private const int PreferredShards = 8;
    private const int SmallestShard = 64;
    private const int LargestShard = 256;

    // So many parameters are merged and stepped at a time.
    private const int PartLength = 8_192;

    private readonly HybridOptions _options;
    private readonly IEncoder _encoder;
    private readonly TrainingState _state;
    private readonly ShardTeam _team;
    private readonly HybridShard[] _shards;
    private readonly RowReference[] _batch;
    private readonly Action<int> _runShard;
    private readonly Action<int> _stepPart;
    private readonly int _shardRows;
    private readonly double[] _gradient;
    private readonly double _averageRate;

    // The size of the minibatch at work, how many shards it has, and what it steps.
    private int _size;
    private int _shardCount;
    private Memory<double> _parameters;

    /// <param name="complete">The block of complete rows.</param>
    /// <param name="options">The options of the run.</param>
    /// <param name="encoder">The encoder to train, in place.</param>
    /// <param name="state">What the steps change besides.</param>
    /// <param name="team">The threads to work with.</param>
    public TrainingStep(AmortizedBlock complete, HybridOptions options, IEncoder encoder, TrainingState state, ShardTeam team)
    {
        _options = options;
        _encoder = encoder;
        _state = state;
        _team = team;
        (int batch, _shardRows, int shards) = Sizes(state.RowCount, options);
        _batch = new RowReference[batch];
        _shards = [.. Enumerable.Range(0, shards).Select(_ => new HybridShard(complete, options, encoder, state.Coordinates, _shardRows))];
        _runShard = RunShard;
        _stepPart = StepPart;
        _gradient = new double[encoder.Parameters.Length];
        double steps = Math.Ceiling((double)state.RowCount / options.BatchSize);
        _averageRate = 1 / (1 + (AveragingEpochs * steps));
    }

    /// <summary>Gets the rows of the next minibatch, to be filled by the caller.</summary>
    public Span<RowReference> Batch => _batch;

    /// <summary>Returns the largest number of threads that a step has work for.</summary>
    public static int MostThreads(long rows, HybridOptions options) => Sizes(rows, options).Shards;

    /// <summary>Takes a step on so many of the rows of the batch: one step uphill along their mean gradient.</summary>
    public void Run(int size)
    {
        _encoder.Prepare();
        _size = size;
        _shardCount = (size + _shardRows - 1) / _shardRows;
        _team.Run(_shardCount, _runShard);
        _state.Optimizer.Steps++;
        _parameters = _encoder.Parameters;
        _team.Run((_gradient.Length + PartLength - 1) / PartLength, _stepPart);
        double elbo = 0;
        double optimizationGap = 0;
        foreach (HybridShard shard in _shards.AsSpan(0, _shardCount))
        {
            elbo += shard.Elbo;
            optimizationGap += shard.OptimizationGap;
        }

        _state.Elbo += elbo;
        _state.OptimizationGap += optimizationGap;
        _state.Visited += size;
        _state.Step++;
    }

    private static (int Batch, int ShardRows, int Shards) Sizes(long rows, HybridOptions options)
    {
        int batch = (int)Math.Min(options.BatchSize, rows);
        int shardRows = Math.Clamp(batch / PreferredShards, SmallestShard, LargestShard);
        return (batch, shardRows, ((batch - 1) / shardRows) + 1);
    }

    /// <summary>Merges the shards' gradients in some neighbouring parameters, steps these, and moves their average along.</summary>
    private void StepPart(int part)
    {
        Range range = (part * PartLength)..Math.Min((part + 1) * PartLength, _gradient.Length);
        Span<double> gradient = _gradient.AsSpan(range);
        double share = 1.0 / _size;
        TensorPrimitives.Multiply(_shards[0].Gradient.AsSpan(range), share, gradient);
        for (int shard = 1; shard < _shardCount; shard++)
        {
            TensorPrimitives.MultiplyAdd(_shards[shard].Gradient.AsSpan(range), share, gradient, gradient);
        }

        Span<double> parameters = _parameters.Span[range];
        Span<double> average = _state.Average.AsSpan(range);
        _state.Optimizer.StepPart(parameters, gradient, part * PartLength, _state.RateFactor);
        TensorPrimitives.Lerp(average, parameters, _averageRate, average);
    }

    private void RunShard(int shard)
    {
        int start = shard * _shardRows;
        int count = Math.Min(_shardRows, _size - start);
        long stream = (_state.Step * _shards.Length) + shard;
        _shards[shard].Run(_batch.AsSpan(start, count), StreamSeed.Of(_options.Seed, 2, stream));
    }
}
