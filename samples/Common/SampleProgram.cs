using Spectre.Console;

namespace VariationalInference.Samples;

/// <summary>What all samples share: a console that is plain when it is no terminal, and errors in one line.</summary>
public static class SampleProgram
{
    private const int PlainWidth = 120;

    /// <summary>Runs a sample; returns 0, or 1 for bad data and 2 for a bad command line, with one line on standard error.</summary>
    public static int Run(IReadOnlyList<string> arguments, string help, Action<IAnsiConsole> sample)
    {
        ArgumentNullException.ThrowIfNull(sample);
        try
        {
            IAnsiConsole console = CreateConsole();
            if (CommandLine.AsksForHelp(arguments))
            {
                console.WriteLine(help);
            }
            else
            {
                sample(console);
            }

            return 0;
        }
        catch (UsageException exception)
        {
            Console.Error.WriteLine(exception.Message + " (--help tells more)");
            return 2;
        }
        catch (Exception exception) when (exception is CsvFormatException or ArithmeticException or IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine(exception.Message);
            return 1;
        }
        catch (ArgumentException exception)
        {
            Console.Error.WriteLine(WithoutParameterName(exception));
            return 1;
        }
    }

    /// <summary>Returns what the library says of a bad argument, without what the runtime adds about its parameter.</summary>
    private static string WithoutParameterName(ArgumentException exception)
    {
        int added = exception.Message.IndexOf(" (Parameter '", StringComparison.Ordinal);
        return added < 0 ? exception.Message : exception.Message[..added];
    }

    private static IAnsiConsole CreateConsole()
    {
        Console.OutputEncoding = System.Text.Encoding.UTF8;
        bool plain = Console.IsOutputRedirected || !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = plain ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = plain ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
            Interactive = plain ? InteractionSupport.No : InteractionSupport.Detect,
            Out = new AnsiConsoleOutput(Console.Out),
        });
        if (plain)
        {
            console.Profile.Width = PlainWidth;
        }

        return console;
    }
}
