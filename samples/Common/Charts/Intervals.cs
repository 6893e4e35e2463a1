using System.Xml.Linq;

namespace VariationalInference.Samples;

/// <summary>Horizontal bars, one at each height.</summary>
/// <param name="Label">Its name in the legend, or null.</param>
/// <param name="Look">How they look.</param>
/// <param name="Bars">The ends of each bar, and its height, of an axis of categories their number.</param>
public sealed record Intervals(string? Label, Look Look, IReadOnlyList<(double Lower, double Upper, double Height)> Bars) : Mark(Label, Look)
{
    internal override IEnumerable<(double X, double Y)> Extent =>
        Bars.SelectMany(bar => new[] { (bar.Lower, bar.Height), (bar.Upper, bar.Height) });

    internal override IEnumerable<XElement> DrawClipped(PlotArea area) =>
        from bar in Bars
        where area.CanPlace((bar.Lower, bar.Height)) && area.CanPlace((bar.Upper, bar.Height))
        let y = area.Y.Place(bar.Height)
        select Svg.Line(LineClass, area.X.Place(bar.Lower), y, area.X.Place(bar.Upper), y);
}
