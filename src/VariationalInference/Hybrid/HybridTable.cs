using System.Collections.Immutable;
using System.Text.Json.Serialization;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>
/// Hybrid posteriors of the rows of a table; a row's log evidence = ELBO + approximation gap + amortization gap + optimization gap, all exact.
/// </summary>
/// <remarks>
/// <para>
/// The approximation gap is what the best mean-field posterior loses against the evidence. The amortization gap is what the encoder's factors
/// lose against that, with the coordinate latents at their best (Cremer, Li and Duvenaud, 2018). The optimization gap is what the coordinate
/// latents lose by sweeps that stop short of their best.
/// </para>
/// <para>
/// From <see cref="HybridInference.Infer(Matrix{double}, CancellationToken)"/>. Memory: O(NJ).
/// </para>
/// <threadsafety>Safe to share, as long as nobody writes <see cref="Means"/> or <see cref="MeanFieldVariances"/>.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// Matrix<double> rows = model.Sample(2_000, seed: 1).Observations;
/// HybridResult hybrid = new HybridSolver().Fit(model, new MlpEncoder(observationCount: 2, latentCount: 1), rows);
///
/// HybridTable inferred = hybrid.Infer(model.Sample(500, seed: 2).Observations);
/// Console.WriteLine(inferred.RowCount);   // 500
/// Console.WriteLine($"{inferred.ApproximationGaps[0]:F4}");   // 0.6750
/// double rest = inferred.LogEvidences[0] - inferred.Elbos[0]
///     - inferred.ApproximationGaps[0] - inferred.AmortizationGaps[0] - inferred.OptimizationGaps[0];
/// Console.WriteLine(Math.Abs(rest) < 1e-12);   // True
/// foreach (int row in inferred.FlaggedRows)
/// {
///     Console.WriteLine($"row {row} is unlike the training rows");   // row … is unlike the training rows
/// }
/// ]]></code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed class HybridTable
{
    private readonly Lazy<ImmutableArray<int>> _flaggedRows;

    internal HybridTable(Matrix<double> means, Matrix<double> variances)
    {
        _flaggedRows = new Lazy<ImmutableArray<int>>(() => [.. Enumerable.Range(0, RowCount).Where(n => AmortizationGaps[n] > GapLimit)]);
        Means = means;
        MeanFieldVariances = variances;
    }

    /// <summary>Gets the number of rows N.</summary>
    public int RowCount => Means.RowCount;

    /// <summary>Gets the names of the latents, the columns of <see cref="Means"/>; empty where the model has none.</summary>
    public IReadOnlyList<string> LatentNames { get; internal init; } = [];

    /// <summary>Gets the posterior means, N×J.</summary>
    public Matrix<double> Means { get; }

    /// <summary>Gets the variances of the mean-field posteriors, N×J: smaller than the exact ones, which <see cref="CaviTable.Variances()"/> has.</summary>
    public Matrix<double> MeanFieldVariances { get; }

    /// <summary>Gets the exact ELBO of each row, in nats.</summary>
    public ImmutableArray<double> Elbos { get; internal init; }

    /// <summary>Gets the exact log evidence of each row, in nats.</summary>
    public ImmutableArray<double> LogEvidences { get; internal init; }

    /// <summary>Gets what the best mean-field posterior loses in each row, in nats; rows observed in the same cells have the same.</summary>
    public ImmutableArray<double> ApproximationGaps { get; internal init; }

    /// <summary>Gets what the encoder loses in each row, in nats; a large gap marks a row where the encoder extrapolates.</summary>
    public ImmutableArray<double> AmortizationGaps { get; internal init; }

    /// <summary>Gets what the coordinate latents lose in each row, in nats: 0 where they were solved exactly.</summary>
    public ImmutableArray<double> OptimizationGaps { get; internal init; }

    /// <summary>Gets the amortization gap above which rows are <see cref="FlaggedRows">flagged</see>, in nats.</summary>
    public double GapLimit { get; internal init; }

    /// <summary>
    /// Gets the rows, counted from 0, that the encoder does not serve as it served the held-out rows: their amortization gap exceeds
    /// <see cref="GapLimit"/>. <see cref="HybridInference.Refine(ReadOnlySpan{double}, CaviOptions?)"/> finishes them by coordinate ascent.
    /// </summary>
    public ImmutableArray<int> FlaggedRows => _flaggedRows.Value;

    /// <summary>Returns the hybrid posterior of one row, which is mean-field.</summary>
    /// <param name="row">The row n, counted from 0.</param>
    /// <returns>The posterior.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="row"/> is outside 0 … N − 1.</exception>
    public MeanFieldGaussian MeanField(int row)
    {
        Guard.InRange(row, 0, RowCount, nameof(row));
        return MeanFieldGaussian.Adopt(Means.Row(row).ToArray(), [.. MeanFieldVariances.Row(row)], LatentNames);
    }

    /// <summary>
    /// Sums up the table: mean, standard deviation, least and largest of the rows' posterior means by latent, with the root of the rows' mean variance, and likewise of
    /// ELBO, log evidence and gaps.
    /// </summary>
    /// <param name="names">The names of the latents, length J; <see langword="null"/> means the model's own, or else z1, z2, ….</param>
    /// <returns>The table, a row for each latent and each of the others.</returns>
    /// <exception cref="ArgumentException"><paramref name="names"/> has another length or holds a null.</exception>
    public SummaryTable Summary(IReadOnlyList<string>? names = null)
    {
        NameList latents = NameList.OrOwn(names, LatentNames, "z", Means.ColumnCount, nameof(names), "one for each latent");
        return new SummaryTable(
            [.. ColumnSummary.Columns, "mean-field sd"],
            [
                .. latents.Select((name, j) => (name, (double[])
                    [.. ColumnSummary.Of(Means.Column(j).ToArray()), ColumnSummary.TypicalDeviation(MeanFieldVariances.Column(j).ToArray())])),
                Row("ELBO", Elbos),
                Row("log evidence", LogEvidences),
                Row("approximation gap", ApproximationGaps),
                Row("amortization gap", AmortizationGaps),
                Row("optimization gap", OptimizationGaps),
            ]);

        static (string Name, double[] Values) Row(string name, ImmutableArray<double> values) => (name, [.. ColumnSummary.Of(values), double.NaN]);
    }

    /// <summary>Sums up the outcome in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text(
        $"{Wording.Count(RowCount, "row")}, {FlaggedRows.Length} flagged; ELBO {Elbos.Average():G6} nats a row, approximation gap {ApproximationGaps.Average():G4}, amortization gap {AmortizationGaps.Average():G2} (at most {AmortizationGaps.Max():G2}), optimization gap {OptimizationGaps.Average():G2}");
}
