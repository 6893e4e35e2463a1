using System.Diagnostics;
using System.Numerics.Tensors;
using MathNet.Numerics.Random;

namespace VariationalInference;

/// <summary>One training run: the alternation of section 5.1.3 over minibatches, with the exact held-out gap as its judge.</summary>
internal sealed class HybridTraining
{
    private const double RateReduction = 0.5;
    private const double SmallestRateFactor = 1e-3;
    private const double RequiredImprovement = 0.01;
    private const double AveragingEpochs = 3;

    // Shards are cut by the size of the batch alone, so that results do not depend on the number of threads.
    private const int PreferredShards = 8;
    private const int SmallestShard = 64;
    private const int LargestShard = 256;

    // So many parameters are merged and stepped at a time.
    private const int PartLength = 8_192;

    private readonly TrainingRows _rows;
    private readonly HybridOptions _options;
    private readonly IEncoder _encoder;
    private readonly HybridEvaluation _evaluation;
    private readonly HybridShard[] _shards;
    private readonly ShardTeam _team;
    private readonly Action<int> _runShard;
    private readonly Action<int> _stepPart;
    private readonly RowReference[] _batch;
    private readonly int _shardRows;
    private readonly double[] _gradient;
    private readonly double _averageRate;
    private readonly IProgress<HybridProgress>? _progress;
    private readonly CancellationToken _cancellation;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly TimeSpan _before;
    private TrainingState _state;
    private int[] _order = [];

    // The size of the minibatch at work, how many shards it has, and what it steps.
    private int _size;
    private int _shardCount;
    private Memory<double> _parameters;

    /// <param name="rows">The rows to train on.</param>
    /// <param name="validation">The rows held out.</param>
    /// <param name="complete">The block of complete rows.</param>
    /// <param name="options">The options of the run.</param>
    /// <param name="encoder">The encoder to train, in place.</param>
    /// <param name="scales">The scales that the encoder was offered.</param>
    /// <param name="resumed">The state to go on from, which is copied; null to begin.</param>
    /// <param name="team">The threads to work with.</param>
    /// <param name="progress">Is told after each epoch.</param>
    /// <param name="cancellation">Ends training at the next minibatch.</param>
    public HybridTraining(
        TrainingRows rows,
        HybridRows validation,
        AmortizedBlock complete,
        HybridOptions options,
        IEncoder encoder,
        EncoderScales scales,
        TrainingState? resumed,
        ShardTeam team,
        IProgress<HybridProgress>? progress,
        CancellationToken cancellation)
    {
        _rows = rows;
        _options = options;
        _encoder = encoder;
        _progress = progress;
        _cancellation = cancellation;
        (int batch, _shardRows, int shards) = Sizes(rows.Count, options);
        _batch = new RowReference[batch];
        _team = team;
        _evaluation = new HybridEvaluation(validation, complete, encoder, _team);
        _state = resumed is null ? Begin(complete, scales) : GoOn(resumed, complete);
        _before = _state.Elapsed;
        _shards = [.. Enumerable.Range(0, shards).Select(_ => new HybridShard(complete, options, encoder, _state.Coordinates, _shardRows))];
        _runShard = RunShard;
        _stepPart = StepPart;
        _gradient = new double[encoder.Parameters.Length];
        double steps = Math.Ceiling((double)rows.Count / options.BatchSize);
        _averageRate = 1 / (1 + (AveragingEpochs * steps));
    }

    /// <summary>Returns the largest number of threads that a run has work for.</summary>
    public static int MostThreads(long rows, int heldOut, HybridOptions options) =>
        Math.Max(Sizes(rows, options).Shards, HybridEvaluation.TileCount(heldOut));

    /// <summary>Gets the mean log evidence of a held-out row, in nats.</summary>
    public double LogEvidence => _evaluation.LogEvidence;

    /// <summary>Gets the mean approximation gap of a held-out row, in nats.</summary>
    public double ApproximationGap => _evaluation.ApproximationGap;

    /// <summary>Gets where the run stands, or ended.</summary>
    public TrainingState State => _state;

    /// <summary>Gets where the run can go on: of one that was cancelled within an epoch, before that epoch was judged.</summary>
    public TrainingState Resumable { get; private set; } = null!;

