namespace VariationalInference;

/// <summary>How the gradient of the ELBO in the encoder's outputs (μ, ρ = log σ²) is estimated from L draws z = μ + σε, ε ~ N(0, 1).</summary>
/// <remarks>g is the gradient of log p(x, z) in the amortized latents at the draw, with the means of the others held fixed. All three are unbiased. See <see cref="HybridOptions.Estimator"/>.</remarks>
public enum GradientEstimator
{
    /// <summary>The reparameterised gradient: dμ = mean g, dρ = mean ½σεg + ½ (Kingma and Welling, 2014).</summary>
    Reparameterized,

    /// <summary>
    /// The path derivative: dμ = mean (g + ε/σ), dρ = mean ½σε(g + ε/σ) (Roeder, Wu and Duvenaud, 2017). With one amortized latent it is
    /// zero at the optimum, draw by draw.
    /// </summary>
    StickingTheLanding,

    /// <summary>The limit L → ∞ in closed form, without draws: dμ = g at z = μ, dρ = ½(1 − Λ_aa σ²).</summary>
    Analytic,
}
