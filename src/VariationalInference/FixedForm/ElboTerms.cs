namespace VariationalInference;

/// <summary>The four terms of the ELBO by equation (4-2), and its constant; all in nats.</summary>
/// <param name="DataFit">−½ Σ_k (x_k − b_k − (Aμ)_k)²/r_k: how well the means explain the observations.</param>
/// <param name="Prior">−½ Σ_j (μ_j − m_j)²/s_j²: how far the means are from the prior's.</param>
/// <param name="UncertaintyCost">−½ Σ_j Λ_jj v_j: what wide factors cost.</param>
/// <param name="Spread">½ Σ_j log v_j: what wide factors earn.</param>
/// <param name="Constant">−½ Σ_k log 2πr_k − ½ Σ_j log s_j² + J/2: everything that depends on neither means nor variances.</param>
public readonly record struct ElboTerms(double DataFit, double Prior, double UncertaintyCost, double Spread, double Constant)
{
    /// <summary>Gets the sum of the five, the ELBO itself.</summary>
    public double Total => DataFit + Prior + UncertaintyCost + Spread + Constant;
}
