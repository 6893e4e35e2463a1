namespace VariationalInference;

/// <summary>To what the axes of the factors are turned; the likelihood is the same for all.</summary>
public enum FactorRotation
{
    /// <summary>As learned: ΛᵀR⁻¹Λ is diagonal and descending.</summary>
    None,

    /// <summary>Uncorrelated factors with the largest variance of squared loadings (Kaiser, 1958).</summary>
    Varimax,

    /// <summary>Correlated factors: varimax, and from there to a power of its loadings (Hendrickson and White, 1964).</summary>
    Promax,

    /// <summary>Correlated factors whose squared loadings overlap least: direct oblimin with γ = 0 (Jennrich and Sampson, 1966).</summary>
    Quartimin,
}
