using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>A table of rows in memory that the caller owns: the values, and how they lie there. Nothing is copied.</summary>
/// <remarks>
/// Take it where values lie in an array, in native memory or in a mapped file; a MathNet matrix needs none.
/// <threadsafety>As safe to share as the memory that it reads.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// double[] values = [1.2, 0.8, 0.1, -0.3, 2.0, 2.2];   // row by row
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// RowSpan rows = RowSpan.RowMajor(values, columnCount: 2);
/// Console.WriteLine(rows.ToString());   // 3 rows of 2 columns, row-major
/// Console.WriteLine(new CaviSolver().Solve(model, rows).MeanField(2));   // N(0.6, 0.33333) · N(0.6, 0.33333) · N(0.6, 0.33333)
/// </code>
/// </example>
public readonly ref struct RowSpan
{
    private RowSpan(ReadOnlySpan<double> values, int columnCount, bool isColumnMajor)
    {
        Guard.AtLeast(columnCount, 1, nameof(columnCount));
        if (values.Length % columnCount != 0)
        {
            throw new ArgumentException(
                Guard.Text($"{nameof(values)} has {values.Length} elements; it must have a multiple of {columnCount}, the number of columns."),
                nameof(values));
        }

        Values = values;
        ColumnCount = columnCount;
        IsColumnMajor = isColumnMajor;
    }

    /// <summary>Gets the values, N·K of them.</summary>
    public ReadOnlySpan<double> Values { get; }

    /// <summary>Gets the number of columns K.</summary>
    public int ColumnCount { get; }

    /// <summary>Gets the number of rows N.</summary>
    public int RowCount => ColumnCount == 0 ? 0 : Values.Length / ColumnCount;

    /// <summary>Gets a value indicating whether the values of a column are side by side; otherwise those of a row are.</summary>
    public bool IsColumnMajor { get; }

    /// <summary>Gets one cell.</summary>
    /// <param name="row">The row n, counted from 0.</param>
    /// <param name="column">The column k, counted from 0.</param>
    /// <returns>x_nk.</returns>
    internal double this[int row, int column] =>
        Values[IsColumnMajor ? (column * RowCount) + row : (row * ColumnCount) + column];

    /// <summary>Reads values as rows, one after another.</summary>
    /// <param name="values">The values, row by row. Length: a multiple of <paramref name="columnCount"/>.</param>
    /// <param name="columnCount">The number of columns K. Range: at least 1.</param>
    /// <returns>The table.</returns>
    /// <exception cref="ArgumentException">The length of <paramref name="values"/> is no multiple of <paramref name="columnCount"/>.</exception>
    public static RowSpan RowMajor(ReadOnlySpan<double> values, int columnCount) => new(values, columnCount, isColumnMajor: false);

    /// <summary>Reads values as columns, one after another: the storage of MathNet's dense matrices.</summary>
    /// <param name="values">The values, column by column. Length: a multiple of <paramref name="columnCount"/>.</param>
    /// <param name="columnCount">The number of columns K. Range: at least 1.</param>
    /// <returns>The table.</returns>
    /// <exception cref="ArgumentException">The length of <paramref name="values"/> is no multiple of <paramref name="columnCount"/>.</exception>
    public static RowSpan ColumnMajor(ReadOnlySpan<double> values, int columnCount) => new(values, columnCount, isColumnMajor: true);

    /// <summary>Copies the table.</summary>
    /// <returns>A new N×K matrix.</returns>
    /// <exception cref="InvalidOperationException">The table has no rows.</exception>
    public Matrix<double> ToMatrix()
    {
        if (RowCount == 0)
        {
            throw new InvalidOperationException("The table has no rows; a matrix has at least 1.");
        }

        return IsColumnMajor
            ? Matrix<double>.Build.Dense(RowCount, ColumnCount, Values.ToArray())
            : Matrix<double>.Build.DenseOfRowMajor(RowCount, ColumnCount, Values.ToArray());
    }

    /// <summary>Returns the size of the table and its layout in memory.</summary>
    /// <returns>The text.</returns>
    public override string ToString() =>
        $"{Wording.Count(RowCount, "row")} of {Wording.Count(ColumnCount, "column")}, {(IsColumnMajor ? "column" : "row")}-major";
}
