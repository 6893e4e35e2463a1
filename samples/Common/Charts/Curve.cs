using System.Xml.Linq;

namespace VariationalInference.Samples;

/// <summary>
/// A line through points, markers at points, or both. The line breaks where a value is NaN, infinite or, on a logarithmic axis, not positive.
/// </summary>
/// <param name="Label">Its name in the legend, or null.</param>
/// <param name="Look">How it looks. A line of many points has markers at some of them only; points without a line all have one.</param>
/// <param name="Points">The points, in the order of the line.</param>
public sealed record Curve(string? Label, Look Look, IReadOnlyList<(double X, double Y)> Points) : Mark(Label, Look)
{
    private const int MostMarkers = 25;
    private const int MarkersOfLongLines = 12;

    internal override IEnumerable<(double X, double Y)> Extent => Points;

    internal override IEnumerable<XElement> DrawClipped(PlotArea area) => Look.Stroke == Stroke.None
        ? []
        : Runs(area).Where(run => run.Count > 1).Select(run => Svg.Path(LineClass, Svg.Through(run.Select(area.Place))));

    internal override IEnumerable<XElement> DrawWhole(PlotArea area)
    {
        if (Look.Marker == Marker.None)
        {
            return [];
        }

        int stride = Look.Stroke == Stroke.None || Points.Count <= MostMarkers ? 1 : (Points.Count - 1) / MarkersOfLongLines;
        return Points.Where((point, i) => i % stride == 0 && area.Shows(point)).Select(area.Place).Select(place => MarkerShape.Draw(Look, place.X, place.Y));
    }

    internal override IEnumerable<XElement> DrawKey(double x, double y) => Look.Marker == Marker.None
        ? base.DrawKey(x, y)
        : base.DrawKey(x, y).Append(MarkerShape.Draw(Look, x + (KeyWidth / 2), y));

    private List<List<(double X, double Y)>> Runs(PlotArea area)
    {
        var runs = new List<List<(double X, double Y)>> { new() };
        foreach ((double X, double Y) point in Points)
        {
            if (area.CanPlace(point))
            {
                runs[^1].Add(point);
            }
            else if (runs[^1].Count > 0)
            {
                runs.Add([]);
            }
        }

        return runs;
    }
}
