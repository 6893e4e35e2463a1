using System.Text.Json.Serialization;

namespace VariationalInference;

/// <summary>What hybrid inference finds of one row: the posterior, its exact gaps, and whether the row is flagged.</summary>
/// <remarks>
/// From <see cref="HybridInference.Infer(ReadOnlySpan{double})"/>.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// HybridResult hybrid = new HybridSolver().Fit(model, new MlpEncoder(2, 1), model.Sample(2_000, seed: 1).Observations);
/// HybridRow row = hybrid.Infer([1.2, 0.8]);
/// Console.WriteLine(row.MeanField[1]);   // N(0.28…, 0.33…)
/// Console.WriteLine(row.IsFlagged);   // False
/// Console.WriteLine(hybrid.Infer([120, 80]).IsFlagged);   // True
/// </code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed record HybridRow
{
    /// <summary>Gets the posterior of all latents, in the model's order; its variances are mean-field ones, which are too small.</summary>
    public required MeanFieldGaussian MeanField { get; init; }

    /// <summary>Gets how good it is.</summary>
    public required HybridGaps Gaps { get; init; }

    /// <summary>
    /// Gets a value indicating whether the encoder does not serve the row as it served the held-out rows; <see cref="HybridInference.Refine(ReadOnlySpan{double}, CaviOptions?)"/>
    /// finishes it by coordinate ascent.
    /// </summary>
    public bool IsFlagged => Gaps.IsFlagged;

    /// <inheritdoc cref="GaussianPosterior.Summary"/>
    public SummaryTable Summary(IReadOnlyList<string>? names = null, double probability = 0.95) => MeanField.Summary(names, probability);

    /// <summary>Returns the posterior and its gaps.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => $"{MeanField}; {Gaps}";
}
