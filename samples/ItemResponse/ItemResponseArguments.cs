namespace VariationalInference.Samples;

/// <summary>The answers, and the model of them.</summary>
internal sealed class ItemResponseArguments
{
    public const string Help =
        $"""
        A test: how hard its items are, how well they tell persons apart, and what answers say of a person.

          dotnet run --project samples/ItemResponse -- [options]

          --data FILE             answers by CSV: a header line with the items' names, below it a person a line; answers are
                                  categories, numbered from 0, and empty where there is none (default: LSAT 6, 1,000 persons)
          --persons NAME          the column that says how many persons gave the answers of a line
        {CsvDialect.Help}
          --dimensions N          abilities that the answers depend on (default: 1)
          --one-parameter         all items tell persons apart equally well
        {SampleFiles.Help}
          --help                  this text
        """;

    private const string Persons = "persons";

    public ItemResponseArguments(string[] arguments)
    {
        var line = new CommandLine(arguments, ["data", Persons, "dimensions", .. CsvDialect.Options, .. SampleFiles.Options], ["one-parameter", .. CsvDialect.Flags]);
        line.Refuse("data", given: false, Persons);
        Files = SampleFiles.Of(line);
        Dialect = CsvDialect.Of(line);
        IsBundled = !line.Has("data");
        Path = SampleFiles.PathOf(line, "data") ?? System.IO.Path.Combine(AppContext.BaseDirectory, "data", "lsat6.csv");
        CountColumn = IsBundled ? Persons : line.Text(Persons);
        Dimensions = line.Count("dimensions", otherwise: 1, minimum: 1);
        EqualDiscriminations = line.Has("one-parameter");
        if (EqualDiscriminations && Dimensions > 1)
        {
            throw new UsageException($"--one-parameter is for one dimension, and --dimensions is {Dimensions}");
        }
    }

    public bool IsBundled { get; }

    public string Path { get; }

    public CsvDialect Dialect { get; }

    /// <summary>Gets the column with the number of persons, or null.</summary>
    public string? CountColumn { get; }

    public int Dimensions { get; }

    public bool EqualDiscriminations { get; }

    /// <summary>Gets the files to write beside what is printed.</summary>
    public SampleFiles Files { get; }

    /// <summary>Gets what the data are.</summary>
    public string Source => IsBundled ? "section 6 of the Law School Admission Test (Bock and Lieberman, 1970)" : Path;

    /// <summary>Gets everything that decides the outcome, as a report shows it.</summary>
    public IReadOnlyList<(string Name, string Value)> Settings =>
    [
        ("data", Source),
        ("dimensions", $"{Dimensions}"),
        ("discriminations", EqualDiscriminations ? "equal" : "one for each item"),
    ];
}
