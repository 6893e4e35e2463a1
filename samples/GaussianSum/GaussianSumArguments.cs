using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference.Samples;

/// <summary>What to infer from: typed values under the source document's model, or the replicate measurements of a file.</summary>
internal sealed class GaussianSumArguments
{
    public const string Help =
        """
        Example A: a Gaussian sum model, x = z1 + ... + zJ + noise, solved by coordinate ascent and by gradient ascent.

          dotnet run --project samples/GaussianSum -- [options]

          --values 1.2,0.8        one row of measurements; the model is then J = 3 causes with N(0, 1) priors and noise variance 1
          --data FILE             a CSV file with one measurement a line (default: NIST's silicon resistivity measurements)
          --group NAME            its column of group labels (default: group)
          --value NAME            its column of measurements (default: y)
          --latents J             the number of causes
          --noise-variance V      the variance of a measurement about the sum of its causes
          --prior-mean M[,M...]   the causes' prior means: one for all, or one each
          --prior-variance V[,V]  the causes' prior variances, likewise
          --help                  this text
        """;

    private static readonly string[] Options =
        ["values", "data", "group", "value", "latents", "noise-variance", "prior-mean", "prior-variance"];

    public GaussianSumArguments(string[] arguments)
    {
        var line = new CommandLine(arguments, Options, ["help"]);
        ShowHelp = line.Has("help");
        bool bundled = !line.Has("values") && !line.Has("data");
        if (line.Numbers("values") is double[] values)
        {
            Data = new ReplicateTable(["typed"], [values]);
            Source = "the values on the command line";
        }
        else
        {
            string path = line.Text("data") ?? Path.Combine(AppContext.BaseDirectory, "data", "nist_sirstv.csv");
            Data = ReplicateCsv.ReadLong(path, line.Text("group") ?? "group", line.Text("value") ?? "y");
            Source = bundled ? "NIST's silicon resistivity measurements, 5 instruments, ohm cm" : Path.GetFileName(path);
        }

        // NIST's data: z1 is the wafer's resistivity, z2 an instrument's bias; the variances are round numbers near the certified ones.
        int latents = line.Count("latents", otherwise: bundled ? 2 : 3, minimum: 1);
        bool published = bundled && latents == 2;
        Model = new GaussianSumModel(
            Data.Values.ColumnCount,
            line.Number("noise-variance") ?? (bundled ? 0.0108 : 1),
            line.PerLatent("prior-mean", latents, published ? [196, 0] : [0]),
            line.PerLatent("prior-variance", latents, published ? [1, 0.01] : [1]));
        Causes = published ? ["resistivity", "instrument bias"] : [.. Enumerable.Range(1, latents).Select(j => $"z{j}")];
    }

    public bool ShowHelp { get; }

    public ReplicateTable Data { get; }

    public string Source { get; }

    public GaussianSumModel Model { get; }

    public IReadOnlyList<string> Causes { get; }

    public double[] Row(int row) => Data.Values.Row(row).ToArray();

    public Matrix<double> Table => Data.Values;
}
