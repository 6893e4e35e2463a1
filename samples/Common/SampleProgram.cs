using System.Globalization;
using Spectre.Console;

namespace VariationalInference.Samples;

/// <summary>What all samples share: a console that is plain when it is no terminal, and errors in one line.</summary>
public static class SampleProgram
{
    private const int PlainWidth = 120;

    /// <summary>Runs a sample; returns 0, or 1 for bad data and 2 for a bad command line, with one line on standard error.</summary>
    public static int Run(Func<IAnsiConsole, int> sample)
    {
        ArgumentNullException.ThrowIfNull(sample);
        try
        {
            return sample(CreateConsole());
        }
        catch (UsageException exception)
        {
            Console.Error.WriteLine(exception.Message + " (--help tells more)");
            return 2;
        }
        catch (Exception exception) when (exception is CsvFormatException or ArgumentException or ArithmeticException or IOException)
        {
            Console.Error.WriteLine(exception.Message);
            return 1;
        }
    }

    /// <summary>Creates a table of numbers: the first column flush left, the others right.</summary>
    public static Table NumberTable(string title, params string[] columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        Table table = new Table().Title(Markup.Escape(title)).Border(TableBorder.Simple).LeftAligned();
        for (int i = 0; i < columns.Length; i++)
        {
            var column = new TableColumn(Markup.Escape(columns[i])).NoWrap();
            table.AddColumn(i == 0 ? column.LeftAligned() : column.RightAligned());
        }

        return table;
    }

    /// <summary>Formats a number with five significant digits, the same in every culture.</summary>
    public static string Format(double value) => value.ToString("G5", CultureInfo.InvariantCulture);

    /// <summary>Formats an error or a gap: two significant digits, and no more than "below" where only rounding is left.</summary>
    public static string FormatSmall(double value) =>
        Math.Abs(value) < 1e-9 ? "< 1E-09" : value.ToString("G2", CultureInfo.InvariantCulture);

    private static IAnsiConsole CreateConsole()
    {
        Console.OutputEncoding = System.Text.Encoding.UTF8;
        bool plain = Console.IsOutputRedirected || Environment.GetEnvironmentVariable("NO_COLOR") is not null;
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
