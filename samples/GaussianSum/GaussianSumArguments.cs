namespace VariationalInference.Samples;

/// <summary>What to infer from: typed values under the source document's model, or the replicate measurements of a file.</summary>
internal sealed class GaussianSumArguments
{
    public const string Help =
        $"""
        Example A: a Gaussian sum model, x = z1 + ... + zJ + noise, solved by coordinate ascent and by gradient ascent.

          dotnet run --project samples/GaussianSum -- [options]

          --values 1.2,0.8        one row of measurements; the model is then 3 causes with N(0, 1) priors, noise variance 1
          --data FILE             a CSV file in UTF-8 with one measurement a line (default: NIST's silicon resistivity measurements)
          --group NAME            its column of group labels, none of them empty (default: group)
          --value NAME            its column of measurements; an empty cell is a missing one (default: y)
        {CsvDialect.Help}
          --latents J             the number of causes (default: 2 for NIST's measurements, else 3)
          --noise-variance V      the variance of a measurement about the sum of its causes
          --prior-mean M[,M...]   the causes' prior means: one for all, or one each
          --prior-variance V[,V]  the causes' prior variances, likewise
        {SampleFiles.Help}
          --help                  this text

        What is not given for a file is estimated from it: the noise variance is the pooled variance within groups; z1 has the
        grand mean and twice the variance between groups, the other causes have mean 0 and a share each of half of that variance.
        """;

    private static readonly string[] Options =
        ["values", "data", "group", "value", "latents", "noise-variance", "prior-mean", "prior-variance", .. CsvDialect.Options, .. SampleFiles.Options];

    public GaussianSumArguments(string[] arguments)
    {
        var line = new CommandLine(arguments, Options, CsvDialect.Flags);
        line.Refuse("values", given: true, ["data", "group", "value", .. CsvDialect.Options, .. CsvDialect.Flags]);
        double[]? typed = line.Numbers("values");
        bool bundled = typed is null && !line.Has("data");
        int latents = line.Count("latents", otherwise: bundled ? 2 : 3, minimum: 1);
        bool published = bundled && latents == 2;
        MomentEstimate start;
        if (typed is not null)
        {
            Source = "the values on the command line";
            Data = new ReplicateTable(["typed"], [typed]);
            start = Standard(latents);
        }
        else
        {
            Source = bundled ? "NIST's silicon resistivity measurements, 5 instruments, ohm cm" : line.Text("data")!;
            Data = Read(line);
            start = published ? Published : Data.Estimate(latents, line.Number("noise-variance"));
            Estimated = !published && !line.HasAll("noise-variance", "prior-mean", "prior-variance");
        }

        Model = new GaussianSumModel(
            Data.Values.ColumnCount,
            line.Number("noise-variance") ?? start.NoiseVariance,
            line.PerLatent("prior-mean", latents, start.PriorMeans),
            line.PerLatent("prior-variance", latents, start.PriorVariances));
        Files = SampleFiles.Of(line);
        Causes = published ? ["resistivity", "instrument bias"] : [.. Enumerable.Range(1, latents).Select(j => $"z{j}")];
        Quantities = [.. Causes.Select(cause => Format.WithUnit(cause, published ? "ohm cm" : null))];
    }

    public ReplicateTable Data { get; }

    /// <summary>Gets a value indicating whether a variance or a prior was estimated from the data.</summary>
    public bool Estimated { get; }

    public string Source { get; }

    public GaussianSumModel Model { get; }

    public IReadOnlyList<string> Causes { get; }

    /// <summary>Gets the causes with their unit, where it is known.</summary>
    public IReadOnlyList<string> Quantities { get; }

    /// <summary>Gets the files to write beside what is printed.</summary>
    public SampleFiles Files { get; }

    /// <summary>Gets everything that decides the outcome, as a report shows it.</summary>
    public IReadOnlyList<(string Name, string Value)> Settings =>
    [
        ("data", Source),
        ("rows", $"{Data.Values.RowCount} of {Data.Values.ColumnCount} measurements"),
        ("latents", $"{Model.LatentCount}: {string.Join(", ", Causes)}"),
        ("noise variance", Format.Exact(Model.NoiseVariance)),
        ("prior means", string.Join(", ", Model.PriorMeans.Select(Format.Exact))),
        ("prior variances", string.Join(", ", Model.PriorVariances.Select(Format.Exact))),
    ];

    public double[] Row(int row) => Data.Values.Row(row).ToArray();

    /// <summary>Gets round numbers near NIST's certified values: a wafer of about 196 ohm cm, and instruments biased by about 0.1.</summary>
    private static MomentEstimate Published => new(0.0108, [196, 0], [1, 0.01]);

    private static MomentEstimate Standard(int latents) =>
        new(1, new double[latents], [.. Enumerable.Repeat(1.0, latents)]);

    private static ReplicateTable Read(CommandLine line) => ReplicateCsv.ReadLong(
        line.Text("data") ?? Path.Combine(AppContext.BaseDirectory, "data", "nist_sirstv.csv"),
        line.Text("group") ?? "group",
        line.Text("value") ?? "y",
        CsvDialect.Of(line));
}
