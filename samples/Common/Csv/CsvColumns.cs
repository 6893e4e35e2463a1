namespace VariationalInference.Samples;

/// <summary>Which columns of a CSV file are read, and as what. A column may be read as numbers and as labels as well.</summary>
public sealed record CsvColumns
{
    /// <summary>Gets the columns of numbers in which an empty cell is a missing one, NaN.</summary>
    /// <value>The default is none.</value>
    public IReadOnlyList<string> Responses { get; init; } = [];

    /// <summary>Gets the columns of numbers in which an empty cell is refused.</summary>
    /// <value>The default is none.</value>
    public IReadOnlyList<string> Covariates { get; init; } = [];

    /// <summary>Gets the columns of group labels, in which an empty cell is refused.</summary>
    /// <value>The default is none.</value>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>Returns a column that would be read twice as the same, or as a response and as a covariate; null if there is none.</summary>
    internal string? Repeated() =>
        Responses.Concat(Covariates).GroupBy(column => column).Concat(Labels.GroupBy(column => column)).FirstOrDefault(same => same.Count() > 1)?.Key;
}
