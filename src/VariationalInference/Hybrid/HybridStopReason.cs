namespace VariationalInference;

/// <summary>Why the training of an encoder stopped; see <see cref="HybridResult.StopReason"/>.</summary>
public enum HybridStopReason
{
    /// <summary>The exact amortization gap on held-out rows fell to <see cref="HybridOptions.GapTolerance"/>.</summary>
    GapBelowTolerance,

    /// <summary>The gap no longer fell, and the learning rate had been reduced as far as it goes.</summary>
    NoImprovement,

    /// <summary><see cref="HybridOptions.MaxEpochs"/> epochs were done.</summary>
    EpochLimit,

    /// <summary>A parameter or an output of the encoder left the range of double precision; the best parameters before that are kept.</summary>
    Diverged,

    /// <summary>
    /// Reading the rows, the encoder or the report of progress threw an exception, which <see cref="HybridResult.Failure"/> holds; or chunks held
    /// other rows than before. The best parameters so far are kept.
    /// </summary>
    Failed,

    /// <summary>The caller cancelled; the best parameters so far are kept.</summary>
    Cancelled,
}
