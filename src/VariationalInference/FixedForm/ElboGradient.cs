using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>The gradient of the ELBO in the variational parameters, section 4.5.4.</summary>
/// <param name="Means">∂L/∂μ = h − Λμ, length J.</param>
/// <param name="Variances">∂L/∂v_j = ½(1/v_j − Λ_jj), length J.</param>
/// <param name="LogVariances">∂L/∂log v_j = ½(1 − Λ_jj v_j), length J; a step along it keeps the variances positive.</param>
public sealed record ElboGradient(
    ImmutableArray<double> Means, ImmutableArray<double> Variances, ImmutableArray<double> LogVariances);
