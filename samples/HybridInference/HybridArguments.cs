namespace VariationalInference.Samples;

/// <summary>What to infer from, under which model, and how the encoder is trained.</summary>
internal sealed class HybridArguments
{
    public const string Help =
        """
        Example B: hybrid inference. An encoder infers z1 from a row of replicate measurements, closed-form updates the rest.

          dotnet run --project samples/HybridInference -- [options]

          --data FILE             a CSV file with a header line (default: Michelson's 1879 measurements of the speed of light)
          --group NAME            long form: its column of group labels (default: Expt)
          --value NAME            long form: its column of measurements (default: Speed)
          --wide                  the file has one group a line, and every column but the label holds a measurement
          --label NAME            wide form: its column of labels
          --noise-variance V      the variance of a measurement within its group (default: estimated from the data)
          --prior-mean M,M,M      prior means of z1, z2, z3 (default: the grand mean, 0, 0)
          --prior-variance V,V,V  their prior variances (default: 2, 1/4 and 1/4 times the variance between groups)
          --amortized 1[,2...]    which latents the encoder serves, counted from 1 (default: 1)
          --estimator NAME        reparameterized, sticking (default) or analytic
          --train-rows N          rows drawn from the model to train on, when there are few real ones (default: 20000)
          --epochs N              the most passes over the training rows (default: 500)
          --seed N                the seed of everything random (default: 1)
          --help                  this text
        """;

    private const int EnoughRows = 2_000;

    private static readonly string[] Options =
    [
        "data", "group", "value", "label", "noise-variance", "prior-mean", "prior-variance", "amortized", "estimator", "train-rows",
        "epochs", "seed",
    ];

    public HybridArguments(string[] arguments)
    {
        var line = new CommandLine(arguments, Options, ["wide", "help"]);
        ShowHelp = line.Has("help");
        string path = line.Text("data") ?? Path.Combine(AppContext.BaseDirectory, "data", "morley.csv");
        Source = line.Has("data") ? Path.GetFileName(path) : "Michelson's 1879 speed of light, 5 experiments of 20 runs, km/s above 299,000";
        Data = line.Has("wide")
            ? ReplicateCsv.ReadWide(path, line.Text("label"))
            : ReplicateCsv.ReadLong(path, line.Text("group") ?? "Expt", line.Text("value") ?? "Speed");
        Model = CreateModel(line, Data);
        Estimated = !line.Has("noise-variance") || !line.Has("prior-mean") || !line.Has("prior-variance");
        Seed = line.Count("seed", otherwise: 1, minimum: 0);
        TrainRows = line.Count("train-rows", otherwise: 20_000, minimum: 2);
        TrainOnData = CompleteRows.Count >= EnoughRows;
        Training = new HybridOptions
        {
            AmortizedLatents = Amortized(line),
            Estimator = Estimator(line),
            MaxEpochs = line.Count("epochs", otherwise: 500, minimum: 1),
            Seed = Seed,
        };
    }

    public bool ShowHelp { get; }

    public string Source { get; }

    public ReplicateTable Data { get; }

    public GaussianSumModel Model { get; }

    /// <summary>Gets a value indicating whether a variance or a prior was estimated from the data.</summary>
    public bool Estimated { get; }

    public int Seed { get; }

    public int TrainRows { get; }

    /// <summary>Gets a value indicating whether the file has rows enough to train on.</summary>
    public bool TrainOnData { get; }

    public HybridOptions Training { get; }

    public IReadOnlyList<int> CompleteRows =>
        [.. Enumerable.Range(0, Data.Groups.Count).Where(n => Data.Values.Row(n).All(double.IsFinite))];

    private static GaussianSumModel CreateModel(CommandLine line, ReplicateTable data)
    {
        (double mean, double within, double between) = data.Moments();
        double noise = line.Number("noise-variance") ?? within;
        if (!(noise > 0))
        {
            throw new UsageException("the data have no variance within groups; give one by --noise-variance");
        }

        // A between-group variance of zero would leave nothing to infer: half the variance of a group's mean then stands in for it.
        double spread = between > 0 ? between : noise / data.Values.ColumnCount / 2;
        return new GaussianSumModel(
            data.Values.ColumnCount,
            noise,
            line.PerLatent("prior-mean", 3, [mean, 0, 0]),
            line.PerLatent("prior-variance", 3, [2 * spread, spread / 4, spread / 4]));
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
