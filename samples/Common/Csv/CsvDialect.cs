using System.Globalization;

namespace VariationalInference.Samples;

/// <summary>How a CSV file separates its fields and writes its numbers.</summary>
public sealed record CsvDialect
{
    /// <summary>The lines that tell of the options.</summary>
    public const string Help =
        """
          --separator C           what stands between the fields of a line: a character, or the word tab (default: a comma,
                                  and a semicolon with --decimal-comma)
          --decimal-comma         the file's numbers have a comma before their decimals, 1,5, rather than a point
        """;

    private const string Separating = "separator";
    private const string DecimalCommas = "decimal-comma";

    /// <param name="separator">What stands between fields. Range: a tab or a visible character that no number holds, nor a quotation mark.</param>
    /// <param name="decimalComma">Whether numbers have a decimal comma; the separator is another character then.</param>
    /// <exception cref="ArgumentException">The separator could be part of a number, or of the syntax.</exception>
    public CsvDialect(char separator = ',', bool decimalComma = false)
    {
        if (!IsSeparator(separator))
        {
            throw new ArgumentException($"separator is '{separator}'; it must be {Allowed}", nameof(separator));
        }

        if (decimalComma && separator == ',')
        {
            throw new ArgumentException("separator is a comma; with decimal commas it must be another character", nameof(separator));
        }

        Separator = separator;
        DecimalComma = decimalComma;
    }

    /// <summary>Gets the dialect of RFC 4180: commas between fields, decimal points.</summary>
    public static CsvDialect Default { get; } = new();

    /// <summary>Gets the names of the options that take a value.</summary>
    public static IReadOnlyList<string> Options { get; } = [Separating];

    /// <summary>Gets the names of the options that take none.</summary>
    public static IReadOnlyList<string> Flags { get; } = [DecimalCommas];

    /// <summary>Gets what stands between the fields of a line.</summary>
    public char Separator { get; }

    /// <summary>Gets a value indicating whether numbers have a decimal comma.</summary>
    public bool DecimalComma { get; }

    /// <summary>Gets how numbers are written.</summary>
    internal NumberFormatInfo Numbers => DecimalComma ? new NumberFormatInfo { NumberDecimalSeparator = "," } : NumberFormatInfo.InvariantInfo;

    private static string Allowed => "tab, or one visible character other than a letter, a digit, a quotation mark, '.', '+' and '-'";

    /// <summary>Reads the options, which tell of the file that <c>--data</c> names.</summary>
    /// <exception cref="UsageException">There is no such file to tell of, or what they tell cannot be.</exception>
    public static CsvDialect Of(CommandLine line)
    {
        ArgumentNullException.ThrowIfNull(line);
        line.Refuse("data", given: false, Separating, DecimalCommas);
        bool decimalComma = line.Has(DecimalCommas);
        if (line.Text(Separating) is not string text)
        {
            return decimalComma ? new CsvDialect(';', decimalComma) : Default;
        }

        string separator = text == "tab" ? "\t" : text;
        if (separator.Length != 1 || !IsSeparator(separator[0]))
        {
            throw new UsageException($"--{Separating} is '{text}'; it must be {Allowed}");
        }

        return decimalComma && separator == ","
            ? throw new UsageException($"--{Separating} is a comma; with --{DecimalCommas} it must be another character, as ';'")
            : new CsvDialect(separator[0], decimalComma);
    }

    /// <summary>Returns the option that would read a header line which this dialect takes for one column, or null when none is likely to.</summary>
    internal string? Suggest(string header)
    {
        char other = ",;\t|".FirstOrDefault(separator => separator != Separator && header.Contains(separator, StringComparison.Ordinal));
        return other == default ? null : $"--{Separating} {(other == '\t' ? "tab" : $"'{other}'")}";
    }

    private static bool IsSeparator(char c) =>
        c == '\t' || (c is not ('"' or '.' or '+' or '-') && (char.IsPunctuation(c) || char.IsSymbol(c)));
}
