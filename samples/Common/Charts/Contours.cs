using System.Xml.Linq;

namespace VariationalInference.Samples;

/// <summary>Lines of equal height of a surface, each with its label. The axes need ends of their own, or other marks that give them.</summary>
/// <param name="Label">The surface's name in the legend, or null.</param>
/// <param name="Surface">The height at x and y.</param>
/// <param name="Levels">The heights to draw.</param>
public sealed record Contours(string? Label, Func<double, double, double> Surface, IReadOnlyList<ContourLevel> Levels) : Mark(Label, new Look(Hue.Grey))
{
    private const int Cells = 72;
    private const double LabelMargin = 16;

    internal override IEnumerable<(double X, double Y)> Extent => [];

    internal override IEnumerable<XElement> DrawClipped(PlotArea area)
    {
        ContourGrid grid = Grid(area);
        foreach (ContourLevel level in Levels)
        {
            string segments = string.Concat(grid.Segments(level.Height).Select(segment => Svg.Through([segment.From, segment.To])));
            if (segments.Length > 0)
            {
                yield return Svg.Path("level", segments);
            }
        }
    }

    /// <summary>Puts each level's label at its lowest point that leaves room for it; a level without such a point goes unnamed.</summary>
    internal override IEnumerable<XElement> DrawWhole(PlotArea area)
    {
        ContourGrid grid = Grid(area);
        var taken = new List<(double X, double Y, double Room)>();
        foreach (ContourLevel level in Levels)
        {
            double room = (TextSize.Width(level.Label) / 2) + 2;
            (double X, double Y)[] places =
            [
                .. grid.Segments(level.Height).Select(segment => segment.From)
                    .Where(place => place.X > area.Left + room && place.X < area.Right - room)
                    .Where(place => place.Y > area.Top + LabelMargin && place.Y < area.Bottom - LabelMargin)
                    .Where(place => taken.TrueForAll(other =>
                        Math.Abs(place.X - other.X) > room + other.Room || Math.Abs(place.Y - other.Y) > TextSize.Normal)),
            ];
            if (places.Length > 0)
            {
                (double x, double y) = places.MaxBy(place => place.Y);
                taken.Add((x, y, room));
                yield return Svg.Rectangle("paper", x - room, y - (TextSize.Normal / 2), 2 * room, TextSize.Normal);
                yield return Svg.Text("tick level-label", x, y + 4, "middle", level.Label);
            }
        }
    }

    internal override IEnumerable<XElement> DrawKey(double x, double y) => [Svg.Line("level", x, y, x + KeyWidth, y)];

    private ContourGrid Grid(PlotArea area) => new(
        Cells, (area.Left, area.Top), (area.Right, area.Bottom), place => Surface(area.X.ValueAt(place.X), area.Y.ValueAt(place.Y)));
}
