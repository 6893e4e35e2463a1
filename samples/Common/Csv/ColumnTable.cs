using System.Collections.Immutable;

namespace VariationalInference.Samples;

/// <summary>Columns of a CSV file, one measurement a line: numbers, and the labels of the groups that each measurement belongs to.</summary>
public sealed class ColumnTable
{
    private readonly Dictionary<string, ImmutableArray<double>> _numbers;
    private readonly Dictionary<string, ImmutableArray<string>> _labels;

    private ColumnTable(int rowCount, Dictionary<string, ImmutableArray<double>> numbers, Dictionary<string, ImmutableArray<string>> labels)
    {
        RowCount = rowCount;
        _numbers = numbers;
        _labels = labels;
    }

    /// <summary>Gets the number N of lines below the header line, blank ones aside.</summary>
    public int RowCount { get; }

    /// <summary>Reads the names of a file's columns.</summary>
    /// <param name="path">The file: UTF-8, with a header line.</param>
    /// <param name="dialect">How the file is written; the default is <see cref="CsvDialect.Default"/>.</param>
    /// <returns>The names, in their order.</returns>
    /// <exception cref="CsvFormatException">The file cannot be read.</exception>
    public static IReadOnlyList<string> Header(string path, CsvDialect? dialect = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        using var lines = new CsvLines(path, dialect ?? CsvDialect.Default);
        return lines.Header;
    }

    /// <summary>Reads columns by their names; the file's other columns may hold anything.</summary>
    /// <param name="path">The file: UTF-8, with a header line.</param>
    /// <param name="columns">Which columns, and as what.</param>
    /// <param name="dialect">How the file is written; the default is <see cref="CsvDialect.Default"/>.</param>
    /// <returns>The columns.</returns>
    /// <exception cref="UsageException">A column is asked for twice.</exception>
    /// <exception cref="CsvFormatException">
    /// The file cannot be read, a column is not there, a cell is no number or lacks what it must hold, or a response has no number at all.
    /// The message has the file, the line and the column.
    /// </exception>
    public static ColumnTable Read(string path, CsvColumns columns, CsvDialect? dialect = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(columns);
        if (columns.Repeated() is string repeated)
        {
            throw new UsageException($"the column '{repeated}' is asked for twice");
        }

        using var lines = new CsvLines(path, dialect ?? CsvDialect.Default);
        Column<double>[] responses = [.. columns.Responses.Select(name => new Column<double>(name, lines.IndexOf(name)))];
        Column<double>[] covariates = [.. columns.Covariates.Select(name => new Column<double>(name, lines.IndexOf(name)))];
        Column<string>[] labels = [.. columns.Labels.Select(name => new Column<string>(name, lines.IndexOf(name)))];
        var known = new HashSet<string>();
        int count = 0;
        for (; lines.Read(); count++)
        {
            Array.ForEach(labels, column => column.Cells.Add(Shared(known, lines.Label(column.Index))));
            Array.ForEach(covariates, column => column.Cells.Add(lines.Number(column.Index)));
            Array.ForEach(responses, column => column.Cells.Add(lines.NumberOrMissing(column.Index)));
        }

        if (responses.FirstOrDefault(column => column.Cells.All(double.IsNaN)) is Column<double> empty)
        {
            throw new CsvFormatException($"{path}: there is no measurement below the header line in column '{empty.Name}'");
        }

        return new ColumnTable(
            count,
            responses.Concat(covariates).ToDictionary(column => column.Name, column => column.Cells.ToImmutableArray()),
            labels.ToDictionary(column => column.Name, column => column.Cells.ToImmutableArray()));
    }

    /// <summary>Returns a column of numbers, one a line; NaN where a response is missing.</summary>
    /// <exception cref="KeyNotFoundException">The column was not read as numbers.</exception>
    public ImmutableArray<double> Numbers(string column) => _numbers[column];

    /// <summary>Returns a column of labels, one a line, none of them empty.</summary>
    /// <exception cref="KeyNotFoundException">The column was not read as labels.</exception>
    public ImmutableArray<string> Labels(string column) => _labels[column];

    /// <summary>Returns the one object that stands for a label, however many lines hold it.</summary>
    private static string Shared(HashSet<string> known, string label)
    {
        if (known.TryGetValue(label, out string? same))
        {
            return same;
        }

        known.Add(label);
        return label;
    }

    private sealed record Column<T>(string Name, int Index)
    {
        public List<T> Cells { get; } = [];
    }
}
