using System.Xml.Linq;

namespace VariationalInference.Samples;

/// <summary>Something drawn in a panel.</summary>
/// <param name="Label">Its name in the legend, where marks of the same name are named once; null for none.</param>
/// <param name="Look">How it looks.</param>
public abstract record Mark(string? Label, Look Look)
{
    private protected const double KeyWidth = 28;

    /// <summary>Gets the points that axes without given ends must reach; NaN where there is no such demand.</summary>
    internal abstract IEnumerable<(double X, double Y)> Extent { get; }

    /// <summary>Draws what is cut off at the ends of the axes.</summary>
    internal abstract IEnumerable<XElement> DrawClipped(PlotArea area);

    /// <summary>Draws what is whole or not there: markers and labels.</summary>
    internal virtual IEnumerable<XElement> DrawWhole(PlotArea area) => [];

    /// <summary>Draws a sample for the legend, <see cref="KeyWidth"/> wide.</summary>
    internal virtual IEnumerable<XElement> DrawKey(double x, double y) =>
        Look.Stroke == Stroke.None ? [] : [Svg.Line(LineClass, x, y, x + KeyWidth, y)];

    /// <summary>Gets the classes of lines that look so.</summary>
    private protected string LineClass => Look.Stroke switch
    {
        Stroke.Dashed => "line dashed ",
        Stroke.Dotted => "line dotted ",
        Stroke.Broad => "line broad ",
        _ => "line ",
    } + Palette.Class(Look.Hue);
}
