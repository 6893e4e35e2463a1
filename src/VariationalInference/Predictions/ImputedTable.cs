using System.Collections.Immutable;
using System.Text.Json.Serialization;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>A table whose missing cells hold what is expected of them, with the predictions they are from.</summary>
/// <remarks>
/// From <see cref="Predictor.Impute(Matrix{double}, CancellationToken)"/>. Expected values vary less than measurements do: for an analysis that takes the
/// table as measured, draw the missing cells several times instead (<see cref="Predictor.DrawMissing"/>), and compare.
/// <threadsafety>Safe to share, as long as nobody writes <see cref="Values"/>.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// var table = Matrix<double>.Build.DenseOfRowArrays([1.2, 0.8], [0.1, double.NaN]);
/// ImputedTable imputed = new Predictor(model).Impute(table);
/// Console.WriteLine($"{imputed}; {imputed.Values[1, 1]:F3}");   // 2 rows of 2 columns, 1 cell imputed; 0.075
/// (double lower, double upper) = imputed.Cells[0].Value.Interval(0.95);
/// Console.WriteLine($"{lower:F2} to {upper:F2}");   // -2.52 to 2.67
/// ]]></code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed class ImputedTable
{
    private readonly NameList _columnNames;

    internal ImputedTable(Matrix<double> values, ImmutableArray<ImputedCell> cells, NameList columnNames)
    {
        _columnNames = columnNames;
        Values = values;
        Cells = cells;
    }

    /// <summary>Gets the table, N×K: observed cells as they are, missing ones at their expected values.</summary>
    public Matrix<double> Values { get; }

    /// <summary>Gets the names of the columns, length K; empty where the model has none.</summary>
    public IReadOnlyList<string> ColumnNames => _columnNames;

    /// <summary>Gets the cells that were missing, row by row, with their predictions.</summary>
    public ImmutableArray<ImputedCell> Cells { get; }

    /// <summary>Sums up the imputed cells in a table, named by row and column: mean, standard deviations, and the interval of a measurement.</summary>
    /// <param name="columnNames">The names of the columns, length K; <see langword="null"/> means their own, or where they have none x1, x2, ….</param>
    /// <param name="probability">The probability of the intervals. Range: 0 &lt; probability &lt; 1.</param>
    /// <returns>The table, a row for each cell that was missing.</returns>
    /// <exception cref="ArgumentException"><paramref name="columnNames"/> has another length or holds a null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="probability"/> is outside its range.</exception>
    public SummaryTable Summary(IReadOnlyList<string>? columnNames = null, double probability = 0.95)
    {
        NameList columns = NameList.OrOwn(columnNames, _columnNames, "x", Values.ColumnCount, nameof(columnNames), "one for each column");
        return new SummaryTable(
            ["mean", "sd of the mean", "sd", .. SummaryTable.Ends(probability)],
            [.. Cells.Select(cell => (Guard.Text($"row {cell.Row}, {columns[cell.Column]}"), cell.Value.Numbers(probability)))]);
    }

    /// <summary>Sums up the imputation in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text(
        $"{Wording.Count(Values.RowCount, "row")} of {Wording.Count(Values.ColumnCount, "column")}, {Wording.Count(Cells.Length, "cell")} imputed");
}
