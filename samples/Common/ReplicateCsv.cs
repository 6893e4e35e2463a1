using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration;

namespace VariationalInference.Samples;

/// <summary>Reads replicate measurements from a CSV file with a header line, in any culture alike.</summary>
public static class ReplicateCsv
{
    /// <summary>Reads the long form: one measurement a line, with the group it belongs to.</summary>
    public static ReplicateTable ReadLong(string path, string groupColumn, string valueColumn)
    {
        using CsvReader csv = Open(path, out string[] header);
        int group = IndexOf(path, header, groupColumn);
        int value = IndexOf(path, header, valueColumn);
        var groups = new List<string>();
        var measurements = new Dictionary<string, List<double>>();
        while (ReadLine(path, csv, header))
        {
            string label = csv.GetField(group) ?? string.Empty;
            if (!measurements.TryGetValue(label, out List<double>? row))
            {
                measurements[label] = row = [];
                groups.Add(label);
            }

            row.Add(Number(path, csv, value, valueColumn));
        }

        return Table(path, groups, [.. groups.Select(label => measurements[label])]);
    }

    /// <summary>Reads the wide form: one group a line; every column but the label holds a measurement, an empty cell none.</summary>
    public static ReplicateTable ReadWide(string path, string? labelColumn)
    {
        using CsvReader csv = Open(path, out string[] header);
        int label = labelColumn is null ? -1 : IndexOf(path, header, labelColumn);
        var groups = new List<string>();
        var measurements = new List<IReadOnlyList<double>>();
        while (ReadLine(path, csv, header))
        {
            groups.Add(label < 0 ? (groups.Count + 1).ToString(CultureInfo.InvariantCulture) : csv.GetField(label) ?? string.Empty);
            measurements.Add([.. Enumerable.Range(0, header.Length)
                .Where(column => column != label && !string.IsNullOrWhiteSpace(csv.GetField(column)))
                .Select(column => Number(path, csv, column, header[column]))]);
        }

        return Table(path, groups, measurements);
    }

    /// <summary>Reads the wide form line by line: a row of measurements for each, NaN where a cell is empty; memory holds one line.</summary>
    public static IEnumerable<double[]> StreamWide(string path, string? labelColumn)
    {
        using CsvReader csv = Open(path, out string[] header);
        int label = labelColumn is null ? -1 : IndexOf(path, header, labelColumn);
        int[] columns = [.. Enumerable.Range(0, header.Length).Where(column => column != label)];
        while (ReadLine(path, csv, header))
        {
            yield return
            [
                .. columns.Select(column => string.IsNullOrWhiteSpace(csv.GetField(column)) ? double.NaN : Number(path, csv, column, header[column])),
            ];
        }
    }

    private static CsvReader Open(string path, out string[] header)
    {
        if (!File.Exists(path))
        {
            throw new CsvFormatException($"{path}: there is no such file");
        }

        var configuration = new CsvConfiguration(CultureInfo.InvariantCulture)
        {
            TrimOptions = TrimOptions.Trim,
            MissingFieldFound = null,
            BadDataFound = bad => throw new CsvFormatException(
                $"{path}({bad.Context.Parser?.RawRow}): a field holds a quotation mark that is not doubled: {bad.RawRecord.Trim()}"),
        };
        var csv = new CsvReader(new StreamReader(path), configuration);
        try
        {
            if (!csv.Read() || !csv.ReadHeader())
            {
                throw new CsvFormatException($"{path}: the file is empty; a header line is needed");
            }
        }
        catch
        {
            csv.Dispose();
            throw;
        }

        header = csv.HeaderRecord ?? [];
        return csv;
    }

    private static bool ReadLine(string path, CsvReader csv, string[] header)
    {
        if (!csv.Read())
        {
            return false;
        }

        return csv.Parser.Count <= header.Length
            ? true
            : throw new CsvFormatException(
                $"{path}({csv.Parser.RawRow}): the line has {csv.Parser.Count} fields; the header line names {header.Length} columns");
    }

    private static int IndexOf(string path, string[] header, string column)
    {
        int index = Array.IndexOf(header, column);
        return index >= 0
            ? index
            : throw new CsvFormatException($"{path}(1): there is no column '{column}'; the columns are {string.Join(", ", header)}");
    }

    private static double Number(string path, CsvReader csv, int index, string column)
    {
        string text = csv.GetField(index) ?? string.Empty;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value)
            ? value
            : throw new CsvFormatException($"{path}({csv.Parser.RawRow}): column '{column}': '{text}' is not a number");
    }

    private static ReplicateTable Table(string path, List<string> groups, IReadOnlyList<IReadOnlyList<double>> measurements) =>
        measurements.Any(row => row.Count > 0)
            ? new ReplicateTable(groups, measurements)
            : throw new CsvFormatException($"{path}: there is no measurement below the header line");
}
