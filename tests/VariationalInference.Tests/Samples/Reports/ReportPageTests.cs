using System.Xml.Linq;
using FluentAssertions;
using Spectre.Console;
using VariationalInference.Samples;
using Xunit;
using Panel = VariationalInference.Samples.Panel;

namespace VariationalInference.Tests.Samples;

public sealed class ReportPageTests : IDisposable
{
    private static readonly Chart Picture = new(
        "picture", "The <title>", "What to see & why", [new Panel(new Axis("x"), new Axis("y"), [new Curve("c", new Look(Hue.Blue), [(0, 0), (1, 1)])])]);

    private readonly string _folder = Directory.CreateTempSubdirectory("report-").FullName;
    private readonly StringWriter _printed = new();

    private string Report => Path.Combine(_folder, "new", "report.html");

    public void Dispose()
    {
        _printed.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Report_OfARun_HoldsItsSettingsLinesTablesAndCharts()
    {
        Run(new SampleFiles(Pictures: null, Report));

        XElement page = Page();
        Texts(page, "h1").Should().Equal("A <run>");
        Rows(page.Descendants("table").First()).Should().Equal("seed|1", "file|a&b.csv");
        XElement table = page.Descendants("table").Last();
        Texts(table, "caption").Should().Equal("A [table]");
        Rows(table).Should().Equal("part|value", "ELBO < evidence|-1.5", "rest|");
        Texts(page, "p").Should().Equal("one linetwo lines", "after the table");
        XElement figure = page.Descendants("figure").Single();
        figure.Element("figcaption")!.Value.Should().Be("What to see & why");
        figure.Descendants().Should().Contain(element => element.Name.LocalName == "text" && element.Value == "The <title>");
    }

    [Fact]
    public void Report_OfARun_SaysWhatTheConsoleSays()
    {
        Run(new SampleFiles(Pictures: null, Report));

        string printed = _printed.ToString();
        foreach (XElement cell in Page().Descendants("table").Last().Descendants().Where(element => !element.HasElements && element.Value.Length > 0))
        {
            printed.Should().Contain(cell.Value);
        }

        printed.Should().Contain("two lines").And.EndWith($"Report: {Report}{Environment.NewLine}");
    }

    [Fact]
    public void Report_OnItsOwn_NeedsNothingElse()
    {
        Run(new SampleFiles(Pictures: null, Report));

        string text = File.ReadAllText(Report).Replace("xmlns=\"http://www.w3.org/2000/svg\"", string.Empty, StringComparison.Ordinal);
        text.Should().NotContain("http").And.NotContain("//").And.NotContain("@import").And.StartWith("<!DOCTYPE html>\n");
        Page().Descendants().Attributes().Select(attribute => attribute.Name.LocalName).Should().NotContain(["src", "href", "data", "srcset"]);
        Page().Descendants().Select(element => element.Name.LocalName).Should().NotContain(["link", "script", "iframe", "object", "img"]);
        Page().Descendants("style").Single().Value.Should().Contain("color-scheme: light dark").And.Contain(Palette.DarkQuery);
    }

    /// <summary>HTML knows elements without content by their name only, and does not unescape style sheets.</summary>
    [Fact]
    public void Report_ReadAsHtml_MeansTheSame()
    {
        Run(new SampleFiles(Pictures: null, Report));

        string text = File.ReadAllText(Report);
        int emptyElements = Page().Descendants().Count(element => element.Name.Namespace == XNamespace.None && element.IsEmpty);
        int voids = Page().Descendants().Count(element => element.Name == "meta" || element.Name == "br");
        emptyElements.Should().Be(voids);
        foreach (XElement style in XDocument.Parse(text).Descendants().Where(element => element.Name.LocalName == "style"))
        {
            style.Value.Should().NotContainAny("<", ">", "&");
        }
    }

    [Fact]
    public void Pictures_OfARun_AreTheChartsUnderTheirNames()
    {
        string folder = Path.Combine(_folder, "pictures");

        Run(new SampleFiles(folder, Report: null));

        Directory.GetFiles(folder).Should().Equal(Path.Combine(folder, "picture.svg"));
        File.ReadAllText(Path.Combine(folder, "picture.svg")).Should().Be(Picture.ToSvg());
        _printed.ToString().Should().Contain("Picture: " + folder);
    }

    [Fact]
    public void Charts_ThatNobodyAsksFor_AreNotWorkedOut()
    {
        var output = new SampleOutput(Console(), new SampleFiles(null, null), "title", []);

        output.Draw(() => throw new InvalidOperationException("worked out"));
        output.Save();

        _printed.ToString().Should().BeEmpty();
    }

    [Fact]
    public void FilesThatCannotBeWritten_AreRefusedBeforeTheWork()
    {
        string file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "old");

        Refused(new SampleFiles(file, null), $"{file} is no folder to write to: *");
        Refused(new SampleFiles(null, Path.Combine(file, "report.html")), $"{file} is no folder to write to: *");
        Refused(new SampleFiles(null, _folder), $"{_folder} is a folder; a file is to be written");
        File.ReadAllText(file).Should().Be("old");

        void Refused(SampleFiles files, string message)
        {
            Action prepare = () => _ = new SampleOutput(Console(), files, "title", []);
            prepare.Should().Throw<IOException>().WithMessage(message);
        }
    }

    [Fact]
    public void AFileInThePlace_StaysUntilItIsReplacedWhole()
    {
        string path = Path.Combine(_folder, "file");
        File.WriteAllText(path, "old");

        var file = new OutputFile(path);
        File.ReadAllText(path).Should().Be("old");
        file.Write("σ²");

        File.ReadAllBytes(path).Should().Equal("σ²"u8.ToArray(), "without a byte order mark");
        Directory.GetFiles(_folder).Should().Equal([path], "no temporary file is left");
    }

    [Fact]
    public void AReadOnlyFile_IsRefused()
    {
        string path = Path.Combine(_folder, "file");
        File.WriteAllText(path, "old");
        File.SetAttributes(path, FileAttributes.ReadOnly);
        try
        {
            Action prepare = () => _ = new OutputFile(path);
            prepare.Should().Throw<IOException>().WithMessage("*read-only*");
        }
        finally
        {
            File.SetAttributes(path, FileAttributes.Normal);
        }
    }

    private void Run(SampleFiles files)
    {
        var output = new SampleOutput(Console(), files, "A <run>", [("seed", "1"), ("file", "a&b.csv")]);
        var table = new NumberTable("A [table]", "part", "value");
        table.AddRow("ELBO < evidence", "-1.5");
        table.AddRow("rest");
        output.WriteLine("one line");
        output.WriteLine("two lines");
        output.WriteLine();
        output.Write(table);
        output.WriteLine("after the table");
        output.Draw(() => Picture);
        output.Save();
    }

    private IAnsiConsole Console()
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(_printed) });
        console.Profile.Width = 500;
        return console;
    }

    private XElement Page() => XDocument.Parse(File.ReadAllText(Report)).Root!;

    private static string[] Texts(XElement parent, string name) => [.. parent.Descendants(name).Select(element => element.Value)];

    private static string[] Rows(XElement table) =>
        [.. table.Descendants("tr").Select(row => string.Join('|', row.Elements().Select(cell => cell.Value)))];
}
