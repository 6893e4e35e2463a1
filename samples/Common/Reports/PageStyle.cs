namespace VariationalInference.Samples;

/// <summary>The style sheet of report pages, for light and dark screens and for paper.</summary>
internal static class PageStyle
{
    /// <summary>Gets the style sheet, without characters that XML or HTML would escape.</summary>
    public static string Text { get; } =
        """
        :root { color-scheme: light dark; }
        body { margin: 0; font: 16px/1.5 system-ui, "Segoe UI", Helvetica, Arial, sans-serif; }
        main { max-width: 60rem; margin: 0 auto; padding: 1rem 1.25rem 3rem; }
        h1 { font-size: 1.6rem; line-height: 1.25; }
        p { overflow-wrap: anywhere; }
        table { border-collapse: collapse; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
        caption { text-align: left; font-weight: 600; font-size: 1rem; padding: 0.5rem 0; }
        th, td { padding: 0.2rem 0.75rem; text-align: right; border-bottom: 1px solid; white-space: nowrap; }
        th { font-weight: 400; }
        thead th { font-weight: 600; }
        th:first-child { text-align: left; padding-left: 0; }
        .settings td { text-align: left; white-space: normal; overflow-wrap: anywhere; }
        .wide { overflow-x: auto; margin: 1.25rem 0; }
        figure { margin: 2rem 0; break-inside: avoid; }
        figure .wide { margin: 0; }
        figure svg { display: block; width: 100%; min-width: 36rem; height: auto; border: 1px solid; border-radius: 6px; box-sizing: border-box; }
        figcaption { margin-top: 0.5rem; font-size: 0.875rem; }
        @media print { main { max-width: none; padding: 0; } .wide { overflow: visible; } tr { break-inside: avoid; } }

        """ + Colours(Palette.Light) + Palette.DarkQuery + " {\n" + Colours(Palette.Dark) + "}\n";

    private static string Colours(Palette.Shades shades) =>
        $$"""
        body { background: {{shades.Paper}}; color: {{shades.Ink}}; }
        figcaption { color: {{shades.Faint}}; }
        th, td, figure svg { border-color: {{shades.Grid}}; }

        """;
}
