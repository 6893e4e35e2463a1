namespace VariationalInference.Samples;

/// <summary>How many latents there are of each kind, and how the networks are trained.</summary>
internal sealed class HybridArguments
{
    public const string Help =
        $"""
        Example B: hybrid inference with a neural decoder. Handwritten digits are a network's picture of some latents plus loadings times others;
        an encoder infers the former, a closed form the latter, and all of it is learned together.

          dotnet run --project samples/HybridInference -- [options]

          --amortized A           the number of latents behind the network, which the encoder infers (default: 8)
          --linear C              the number of latents with loadings, inferred in closed form (default: 8)
          --hidden H              the units of each of the two hidden layers of encoder and decoder (default: 128)
          --epochs N              the most passes over the training rows (default: 500)
          --seed N                the seed of everything random (default: 1)
        {SampleFiles.Help}
          --help                  this text
        """;

    private static readonly string[] Options = ["amortized", "linear", "hidden", "epochs", "seed", .. SampleFiles.Options];

    public HybridArguments(string[] arguments)
    {
        var line = new CommandLine(arguments, Options, []);
        Amortized = AtMost(line, "amortized", otherwise: 8);
        Linear = AtMost(line, "linear", otherwise: 8);
        Hidden = line.Count("hidden", otherwise: 128, minimum: 1);
        Seed = line.Count("seed", otherwise: 1, minimum: 0);
        Epochs = line.Count("epochs", otherwise: 500, minimum: 1);
        Files = SampleFiles.Of(line);
    }

    /// <summary>Gets the number of latents that the encoder infers.</summary>
    public int Amortized { get; }

    /// <summary>Gets the number of latents that are inferred in closed form.</summary>
    public int Linear { get; }

    /// <summary>Gets the units of each hidden layer.</summary>
    public int Hidden { get; }

    public int Epochs { get; }

    public int Seed { get; }

    /// <summary>Gets the files to write beside what is printed.</summary>
    public SampleFiles Files { get; }

    /// <summary>Gets everything that decides the outcome, as a report shows it.</summary>
    public IReadOnlyList<(string Name, string Value)> Settings =>
    [
        ("data", DigitTable.Source),
        ("amortized latents", $"{Amortized}"),
        ("linear latents", $"{Linear}"),
        ("hidden layers", $"{Hidden} and {Hidden} units"),
        ("epochs, at most", $"{Epochs}"),
        ("seed", $"{Seed}"),
    ];

    /// <summary>Reads a number of latents; factor analysis, beside which the models are set, has as many as both together.</summary>
    private static int AtMost(CommandLine line, string name, int otherwise)
    {
        const int most = 24;
        int count = line.Count(name, otherwise, minimum: 1);
        return count <= most ? count : throw new UsageException($"--{name} is '{count}'; it must be at most {most}");
    }
}
