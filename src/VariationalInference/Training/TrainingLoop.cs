using System.Diagnostics;
using MathNet.Numerics.Random;

namespace VariationalInference;

/// <summary>One training run: epochs of minibatches, each epoch judged on held-out rows, whatever the objective.</summary>
internal sealed class TrainingLoop<TRows, TProgress>
    where TRows : ITrainingRows
{
    private const double RateReduction = 0.5;

    private readonly TrainingRows<TRows> _rows;
    private readonly TrainingObjective<TRows, TProgress> _objective;
    private readonly TrainingOptions _options;
    private readonly TrainingStep<TRows, TProgress> _step;
    private readonly Action<TrainingState<TProgress>>? _saveCheckpoint;
    private readonly IProgress<TProgress>? _progress;
    private readonly CancellationToken _cancellation;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly TimeSpan _before;
    private TrainingState<TProgress> _state;
    private bool _rowsChanged;
    private int[] _order = [];

    /// <param name="rows">The rows to train on.</param>
    /// <param name="objective">What to improve, by its parameters.</param>
    /// <param name="options">How.</param>
    /// <param name="resumed">The state to go on from, which is copied; null to begin.</param>
    /// <param name="team">The threads to work with.</param>
    /// <param name="saveCheckpoint">Saves a state on the way and at the end; null to save none.</param>
    /// <param name="progress">Receives a report after each epoch.</param>
    /// <param name="cancellation">Ends training at the next minibatch.</param>
    /// <exception cref="ArgumentException">The state is not one of this objective and these rows.</exception>
    public TrainingLoop(
        TrainingRows<TRows> rows,
        TrainingObjective<TRows, TProgress> objective,
        TrainingOptions options,
        TrainingState<TProgress>? resumed,
        ThreadTeam team,
        Action<TrainingState<TProgress>>? saveCheckpoint,
        IProgress<TProgress>? progress,
        CancellationToken cancellation)
    {
        _rows = rows;
        _objective = objective;
        _options = options;
        _saveCheckpoint = saveCheckpoint;
        _progress = progress;
        _cancellation = cancellation;
        var fingerprint = new TrainingFingerprint(objective.Fingerprint, rows.Fingerprint, objective.HeldOutFingerprint);
        _state = resumed is null ? Begin(fingerprint) : ResumedTraining.Of(resumed, rows.Count, fingerprint, objective, options.Optimizer);
        _before = _state.Elapsed;
        _step = new TrainingStep<TRows, TProgress>(objective, options, _state, team);
    }

    /// <summary>Gets where the run stands, or ended.</summary>
    public TrainingState<TProgress> State => _state;

    /// <summary>Gets where the run can go on: of one that was cancelled within an epoch, before that epoch was judged.</summary>
    public TrainingState<TProgress> Resumable { get; private set; } = null!;

    /// <summary>Gets why the last checkpoint was not saved, if it was not.</summary>
    public Exception? CheckpointFailure { get; private set; }

    /// <summary>Gets what was thrown while rows were read, the objective worked or progress was reported, if that ended the run.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Trains; whatever ends the run, the objective is left with the best parameters seen.</summary>
    public StopReason Run()
    {
        if (_state.History.IsEmpty)
        {
            JudgeUntrained();
        }

        StopReason? reason = Stop(_state.BestLoss);
        while (reason is null)
        {
            ChangeStage();
            TrainingState<TProgress>? start = _rows.StayInMemory ? null : _state.Copy();
            bool isComplete = RunEpoch();
            if (_rowsChanged)
            {
                // What was learned from other rows must leave no trace.
                Resumable = _state = start!;
                reason = Stop(_state.BestLoss);
                break;
            }

            Resumable = _state;
            if (!isComplete)
            {
                _objective.CopyParametersTo(_state.Current);
                _state = _state.Copy();
            }

            double loss = TryEndEpoch();
            reason = Stop(_objective.IsExploring(_state.Stage) ? _state.BestLoss : loss);
            if (reason == StopReason.Diverged)
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
        _objective.SetParameters(_state.Best);
        return reason!.Value;
    }

    private TrainingState<TProgress> Begin(TrainingFingerprint fingerprint)
    {
        var parameters = new double[_objective.ParameterCount];
        _objective.CopyParametersTo(parameters);
        return new TrainingState<TProgress>
        {
            RowCount = _rows.Count,
            Fingerprint = fingerprint,
            Current = parameters,
            Average = [.. parameters],
            Best = [.. parameters],
            Carried = new double[_rows.Count * _objective.NumbersCarriedByRow],
            Optimizer = _options.Optimizer.NewState(parameters.Length),
            Stage = _objective.FirstStage,
        };
    }

    /// <summary>Goes over to the next stage between two epochs, if it is time to.</summary>
    private void ChangeStage()
    {
        if (_state.Visited > 0 || !_objective.ChangeStage(_state))
        {
            return;
        }

        _objective.CopyParametersTo(_state.Current);
        _state.Current.CopyTo(_state.Average.AsSpan());
        _state.Optimizer = _options.Optimizer.NewState(_state.Current.Length);
        (_state.Waited, _state.RateFactor) = (0, 1);
    }

    private void JudgeUntrained()
    {
        (_state.BestLoss, _state.LargestLoss) = _objective.Judge();
        if (!double.IsFinite(_state.BestLoss))
        {
            throw _objective.Unjudgeable(_state.BestLoss);
        }

        Report(objective: double.NaN, shortfall: double.NaN, _state.BestLoss);
    }

    /// <summary>Ends an epoch; parameters that cannot be judged any more leave the best loss as it was.</summary>
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
            return _state.BestLoss;
        }
    }

    /// <summary>Judges an epoch, whole or cut short, and returns its loss.</summary>
    private double EndEpoch()
    {
        double objective = _state.Objective / _state.Visited;
        double shortfall = _state.Shortfall / _state.Visited;
        (_state.Objective, _state.Shortfall, _state.Visited) = (0, 0, 0);
        _state.Epoch++;
        double before = _state.BestLoss;
        double loss = Judge();
        Report(objective, shortfall, loss);
        double required = _objective.RequiredImprovement(before);
        _state.Waited = _objective.IsExploring(_state.Stage) || before - _state.BestLoss > required ? 0 : _state.Waited + 1;
        if (_state.Waited >= _options.Patience)
        {
            _state.Waited = 0;
            _state.RateFactor *= RateReduction;
            _objective.SetParameters(_state.Best);
            _state.Best.CopyTo(_state.Average.AsSpan());
        }

        _objective.CopyParametersTo(_state.Current);
        return loss;
    }

    private StopReason? Stop(double loss) => loss switch
    {
        _ when _objective.IsGoodEnough(_state.BestLoss) => StopReason.GapBelowTolerance,
        _ when !double.IsFinite(loss) => StopReason.Diverged,
        _ when Failure is not null => StopReason.Failed,
        _ when _cancellation.IsCancellationRequested => StopReason.Cancelled,
        _ when _state.RateFactor < _options.SmallestRateFactor => StopReason.NoImprovement,
        _ when _state.Epoch >= _options.MaxEpochs => StopReason.IterationLimit,
        _ => null,
    };

    /// <summary>Measures the current parameters and their running average, keeps the best, and returns the smaller loss.</summary>
    private double Judge()
    {
        double loss = KeepIfBest();
        _objective.CopyParametersTo(_state.Current);
        _objective.SetParameters(_state.Average);
        double averageLoss = KeepIfBest();
        _objective.SetParameters(_state.Current);
        return double.IsFinite(loss) ? Math.Min(loss, averageLoss) : loss;
    }

    private double KeepIfBest()
    {
        TrainingJudgement judgement = _objective.Judge();
        if (judgement.Loss < _state.BestLoss)
        {
            (_state.BestLoss, _state.LargestLoss, _state.BestEpoch) = (judgement.Loss, judgement.LargestLoss, _state.Epoch);
            _objective.CopyParametersTo(_state.Best);
        }

        return judgement.Loss;
    }

    private void RestartFromBest()
    {
        _state.Best.CopyTo(_state.Current.AsSpan());
        _state.Best.CopyTo(_state.Average.AsSpan());
        _state.Carried.AsSpan().Clear();
        _state.Optimizer = _options.Optimizer.NewState(_state.Current.Length);
        Resumable = _state;
    }

    private void Report(double objective, double shortfall, double loss)
    {
        double learningRate = _options.Optimizer.LearningRate * _state.RateFactor;
        TProgress progress = _objective.Describe(
            new TrainingEpoch(_state.Epoch, _state.Stage, _options.MaxEpochs, objective, shortfall, loss, learningRate, _before + _clock.Elapsed));
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
    /// reading of rows or in the objective, must not cost the training that was done.
    /// </summary>
    private bool RunEpoch()
    {
        try
        {
            using IEnumerator<TRows> parts = _rows.GetEnumerator();
            return Visit(parts);
        }
        catch (Exception exception)
        {
            Failure = exception;
            return false;
        }
    }

    private bool Visit(IEnumerator<TRows> parts)
    {
        var random = new Xoshiro256StarStar(StreamSeed.Of(_options.Seed, 1, _state.Epoch + 1), threadSafe: false);
        long visited = _state.Visited;
        long position = 0;
        int filled = 0;
        using BitFingerprint? fingerprint = _rows.StayInMemory ? null : new BitFingerprint();
        while (parts.MoveNext())
        {
            TRows rows = parts.Current;
            if (position < visited && _cancellation.IsCancellationRequested)
            {
                return false;
            }

            if (position + rows.Count > _rows.Count)
            {
                position += rows.Count;
                break;
            }

            if (fingerprint is not null)
            {
                rows.AddTo(fingerprint);
            }

            Order(rows.Count, random);
            for (int i = 0; i < rows.Count; i++)
            {
                if (position++ < visited)
                {
                    continue;
                }

                _step.Batch[filled++] = new RowReference<TRows>(rows, _order[i]);
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

        RequireSameRows(position, fingerprint);
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

    /// <summary>Requires that an epoch had the rows of the first reading: what they are is known at its end alone.</summary>
    private void RequireSameRows(long count, BitFingerprint? fingerprint)
    {
        _rowsChanged = true;
        if (count != _rows.Count)
        {
            throw new InvalidOperationException(
                Guard.Text($"The chunks held {count} rows in epoch {_state.Epoch + 1} and {_rows.Count} before; they must be the same in every epoch."));
        }

        if (fingerprint is not null && fingerprint.Value() != _rows.Fingerprint)
        {
            throw new InvalidOperationException(
                Guard.Text($"The chunks held other values in epoch {_state.Epoch + 1} than before; they must be the same in every epoch."));
        }

        _rowsChanged = false;
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
    private void SaveCheckpoint(TrainingState<TProgress> state)
    {
        state.Elapsed = _before + _clock.Elapsed;
        if (_saveCheckpoint is null)
        {
            return;
        }

        try
        {
            _saveCheckpoint(state);
            CheckpointFailure = null;
        }
        catch (Exception exception)
        {
            CheckpointFailure = exception;
        }
    }
}
