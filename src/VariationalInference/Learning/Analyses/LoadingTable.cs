using System.Globalization;
using System.Text;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>Prints loadings as R does: small ones are blank, and below stands what each factor explains.</summary>
internal static class LoadingTable
{
    /// <summary>In a sorted table an observation belongs to the factor on which it has its largest loading, if that is at least this.</summary>
    private const double Belongs = 0.5;

    public static string Write(Matrix<double> loadings, IReadOnlyList<string> names, double cutoff, bool sorted)
    {
        int factors = loadings.ColumnCount;
        string[] header = [.. Enumerable.Range(1, factors).Select(j => Guard.Text($"Factor{j}"))];
        int[] order = [.. Enumerable.Range(0, loadings.RowCount).OrderBy(k => sorted ? FactorOf(loadings.Row(k)) : 0)];
        var text = new StringBuilder();
        Append(text, header, [.. order.Select(k => (names[k], loadings.Row(k).Select(value => Math.Abs(value) < cutoff ? string.Empty : Number(value))))]);
        double[] squares = [.. loadings.EnumerateColumns().Select(column => column.DotProduct(column))];
        double[] parts = [.. squares.Select(square => square / loadings.RowCount)];
        text.AppendLine();
        Append(
            text,
            header,
            [
                ("SS loadings", squares.Select(Number)),
                ("Proportion Var", parts.Select(Number)),
                .. factors > 1 ? [("Cumulative Var", Enumerable.Range(1, factors).Select(j => Number(parts.Take(j).Sum())))] : Array.Empty<(string, IEnumerable<string>)>(),
            ]);
        return text.ToString();
    }

    /// <summary>Writes a table of text: names to the left, cells to the right.</summary>
    public static void Append(StringBuilder text, IReadOnlyList<string> header, IReadOnlyList<(string Name, IEnumerable<string> Cells)> rows)
    {
        string[][] cells = [.. rows.Select(row => row.Cells.ToArray())];
        int nameWidth = rows.Max(row => row.Name.Length);
        int[] widths = [.. header.Select((title, j) => Math.Max(title.Length, cells.Max(row => row[j].Length)))];
        AppendLine(string.Empty, header);
        for (int i = 0; i < cells.Length; i++)
        {
            AppendLine(rows[i].Name, cells[i]);
        }

        void AppendLine(string name, IReadOnlyList<string> line) => text.AppendLine(
            (name.PadRight(nameWidth) + string.Concat(line.Select((cell, j) => " " + cell.PadLeft(widths[j])))).TrimEnd());
    }

    public static string Number(double value) => value.ToString("F3", CultureInfo.InvariantCulture);

    private static int FactorOf(Vector<double> row)
    {
        int largest = row.AbsoluteMaximumIndex();
        return Math.Abs(row[largest]) >= Belongs ? largest : row.Count;
    }
}
