namespace VariationalInference.Samples;

/// <summary>Which measurements to learn from, under which model, and how.</summary>
internal sealed class ReplicatesArguments
{
    public const string Help =
        $"""
        Replicates: how much of the variance of measurements lies between groups, and what is each group's own effect?

          dotnet run --project samples/Replicates -- [options]

        One grouping, with its analysis of variance:

          --data FILE             a CSV file in UTF-8 with one measurement a line (default: yields of 6 batches of dyestuff)
          --group NAME            its column of group labels, none of them empty (default: Batch)
          --value NAME            its column of measurements; an empty cell is a missing one (default: Yield)
          --wide                  the file has a group on each line, every column a measurement but --group, if that is given;
                                  it is read as a stream and may be larger than memory; only the parameters are learned, by
                                  maximum likelihood
          --chart FILE            writes the shrinkage of the groups' means as an SVG picture

        Crossed and nested groupings, slopes, fixed effects:

        {MixedExample.Help}
        {MixedFormula.Help}
        {PredictionRow.Help}

        Both:

        {CsvDialect.Help}
          --ml                    maximum likelihood; the default is restricted maximum likelihood (REML), as in lme4
        {SampleFiles.Help}
          --help                  this text
        """;

    private const string DefaultFile = "dyestuff.csv";

    private static readonly string[] Options =
        ["data", "value", "chart", MixedExample.Option, PredictionRow.Option, .. MixedFormula.Options, .. CsvDialect.Options, .. SampleFiles.Options];

    public ReplicatesArguments(string[] arguments)
    {
        var line = new CommandLine(
            arguments, Options, ["ml", "wide", .. MixedFormula.Flags, .. CsvDialect.Flags], [PredictionRow.Option, .. MixedFormula.Lists]);
        MixedExample? example = MixedExample.Of(line);
        Dialect = CsvDialect.Of(line);
        Mixed = example?.Formula ?? (line.Has("response") ? MixedFormula.Of(line) : null);
        RequireOneModel(line);
        Predictions = Mixed is null ? [] : [.. line.Texts(PredictionRow.Option).Select(text => new PredictionRow(text, Mixed))];
        IsWide = line.Has("wide");
        Restricted = !line.Has("ml") && !IsWide;
        Chart = SampleFiles.PathOf(line, "chart");
        Files = SampleFiles.Of(line);
        Source = example?.Source ?? line.Text("data") ?? "yields of dyestuff (Davies and Goldsmith, 1972), grams of standard colour";
        Unit = example?.Unit ?? (line.Has("data") ? null : "grams of standard colour");
        Value = Mixed?.Measured ?? line.Text("value") ?? (IsWide ? "measurement" : "Yield");
        Group = line.Text("group") ?? (IsWide ? "group" : "Batch");
        Path = example?.Path ?? line.Text("data") ?? System.IO.Path.Combine(AppContext.BaseDirectory, "data", DefaultFile);
        Label = line.Text("group");
    }

    public string Path { get; }

    public CsvDialect Dialect { get; }

    /// <summary>Gets the mixed model, or null where there is one grouping and nothing else.</summary>
    public MixedFormula? Mixed { get; }

    /// <summary>Gets the rows that a mixed model is to predict.</summary>
    public IReadOnlyList<PredictionRow> Predictions { get; }

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
        ("measurements", Value),
        .. Mixed is null ? OneWaySettings : MixedSettings(Mixed),
        ("method", Method),
    ];

    /// <summary>Gets what the parameters are learned by.</summary>
    public string Method => Restricted ? "restricted maximum likelihood" : "maximum likelihood";

    private (string Name, string Value)[] OneWaySettings => [("form", IsWide ? "a group a line" : "a measurement a line"), ("groups", Group)];

    private static (string Name, string Value)[] MixedSettings(MixedFormula formula) =>
    [
        ("fixed effects", Names(["an intercept", .. formula.Covariates, .. formula.Factors.Select(factor => $"{factor}, by label")])),
        ("groups", Names(formula.Groups)),
        ("slopes", Names(formula.Slopes.Select(slope => $"{slope.Column} by {slope.Group}"))),
        ("effects of a group", formula.IsCorrelated ? "correlated" : "independent"),
        ("weights", formula.Weights ?? "none"),
    ];

    private static string Names(IEnumerable<string> names) => names.Any() ? string.Join("; ", names) : "none";

    /// <summary>Refuses options that have no effect on the model that is asked for.</summary>
    private void RequireOneModel(CommandLine line)
    {
        line.Refuse("wide", given: true, "chart", "value", "ml", "pictures");
        if (Mixed is not null)
        {
            line.Refuse(line.Has("response") ? "response" : MixedExample.Option, given: true, "value", "wide", "chart");
            return;
        }

        line.Refuse("response", given: false, [.. MixedFormula.Dependents, PredictionRow.Option]);
        if (line.Texts("group") is [string first, string second, ..])
        {
            throw new UsageException($"--group is given twice, as '{first}' and as '{second}'; several need --response");
        }

        if (line.Has("wide") && !line.Has("data"))
        {
            throw new UsageException("--wide needs --data");
        }
    }
}
