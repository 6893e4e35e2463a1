namespace VariationalInference;

/// <summary>The family of distributions that the E-step chooses the posterior of the latents from; see <see cref="VariationalEmOptions.Family"/>.</summary>
public enum PosteriorFamily
{
    /// <summary>All normal distributions: the bound is the log evidence, and learning is maximum likelihood.</summary>
    FullGaussian,

    /// <summary>
    /// Products of independent normal distributions. With fixed loadings the bound then prefers parameters under which the latents are nearly
    /// independent, and the noise variance comes out too large, the more so the more latents share an observation: for a sum of 10 latents
    /// and 5 observations with noise variance 0.01, maximum likelihood finds 0.0098 and mean field 6.46. With free loadings there is no such
    /// bias: a rotation makes the latents independent, at no cost.
    /// </summary>
    MeanField,
}
