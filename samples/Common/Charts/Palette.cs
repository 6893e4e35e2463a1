namespace VariationalInference.Samples;

/// <summary>The colours of charts and pages on light and dark paper, and the style sheet that goes into each chart.</summary>
/// <remarks>
/// A chart brings its own paper, so that it is legible also where what is around it is lighter or darker than the viewer's setting says. Colours
/// are written out rather than kept in variables, which not every SVG renderer knows.
/// </remarks>
internal static class Palette
{
    public const string DarkQuery = "@media screen and (prefers-color-scheme: dark)";

    public static readonly Shades Light = new(
        Paper: "#ffffff",
        Ink: "#1f2328",
        Faint: "#59636e",
        Grid: "#dfe3e8",
        Blue: "#0072b2",
        Vermilion: "#d55e00",
        Green: "#00805d",
        Purple: "#c0609c",
        Grey: "#6e7781");

    public static readonly Shades Dark = new(
        Paper: "#0d1117",
        Ink: "#e6edf3",
        Faint: "#9da7b1",
        Grid: "#2b323b",
        Blue: "#56b4e9",
        Vermilion: "#f0a030",
        Green: "#21a67f",
        Purple: "#e79ac5",
        Grey: "#9da7b1");

    /// <summary>Gets the style sheet of a chart, without characters that XML or HTML would escape.</summary>
    public static string ChartStyle { get; } =
        """
        .chart text { font: 12px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; }
        .chart .title { font-size: 15px; font-weight: 600; }
        .chart .panel { font-weight: 600; }
        .chart .line, .chart .open { fill: none; stroke-width: 1.8; stroke-linejoin: round; stroke-linecap: round; }
        .chart .open { stroke-width: 1.6; }
        .chart .grid, .chart .frame { fill: none; stroke-width: 1; }
        .chart .level { fill: none; stroke-width: 1; stroke-linecap: round; }
        .chart .area { fill-opacity: 0.18; }
        .chart .dashed { stroke-dasharray: 7 5; }
        .chart .dotted { stroke-dasharray: 0.1 4.5; stroke-width: 2.4; }
        .chart .broad { stroke-width: 7; stroke-opacity: 0.4; stroke-linecap: butt; }

        """ + Colours(Light) + DarkQuery + " {\n" + Colours(Dark) + "}\n";

    private static string Colours(Shades shades) =>
        $$"""
        .chart .paper { fill: {{shades.Paper}}; }
        .chart .title, .chart .panel, .chart .axis, .chart .key { fill: {{shades.Ink}}; }
        .chart .tick { fill: {{shades.Faint}}; }
        .chart .grid { stroke: {{shades.Grid}}; }
        .chart .frame, .chart .level { stroke: {{shades.Faint}}; }

        """ + string.Concat(Enum.GetValues<Hue>().Select(hue =>
            $$"""
            .chart .line.{{Class(hue)}}, .chart .open.{{Class(hue)}} { stroke: {{shades[hue]}}; }
            .chart .filled.{{Class(hue)}}, .chart .area.{{Class(hue)}} { fill: {{shades[hue]}}; }

            """));

    /// <summary>Returns the class that gives a mark its hue.</summary>
    public static string Class(Hue hue) => hue.ToString().ToLowerInvariant();

    /// <summary>Colours for one paper.</summary>
    internal sealed record Shades(
        string Paper, string Ink, string Faint, string Grid, string Blue, string Vermilion, string Green, string Purple, string Grey)
    {
        public string this[Hue hue] => hue switch
        {
            Hue.Blue => Blue,
            Hue.Vermilion => Vermilion,
            Hue.Green => Green,
            Hue.Purple => Purple,
            _ => Grey,
        };
    }
}
