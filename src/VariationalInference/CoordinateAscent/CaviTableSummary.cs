namespace VariationalInference;

/// <summary>The outcome of coordinate ascent on a table whose posteriors went to the caller's own buffers.</summary>
/// <param name="RowCount">The number of rows N.</param>
/// <param name="UnconvergedRowCount">The number of rows whose error bound is above <see cref="CaviOptions.Tolerance"/>.</param>
/// <param name="LargestErrorBound">The largest error bound of a row, in exact posterior standard deviations.</param>
public readonly record struct CaviTableSummary(int RowCount, int UnconvergedRowCount, double LargestErrorBound)
{
    /// <summary>Gets a value indicating whether every row converged.</summary>
    public bool Converged => UnconvergedRowCount == 0;
}