    /// <summary>Gets why the last checkpoint was not saved, if it was not.</summary>
    public Exception? CheckpointFailure { get; private set; }

    /// <summary>Gets what was thrown while rows were read, the encoder worked or progress was reported, if that ended the run.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Trains; whatever ends the run, the encoder is left with the best parameters seen.</summary>
    public HybridStopReason Run()
    {
        if (_state.History.IsEmpty)
        {
            JudgeUntrained();
        }

        HybridStopReason? reason = Stop(_state.BestGap);
        while (reason is null)
        {
            bool isComplete = RunEpoch();
            Resumable = _state;
            if (!isComplete)
            {
                _encoder.Parameters.CopyTo(_state.Current);
                _state = _state.Copy();
            }

            double gap = TryEndEpoch();
            reason = Stop(gap);
            if (reason == HybridStopReason.Diverged)
            {
                RestartFromBest();
            }

            if (isComplete && reason is null && _state.Epoch % _options.CheckpointEpochs == 0)
            {
                SaveCheckpoint(_state);
            }
        }

        Resumable ??= _state;
        SaveCheckpoint(Resumable);
        _state.Best.CopyTo(_encoder.Parameters);
        return reason.Value;
    }

    private static (int Batch, int ShardRows, int Shards) Sizes(long rows, HybridOptions options)
    {
        int batch = (int)Math.Min(options.BatchSize, rows);
        int shardRows = Math.Clamp(batch / PreferredShards, SmallestShard, LargestShard);
        return (batch, shardRows, ((batch - 1) / shardRows) + 1);
    }

    private TrainingState Begin(AmortizedBlock complete, EncoderScales scales) => new()
    {
        RowCount = _rows.Count,
        LogEvidence = _evaluation.LogEvidence,
        Scales = scales,
        Current = _encoder.Parameters.ToArray(),
        Average = _encoder.Parameters.ToArray(),
        Best = _encoder.Parameters.ToArray(),
        Coordinates = _options.CoordinateSweeps is null ? [] : new double[_rows.Count * complete.Coordinate.Length],
        Optimizer = _options.Optimizer.CreateState(_encoder.Parameters.Length),
    };

    /// <exception cref="ArgumentException">The state is not one of this run.</exception>
    private TrainingState GoOn(TrainingState checkpoint, AmortizedBlock complete)
    {
        if (checkpoint.RowCount != _rows.Count)
        {
            throw new ArgumentException(
                Guard.Text($"The checkpoint was made with {checkpoint.RowCount} training rows; there are {_rows.Count} now, and they must be the same."),
                nameof(checkpoint));
        }

        const double sameEvidence = 1e-9;
        if (!(Math.Abs(LogEvidence - checkpoint.LogEvidence) <= sameEvidence * Math.Max(1, Math.Abs(checkpoint.LogEvidence))))
        {
            throw new ArgumentException(
                Guard.Text($"The held-out rows have a mean log evidence of {LogEvidence} and had {checkpoint.LogEvidence} at the checkpoint; the model, the rows, Seed, ShuffleRows and ValidationFraction must be the same."),
                nameof(checkpoint));
        }

        long coordinates = _options.CoordinateSweeps is null ? 0 : _rows.Count * complete.Coordinate.Length;
        if (checkpoint.Coordinates.Length != coordinates)
        {
            throw new ArgumentException(
                Guard.Text($"The checkpoint holds {checkpoint.Coordinates.Length} coordinate means, and there must be {coordinates}: CoordinateSweeps and AmortizedLatents must be as they were."),
                nameof(checkpoint));
        }

        if (checkpoint.Optimizer.Settings.Kind != _options.Optimizer.Kind)
        {
            throw new ArgumentException(
                $"The checkpoint holds the state of {checkpoint.Optimizer.Settings.Kind}; Optimizer is {_options.Optimizer.Kind} and must be the same.",
                nameof(checkpoint));
        }

        RequireSameGap(checkpoint);
        TrainingState state = checkpoint.Copy();
        state.Optimizer = _options.Optimizer.CreateState(state.Current.Length);
        state.Optimizer.CopyFrom(checkpoint.Optimizer);
        return state;
    }

