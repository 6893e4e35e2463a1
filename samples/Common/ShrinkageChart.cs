using System.Globalization;
using System.Xml.Linq;

namespace VariationalInference.Samples;

/// <summary>
/// A picture of groups' means, one line a group: a ring where the group's own mean is, a dot where the model puts it, the interval of that, and a line
/// down the mean of all.
/// </summary>
public static class ShrinkageChart
{
    private const double Width = 720;
    private const double LabelWidth = 140;
    private const double LineHeight = 26;
    private const double Top = 56;
    private const double Bottom = 44;
    private const double Right = 24;
    private const int MostLabelCharacters = 18;

    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    /// <summary>Writes the picture.</summary>
    public static void Write(string path, string title, double centre, IReadOnlyList<ShrunkenMean> means) => Draw(title, centre, means).Save(path);

    /// <summary>Draws the picture as an SVG document.</summary>
    public static XDocument Draw(string title, double centre, IReadOnlyList<ShrunkenMean> means)
    {
        ArgumentNullException.ThrowIfNull(means);
        double low = Math.Min(centre, means.Min(mean => Math.Min(mean.Lower, mean.Own)));
        double high = Math.Max(centre, means.Max(mean => Math.Max(mean.Upper, mean.Own)));
        double height = Top + (means.Count * LineHeight) + Bottom;
        double Place(double value) => high > low
            ? LabelWidth + ((Width - LabelWidth - Right) * (value - low) / (high - low))
            : (LabelWidth + Width - Right) / 2;

        double axis = height - Bottom;
        return new XDocument(new XElement(
            Svg + "svg",
            new XAttribute("viewBox", Text($"0 0 {Width} {height}")),
            new XAttribute("font-family", "sans-serif"),
            new XAttribute("font-size", "12"),
            new XElement(Svg + "rect", new XAttribute("width", Width), new XAttribute("height", Number(height)), new XAttribute("fill", "white")),
            Label(LabelWidth, 22, $"{title}: own means (rings), shrunken means (dots) with 95 % intervals", "start"),
            Line(Place(centre), Top - 12, Place(centre), axis, "#c05020", "4 3"),
            Label(Place(centre), Top - 16, $"mean {Format.Number(centre)}", "middle"),
            means.Select((mean, n) => Group(mean, Top + (n * LineHeight) + (LineHeight / 2), Place)),
            Line(LabelWidth, axis, Width - Right, axis, "#808080", null),
            Label(LabelWidth, axis + 18, Format.Number(low), "start"),
            Label(Width - Right, axis + 18, Format.Number(high), "end")));
    }

    private static XElement Group(ShrunkenMean mean, double y, Func<double, double> place) => new(
        Svg + "g",
        Label(LabelWidth - 12, y + 4, Short(mean.Label), "end"),
        Line(place(mean.Own), y, place(mean.Value), y, "#a0a0a0", "2 2"),
        Line(place(mean.Lower), y, place(mean.Upper), y, "#2060a0", null),
        Circle(place(mean.Own), y, 5, "none"),
        Circle(place(mean.Value), y, 4, "#2060a0"));

    private static string Short(string label) => label.Length <= MostLabelCharacters ? label : label[..(MostLabelCharacters - 1)] + "…";

    private static XElement Circle(double x, double y, double radius, string fill) => new(
        Svg + "circle",
        new XAttribute("cx", Number(x)),
        new XAttribute("cy", Number(y)),
        new XAttribute("r", Number(radius)),
        new XAttribute("fill", fill),
        new XAttribute("stroke", "#2060a0"));

    private static XElement Line(double x1, double y1, double x2, double y2, string colour, string? dashes) => new(
        Svg + "line",
        new XAttribute("x1", Number(x1)),
        new XAttribute("y1", Number(y1)),
        new XAttribute("x2", Number(x2)),
        new XAttribute("y2", Number(y2)),
        new XAttribute("stroke", colour),
        new XAttribute("stroke-width", "1.5"),
        dashes is null ? null : new XAttribute("stroke-dasharray", dashes));

    private static XElement Label(double x, double y, string text, string anchor) => new(
        Svg + "text", new XAttribute("x", Number(x)), new XAttribute("y", Number(y)), new XAttribute("text-anchor", anchor), text);

    private static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
