using System.Collections.Immutable;
using System.Globalization;

namespace VariationalInference.Samples;

/// <summary>
/// Reads replicate measurements from a CSV file with a header line, in any culture alike. An empty cell is a missing measurement in each of the
/// forms; an empty label is refused, since nobody can tell which group is meant.
/// </summary>
public static class ReplicateCsv
{
    /// <summary>Reads the long form: one measurement a line, with the group it belongs to. Groups are in the order in which they come.</summary>
    /// <exception cref="CsvFormatException">The file cannot be read as such; the message has the file, the line and the column.</exception>
    public static ReplicateTable ReadLong(string path, string groupColumn, string valueColumn, CsvDialect? dialect = null)
    {
        var columns = new CsvColumns { Labels = [groupColumn], Responses = [valueColumn] };
        ColumnTable table = ColumnTable.Read(path, columns, dialect);
        ImmutableArray<string> labels = table.Labels(groupColumn);
        ImmutableArray<double> values = table.Numbers(valueColumn);
        var groups = new List<string>();
        var measurements = new Dictionary<string, List<double>>();
        for (int i = 0; i < table.RowCount; i++)
        {
            if (!measurements.TryGetValue(labels[i], out List<double>? row))
            {
                measurements[labels[i]] = row = [];
                groups.Add(labels[i]);
            }

            row.Add(values[i]);
        }

        return new ReplicateTable(groups, [.. groups.Select(label => measurements[label])]);
    }

    /// <summary>Reads the wide form: one group a line; every column but the label holds a measurement.</summary>
    /// <exception cref="CsvFormatException">The file cannot be read as such; the message has the file, the line and the column.</exception>
    public static ReplicateTable ReadWide(string path, string? labelColumn, CsvDialect? dialect = null)
    {
        var groups = new List<string>();
        var measurements = new List<IReadOnlyList<double>>();
        foreach ((string? label, double[] row) in Lines(path, labelColumn, dialect))
        {
            groups.Add(label ?? (groups.Count + 1).ToString(CultureInfo.InvariantCulture));
            measurements.Add(row);
        }

        return measurements.Any(row => row.Any(double.IsFinite))
            ? new ReplicateTable(groups, measurements)
            : throw new CsvFormatException($"{path}: there is no measurement below the header line");
    }

    /// <summary>Reads the wide form line by line: a row of measurements for each, NaN where a cell is empty; memory holds one line.</summary>
    /// <exception cref="CsvFormatException">The file cannot be read as such; the message has the file, the line and the column.</exception>
    public static IEnumerable<double[]> StreamWide(string path, string? labelColumn, CsvDialect? dialect = null) =>
        Lines(path, labelColumn, dialect).Select(line => line.Row);

    private static IEnumerable<(string? Label, double[] Row)> Lines(string path, string? labelColumn, CsvDialect? dialect)
    {
        using var lines = new CsvLines(path, dialect ?? CsvDialect.Default);
        int label = labelColumn is null ? -1 : lines.IndexOf(labelColumn);
        int[] columns = [.. Enumerable.Range(0, lines.Header.Count).Where(column => column != label)];
        while (lines.Read())
        {
            yield return (label < 0 ? null : lines.Label(label), [.. columns.Select(lines.NumberOrMissing)]);
        }
    }
}
