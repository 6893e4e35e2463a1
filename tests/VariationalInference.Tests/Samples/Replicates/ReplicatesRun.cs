using System.Globalization;
using Spectre.Console;
using VariationalInference.Samples;

namespace VariationalInference.Tests.Samples;

/// <summary>Runs the sample of replicates, and returns what it prints.</summary>
internal static class ReplicatesRun
{
    private const int Width = 160;

    public static string Print(params string[] arguments)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture) { NewLine = "\n" };
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(text),
        });
        console.Profile.Width = Width;
        new ReplicatesSample(console, new ReplicatesArguments(arguments)).Run();
        return text.ToString();
    }
}
