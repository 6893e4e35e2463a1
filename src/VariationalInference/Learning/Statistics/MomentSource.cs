namespace VariationalInference;

/// <summary>Cells in pinned memory, and what to call them when one is out of range.</summary>
internal readonly unsafe struct MomentSource
{
    public required double* Cells { get; init; }

    public required int ColumnCount { get; init; }

    public required long RowStride { get; init; }

    public required long ColumnStride { get; init; }

    /// <summary>Gets what an exception calls the table.</summary>
    public required string Label { get; init; }

    /// <summary>Gets the parameter that the table came in.</summary>
    public required string ParameterName { get; init; }

    /// <summary>Gets what to add to a row's number for the reader.</summary>
    public required long FirstRow { get; init; }

    public double this[long row, int column] => Cells[(row * RowStride) + (column * ColumnStride)];

    /// <summary>
    /// Returns where the columns of some rows lie side by side, and how far apart: in place, or in a tile that they are copied to.
    /// </summary>
    public (nint Cells, long Stride) Columns(long first, int rows, double* tile)
    {
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
                cell += MomentKernels.TileRows;
            }
        }

        return ((nint)tile, MomentKernels.TileRows);
    }

    public void CopyRow(long row, Span<double> destination)
    {
        for (int k = 0; k < destination.Length; k++)
        {
            destination[k] = this[row, k];
        }
    }
}
