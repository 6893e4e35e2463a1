using System.Text.Json.Serialization;

namespace VariationalInference;

/// <summary>How good the hybrid posterior of a row is: its ELBO, and what it loses against the log evidence, all exact.</summary>
/// <remarks>
/// Log evidence = ELBO + approximation gap + amortization gap + optimization gap; see <see cref="HybridTable"/> for what each is.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// var inference = new HybridInference(model, new MlpEncoder(2, 1, seed: 1), [0]);   // an encoder that has learned nothing
/// double[] means = new double[3], variances = new double[3];
/// HybridGaps gaps = inference.Infer([1.2, 0.8], means, variances);
/// Console.WriteLine($"{gaps.Approximation:F4}, flagged: {gaps.IsFlagged}");   // 0.6750, flagged: True
/// </code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public readonly record struct HybridGaps
{
    /// <summary>Gets the ELBO of the posterior, in nats, with every constant.</summary>
    public required double Elbo { get; init; }

    /// <summary>Gets the log evidence of the row, in nats.</summary>
    public required double LogEvidence { get; init; }

    /// <summary>Gets what the best mean-field posterior loses, in nats.</summary>
    public required double Approximation { get; init; }

    /// <summary>Gets what the encoder loses, in nats; a large gap marks a row where it extrapolates.</summary>
    public required double Amortization { get; init; }

    /// <summary>Gets what the coordinate latents lose, in nats: 0 where they were solved exactly.</summary>
    public required double Optimization { get; init; }

    /// <summary>Gets a value indicating whether <see cref="Amortization"/> is above <see cref="HybridInference.GapLimit"/>.</summary>
    public required bool IsFlagged { get; init; }

    /// <summary>Sums up the gaps in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text(
        $"ELBO {Elbo:G6} nats, approximation gap {Approximation:G4}, amortization gap {Amortization:G2}{(IsFlagged ? " (flagged)" : string.Empty)}, optimization gap {Optimization:G2}");
}
