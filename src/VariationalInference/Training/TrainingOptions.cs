namespace VariationalInference;

/// <summary>How the loop goes, whatever it trains. Ranges are those of the public options that these come from.</summary>
internal sealed record TrainingOptions
{
    public required int BatchSize { get; init; }

    public required int MaxEpochs { get; init; }

    public required int Patience { get; init; }

    /// <summary>Gets the part of the learning rate below which training ends.</summary>
    public double SmallestRateFactor { get; init; } = 1e-3;

    public required Optimizer Optimizer { get; init; }

    public required int Seed { get; init; }

    public required bool ShuffleRows { get; init; }

    public required int CheckpointEpochs { get; init; }
}
