namespace VariationalInference.Samples;

/// <summary>The line of a mark.</summary>
public enum Stroke
{
    /// <summary>No line: markers only.</summary>
    None,

    /// <summary>A line without gaps.</summary>
    Solid,

    /// <summary>A line of dashes.</summary>
    Dashed,

    /// <summary>A line of dots.</summary>
    Dotted,

    /// <summary>A line wide enough to be seen below another one.</summary>
    Broad,
}
