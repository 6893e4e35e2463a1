namespace VariationalInference.Samples;

/// <summary>What to serve and where, or what to train, or how hard to test.</summary>
internal sealed class ServiceArguments
{
    public const string Help =
        """
        A web service that infers rows of measurements with what one file holds.

          dotnet run --project samples/Service -- [options]

          --file FILE       what HybridInference.Save wrote (default: one that is trained first, on draws from a model of three sensors)
          --port N          the port on the loopback address; 0 takes a free one (default: 0)
          --train FILE      trains, saves to the file and ends
          --load-test       sends requests to a process of its own, kills it in the middle, prints how long they took, and ends
          --requests N      the number of those requests (default: 10000)
          --help            this text
        """;

    private const int LargestPort = 65_535;

    public ServiceArguments(IReadOnlyList<string> arguments)
    {
        var line = new CommandLine(arguments, ["file", "port", "train", "requests"], ["load-test"]);
        line.Refuse("train", given: true, "file", "port", "load-test", "requests");
        line.Refuse("load-test", given: false, "requests");
        File = line.Text("file");
        TrainedFile = line.Text("train");
        Port = line.Count("port", otherwise: 0, minimum: 0);
        if (Port > LargestPort)
        {
            throw new UsageException($"--port is '{Port}'; it must be at most {LargestPort}");
        }

        IsLoadTest = line.Has("load-test");
        Requests = line.Count("requests", otherwise: 10_000, minimum: 1);
    }

    public string? File { get; }

    /// <summary>Gets the file to train into, instead of serving.</summary>
    public string? TrainedFile { get; }

    public int Port { get; }

    public bool IsLoadTest { get; }

    public int Requests { get; }
}
