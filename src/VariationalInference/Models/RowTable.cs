using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>Tables of rows: checks before any work is done, and rows copied out of column-major storage.</summary>
internal static class RowTable
{
    /// <summary>Requires an N×K table of finite values (or NaN, where missing cells are allowed).</summary>
    public static void Require(LinearGaussianModel model, Matrix<double> table, string name, bool allowMissing)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(table, name);
        RequireSize(model, table.RowCount, table.ColumnCount, name);
        RequireCells(table, name, name, allowMissing, model.Columns);
    }

    /// <summary>Requires finite values (or NaN, where missing cells are allowed) of a table that has a label of its own within the parameter.</summary>
    public static void RequireCells(Matrix<double> table, string label, string name, bool allowMissing, NameList columnNames)
    {
        double[] cells = table.AsColumnMajorArray() ?? table.ToColumnMajorArray();
        int i = 0;
        while (i < cells.Length && (double.IsFinite(cells[i]) || (allowMissing && double.IsNaN(cells[i]))))
        {
            i++;
        }

        if (i < cells.Length)
        {
            (int column, int row) = Math.DivRem(i, table.RowCount);
            string allowed = allowMissing ? "finite, or NaN when it is missing" : "finite";
            throw new ArgumentException(
                Guard.Text($"{label}[{row}, {column}]{columnNames.Behind(column)} is {cells[i]}; it must be {allowed}."), name);
        }
    }

    /// <summary>Requires as many columns as the model has observations, and at least one row.</summary>
    public static void RequireSize(LinearGaussianModel model, int rowCount, int columnCount, string name) =>
        RequireSize(model, rowCount, columnCount, name, name);

    /// <summary>Requires the same of a chunk of a stream, which has a label of its own within the parameter.</summary>
    public static void RequireChunk(LinearGaussianModel model, Matrix<double>? chunk, string label, string name)
    {
        if (chunk is null)
        {
            throw new ArgumentException(Guard.Text($"{label} is null; it must be a table."), name);
        }

        RequireSize(model, chunk.RowCount, chunk.ColumnCount, label, name);
    }

    private static void RequireSize(LinearGaussianModel model, int rowCount, int columnCount, string label, string name)
    {
        if (columnCount != model.ObservationCount)
        {
            throw new ArgumentException(
                Guard.Text($"{label} has {columnCount} columns; it must have {model.ObservationCount}, one for each observation."), name);
        }

        if (rowCount == 0)
        {
            throw new ArgumentException(Guard.Text($"{label} has no rows; it must have at least 1."), name);
        }
    }

    public static void CopyRow(Matrix<double> table, int row, Span<double> destination)
    {
        double[]? cells = table.AsColumnMajorArray();
        int next = row;
        for (int k = 0; k < destination.Length; k++)
        {
            destination[k] = cells is null ? table[row, k] : cells[next];
            next += table.RowCount;
        }
    }

    /// <summary>Conditions on a row that has been checked; a value out of range is reported with its row.</summary>
    public static ConditionedRow Condition(LinearGaussianModel model, ReadOnlySpan<double> values, Span<double> whitened, long row)
    {
        try
        {
            return model.Structure.Condition(values, whitened);
        }
        catch (NonFiniteValueException exception)
        {
            throw new NonFiniteValueException(exception.Quantity, double.PositiveInfinity, row, exception.Iteration);
        }
    }
}
