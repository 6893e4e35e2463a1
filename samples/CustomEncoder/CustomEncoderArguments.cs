namespace VariationalInference.Samples;

/// <summary>The size of the encoder, the data it is trained on, and the seed.</summary>
internal sealed class CustomEncoderArguments
{
    public const string Help =
        $"""
        An encoder of one's own: it sees a row as a set, so that the order of replicate observations makes no difference.

          dotnet run --project samples/CustomEncoder -- [options]

          --units N               units of the network that every observation goes through (default: 16)
          --train-rows N          rows drawn from the model to train on (default: 5000)
          --epochs N              the most passes over them (default: 100)
          --seed N                the seed of everything random (default: 1)
        {SampleFiles.Help}
          --help                  this text
        """;

    public CustomEncoderArguments(string[] arguments)
    {
        var line = new CommandLine(arguments, ["units", "train-rows", "epochs", "seed", .. SampleFiles.Options], []);
        Files = SampleFiles.Of(line);
        Units = line.Count("units", otherwise: 16, minimum: 1);
        TrainRows = line.Count("train-rows", otherwise: 5_000, minimum: 2);
        Epochs = line.Count("epochs", otherwise: 100, minimum: 1);
        Seed = line.Count("seed", otherwise: 1, minimum: 0);
    }

    public int Units { get; }

    public int TrainRows { get; }

    public int Epochs { get; }

    public int Seed { get; }

    /// <summary>Gets the files to write beside what is printed.</summary>
    public SampleFiles Files { get; }

    /// <summary>Gets everything that decides the outcome, as a report shows it.</summary>
    public IReadOnlyList<(string Name, string Value)> Settings =>
    [
        ("units", $"{Units}"),
        ("training rows", $"{TrainRows} draws from the model"),
        ("epochs, at most", $"{Epochs}"),
        ("seed", $"{Seed}"),
    ];
}
