namespace VariationalInference;

/// <summary>What conditioning on a row gives beside the whitened observations w.</summary>
/// <param name="Shape">What the row shares with others that are observed in the same cells.</param>
/// <param name="Unexplained">The squared, whitened part of the row that no value of the latents can reach.</param>
/// <param name="WhitenedNorm">
/// ‖R^(−½)(x − b − Am)‖ before any reduction: its rounding is what a mean of cancelling observations inherits.
/// </param>
internal readonly record struct ConditionedRow(SharedShape Shape, double Unexplained, double WhitenedNorm)
{
    /// <summary>Gets the log joint's part that depends neither on z nor on the priors' normalisation.</summary>
    public double LogLikelihoodBase => Shape.LogNormalizer - (0.5 * Unexplained);

    /// <summary>Gets what does not depend on the latents.</summary>
    public RowConstants Constants => new(LogLikelihoodBase, WhitenedNorm);
}

/// <summary>What of a row does not depend on the latents.</summary>
/// <param name="LogLikelihoodBase">The log joint's part that depends neither on z nor on the priors' normalisation, in nats.</param>
/// <param name="WhitenedNorm">‖R^(−½)(x − b − Am)‖ before any reduction.</param>
internal readonly record struct RowConstants(double LogLikelihoodBase, double WhitenedNorm);
