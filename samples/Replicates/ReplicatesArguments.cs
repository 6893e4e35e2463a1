namespace VariationalInference.Samples;

/// <summary>Which measurements to learn from, and how.</summary>
internal sealed class ReplicatesArguments
{
    public const string Help =
        $"""
        Replicates: how much of the variance of measurements lies between groups, and what is each group's own mean?

          dotnet run --project samples/Replicates -- [options]

          --data FILE             a CSV file in UTF-8 with one measurement a line (default: yields of 6 batches of dyestuff)
          --group NAME            its column of group labels, none of them empty (default: Batch)
          --value NAME            its column of measurements; an empty cell is a missing one (default: Yield)
          --wide                  the file has a group on each line, every column a measurement but --group, if that is given; it is
                                  read as a stream and may be larger than memory; only the parameters are learned, by maximum likelihood
        {CsvDialect.Help}
          --chart FILE            writes the shrinkage of the groups' means as an SVG picture
          --ml                    maximum likelihood; the default is restricted maximum likelihood (REML), as in lme4
          --report FILE           writes a page of HTML with the settings, the tables and the picture
          --help                  this text
        """;

    public ReplicatesArguments(string[] arguments)
    {
        var line = new CommandLine(arguments, ["data", "group", "value", "chart", "report", .. CsvDialect.Options], ["ml", "wide", .. CsvDialect.Flags]);
        Dialect = CsvDialect.Of(line);
        line.Refuse("wide", given: true, "chart", "value", "ml");
        IsWide = line.Has("wide");
        Restricted = !line.Has("ml") && !IsWide;
        Chart = SampleFiles.PathOf(line, "chart");
        Files = new SampleFiles(Pictures: null, SampleFiles.PathOf(line, "report"));
        Source = line.Text("data") ?? "yields of dyestuff (Davies and Goldsmith, 1972), grams of standard colour";
        Unit = line.Has("data") ? null : "grams of standard colour";
        Value = line.Text("value") ?? (IsWide ? "measurement" : "Yield");
        Group = line.Text("group") ?? (IsWide ? "group" : "Batch");
        Path = line.Text("data") ?? System.IO.Path.Combine(AppContext.BaseDirectory, "data", "dyestuff.csv");
        Label = line.Text("group");
        if (IsWide && !line.Has("data"))
        {
            throw new UsageException("--wide needs --data");
        }
    }

    public string Path { get; }

    public CsvDialect Dialect { get; }

    public bool IsWide { get; }

    /// <summary>Gets the column of labels that was asked for, or null.</summary>
    public string? Label { get; }

    public string Source { get; }

    public string Group { get; }

    public string Value { get; }

    /// <summary>Gets the unit of the measurements, where it is known.</summary>
    public string? Unit { get; }

    public bool Restricted { get; }

    /// <summary>Gets where the picture goes, or null.</summary>
    public string? Chart { get; }

    /// <summary>Gets the files to write beside the picture.</summary>
    public SampleFiles Files { get; }

    /// <summary>Gets everything that decides the outcome, as a report shows it.</summary>
    public IReadOnlyList<(string Name, string Value)> Settings =>
    [
        ("data", Source),
        ("form", IsWide ? "a group a line" : "a measurement a line"),
        ("groups", Group),
        ("measurements", Value),
        ("method", Method),
    ];

    /// <summary>Gets what the parameters are learned by.</summary>
    public string Method => Restricted ? "restricted maximum likelihood" : "maximum likelihood";
}
