namespace VariationalInference.Samples;

/// <summary>The counts, and the model of them.</summary>
internal sealed class CountsArguments
{
    public const string Help =
        $"""
        Counts by group: the rate of each group, shrunken towards the average as far as chance explains the differences.

          dotnet run --project samples/Counts -- [options]

          --data FILE             counts by CSV, one a line below a header line (default: horse kicks in the Prussian army)
          --response NAME         the column of counts; an empty one is missing
          --group NAME            a column of labels between whose groups the rate varies; may be given again
          --exposure NAME         a column of what each count is out of: a time, an area, a number of persons
          --fixed NAME,...        columns of numbers that the logarithm of the rate is linear in
        {CsvDialect.Help}
          --negative-binomial     counts vary more than Poisson's within a group, by a dispersion that is learned
        {SampleFiles.Help}
          --help                  this text
        """;

    private const string Response = "response";
    private const string Group = "group";
    private const string Exposure = "exposure";
    private const string Fixed = "fixed";

    public CountsArguments(string[] arguments)
    {
        var line = new CommandLine(
            arguments, ["data", Response, Group, Exposure, Fixed, .. CsvDialect.Options, .. SampleFiles.Options], ["negative-binomial", .. CsvDialect.Flags], [Group]);
        line.Refuse("data", given: false, Response, Group, Exposure, Fixed);
        Files = SampleFiles.Of(line);
        Dialect = CsvDialect.Of(line);
        IsBundled = !line.Has("data");
        if (!IsBundled && !line.HasAll(Response, Group))
        {
            throw new UsageException($"--data needs --{Response}, the column of counts, and --{Group}, a column of labels");
        }

        Path = SampleFiles.PathOf(line, "data") ?? System.IO.Path.Combine(AppContext.BaseDirectory, "data", "horse_kicks.csv");
        Counts = line.Text(Response) ?? "deaths";
        Groups = IsBundled ? ["corps", "year"] : line.Texts(Group);
        Sizes = line.Text(Exposure);
        Covariates = line.Text(Fixed)?.Split(',') ?? [];
        IsNegativeBinomial = line.Has("negative-binomial");
    }

    public bool IsBundled { get; }

    public string Path { get; }

    public CsvDialect Dialect { get; }

    /// <summary>Gets the column of counts.</summary>
    public string Counts { get; }

    /// <summary>Gets the columns of groups.</summary>
    public IReadOnlyList<string> Groups { get; }

    /// <summary>Gets the column of exposures, or null.</summary>
    public string? Sizes { get; }

    /// <summary>Gets the columns of fixed effects.</summary>
    public IReadOnlyList<string> Covariates { get; }

    public bool IsNegativeBinomial { get; }

    /// <summary>Gets the files to write beside what is printed.</summary>
    public SampleFiles Files { get; }

    /// <summary>Gets what the data are.</summary>
    public string Source => IsBundled ? "men killed by the kick of a horse, by corps of the Prussian army and year (von Bortkiewicz, 1898)" : Path;

    /// <summary>Gets everything that decides the outcome, as a report shows it.</summary>
    public IReadOnlyList<(string Name, string Value)> Settings =>
    [
        ("data", Source),
        ("counts", Counts),
        ("groups", string.Join(", ", Groups)),
        ("exposure", Sizes ?? "1 each"),
        ("fixed effects", Covariates.Count == 0 ? "none" : string.Join(", ", Covariates)),
        ("likelihood", IsNegativeBinomial ? "negative binomial" : "Poisson"),
    ];
}
