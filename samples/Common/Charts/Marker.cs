namespace VariationalInference.Samples;

/// <summary>The sign at each point of a mark.</summary>
public enum Marker
{
    /// <summary>No sign.</summary>
    None,

    /// <summary>A filled circle.</summary>
    Dot,

    /// <summary>A small filled circle, for many points.</summary>
    Speck,

    /// <summary>An open circle.</summary>
    Ring,

    /// <summary>A filled square.</summary>
    Square,

    /// <summary>An open triangle.</summary>
    Triangle,

    /// <summary>Two crossed lines.</summary>
    Cross,
}
