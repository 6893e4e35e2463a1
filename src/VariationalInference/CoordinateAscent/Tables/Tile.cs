namespace VariationalInference;

/// <summary>Where a tile's numbers lie. Rows are contiguous everywhere; strides lead from one column or latent to the next.</summary>
internal unsafe struct Tile
{
    public double* Cells;
    public long CellStride;

    /// <summary>The number of rows, a multiple of <see cref="TileKernels.RowMultiple"/>.</summary>
    public int Rows;

    /// <summary>The number of columns K.</summary>
    public int Columns;

    /// <summary>Whether missing cells are to be left out; otherwise they make ‖w‖² NaN.</summary>
    public bool SkipsMissing;

    /// <summary>From one input to the next.</summary>
    public int Stride;
    public double* Inputs;
    public double* Norms;
    public double* Missing;

    /// <summary>The gains of all patterns of missing cells (see <see cref="TabulatedResponses"/>), or null.</summary>
    public double* Tabulated;

    /// <summary>Where the means go, or null.</summary>
    public double* Means;
    public long MeanStride;

    /// <summary>The prior means, length J.</summary>
    public double[] Offsets;
}

/// <summary>What a tile's rows came to.</summary>
/// <param name="LargestNorm">The largest ‖w‖²; NaN or infinite when a cell is, or when the square overflows.</param>
/// <param name="LargestCompleteNorm">The same of the rows whose response is that of complete rows; 0 where there are none.</param>
/// <param name="LargestIncompleteNorm">The same of the rows with missing cells, where they have responses of their own; 0 where there are none.</param>
/// <param name="IsComplete">Whether no cell was skipped as missing.</param>
internal readonly record struct TileExtremes(double LargestNorm, double LargestCompleteNorm, double LargestIncompleteNorm, bool IsComplete);
