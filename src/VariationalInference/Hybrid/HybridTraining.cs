using System.Diagnostics;
using MathNet.Numerics.Random;

namespace VariationalInference;

/// <summary>One training run: the alternation of section 5.1.3 over minibatches, with the exact held-out gap as its judge.</summary>
internal sealed class HybridTraining
{
    private const double RateReduction = 0.5;
    private const double SmallestRateFactor = 1e-3;
    private const double RequiredImprovement = 0.01;

    private readonly TrainingRows _rows;
    private readonly HybridOptions _options;
    private readonly IEncoder _encoder;
    private readonly TrainingStep _step;
    private readonly HybridEvaluation _evaluation;
    private readonly IProgress<HybridProgress>? _progress;
    private readonly CancellationToken _cancellation;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly TimeSpan _before;
    private TrainingState _state;
    private int[] _order = [];

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
        _evaluation = new HybridEvaluation(validation, complete, encoder, team);
        _state = resumed is null
            ? Begin(complete, scales)
            : ResumedTraining.Of(resumed, rows.Count, complete, _evaluation, encoder, options);
        _before = _state.Elapsed;
        _step = new TrainingStep(complete, options, encoder, _state, team);
    }

    /// <summary>Returns the largest number of threads that a run has work for.</summary>
    public static int MostThreads(long rows, int heldOut, HybridOptions options) =>
        Math.Max(TrainingStep.MostThreads(rows, options), HybridEvaluation.TileCount(heldOut));

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

    private TrainingState Begin(AmortizedBlock complete, EncoderScales scales) => new()
    {
        RowCount = _rows.Count,
        LogEvidence = _evaluation.LogEvidence,
        Scales = scales,
        Current = _encoder.Parameters.ToArray(),
        Average = _encoder.Parameters.ToArray(),
        Best = _encoder.Parameters.ToArray(),
        Coordinates = _options.CoordinateSweeps is null ? [] : new double[_rows.Count * complete.Coordinate.Length],
        Optimizer = _options.Optimizer.NewState(_encoder.Parameters.Length),
    };

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
        _state.Optimizer = _options.Optimizer.NewState(_state.Current.Length);
        Resumable = _state;
    }

    private void Report(double trainingElbo, double optimizationGap, double gap)
    {
        var progress = new HybridProgress
        {
            Epoch = _state.Epoch,
            MaxEpochs = _options.MaxEpochs,
            TrainingElbo = trainingElbo,
            OptimizationGap = optimizationGap,
            ValidationElbo = LogEvidence - ApproximationGap - gap,
            ValidationLogEvidence = LogEvidence,
            AmortizationGap = gap,
            ApproximationGap = ApproximationGap,
            LearningRate = _options.Optimizer.LearningRate * _state.RateFactor,
            Elapsed = _before + _clock.Elapsed,
        };
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

                _step.Batch[filled++] = new RowReference(rows, _order[i]);
                if (filled == _step.Batch.Length)
                {
                    if (_cancellation.IsCancellationRequested)
                    {
                        return false;
                    }

                    _step.Run(filled);
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
            _step.Run(filled);
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
