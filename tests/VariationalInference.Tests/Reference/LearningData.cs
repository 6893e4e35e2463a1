using System.Globalization;
using System.Text.Json;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference.Tests.Reference;

/// <summary>The data sets and expected values of learning.</summary>
internal static class LearningData
{
    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Reference", "learning");

    public static JsonElement Json(string name) => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, name + ".json"))).RootElement;

    /// <summary>Reads some columns of a data set.</summary>
    public static Matrix<double> Table(string file, params string[] columns)
    {
        string[][] lines = Lines(file);
        int[] places = [.. columns.Select(column => Array.IndexOf(lines[0], column))];
        return Matrix<double>.Build.DenseOfRowArrays(lines[1..].Select(line => places.Select(place => Number(line[place])).ToArray()));
    }

    /// <summary>Reads a data set of one measurement a line, with its group in the first column.</summary>
    public static double[][] Groups(string file) =>
        [.. Lines(file)[1..].GroupBy(line => line[0]).Select(group => group.Select(line => Number(line[1])).ToArray())];

    /// <summary>Writes groups as the rows of a table, filled up with NaN.</summary>
    public static Matrix<double> Rows(double[][] groups)
    {
        int width = groups.Max(group => group.Length);
        return Matrix<double>.Build.Dense(groups.Length, width, (n, k) => k < groups[n].Length ? groups[n][k] : double.NaN);
    }

    public static Matrix<double> Matrix(JsonElement rows) =>
        Matrix<double>.Build.DenseOfRowArrays(rows.EnumerateArray().Select(row => row.EnumerateArray().Select(cell => cell.GetDouble()).ToArray()));

    public static string[][] Lines(string file) =>
    [
        .. File.ReadLines(Path.Combine(Folder, file)).Select(line => line.Split(',').Select(field => field.Trim('"')).ToArray()),
    ];

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
