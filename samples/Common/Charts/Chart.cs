using System.Xml.Linq;

namespace VariationalInference.Samples;

/// <summary>A picture: a title, one panel or several side by side, and above them a legend, where it covers no data.</summary>
/// <remarks>
/// It is an SVG element that is legible on light and dark screens, alone or within a page, and the same bytes in every run and culture. What
/// cannot be placed (NaN, infinities, values that are not positive on a logarithmic axis) is left out, and lines break there.
/// </remarks>
/// <param name="Name">A name of letters, digits and dashes: of its file, and of what it refers to within a page.</param>
/// <param name="Title">What is shown.</param>
/// <param name="Caption">What to see in it, in a sentence or two; also for those who cannot see it.</param>
/// <param name="Panels">The panels, from left to right.</param>
public sealed record Chart(string Name, string Title, string Caption, IReadOnlyList<Panel> Panels)
{
    /// <summary>Draws the chart as an SVG element.</summary>
    /// <returns>The element.</returns>
    public XElement Draw() => new ChartLayout(this).Draw();

    /// <summary>Draws the chart as the text of an SVG file.</summary>
    /// <returns>The text.</returns>
    public string ToSvg() => Xml.Text(Draw());
}
