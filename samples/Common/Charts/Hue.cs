namespace VariationalInference.Samples;

/// <summary>Colours that colour-blind people tell apart, after Okabe and Ito; the shades are in <see cref="Palette"/>.</summary>
public enum Hue
{
    /// <summary>Blue.</summary>
    Blue,

    /// <summary>Vermilion; orange in the dark.</summary>
    Vermilion,

    /// <summary>Bluish green.</summary>
    Green,

    /// <summary>Reddish purple.</summary>
    Purple,

    /// <summary>Grey, for what others are compared with.</summary>
    Grey,
}
