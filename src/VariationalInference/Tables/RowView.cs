namespace VariationalInference;

/// <summary>Rows in pinned memory, of which the last column may lie apart, and what to call them when a cell is out of range.</summary>
internal readonly unsafe struct RowView
{
    /// <summary>Gets the first of the values; null where they are singles.</summary>
    public required double* Cells { get; init; }

    /// <summary>Gets the first of the values where they are singles, which are widened as they are read; else null.</summary>
    public float* Singles { get; init; }

    /// <summary>Gets the number of columns that lie in <see cref="Cells"/> or <see cref="Singles"/>.</summary>
    public required int ColumnCount { get; init; }

    public required long RowStride { get; init; }

    public required long ColumnStride { get; init; }

    /// <summary>Gets the last column; null where it lies with the others.</summary>
    public double* Last { get; init; }

    public required RowLabels Labels { get; init; }

    /// <summary>Gets what to add to a row's number for the reader.</summary>
    public required long FirstRow { get; init; }

    /// <summary>Describes rows whose values are pinned.</summary>
    /// <param name="cells">The first of the values of <paramref name="rows"/>; null where they are singles.</param>
    /// <param name="rows">How they lie.</param>
    /// <param name="labels">What to call them.</param>
    /// <param name="firstRow">What to add to a row's number for the reader.</param>
    /// <param name="last">The last column, where it lies apart.</param>
    /// <param name="singles">The first of the singles of <paramref name="rows"/>; null where they are doubles.</param>
    public static RowView Of(double* cells, RowSpan rows, RowLabels labels, long firstRow = 0, double* last = null, float* singles = null) => new()
    {
        Cells = cells,
        Singles = singles,
        ColumnCount = rows.ColumnCount,
        RowStride = rows.IsColumnMajor ? 1 : rows.ColumnCount,
        ColumnStride = rows.IsColumnMajor ? rows.RowCount : 1,
        Last = last,
        Labels = labels,
        FirstRow = firstRow,
    };

    public double this[long row, int column] =>
        column >= ColumnCount ? Last[row] : CellAt((row * RowStride) + (column * ColumnStride));

    /// <summary>Gets a value indicating whether a run of rows can be read where it lies, column by column.</summary>
    public bool IsInColumns => RowStride == 1 && Singles == null;

    /// <summary>
    /// Returns where the columns of some rows lie side by side, and how far apart: in place, or in a tile that they are copied to.
    /// </summary>
    public (nint Cells, long Stride) Columns(long first, int rows, double* tile, int tileRows)
    {
        if (Singles != null)
        {
            for (int k = 0; k < ColumnCount; k++)
            {
                CopyColumn(first, rows, k, tile + ((long)k * tileRows));
            }

            return ((nint)tile, tileRows);
        }

        double* start = Cells + (first * RowStride);
        if (RowStride == 1)
        {
            return ((nint)start, ColumnStride);
        }

        for (int n = 0; n < rows; n++)
        {
            double* row = start + (n * RowStride);
            double* cell = tile + n;
            for (int k = 0; k < ColumnCount; k++)
            {
                *cell = row[k];
                cell += tileRows;
            }
        }

        return ((nint)tile, tileRows);
    }

    /// <summary>Copies some cells of a column.</summary>
    public void CopyColumn(long first, int rows, int column, double* destination)
    {
        long from = (first * RowStride) + (column * ColumnStride);
        for (int n = 0; n < rows; n++, from += RowStride)
        {
            destination[n] = CellAt(from);
        }
    }

    public void CopyRow(long row, Span<double> destination)
    {
        for (int k = 0; k < destination.Length; k++)
        {
            destination[k] = this[row, k];
        }
    }

    /// <summary>Copies rows into a worker's tile, from its column <paramref name="at"/> on.</summary>
    public void CopyColumns(long first, int rows, int columns, TriangleWorker worker, int at = 0)
    {
        if (Singles != null)
        {
            for (int k = 0; k < Math.Min(columns, ColumnCount); k++)
            {
                CopyColumn(first, rows, k, worker.Pointer(at + k));
            }
        }
        else if (RowStride == 1)
        {
            for (int k = 0; k < Math.Min(columns, ColumnCount); k++)
            {
                new ReadOnlySpan<double>(Cells + first + (k * ColumnStride), rows).CopyTo(worker.Column(at + k));
            }
        }
        else
        {
            CopyTransposed(first, rows, Math.Min(columns, ColumnCount), worker, at);
        }

        if (columns > ColumnCount)
        {
            new ReadOnlySpan<double>(Last + first, rows).CopyTo(worker.Column(at + ColumnCount));
        }
    }

    private double CellAt(long place) => Singles == null ? Cells[place] : Singles[place];

    /// <summary>Copies as many rows at a time as a cache line of a column holds: rows lie side by side, and so do few of a column.</summary>
    private void CopyTransposed(long first, int rows, int columns, TriangleWorker worker, int at)
    {
        const int lineRows = 8;
        for (int start = 0; start < rows; start += lineRows)
        {
            int count = Math.Min(lineRows, rows - start);
            double* from = Cells + ((first + start) * RowStride);
            for (int k = 0; k < columns; k++)
            {
                double* to = worker.Pointer(at + k) + start;
                double* cell = from + (k * ColumnStride);
                for (int n = 0; n < count; n++, cell += RowStride)
                {
                    to[n] = *cell;
                }
            }
        }
    }

    public ArgumentException Refuse(long row, int column, string allowed) => column < ColumnCount || Last is null
        ? new ArgumentException(
            Guard.Text($"{Labels.Table}[{FirstRow + row}, {column}]{Labels.Behind((int)row, column)} is {this[row, column]}; it must be {allowed}."), Labels.TableParameter)
        : new ArgumentException(
            Guard.Text($"{Labels.Last}[{FirstRow + row}] is {this[row, column]}; it must be {allowed}."), Labels.LastParameter);
}

/// <summary>What an exception calls a table and the column beside it, and the parameters that they came in.</summary>
internal sealed record RowLabels(string Table, string TableParameter, string Last = "", string LastParameter = "")
{
    /// <summary>Gets the names of the table's columns.</summary>
    public NameList ColumnNames { get; init; } = NameList.None;

    /// <summary>Gets what stands for a row behind the place of its cell, as in <c> of row 'K17'</c>; null where rows have numbers alone.</summary>
    public Func<int, string>? RowName { get; init; }

    /// <summary>Returns what stands behind a cell's place.</summary>
    public string Behind(int row, int column) => ColumnNames.Behind(column) + RowName?.Invoke(row);

    public static RowLabels Of(string name) => new(name, name);
}
