using System.Xml.Linq;

namespace VariationalInference.Samples;

/// <summary>
/// A page of what a run was told and what it found: settings, lines, tables and charts in the order in which they came. It needs nothing but
/// itself, and is HTML that is XML as well.
/// </summary>
public sealed class ReportPage
{
    private readonly string _title;
    private readonly List<XElement> _body = [];
    private XElement? _paragraph;

    /// <param name="title">What the run was about.</param>
    /// <param name="settings">What it was told, defaults included.</param>
    public ReportPage(string title, IReadOnlyList<(string Name, string Value)> settings)
    {
        _title = title;
        _body.Add(new XElement("h1", title));
        _body.Add(new XElement(
            "table",
            new XAttribute("class", "settings"),
            new XElement("caption", "Settings of this run"),
            new XElement("tbody", settings.Select(setting => new XElement(
                "tr", new XElement("th", new XAttribute("scope", "row"), setting.Name), new XElement("td", setting.Value))))));
    }

    /// <summary>Adds a line of text; lines without an empty one between them make a paragraph.</summary>
    public void AddLine(string text)
    {
        if (string.IsNullOrEmpty(text))
        {
            _paragraph = null;
        }
        else if (_paragraph is null)
        {
            _body.Add(_paragraph = new XElement("p", text));
        }
        else
        {
            _paragraph.Add(new XElement("br"), text);
        }
    }

    /// <summary>Adds a table.</summary>
    public void Add(NumberTable table)
    {
        ArgumentNullException.ThrowIfNull(table);
        _paragraph = null;
        _body.Add(new XElement("div", new XAttribute("class", "wide"), new XElement(
            "table",
            new XElement("caption", table.Title),
            new XElement("thead", new XElement(
                "tr", table.Columns.Select(column => new XElement("th", new XAttribute("scope", "col"), column)))),
            new XElement("tbody", table.Rows.Select(row => new XElement(
                "tr", row.Select((cell, i) => i == 0 ? new XElement("th", new XAttribute("scope", "row"), cell) : new XElement("td", cell))))))));
    }

    /// <summary>Adds a chart with its caption.</summary>
    public void Add(Chart chart)
    {
        ArgumentNullException.ThrowIfNull(chart);
        _paragraph = null;
        _body.Add(new XElement(
            "figure", new XElement("div", new XAttribute("class", "wide"), chart.Draw()), new XElement("figcaption", chart.Caption)));
    }

    /// <summary>Returns the page as text.</summary>
    public string ToHtml() => Xml.Text(
        new XElement(
            "html",
            new XAttribute("lang", "en"),
            new XElement(
                "head",
                new XElement("meta", new XAttribute("charset", "utf-8")),
                new XElement("meta", new XAttribute("name", "viewport"), new XAttribute("content", "width=device-width, initial-scale=1")),
                new XElement("title", _title),
                new XElement("style", "\n" + PageStyle.Text)),
            new XElement("body", new XElement("main", _body))),
        firstLine: "<!DOCTYPE html>\n");
}
