using System.Xml.Linq;

namespace VariationalInference.Samples;

/// <summary>Finds each part of a chart its place, and draws it there.</summary>
internal sealed class ChartLayout
{
    private const double Width = 760;
    private const double Margin = 16;
    private const double LineHeight = 20;
    private const double PlotHeight = 300;
    private const double TitleGutter = 22;
    private const double TickGap = 8;
    private const double PanelGap = 22;

    private readonly Chart _chart;
    private readonly IReadOnlyList<string> _title;
    private readonly Legend _legend;
    private readonly double _top;
    private readonly double _bottom;

    public ChartLayout(Chart chart)
    {
        _chart = chart;
        _title = TextSize.Wrap(chart.Title, Width - (2 * Margin), TextSize.Title);
        _legend = new Legend(chart.Panels.SelectMany(panel => panel.Marks), Width - (2 * Margin));
        _top = LegendTop + _legend.Height + (chart.Panels.Any(panel => panel.Title.Length > 0) ? LineHeight : 0) + TickGap;
        _bottom = _top + chart.Panels.Max(panel => panel.Y.Categories is { } names ? names.Count * panel.Y.CategoryHeight : PlotHeight);
    }

    private double LegendTop => (Margin / 2) + (_title.Count * LineHeight) + TickGap;

    private double Height => _bottom + (2 * LineHeight) + Margin;

    private string TitleId => _chart.Name + "-title";

    private string CaptionId => _chart.Name + "-caption";

    public XElement Draw() => Svg.Element(
        "svg",
        "chart",
        new XAttribute("viewBox", $"0 0 {Svg.Number(Width)} {Svg.Number(Height)}"),
        Svg.Attribute("width", Width),
        Svg.Attribute("height", Height),
        new XAttribute("role", "img"),
        new XAttribute("aria-labelledby", $"{TitleId} {CaptionId}"),
        new XElement(Svg.Namespace + "title", new XAttribute("id", TitleId), _chart.Title),
        new XElement(Svg.Namespace + "desc", new XAttribute("id", CaptionId), _chart.Caption),
        new XElement(Svg.Namespace + "style", "\n" + Palette.ChartStyle),
        Svg.Rectangle("paper", 0, 0, Width, Height),
        _title.Select((line, i) => Svg.Text("title", Margin, Margin + (i * LineHeight) + 8, "start", line)),
        _legend.Draw(Margin, LegendTop),
        Panels());

    private List<XElement> Panels()
    {
        double[] gutters = [.. _chart.Panels.Select(Gutter)];
        double gaps = PanelGap * (_chart.Panels.Count - 1);
        double width = (Width - (2 * Margin) - gaps - gutters.Sum()) / _chart.Panels.Count;
        double left = Margin;
        var drawn = new List<XElement>();
        for (int i = 0; i < gutters.Length; i++)
        {
            Panel panel = _chart.Panels[i];
            var area = new PlotArea(
                new Scale(panel.X, panel.X.Range(Extent(panel).Select(point => point.X)), left + gutters[i], left + gutters[i] + width),
                VerticalScale(panel));
            drawn.Add(Svg.Element("g", "plot", PanelParts(panel, area, left, $"{_chart.Name}-plot-{i + 1}")));
            left = area.Right + PanelGap;
        }

        return drawn;
    }

    private static IEnumerable<(double X, double Y)> Extent(Panel panel) => panel.Marks.SelectMany(mark => mark.Extent);

    private Scale VerticalScale(Panel panel) => new(panel.Y, panel.Y.Range(Extent(panel).Select(point => point.Y)), _bottom, _top);

    /// <summary>Returns the room that a panel's vertical axis needs on its left.</summary>
    private double Gutter(Panel panel) => TitleGutter + TickGap
        + VerticalScale(panel).VerticalTicks().Select(tick => TextSize.Width(tick.Label)).DefaultIfEmpty().Max();

    private static IEnumerable<XElement> PanelParts(Panel panel, PlotArea area, double left, string name)
    {
        double width = area.Right - area.Left;
        double middle = (area.Left + area.Right) / 2;
        double height = (area.Top + area.Bottom) / 2;
        return
        [
            .. panel.Title.Length > 0 ? [Svg.Text("panel", area.Left, area.Top - TickGap, "start", TextSize.Fit(panel.Title, width))] : Array.Empty<XElement>(),
            .. HorizontalAxis(area),
            .. VerticalAxis(area),
            Svg.Text("axis", middle, area.Bottom + (2 * LineHeight), "middle", TextSize.Fit(panel.X.Title, width)),
            Turned(Svg.Text("axis", left + (LineHeight / 2), height, "middle", TextSize.Fit(panel.Y.Title, area.Bottom - area.Top)), left + (LineHeight / 2), height),
            new XElement(
                Svg.Namespace + "clipPath",
                new XAttribute("id", name),
                Svg.Rectangle("clip", area.Left, area.Top, width, area.Bottom - area.Top)),
            Svg.Rectangle("frame", area.Left, area.Top, width, area.Bottom - area.Top),
            Svg.Element("g", "clipped", new XAttribute("clip-path", $"url(#{name})"), panel.Marks.SelectMany(mark => mark.DrawClipped(area))),
            Svg.Element("g", "whole", panel.Marks.SelectMany(mark => mark.DrawWhole(area))),
        ];
    }

    private static IEnumerable<XElement> HorizontalAxis(PlotArea area) => area.X.HorizontalTicks().SelectMany(tick => new[]
    {
        Svg.Line("grid", area.X.Place(tick.Value), area.Top, area.X.Place(tick.Value), area.Bottom),
        Svg.Text("tick", WithinChart(area.X.Place(tick.Value), tick.Label), area.Bottom + LineHeight - 2, "middle", tick.Label),
    });

    /// <summary>Moves the middle of a text that would be cut at the right edge.</summary>
    private static double WithinChart(double middle, string text) => Math.Min(middle, Width - 2 - (TextSize.Width(text) / 2));

    private static IEnumerable<XElement> VerticalAxis(PlotArea area) => area.Y.VerticalTicks().SelectMany(tick => new[]
    {
        Svg.Line("grid", area.Left, area.Y.Place(tick.Value), area.Right, area.Y.Place(tick.Value)),
        Svg.Text("tick", area.Left - TickGap, area.Y.Place(tick.Value) + 4, "end", tick.Label),
    });

    private static XElement Turned(XElement text, double x, double y)
    {
        text.Add(new XAttribute("transform", $"rotate(-90 {Svg.Number(x)} {Svg.Number(y)})"));
        return text;
    }
}
