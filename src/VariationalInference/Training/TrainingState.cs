using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>Everything that a training run carries from one minibatch to the next, so that it can stop at any and go on later.</summary>
internal sealed class TrainingState<TProgress>
{
    /// <summary>Gets the number of training rows.</summary>
    public required long RowCount { get; init; }

    /// <summary>Gets by what the objective and the rows are recognised; null from a file of a version that had none.</summary>
    public required TrainingFingerprint? Fingerprint { get; init; }

    /// <summary>Gets the parameters as the last step left them.</summary>
    public required double[] Current { get; init; }

    /// <summary>Gets the running average of the parameters over steps.</summary>
    public required double[] Average { get; init; }

    /// <summary>Gets the parameters with the smallest held-out loss so far.</summary>
    public required double[] Best { get; init; }

    /// <summary>Gets what the objective carries with each row from one visit to the next, in the rows' order; empty if nothing.</summary>
    public required double[] Carried { get; init; }

    public required OptimizerState Optimizer { get; set; }

    /// <summary>Gets or sets the number of steps taken.</summary>
    public long Step { get; set; }

    /// <summary>Gets or sets the number of epochs done.</summary>
    public int Epoch { get; set; }

    /// <summary>Gets or sets the number of rows visited in the epoch under way.</summary>
    public long Visited { get; set; }

    /// <summary>Gets or sets the summed objective of these rows.</summary>
    public double Objective { get; set; }

    /// <summary>Gets or sets the summed shortfall of these rows.</summary>
    public double Shortfall { get; set; }

    /// <summary>Gets or sets the stage that training is in, by the objective's own numbers; 0 of one without stages.</summary>
    public int Stage { get; set; }

    /// <summary>Gets or sets the epoch after which the stage ends.</summary>
    public int StageEnd { get; set; }

    public double RateFactor { get; set; } = 1;

    /// <summary>Gets or sets the number of epochs since the loss last fell by enough.</summary>
    public int Waited { get; set; }

    /// <summary>Gets or sets the loss on the held-out rows with the best parameters.</summary>
    public double BestLoss { get; set; }

    /// <summary>Gets or sets the largest loss of a held-out row with the best parameters.</summary>
    public double LargestLoss { get; set; }

    public int BestEpoch { get; set; }

    /// <summary>Gets or sets the time that training took before this run of it.</summary>
    public TimeSpan Elapsed { get; set; }

    public ImmutableArray<TProgress> History { get; set; } = [];

    /// <summary>Copies the state; the copy shares nothing that can change.</summary>
    /// <param name="fingerprint">The copy's fingerprint; null for that of the state.</param>
    public TrainingState<TProgress> Copy(TrainingFingerprint? fingerprint = null) => new()
    {
        RowCount = RowCount,
        Fingerprint = fingerprint ?? Fingerprint,
        Current = [.. Current],
        Average = [.. Average],
        Best = [.. Best],
        Carried = [.. Carried],
        Optimizer = Optimizer.Copy(),
        Step = Step,
        Epoch = Epoch,
        Visited = Visited,
        Objective = Objective,
        Shortfall = Shortfall,
        Stage = Stage,
        StageEnd = StageEnd,
        RateFactor = RateFactor,
        Waited = Waited,
        BestLoss = BestLoss,
        LargestLoss = LargestLoss,
        BestEpoch = BestEpoch,
        Elapsed = Elapsed,
        History = History,
    };
}
