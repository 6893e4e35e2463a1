using System.Runtime.CompilerServices;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>A table of rows in memory that the caller owns: the values, and how they lie there. Nothing is copied.</summary>
/// <remarks>
/// Take it where values lie in an array, in native memory or in a mapped file, in double or single precision; a MathNet matrix needs none. What comes of singles is, to
/// the bit, what comes of the same numbers as doubles.
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
    private RowSpan(ReadOnlySpan<double> values, ReadOnlySpan<float> singles, int columnCount, bool isColumnMajor)
    {
        Guard.AtLeast(columnCount, 1, nameof(columnCount));
        int count = values.Length + singles.Length;
        if (count % columnCount != 0)
        {
            throw new ArgumentException(
                Guard.Text($"{nameof(values)} has {count} elements; it must have a multiple of {columnCount}, the number of columns."),
                nameof(values));
        }

        Values = values;
        Singles = singles;
        ColumnCount = columnCount;
        IsColumnMajor = isColumnMajor;
    }

    /// <summary>Gets the values, N·K of them; empty where they are <see cref="Singles"/>.</summary>
    public ReadOnlySpan<double> Values { get; }

    /// <summary>Gets the values in single precision, N·K of them; empty where they are <see cref="Values"/>.</summary>
    public ReadOnlySpan<float> Singles { get; }

    /// <summary>Gets the number of columns K.</summary>
    public int ColumnCount { get; }

    /// <summary>Gets the number of rows N.</summary>
    public int RowCount => ColumnCount == 0 ? 0 : (Values.Length + Singles.Length) / ColumnCount;

    /// <summary>Gets a value indicating whether the values of a column are side by side; otherwise those of a row are.</summary>
    public bool IsColumnMajor { get; }

    /// <summary>Gets one cell.</summary>
    /// <param name="row">The row n, counted from 0.</param>
    /// <param name="column">The column k, counted from 0.</param>
    /// <returns>x_nk.</returns>
    internal double this[int row, int column]
    {
        get
        {
            int place = IsColumnMajor ? (column * RowCount) + row : (row * ColumnCount) + column;
            return Singles.IsEmpty ? Values[place] : Singles[place];
        }
    }

    /// <summary>Reads values as rows, one after another.</summary>
    /// <param name="values">The values, row by row. Length: a multiple of <paramref name="columnCount"/>.</param>
    /// <param name="columnCount">The number of columns K. Range: at least 1.</param>
    /// <returns>The table.</returns>
    /// <exception cref="ArgumentException">The length of <paramref name="values"/> is no multiple of <paramref name="columnCount"/>.</exception>
    public static RowSpan RowMajor(ReadOnlySpan<double> values, int columnCount) => new(values, [], columnCount, isColumnMajor: false);

    /// <summary>Reads values in single precision as rows, one after another. They are widened as they are read, without a copy of the table.</summary>
    /// <inheritdoc cref="RowMajor(ReadOnlySpan{double}, int)"/>
    [OverloadResolutionPriority(-1)]
    public static RowSpan RowMajor(ReadOnlySpan<float> values, int columnCount) => new([], values, columnCount, isColumnMajor: false);

    /// <summary>Reads values as columns, one after another: the storage of MathNet's dense matrices.</summary>
    /// <param name="values">The values, column by column. Length: a multiple of <paramref name="columnCount"/>.</param>
    /// <param name="columnCount">The number of columns K. Range: at least 1.</param>
    /// <returns>The table.</returns>
    /// <exception cref="ArgumentException">The length of <paramref name="values"/> is no multiple of <paramref name="columnCount"/>.</exception>
    public static RowSpan ColumnMajor(ReadOnlySpan<double> values, int columnCount) => new(values, [], columnCount, isColumnMajor: true);

    /// <summary>Reads values in single precision as columns, one after another. They are widened as they are read, without a copy of the table.</summary>
    /// <inheritdoc cref="ColumnMajor(ReadOnlySpan{double}, int)"/>
    [OverloadResolutionPriority(-1)]
    public static RowSpan ColumnMajor(ReadOnlySpan<float> values, int columnCount) => new([], values, columnCount, isColumnMajor: true);

    /// <summary>Copies the table.</summary>
    /// <returns>A new N×K matrix.</returns>
    /// <exception cref="InvalidOperationException">The table has no rows.</exception>
    public Matrix<double> ToMatrix()
    {
        if (RowCount == 0)
        {
            throw new InvalidOperationException("The table has no rows; a matrix has at least 1.");
        }

        double[] values = Singles.IsEmpty ? Values.ToArray() : new double[Singles.Length];
        for (int i = 0; i < Singles.Length; i++)
        {
            values[i] = Singles[i];
        }

        return IsColumnMajor
            ? Matrix<double>.Build.Dense(RowCount, ColumnCount, values)
            : Matrix<double>.Build.DenseOfRowMajor(RowCount, ColumnCount, values);
    }

    /// <summary>Returns the size of the table and its layout in memory.</summary>
    /// <returns>The text.</returns>
    public override string ToString() =>
        $"{Wording.Count(RowCount, "row")} of {Wording.Count(ColumnCount, "column")}, {(IsColumnMajor ? "column" : "row")}-major";
}
