using System.Xml.Linq;

namespace VariationalInference.Samples;

/// <summary>Draws a marker; shapes differ also where colours do not.</summary>
internal static class MarkerShape
{
    /// <summary>How far a marker reaches from its point, in pixels.</summary>
    public const double Reach = 5;

    public static XElement Draw(Look look, double x, double y)
    {
        string filled = "filled " + Palette.Class(look.Hue);
        string open = "open " + Palette.Class(look.Hue);
        return look.Marker switch
        {
            Marker.Square => Svg.Rectangle(filled, x - 3.5, y - 3.5, 7, 7),
            Marker.Triangle => Svg.Path(open, Svg.Through([(x, y - 4.5), (x + 4.5, y + 3.5), (x - 4.5, y + 3.5)]) + "Z"),
            Marker.Cross => Svg.Path(open, Svg.Through([(x - 4, y - 4), (x + 4, y + 4)]) + Svg.Through([(x - 4, y + 4), (x + 4, y - 4)])),
            Marker.Ring => Circle(open, x, y, 4.5),
            Marker.Speck => Circle(filled, x, y, 1.8),
            _ => Circle(filled, x, y, 3.8),
        };
    }

    private static XElement Circle(string classes, double x, double y, double radius) =>
        Svg.Element("circle", classes, Svg.Attribute("cx", x), Svg.Attribute("cy", y), Svg.Attribute("r", radius));
}
