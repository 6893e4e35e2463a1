using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using VariationalInference.Samples;

namespace VariationalInference.Tests.Samples;

/// <summary>A chart as a reader of its SVG text finds it.</summary>
internal sealed partial class DrawnChart
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    private readonly XElement _svg;

    public DrawnChart(Chart chart) => _svg = XDocument.Parse(chart.ToSvg()).Root!;

    public static DrawnChart Of(params Mark[] marks) => Of(new Axis("x"), new Axis("y"), marks);

    public static DrawnChart Of(Axis x, Axis y, params Mark[] marks) => new(new Chart("test", "Title", "Caption", [new Panel(x, y, marks)]));

    public XElement Root => _svg;

    public double Width => (double)_svg.Attribute("width")!;

    public double Height => (double)_svg.Attribute("height")!;

    /// <summary>Gets the elements that have a class, perhaps among others.</summary>
    public XElement[] Of(string classes) =>
        [.. _svg.Descendants().Where(element => classes.Split(' ').All(((string?)element.Attribute("class") ?? string.Empty).Split(' ').Contains))];

    public string[] Texts(string classes) => [.. Of(classes).Where(element => element.Name == Svg + "text").Select(element => element.Value)];

    /// <summary>Gets the rectangle of a panel: left, top, right, bottom.</summary>
    public (double Left, double Top, double Right, double Bottom) Frame(int panel = 0) => Rectangle(Of("frame")[panel]);

    public static (double Left, double Top, double Right, double Bottom) Rectangle(XElement rectangle)
    {
        double left = (double)rectangle.Attribute("x")!;
        double top = (double)rectangle.Attribute("y")!;
        return (left, top, left + (double)rectangle.Attribute("width")!, top + (double)rectangle.Attribute("height")!);
    }

    /// <summary>Gets the corners of a path, or the places of a line's ends or of a circle's centre.</summary>
    public static (double X, double Y)[] Places(XElement element) => element.Name.LocalName switch
    {
        "circle" => [((double)element.Attribute("cx")!, (double)element.Attribute("cy")!)],
        "text" => [((double)element.Attribute("x")!, (double)element.Attribute("y")!)],
        "rect" => [(Rectangle(element).Left, Rectangle(element).Top), (Rectangle(element).Right, Rectangle(element).Bottom)],
        "line" => [((double)element.Attribute("x1")!, (double)element.Attribute("y1")!), ((double)element.Attribute("x2")!, (double)element.Attribute("y2")!)],
        _ => [.. Pair().Matches((string)element.Attribute("d")!).Select(pair => (Parse(pair.Groups[1]), Parse(pair.Groups[2])))],
    };

    /// <summary>Gets the places of all that is drawn in a panel, in lines and markers.</summary>
    public (double X, double Y)[] PlacesOfMarks() => [.. Of("clipped").Concat(Of("whole")).SelectMany(group => group.Elements()).SelectMany(Places)];

    /// <summary>Gets the horizontal room that each text takes, as the chart reckons, unless it is turned.</summary>
    public (string Text, double Left, double Right)[] RoomOfTexts() =>
        [.. _svg.Descendants(Svg + "text").Where(text => text.Attribute("transform") is null).Select(text =>
        {
            double width = TextSize.Width(text.Value, (string)text.Attribute("class")! == "title" ? TextSize.Title : TextSize.Normal);
            double x = (double)text.Attribute("x")!;
            return (string)text.Attribute("text-anchor")! switch
            {
                "start" => (text.Value, x, x + width),
                "end" => (text.Value, x - width, x),
                _ => (text.Value, x - (width / 2), x + (width / 2)),
            };
        })];

    private static double Parse(Group number) => double.Parse(number.Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"(-?[\d.]+) (-?[\d.]+)")]
    private static partial Regex Pair();
}
