using System.Globalization;
using System.Xml.Linq;

namespace VariationalInference.Samples;

/// <summary>The few elements of SVG that charts are drawn with; coordinates have two decimals in every culture.</summary>
internal static class Svg
{
    public static readonly XNamespace Namespace = "http://www.w3.org/2000/svg";

    /// <summary>Formats a coordinate; zero has no sign.</summary>
    public static string Number(double value) => (Math.Round(value, 2) + 0.0).ToString("0.##", CultureInfo.InvariantCulture);

    public static XElement Element(string name, string classes, params object?[] content) =>
        new(Namespace + name, new XAttribute("class", classes), content);

    public static XAttribute Attribute(string name, double value) => new(name, Number(value));

    public static XElement Line(string classes, double x1, double y1, double x2, double y2) => Element(
        "line", classes, Attribute("x1", x1), Attribute("y1", y1), Attribute("x2", x2), Attribute("y2", y2));

    public static XElement Rectangle(string classes, double x, double y, double width, double height) => Element(
        "rect", classes, Attribute("x", x), Attribute("y", y), Attribute("width", width), Attribute("height", height));

    public static XElement Text(string classes, double x, double y, string anchor, string text) => Element(
        "text", classes, Attribute("x", x), Attribute("y", y), new XAttribute("text-anchor", anchor), text);

    public static XElement Path(string classes, string commands) => Element("path", classes, new XAttribute("d", commands));

    /// <summary>Returns the commands of a line through points.</summary>
    public static string Through(IEnumerable<(double X, double Y)> points) =>
        "M" + string.Join("L", points.Select(point => $"{Number(point.X)} {Number(point.Y)}"));
}
