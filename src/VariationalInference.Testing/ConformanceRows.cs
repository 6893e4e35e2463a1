using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference.Testing;

/// <summary>Preconditions on the rows that a network is examined with.</summary>
internal static class ConformanceRows
{
    /// <summary>Returns the cells, row by row.</summary>
    /// <exception cref="ArgumentException">The rows are too few, of another width, or hold a value that is not allowed.</exception>
    public static double[] Of(Matrix<double> rows, int width, bool acceptsMissing)
    {
        ArgumentNullException.ThrowIfNull(rows);
        if (rows.ColumnCount != width)
        {
            throw new ArgumentException(
                FormattableString.Invariant($"rows has {rows.ColumnCount} columns; it must have {width}, one for each observation."), nameof(rows));
        }

        if (rows.RowCount < 2)
        {
            throw new ArgumentException(
                FormattableString.Invariant($"rows has {rows.RowCount} rows; it must have at least 2, so that a batch is more than a row."), nameof(rows));
        }

        double[] cells = rows.ToRowMajorArray();
        for (int i = 0; i < cells.Length; i++)
        {
            if (!double.IsFinite(cells[i]) && !(acceptsMissing && double.IsNaN(cells[i])))
            {
                throw new ArgumentException(
                    FormattableString.Invariant($"rows[{i / rows.ColumnCount}, {i % rows.ColumnCount}] is {cells[i]}; it must be finite."), nameof(rows));
            }
        }

        return cells;
    }
}
