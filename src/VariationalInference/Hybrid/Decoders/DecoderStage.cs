namespace VariationalInference;

/// <summary>Where the training of a decoder stands: before its start was found, or after.</summary>
/// <remarks>Checkpoints hold the numbers.</remarks>
internal enum DecoderStage
{
    /// <summary>All that is learned is learned, from the best start.</summary>
    Training = 0,

    /// <summary>To scout from the next epoch on.</summary>
    BeforeScouting = 1,

    /// <summary>Networks, loadings and one level of noise are learned, to find the loadings.</summary>
    Scouting = 2,

    /// <summary>To begin anew with loadings that are held from the next epoch on.</summary>
    BeforeHolding = 3,

    /// <summary>New networks and one level of noise are learned, and the loadings held.</summary>
    Holding = 4,
}
