namespace VariationalInference.Samples;

/// <summary>The files that a sample is asked to write beside what it prints.</summary>
/// <param name="Pictures">The folder of its pictures, or null.</param>
/// <param name="Report">The page with all of it, or null.</param>
public sealed record SampleFiles(string? Pictures, string? Report)
{
    /// <summary>The lines that tell of the options.</summary>
    public const string Help =
        """
          --pictures FOLDER       writes the pictures there, as SVG
          --report FILE           writes a page of HTML with the settings, the tables and the pictures
        """;

    /// <summary>Gets the names of the options.</summary>
    public static IReadOnlyList<string> Options { get; } = ["pictures", "report"];

    /// <summary>Reads the options.</summary>
    public static SampleFiles Of(CommandLine line) => new(PathOf(line, "pictures"), PathOf(line, "report"));

    /// <summary>Returns the path that an option names, or null when it is not given.</summary>
    public static string? PathOf(CommandLine line, string option)
    {
        ArgumentNullException.ThrowIfNull(line);
        string? path = line.Text(option);
        return path is not "" ? path : throw new UsageException($"--{option} is empty; it must be a path");
    }
}
