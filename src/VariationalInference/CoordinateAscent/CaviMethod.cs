namespace VariationalInference;

/// <summary>How coordinate ascent gets to the stationary point of the ELBO; see <see cref="CaviOptions.Method"/>.</summary>
public enum CaviMethod
{
    /// <summary>
    /// Conjugate ascent: as cheap as a sweep an iteration, and done in about min(J, K) + 2 iterations however strongly the latents are
    /// coupled, because DΛD has at most min(J, K) + 1 distinct eigenvalues. A Gaussian sum takes one to four. Where rounding spoils this, as
    /// with prior variances over many orders of magnitude, the closed form is the last step.
    /// </summary>
    Accelerated,

    /// <summary>Plain coordinate updates, one latent after another; slow when the latents are strongly coupled.</summary>
    PlainSweeps,

    /// <summary>
    /// No iteration: the stationary point in closed form, solved on the smaller side (J×J, K×K, or rank one for Gaussian sums). The first row pays
    /// for the model's response matrix, O(JK min(J, K)); every further row is one product with it, O(JK).
    /// </summary>
    Direct,
}
