using Spectre.Console;

namespace VariationalInference.Samples;

/// <summary>What a sample finds, said once: to the console at once, and to the files that are asked for when it is done.</summary>
public sealed class SampleOutput
{
    private readonly ReportPage _page;
    private readonly OutputFile? _report;
    private readonly string? _pictures;
    private readonly List<(OutputFile File, Chart Chart)> _charts = [];

    /// <summary>Prepares the files; those that could not be written are refused before the work is begun.</summary>
    /// <param name="console">The console.</param>
    /// <param name="files">The files that are asked for.</param>
    /// <param name="title">What the run is about.</param>
    /// <param name="settings">What it was told, defaults included.</param>
    public SampleOutput(IAnsiConsole console, SampleFiles files, string title, IReadOnlyList<(string Name, string Value)> settings)
    {
        ArgumentNullException.ThrowIfNull(files);
        Console = console;
        _page = new ReportPage(title, settings);
        _report = files.Report is null ? null : new OutputFile(files.Report);
        _pictures = files.Pictures;
        if (_pictures is not null)
        {
            OutputFile.RequireFolder(_pictures);
        }
    }

    /// <summary>Gets the console, for what is of no interest afterwards.</summary>
    public IAnsiConsole Console { get; }

    /// <summary>Writes a line of text.</summary>
    public void WriteLine(string text = "")
    {
        Console.WriteLine(text);
        _page.AddLine(text);
    }

    /// <summary>Writes a table.</summary>
    public void Write(NumberTable table)
    {
        ArgumentNullException.ThrowIfNull(table);
        table.WriteTo(Console);
        _page.Add(table);
    }

    /// <summary>Adds a chart, which is worked out only if somebody asks for it.</summary>
    public void Draw(Func<Chart> chart)
    {
        ArgumentNullException.ThrowIfNull(chart);
        if (_pictures is null && _report is null)
        {
            return;
        }

        Chart drawn = chart();
        _page.Add(drawn);
        if (_pictures is not null)
        {
            _charts.Add((PictureFile(drawn.Name), drawn));
        }
    }

    /// <summary>Writes the files that are asked for, and says where they are.</summary>
    public void Save()
    {
        if (_charts.Count > 0 || _report is not null)
        {
            Console.WriteLine(string.Empty);
        }

        foreach ((OutputFile file, Chart chart) in _charts)
        {
            Save(file, "Picture", chart.ToSvg());
        }

        if (_report is not null)
        {
            Save(_report, "Report", _page.ToHtml());
        }
    }

    private void Save(OutputFile file, string what, string text)
    {
        file.Write(text);
        Console.WriteLine($"{what}: {file.Name}");
    }

    private OutputFile PictureFile(string name) => new($"{_pictures!.TrimEnd('/', '\\')}/{name}.svg");
}
