namespace VariationalInference.Samples;

/// <summary>What to infer from, under which model, and how the encoder is trained.</summary>
internal sealed class AmortizationArguments
{
    public const string Help =
        $"""
        A study of amortization: an encoder infers z1 from a row of replicate measurements, closed-form updates the rest.

          dotnet run --project samples/Amortization -- [options]

          --data FILE             a CSV file in UTF-8 with a header line (default: Michelson's 1879 measurements of the speed of light)
          --group NAME            long form: its column of group labels, none of them empty (default: Expt)
          --value NAME            long form: its column of measurements; an empty cell is a missing one (default: Speed)
          --wide                  the file has one group a line, and every column but the label holds a measurement or nothing
          --label NAME            wide form: its column of labels, none of them empty
        {CsvDialect.Help}
          --noise-variance V      the variance of a measurement within its group (default: estimated from the data)
          --prior-mean M,M,M      prior means of z1, z2, z3 (default: the grand mean, 0, 0)
          --prior-variance V,V,V  their prior variances (default: 2, 1/4 and 1/4 times the variance between groups)
          --amortized 1[,2...]    which latents the encoder serves, counted from 1 (default: 1)
          --estimator NAME        reparameterized, sticking (default) or analytic
          --train-rows N          rows drawn from the model to train on, when there are few real ones (default: 20000)
          --epochs N              the most passes over the training rows (default: 500)
          --seed N                the seed of everything random (default: 1)
        {SampleFiles.Help}
          --help                  this text
        """;

    private const int EnoughRows = 2_000;

    private static readonly string[] Options =
    [
        "data", "group", "value", "label", "noise-variance", "prior-mean", "prior-variance", "amortized", "estimator", "train-rows",
        "epochs", "seed", .. CsvDialect.Options, .. SampleFiles.Options,
    ];

    public AmortizationArguments(string[] arguments)
    {
        var line = new CommandLine(arguments, Options, ["wide", .. CsvDialect.Flags]);
        line.Refuse("wide", given: true, "group", "value");
        line.Refuse("wide", given: false, "label");
        CsvDialect dialect = CsvDialect.Of(line);
        string path = line.Text("data") ?? Path.Combine(AppContext.BaseDirectory, "data", "morley.csv");
        Source = line.Text("data") ?? "Michelson's 1879 speed of light, 5 experiments of 20 runs, km/s above 299,000";
        Unit = line.Has("data") ? null : "km/s above 299,000";
        Data = line.Has("wide")
            ? ReplicateCsv.ReadWide(path, line.Text("label"), dialect)
            : ReplicateCsv.ReadLong(path, line.Text("group") ?? "Expt", line.Text("value") ?? "Speed", dialect);
        Model = CreateModel(line, Data);
        Estimated = !line.HasAll("noise-variance", "prior-mean", "prior-variance");
        Seed = line.Count("seed", otherwise: 1, minimum: 0);
        TrainRows = line.Count("train-rows", otherwise: 20_000, minimum: 2);
        TrainOnData = CompleteRows.Count >= EnoughRows;
        if (TrainOnData && line.Has("train-rows"))
        {
            throw new UsageException($"--train-rows has no effect: the file has {CompleteRows.Count} complete rows, enough to train on");
        }

        Files = SampleFiles.Of(line);
        Training = new HybridOptions
        {
            AmortizedLatents = Amortized(line),
            Estimator = Estimator(line),
            MaxEpochs = line.Count("epochs", otherwise: 500, minimum: 1),
            Seed = Seed,
        };
    }

    public string Source { get; }

    /// <summary>Gets the unit of the measurements, where it is known.</summary>
    public string? Unit { get; }

    public ReplicateTable Data { get; }

    public GaussianSumModel Model { get; }

    /// <summary>Gets a value indicating whether a variance or a prior was estimated from the data.</summary>
    public bool Estimated { get; }

    public int Seed { get; }

    public int TrainRows { get; }

    /// <summary>Gets a value indicating whether the file has rows enough to train on.</summary>
    public bool TrainOnData { get; }

    public HybridOptions Training { get; }

    /// <summary>Gets the files to write beside what is printed.</summary>
    public SampleFiles Files { get; }

    /// <summary>Gets everything that decides the outcome, as a report shows it.</summary>
    public IReadOnlyList<(string Name, string Value)> Settings =>
    [
        ("data", Source),
        ("rows", $"{Data.Values.RowCount} of {Data.Values.ColumnCount} measurements, {CompleteRows.Count} of them complete"),
        ("noise variance", Format.Exact(Model.NoiseVariance)),
        ("prior means", string.Join(", ", Model.PriorMeans.Select(Format.Exact))),
        ("prior variances", string.Join(", ", Model.PriorVariances.Select(Format.Exact))),
        ("amortized latents", string.Join(", ", Training.AmortizedLatents.Select(latent => $"z{latent + 1}"))),
        ("gradient estimator", Training.Estimator.ToString()),
        ("training rows", TrainOnData ? "the complete rows of the data" : $"{TrainRows} draws from the model"),
        ("epochs, at most", $"{Training.MaxEpochs}"),
        ("seed", $"{Seed}"),
    ];

    public IReadOnlyList<int> CompleteRows =>
        [.. Enumerable.Range(0, Data.Groups.Count).Where(n => Data.Values.Row(n).All(double.IsFinite))];

    private static GaussianSumModel CreateModel(CommandLine line, ReplicateTable data)
    {
        MomentEstimate moments = data.Estimate(latentCount: 3, line.Number("noise-variance"));
        return new GaussianSumModel(
            data.Values.ColumnCount,
            moments.NoiseVariance,
            line.PerLatent("prior-mean", 3, moments.PriorMeans),
            line.PerLatent("prior-variance", 3, moments.PriorVariances));
    }

    private static GradientEstimator Estimator(CommandLine line) => (line.Text("estimator") ?? "sticking") switch
    {
        "reparameterized" => GradientEstimator.Reparameterized,
        "sticking" => GradientEstimator.StickingTheLanding,
        "analytic" => GradientEstimator.Analytic,
        string other => throw new UsageException($"--estimator is '{other}'; it must be reparameterized, sticking or analytic"),
    };

    private static System.Collections.Immutable.ImmutableArray<int> Amortized(CommandLine line)
    {
        double[] latents = line.Numbers("amortized") ?? [1];
        return latents.All(latent => latent is 1 or 2 or 3) && latents.Distinct().Count() == latents.Length
            ? [.. latents.Select(latent => (int)latent - 1)]
            : throw new UsageException($"--amortized is '{line.Text("amortized")}'; it must name some of 1, 2 and 3, each once");
    }
}
