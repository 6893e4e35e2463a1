using System.Xml.Linq;

namespace VariationalInference.Samples;

/// <summary>A straight line across the panel: upright at an x, or level at a y.</summary>
/// <param name="Label">Its name in the legend, or null.</param>
/// <param name="Look">How it looks.</param>
/// <param name="Value">Where it is.</param>
/// <param name="IsUpright">Whether the value is an x.</param>
public sealed record Rule(string? Label, Look Look, double Value, bool IsUpright = false) : Mark(Label, Look)
{
    internal override IEnumerable<(double X, double Y)> Extent => [IsUpright ? (Value, double.NaN) : (double.NaN, Value)];

    internal override IEnumerable<XElement> DrawClipped(PlotArea area)
    {
        if (IsUpright && area.X.Shows(Value))
        {
            yield return Svg.Line(LineClass, area.X.Place(Value), area.Top, area.X.Place(Value), area.Bottom);
        }
        else if (!IsUpright && area.Y.Shows(Value))
        {
            yield return Svg.Line(LineClass, area.Left, area.Y.Place(Value), area.Right, area.Y.Place(Value));
        }
    }
}
