namespace VariationalInference;

/// <summary>Why the loop ended.</summary>
internal enum TrainingStopReason
{
    GoodEnough,
    NoImprovement,
    EpochLimit,
    Diverged,
    Failed,
    Cancelled,
}
