using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>Everything that a training run carries from one minibatch to the next, so that it can stop at any and go on later.</summary>
internal sealed class TrainingState
{
    /// <summary>Gets the number of training rows.</summary>
    public required long RowCount { get; init; }

    /// <summary>Gets the mean log evidence of the held-out rows: other rows or another model have another.</summary>
    public required double LogEvidence { get; init; }

    /// <summary>Gets the scales that the encoder was offered before training.</summary>
    public required EncoderScales Scales { get; init; }

    /// <summary>Gets the parameters as the last step left them.</summary>
    public required double[] Current { get; init; }

    /// <summary>Gets the running average of the parameters over steps.</summary>
    public required double[] Average { get; init; }

    /// <summary>Gets the parameters with the smallest gap so far.</summary>
    public required double[] Best { get; init; }

    /// <summary>Gets the whitened coordinate means of every row, N×C; empty unless sweeps continue from the last visit.</summary>
    public required double[] Coordinates { get; init; }

    public required OptimizerState Optimizer { get; set; }

    /// <summary>Gets or sets the number of steps taken.</summary>
    public long Step { get; set; }

    /// <summary>Gets or sets the number of epochs done.</summary>
    public int Epoch { get; set; }

    /// <summary>Gets or sets the number of rows visited in the epoch under way.</summary>
    public long Visited { get; set; }

    /// <summary>Gets or sets the summed ELBO of these rows.</summary>
    public double Elbo { get; set; }

    /// <summary>Gets or sets the summed optimization gap of these rows.</summary>
    public double OptimizationGap { get; set; }

    public double RateFactor { get; set; } = 1;

    /// <summary>Gets or sets the number of epochs since the gap last fell by enough.</summary>
    public int Waited { get; set; }

    /// <summary>Gets or sets the mean gap of a held-out row with the best parameters.</summary>
    public double BestGap { get; set; }

    /// <summary>Gets or sets the largest gap of a held-out row with the best parameters.</summary>
    public double LargestGap { get; set; }

    public int BestEpoch { get; set; }

    /// <summary>Gets or sets the time that training took before this run of it.</summary>
    public TimeSpan Elapsed { get; set; }

    public ImmutableArray<HybridProgress> History { get; set; } = [];

    /// <summary>Copies the state; the copy shares nothing that can change.</summary>
    public TrainingState Copy() => new()
    {
        RowCount = RowCount,
        LogEvidence = LogEvidence,
        Scales = Scales,
        Current = [.. Current],
        Average = [.. Average],
        Best = [.. Best],
        Coordinates = [.. Coordinates],
        Optimizer = Optimizer.Copy(),
        Step = Step,
        Epoch = Epoch,
        Visited = Visited,
        Elbo = Elbo,
        OptimizationGap = OptimizationGap,
        RateFactor = RateFactor,
        Waited = Waited,
        BestGap = BestGap,
        LargestGap = LargestGap,
        BestEpoch = BestEpoch,
        Elapsed = Elapsed,
        History = History,
    };
}
