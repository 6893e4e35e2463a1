using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>Takes one step after another, each on a minibatch.</summary>
/// <remarks>
/// A minibatch is cut into shards by its size alone, and their gradients are merged in order; parameters are merged and stepped by parts of
/// fixed length. So results do not depend on the number of threads.
/// </remarks>
internal sealed class TrainingStep<TRows, TProgress>
    where TRows : ITrainingRows
{
    private const double AveragingEpochs = 3;

    // So many parameters are merged and stepped at a time.
    private const int PartLength = 2_048;

    private readonly TrainingOptions _options;
    private readonly TrainingObjective<TRows, TProgress> _objective;
    private readonly TrainingState<TProgress> _state;
    private readonly ThreadTeam _team;
    private readonly ITrainingWorker<TRows>?[] _workers;
    private readonly double[][] _shardGradients;
    private readonly ShardSums[] _shardSums;
    private readonly RowReference<TRows>[] _batch;
    private readonly Action<int, int> _runShard;
    private readonly Action<int, int> _stepPart;
    private readonly int _shardRows;
    private readonly Memory<double>[] _blocks;
    private readonly (int Block, int Start, int Offset, int Length)[] _parts;
    private readonly double[] _gradient;
    private readonly double _averageRate;

    // The size of the minibatch at work, and how many shards it has.
    private int _size;
    private int _shardCount;

    /// <param name="objective">What to improve, by its parameters.</param>
    /// <param name="options">The options of the run.</param>
    /// <param name="state">What the steps change besides.</param>
    /// <param name="team">The threads to work with.</param>
    public TrainingStep(
        TrainingObjective<TRows, TProgress> objective, TrainingOptions options, TrainingState<TProgress> state, ThreadTeam team)
    {
        _objective = objective;
        _options = options;
        _state = state;
        _team = team;
        var shape = BatchShape.Of(state.RowCount, options.BatchSize);
        _shardRows = shape.ShardRows;
        _batch = new RowReference<TRows>[shape.Rows];
        _workers = new ITrainingWorker<TRows>?[team.Size];
        _shardGradients = [.. Enumerable.Range(0, shape.Shards).Select(_ => new double[objective.ParameterCount])];
        _shardSums = new ShardSums[shape.Shards];
        _runShard = RunShard;
        _stepPart = StepPart;
        _blocks = new Memory<double>[objective.BlockCount];
        _parts = [.. Parts(objective)];
        _gradient = new double[objective.ParameterCount];
        double steps = Math.Ceiling((double)state.RowCount / options.BatchSize);
        _averageRate = 1 / (1 + (AveragingEpochs * steps));
    }

    /// <summary>Gets the rows of the next minibatch, to be filled by the caller.</summary>
    public Span<RowReference<TRows>> Batch => _batch;

    /// <summary>Takes a step on so many of the rows of the batch: one step uphill along their mean gradient.</summary>
    public void Run(int size)
    {
        _objective.Prepare();
        _size = size;
        _shardCount = (size + _shardRows - 1) / _shardRows;
        _team.Run(_shardCount, _runShard);
        _state.Optimizer.Steps++;
        for (int block = 0; block < _blocks.Length; block++)
        {
            _blocks[block] = _objective.Block(block);
        }

        _team.Run(_parts.Length, _stepPart);
        double objective = 0;
        double shortfall = 0;
        foreach (ShardSums shard in _shardSums.AsSpan(0, _shardCount))
        {
            objective += shard.Objective;
            shortfall += shard.Shortfall;
        }

        _state.Objective += objective;
        _state.Shortfall += shortfall;
        _state.Visited += size;
        _state.Step++;
    }

    /// <summary>Cuts every block into parts, none of which reaches into another block.</summary>
    private static IEnumerable<(int Block, int Start, int Offset, int Length)> Parts(TrainingObjective<TRows, TProgress> objective)
    {
        int offset = 0;
        for (int block = 0; block < objective.BlockCount; block++)
        {
            int length = objective.Block(block).Length;
            for (int start = 0; start < length; start += PartLength)
            {
                yield return (block, start, offset + start, Math.Min(PartLength, length - start));
            }

            offset += length;
        }
    }

    /// <summary>Merges the shards' gradients in some neighbouring parameters, steps these, and moves their average along.</summary>
    private void StepPart(int _, int part)
    {
        (int block, int start, int offset, int length) = _parts[part];
        Range range = offset..(offset + length);
        Span<double> gradient = _gradient.AsSpan(range);
        double share = 1.0 / _size;
        TensorPrimitives.Multiply(_shardGradients[0].AsSpan(range), share, gradient);
        for (int shard = 1; shard < _shardCount; shard++)
        {
            TensorPrimitives.MultiplyAdd(_shardGradients[shard].AsSpan(range), share, gradient, gradient);
        }

        Span<double> parameters = _blocks[block].Span.Slice(start, length);
        Span<double> average = _state.Average.AsSpan(range);
        _state.Optimizer.StepPart(parameters, gradient, offset, _state.RateFactor);
        TensorPrimitives.Lerp(average, parameters, _averageRate, average);
    }

    private void RunShard(int member, int shard)
    {
        int start = shard * _shardRows;
        int count = Math.Min(_shardRows, _size - start);
        long stream = (_state.Step * _shardSums.Length) + shard;
        ITrainingWorker<TRows> worker = _workers[member] ??= _objective.NewWorker(_shardRows, _state.Carried);
        _shardSums[shard] = worker.Run(_batch.AsSpan(start, count), StreamSeed.Of(_options.Seed, 2, stream), _shardGradients[shard]);
    }
}
