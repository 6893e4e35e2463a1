using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;

namespace VariationalInference;

/// <summary>A result as a table: a name and numbers in each row, to be printed, or written as CSV or Markdown.</summary>
/// <remarks>
/// From the <c>Summary</c> methods of results. A number that there is none of, such as the standard error of a parameter at its boundary, is NaN, and
/// left blank where it is written. All texts are in the invariant culture, with line feeds between their lines.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// var model = new GaussianSumModel(latentCount: 2, observationCount: 2, noiseVariance: 1.0);
/// SummaryTable summary = new CaviSolver().Solve(model, [1.2, 0.8]).Summary(["rain", "sun"]);
/// Console.WriteLine(summary.ToMarkdown().Split('\n')[0]);   // | name | mean | sd | 2.5 % | 97.5 % | mean-field sd |
/// Console.WriteLine(summary.ToCsv().Split('\n')[0]);   // name,mean,sd,2.5 %,97.5 %,mean-field sd
/// Console.WriteLine($"{summary.Names[1]}: {summary[1, 0]:F1}");   // sun: 0.4
/// </code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed class SummaryTable
{
    private const string NameColumn = "name";

    private readonly double[][] _rows;
    private readonly string? _text;

    /// <param name="columns">The headings.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="text">How the result is printed, where its field has a form of its own; null for the columns.</param>
    internal SummaryTable(ReadOnlySpan<string> columns, IReadOnlyList<(string Name, double[] Values)> rows, string? text = null)
    {
        _text = text;
        Columns = [.. columns];
        Names = [.. rows.Select(row => row.Name)];
        _rows = [.. rows.Select(row => row.Values)];
    }

    /// <summary>Gets the numbers of each row.</summary>
    internal IReadOnlyList<double[]> Rows => _rows;

    /// <summary>Gets the headings of the numbers.</summary>
    public ImmutableArray<string> Columns { get; }

    /// <summary>Gets the names of the rows.</summary>
    public ImmutableArray<string> Names { get; }

    /// <summary>Gets the number of rows.</summary>
    public int RowCount => Names.Length;

    /// <summary>Gets a number.</summary>
    /// <param name="row">The row, counted from 0.</param>
    /// <param name="column">The column of numbers, counted from 0.</param>
    /// <returns>The number; NaN where there is none.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An index is outside the table.</exception>
    public double this[int row, int column]
    {
        get
        {
            Guard.InRange(row, 0, RowCount, nameof(row));
            Guard.InRange(column, 0, Columns.Length, nameof(column));
            return _rows[row][column];
        }
    }

    /// <summary>Writes the table as CSV (RFC 4180), with headings, and numbers in as many digits as bring them back to the bit.</summary>
    /// <returns>The text. Fields with commas, quotes, line breaks or blanks around them stand in quotes.</returns>
    public string ToCsv()
    {
        var text = new StringBuilder();
        AppendLine([NameColumn, .. Columns]);
        for (int i = 0; i < RowCount; i++)
        {
            AppendLine([Names[i], .. _rows[i].Select(value => double.IsNaN(value) ? string.Empty : value.ToString("R", CultureInfo.InvariantCulture))]);
        }

        return text.ToString();

        void AppendLine(string[] fields) => text.AppendJoin(',', fields.Select(Quoted)).Append('\n');
    }

    /// <summary>Writes the table as Markdown, with five significant digits.</summary>
    /// <returns>The text.</returns>
    public string ToMarkdown()
    {
        var text = new StringBuilder();
        AppendLine([NameColumn, .. Columns]);
        text.Append("|---|").Append(string.Concat(Enumerable.Repeat("---:|", Columns.Length))).Append('\n');
        for (int i = 0; i < RowCount; i++)
        {
            AppendLine([Names[i], .. _rows[i].Select(Short)]);
        }

        return text.ToString();

        void AppendLine(string[] cells) => text.Append("| ").AppendJoin(" | ", cells.Select(Escaped)).Append(" |\n");
    }

    /// <summary>
    /// Writes the table in columns, names to the left and numbers to the right, with five significant digits; of a factor analysis or a mixed model, in the form that is
    /// usual for them, with how well the model fits.
    /// </summary>
    /// <returns>The text, without a line feed at its end.</returns>
    public override string ToString()
    {
        if (_text is not null)
        {
            return _text;
        }

        string[][] lines = [[string.Empty, .. Columns], .. _rows.Select((row, i) => (string[])[Names[i], .. row.Select(Short)])];
        int[] widths = [.. Enumerable.Range(0, Columns.Length + 1).Select(c => lines.Max(line => line[c].Length))];
        return string.Join('\n', lines.Select(line => string.Join("  ", line.Select(
            (cell, c) => c == 0 ? cell.PadRight(widths[c]) : cell.PadLeft(widths[c]))).TrimEnd()));
    }

    internal string? Text => _text;

    /// <summary>Puts a table together again.</summary>
    /// <exception cref="FormatException">The parts have different lengths.</exception>
    internal static SummaryTable OfParts(ImmutableArray<string> columns, ImmutableArray<string> names, double[][] rows, string? text) =>
        rows.Length == names.Length && Array.TrueForAll(rows, row => row.Length == columns.Length)
            ? new SummaryTable(columns.AsSpan(), [.. names.Zip(rows)], text)
            : throw new FormatException("values must have a row for each of names, with a number for each of columns.");

    /// <summary>Returns the headings of the ends of a central interval, as in 2.5 % and 97.5 %.</summary>
    internal static string[] Ends(double probability)
    {
        _ = new Gaussian(0, 1).Interval(probability);
        return [Guard.Text($"{50 * (1 - probability):G4} %"), Guard.Text($"{50 * (1 + probability):G4} %")];
    }

    private static string Short(double value) => double.IsNaN(value) ? string.Empty : Guard.Text($"{value:G5}");

    private static string Escaped(string cell) =>
        cell.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("|", "\\|", StringComparison.Ordinal).ReplaceLineEndings(" ");

    private static string Quoted(string field) => field.AsSpan().IndexOfAny("\",\r\n") >= 0 || field != field.Trim()
        ? $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\""
        : field;
}