    /// <summary>Requires that the best parameters do here what they did there: the run builds on their gap, and reports it.</summary>
    /// <exception cref="ArgumentException">They do not.</exception>
    private void RequireSameGap(TrainingState checkpoint)
    {
        // Far above what single precision differs by from one processor to another.
        const double sameGap = 0.01;
        const double rounding = 1e-6;
        checkpoint.Best.CopyTo(_encoder.Parameters);
        double gap = _evaluation.Gaps().Mean;
        checkpoint.Current.CopyTo(_encoder.Parameters);
        if (!(Math.Abs(gap - checkpoint.BestGap) <= (sameGap * gap) + rounding))
        {
            throw new ArgumentException(
                Guard.Text($"The best parameters of the checkpoint have a mean amortization gap of {gap} on the held-out rows and had {checkpoint.BestGap}; the model, the encoder, the rows and AmortizedLatents must be the same."),
                nameof(checkpoint));
        }
    }

    private void JudgeUntrained()
    {
        (_state.BestGap, _state.LargestGap) = _evaluation.Gaps();
        if (!double.IsFinite(_state.BestGap))
        {
            throw new NonFiniteValueException(
                Guard.Text($"The untrained encoder's mean amortization gap on the held-out rows is {_state.BestGap}; its outputs must be finite."));
        }

        Report(trainingElbo: double.NaN, optimizationGap: double.NaN, _state.BestGap);
    }

    /// <summary>Ends an epoch; an encoder that cannot be judged any more leaves the best gap as it was.</summary>
    private double TryEndEpoch()
    {
        try
        {
            return EndEpoch();
        }
        catch (Exception exception)
        {
            Failure ??= exception;
            _state.Epoch = _state.History.Length - 1;
            return _state.BestGap;
        }
    }

    /// <summary>Judges an epoch, whole or cut short, and returns its gap.</summary>
    private double EndEpoch()
    {
        double elbo = _state.Elbo / _state.Visited;
        double optimizationGap = _state.OptimizationGap / _state.Visited;
        (_state.Elbo, _state.OptimizationGap, _state.Visited) = (0, 0, 0);
        _state.Epoch++;
        double before = _state.BestGap;
        double gap = Judge();
        Report(elbo, optimizationGap, gap);
        double required = Math.Max(
            RequiredImprovement * before, _options.ImprovementTolerance * Math.Abs(_state.LogEvidence - ApproximationGap - before));
        _state.Waited = before - _state.BestGap > required ? 0 : _state.Waited + 1;
        if (_state.Waited >= _options.Patience)
        {
            _state.Waited = 0;
            _state.RateFactor *= RateReduction;
            _state.Best.CopyTo(_encoder.Parameters);
            _state.Best.CopyTo(_state.Average.AsSpan());
        }

        _encoder.Parameters.CopyTo(_state.Current);
        return gap;
    }

    private HybridStopReason? Stop(double gap) => gap switch
    {
        _ when _state.BestGap <= _options.GapTolerance => HybridStopReason.GapBelowTolerance,
        _ when !double.IsFinite(gap) => HybridStopReason.Diverged,
        _ when Failure is not null => HybridStopReason.Failed,
        _ when _cancellation.IsCancellationRequested => HybridStopReason.Cancelled,
        _ when _state.RateFactor < SmallestRateFactor => HybridStopReason.NoImprovement,
        _ when _state.Epoch >= _options.MaxEpochs => HybridStopReason.EpochLimit,
        _ => null,
    };

    /// <summary>Measures the current parameters and their running average, keeps the best, and returns the smaller gap.</summary>
    private double Judge()
    {
        double gap = KeepIfBest();
        _encoder.Parameters.CopyTo(_state.Current);
        _state.Average.CopyTo(_encoder.Parameters);
        double averageGap = KeepIfBest();
        _state.Current.CopyTo(_encoder.Parameters);
        return double.IsFinite(gap) ? Math.Min(gap, averageGap) : gap;
    }

