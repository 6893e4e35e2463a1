namespace VariationalInference.Samples;

/// <summary>One plot of a chart: two axes and what is drawn between them, the first below the others.</summary>
/// <param name="X">The horizontal axis.</param>
/// <param name="Y">The vertical axis.</param>
/// <param name="Marks">What is drawn.</param>
public sealed record Panel(Axis X, Axis Y, IReadOnlyList<Mark> Marks)
{
    /// <summary>Gets what tells the panel from those beside it; empty where there are none.</summary>
    public string Title { get; init; } = string.Empty;
}
