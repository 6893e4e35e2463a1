using System.Text.Json.Serialization;

namespace VariationalInference;

/// <summary>The outcome of coordinate ascent on a table whose posteriors went to the caller's own buffers.</summary>
/// <remarks>
/// What <see cref="CaviSolver.Solve(LinearGaussianModel, RowSpan, CaviBuffers, CancellationToken)"/> returns.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// double[] rows = [1.2, 0.8, 0.1, -0.3];
/// CaviTableSummary summary = new CaviSolver().Solve(
///     model, RowSpan.RowMajor(rows, columnCount: 2), new CaviBuffers { ColumnMajorMeans = new double[6] });
/// Console.WriteLine(summary);   // 2 rows, 0 not converged, means off by at most … posterior sd
/// </code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public readonly record struct CaviTableSummary
{
    /// <summary>Gets the number of rows N.</summary>
    public required int RowCount { get; init; }

    /// <summary>Gets the number of rows whose error bound is above <see cref="CaviOptions.Tolerance"/>.</summary>
    public required int UnconvergedRowCount { get; init; }

    /// <summary>Gets the largest error bound of a row, in exact posterior standard deviations.</summary>
    public required double LargestErrorBound { get; init; }

    /// <summary>Gets a value indicating whether every row converged.</summary>
    public bool Converged => UnconvergedRowCount == 0;

    /// <summary>Sums up the outcome in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() =>
        Guard.Text($"{Wording.Count(RowCount, "row")}, {UnconvergedRowCount} not converged, means off by at most {LargestErrorBound:G2} posterior sd");
}
