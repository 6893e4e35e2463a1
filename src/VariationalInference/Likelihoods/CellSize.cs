namespace VariationalInference;

/// <summary>What the second number of a cell means to a likelihood.</summary>
public enum CellSize
{
    /// <summary>Nothing: cells have no second number, and 1 stands for it.</summary>
    None,

    /// <summary>The number of trials of which the cell counts the successes.</summary>
    Trials,

    /// <summary>For how long, or over how much, the cell was counted: the mean is proportional to it.</summary>
    Exposure,
}
