using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace VariationalInference;

/// <summary>What a trained <see cref="DecoderModel"/> and its encoder are worth on rows: bounds on their log evidence, and what each gap loses. All in nats a row.</summary>
/// <remarks>
/// The log evidence itself has no closed form here. The ELBO and the importance-weighted bound lie below it. What the ELBO misses is split on the refined
/// rows: the amortization gap is what their own best factors add to the encoder's, and the approximation gap is what importance weighting from
/// these adds to that; the latter is a lower bound, to be believed where the Pareto shape of the weights is below 0.7.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// Matrix<double> rows = new GaussianSumModel(latentCount: 3, observationCount: 4, noiseVariance: 1.0).Sample(500, seed: 1).Observations;
/// var model = new DecoderModel(new MlpDecoder(latentCount: 1, observationCount: 4, hiddenWidths: [8]), linearLatentCount: 1);
/// DecoderResult result = new HybridSolver(new DecoderOptions { MaxEpochs = 5 }).Fit(model, new MlpEncoder(4, 1, hiddenWidths: [8]), rows);
/// DecoderEvaluation heldOut = result.Evaluation;
/// Console.WriteLine(heldOut.ImportanceWeightedBound >= heldOut.Elbo);   // True
/// Console.WriteLine(heldOut);   // 50 rows: ELBO …
/// ]]></code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed record DecoderEvaluation
{
    /// <summary>The mean divergence from its prior above which an amortized latent counts as active, in nats.</summary>
    private const double Activity = 0.01;

    /// <summary>Gets the number of rows.</summary>
    public required int RowCount { get; init; }

    /// <summary>Gets the number of draws a row.</summary>
    public required int DrawCount { get; init; }

    /// <summary>Gets the mean ELBO, over draws that were fixed by their seed.</summary>
    public required double Elbo { get; init; }

    /// <summary>Gets the standard error of <see cref="Elbo"/> over rows.</summary>
    public required double ElboStandardError { get; init; }

    /// <summary>Gets the part of that error that comes from the draws.</summary>
    public required double ElboMonteCarloError { get; init; }

    /// <summary>Gets the mean importance-weighted bound of as many draws, log mean p(x, z)/q(z) (Burda, Grosse and Salakhutdinov, 2016).</summary>
    public required double ImportanceWeightedBound { get; init; }

    /// <summary>Gets the standard error of <see cref="ImportanceWeightedBound"/> over rows.</summary>
    public required double ImportanceWeightedStandardError { get; init; }

    /// <summary>Gets the smallest ELBO of a row.</summary>
    public required double LowestElbo { get; init; }

    /// <summary>Gets the mean divergence of each amortized latent's factor from its prior, length A: what the rows tell of it.</summary>
    public required ImmutableArray<double> LatentDivergences { get; init; }

    /// <summary>Gets the number of amortized latents whose mean divergence is above 0.01 nats; the others have collapsed to their priors.</summary>
    public int ActiveLatents => LatentDivergences.Count(divergence => divergence > Activity);

    /// <summary>Gets the number of rows that were refined.</summary>
    public required int RefinedRowCount { get; init; }

    /// <summary>Gets the mean of what the best independent factors of a row add to the encoder's; NaN when no row was refined.</summary>
    public required double AmortizationGap { get; init; }

    /// <summary>Gets the standard error of <see cref="AmortizationGap"/> over rows; NaN with fewer than two.</summary>
    public required double AmortizationGapStandardError { get; init; }

    /// <summary>Gets the mean of what importance weighting adds to the refined factors; NaN when no row was refined.</summary>
    public required double ApproximationGap { get; init; }

    /// <summary>
    /// Gets the median over the refined rows of the Pareto shape k̂ of their importance weights; NaN when no row was refined, or with too few draws.
    /// Above 0.7 the approximation gap is larger than it seems.
    /// </summary>
    public required double ParetoShape { get; init; }

    /// <summary>Determines whether another evaluation has the same numbers.</summary>
    /// <param name="other">The other.</param>
    /// <returns>Whether it does.</returns>
    public bool Equals(DecoderEvaluation? other) =>
        other is not null
        && LatentDivergences.AsSpan().SequenceEqual(other.LatentDivergences.AsSpan())
        && Numbers().AsSpan().SequenceEqual(other.Numbers());

    /// <summary>Returns a hash code that equal evaluations share.</summary>
    /// <returns>The hash code.</returns>
    public override int GetHashCode() => HashCode.Combine(RowCount, DrawCount, Elbo, ImportanceWeightedBound);

    /// <summary>Sums up the bounds and the gaps in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString()
    {
        string gaps = RefinedRowCount == 0
            ? string.Empty
            : Guard.Text($", amortization gap {AmortizationGap:G3}, approximation gap {ApproximationGap:G3} (k {ParetoShape:F2}) of {Wording.Count(RefinedRowCount, "row")}");
        return Guard.Text(
            $"{Wording.Count(RowCount, "row")}: ELBO {Elbo:G6} ± {ElboStandardError:G2}, importance-weighted bound {ImportanceWeightedBound:G6} ± {ImportanceWeightedStandardError:G2}{gaps} nats a row, {ActiveLatents} of {Wording.Count(LatentDivergences.Length, "latent")} active");
    }

    private double[] Numbers() =>
    [
        RowCount,
        DrawCount,
        Elbo,
        ElboStandardError,
        ElboMonteCarloError,
        ImportanceWeightedBound,
        ImportanceWeightedStandardError,
        LowestElbo,
        RefinedRowCount,
        AmortizationGap,
        AmortizationGapStandardError,
        ApproximationGap,
        ParetoShape,
    ];
}