    private double KeepIfBest()
    {
        (double gap, double largest) = _evaluation.Gaps();
        if (gap < _state.BestGap)
        {
            (_state.BestGap, _state.LargestGap, _state.BestEpoch) = (gap, largest, _state.Epoch);
            _encoder.Parameters.CopyTo(_state.Best);
        }

        return gap;
    }

    private void RestartFromBest()
    {
        _state.Best.CopyTo(_state.Current.AsSpan());
        _state.Best.CopyTo(_state.Average.AsSpan());
        _state.Coordinates.AsSpan().Clear();
        _state.Optimizer = _options.Optimizer.CreateState(_gradient.Length);
        Resumable = _state;
    }

    private void Report(double trainingElbo, double optimizationGap, double gap)
    {
        var progress = new HybridProgress(
            _state.Epoch,
            _options.MaxEpochs,
            trainingElbo,
            optimizationGap,
            LogEvidence - ApproximationGap - gap,
            LogEvidence,
            gap,
            ApproximationGap,
            _options.Optimizer.LearningRate * _state.RateFactor,
            _before + _clock.Elapsed);
        _state.History = _state.History.Add(progress);
        try
        {
            _progress?.Report(progress);
        }
        catch (Exception exception)
        {
            Failure ??= exception;
        }
    }

    /// <summary>
    /// Visits every training row that the epoch has not visited yet; returns false when it ended before the last. What goes wrong, with the
    /// reading of rows or in the encoder, must not cost the training that was done.
    /// </summary>
    private bool RunEpoch()
    {
        try
        {
            using IEnumerator<HybridRows> parts = _rows.GetEnumerator();
            return Visit(parts);
        }
        catch (Exception exception)
        {
            Failure = exception;
            return false;
        }
    }

    private bool Visit(IEnumerator<HybridRows> parts)
    {
        var random = new Xoshiro256StarStar(StreamSeed.Of(_options.Seed, 1, _state.Epoch + 1), threadSafe: false);
        long visited = _state.Visited;
        long position = 0;
        int filled = 0;
        while (parts.MoveNext())
        {
            HybridRows rows = parts.Current;
            if (position < visited && _cancellation.IsCancellationRequested)
            {
                return false;
            }

            if (position + rows.Count > _rows.Count)
            {
                position += rows.Count;
                break;
            }

            Order(rows.Count, random);
            for (int i = 0; i < rows.Count; i++)
            {
                if (position++ < visited)
                {
                    continue;
                }

                _batch[filled++] = new RowReference(rows, _order[i]);
                if (filled == _batch.Length)
                {
                    if (_cancellation.IsCancellationRequested)
                    {
                        return false;
                    }

                    RunStep(filled);
                    filled = 0;
                }
            }
        }

        if (position != _rows.Count)
        {
            throw new InvalidOperationException(
                Guard.Text($"The chunks held {position} rows in epoch {_state.Epoch + 1} and {_rows.Count} before; they must be the same in every epoch."));
        }

        if (filled > 0 && _cancellation.IsCancellationRequested)
        {
            return false;
        }

        if (filled > 0)
        {
            RunStep(filled);
        }

        return true;
    }

    /// <summary>Sets the order in which to visit a part of the rows.</summary>
    private void Order(int count, Random random)
    {
        if (_order.Length < count)
        {
            _order = new int[count];
        }

        for (int i = 0; i < count; i++)
        {
            _order[i] = i;
        }

        for (int i = count - 1; _options.ShuffleRows && i > 0; i--)
        {
            int other = random.Next(i + 1);
            (_order[i], _order[other]) = (_order[other], _order[i]);
        }
    }

    /// <summary>One minibatch: shards in any order, merged in theirs, and one step uphill along the mean gradient.</summary>
    private void RunStep(int size)
    {
        PreparedTapes.Refresh(_encoder);
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

    /// <summary>Saves where the run can go on. Whatever goes wrong with that must not end the run.</summary>
    private void SaveCheckpoint(TrainingState state)
    {
        state.Elapsed = _before + _clock.Elapsed;
        if (_options.CheckpointPath is not { } path)
        {
            return;
        }

        try
        {
            new HybridCheckpoint(_encoder, _options, state).Save(path);
            CheckpointFailure = null;
        }
        catch (Exception exception)
        {
            CheckpointFailure = exception;
        }
    }
}
