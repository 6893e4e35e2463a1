using System.Collections.Immutable;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>Measures how much of a minibatch's gradient is signal, to choose an estimator, a batch size and a number of draws by.</summary>
/// <remarks>
/// It costs a pass over all rows, and for each minibatch drawn a step's work with every estimator.
/// <threadsafety>Stateless, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// Matrix<double> rows = model.Sample(2_000, seed: 1).Observations;
/// HybridResult hybrid = new HybridSolver().Fit(model, new MlpEncoder(observationCount: 2, latentCount: 1), rows);
/// GradientQuality analytic = GradientDiagnostics.Measure(hybrid, rows)[GradientEstimator.Analytic];
/// Console.WriteLine(analytic.DrawNoise);   // 0
/// ]]></code>
/// </example>
public static class GradientDiagnostics
{
    /// <summary>
    /// Measures the gradients of minibatches with each estimator at the trained parameters, for the batch size, draws and natural gradient of
    /// training; the coordinate block is solved exactly.
    /// </summary>
    /// <param name="result">The outcome of training.</param>
    /// <param name="table">Rows such as those of training, N×K; all of them are visited once for the signal.</param>
    /// <param name="batches">The number of minibatches to draw from them, with replacement. Range: at least 1.</param>
    /// <returns>The quality by estimator, in the order of <see cref="GradientEstimator"/>. The same seed gives the same figures.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="result"/> or <paramref name="table"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="table"/> or <paramref name="batches"/> is out of range.</exception>
    public static ImmutableSortedDictionary<GradientEstimator, GradientQuality> Measure(
        HybridResult result, Matrix<double> table, int batches = 100)
    {
        ArgumentNullException.ThrowIfNull(result);
        RowTable.Require(result.Model, table, nameof(table), result.Encoder.AcceptsMissing);
        Guard.AtLeast(batches, 1, nameof(batches));
        int[] all = [.. Enumerable.Range(0, table.RowCount)];
        var rows = new HybridRows(result.Model, result.Blocks, table, all, first: 0);
        return new GradientProbe(rows, result.Blocks.Complete, result.Checkpoint.Options, result.Encoder).Measure(batches);
    }

    /// <inheritdoc cref="Measure(HybridResult, Matrix{double}, int)"/>
    public static ImmutableSortedDictionary<GradientEstimator, GradientQuality> Measure(HybridResult result, RowSpan table, int batches = 100)
    {
        ArgumentNullException.ThrowIfNull(result);
        RowTable.RequireSize(result.Model, table.RowCount, table.ColumnCount, nameof(table));
        return Measure(result, table.ToMatrix(), batches);
    }
}
