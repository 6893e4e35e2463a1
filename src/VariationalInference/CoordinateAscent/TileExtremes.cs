namespace VariationalInference;

/// <summary>What a tile's rows came to.</summary>
/// <param name="LargestNorm">The largest ‖w‖²; NaN or infinite when a cell is, or when the square overflows.</param>
/// <param name="LargestCompleteNorm">The same of the rows whose response is that of complete rows.</param>
/// <param name="IsComplete">Whether no cell was skipped as missing.</param>
internal readonly record struct TileExtremes(double LargestNorm, double LargestCompleteNorm, bool IsComplete);
