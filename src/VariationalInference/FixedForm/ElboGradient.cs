using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace VariationalInference;

/// <summary>The gradient of the ELBO in the variational parameters.</summary>
/// <remarks>
/// From <see cref="FixedFormElbo.Gradient(MeanFieldGaussian)"/>. It vanishes at the best mean-field posterior, with means Λ⁻¹h and variances 1/Λ_jj.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// var elbo = new FixedFormElbo(model.Observe([1.2, 0.8]));
/// ElboGradient slope = elbo.Gradient(means: [0, 0, 0], variances: [1, 1, 1]);
/// Console.WriteLine(slope);   // means [2, 2, 2], variances [-1, -1, -1], log variances [-1, -1, -1]
/// </code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed class ElboGradient
{
    internal ElboGradient(ImmutableArray<double> means, ImmutableArray<double> variances, ImmutableArray<double> logVariances)
    {
        Means = means;
        Variances = variances;
        LogVariances = logVariances;
    }

    /// <summary>Gets ∂L/∂μ = h − Λμ, length J.</summary>
    public ImmutableArray<double> Means { get; }

    /// <summary>Gets ∂L/∂v_j = ½(1/v_j − Λ_jj), length J.</summary>
    public ImmutableArray<double> Variances { get; }

    /// <summary>Gets ∂L/∂log v_j = ½(1 − Λ_jj v_j), length J; a step along it keeps the variances positive.</summary>
    public ImmutableArray<double> LogVariances { get; }

    /// <summary>Lists the derivatives, with five significant digits; of many latents, the first ones.</summary>
    /// <returns>The text.</returns>
    public override string ToString() =>
        $"means {Wording.List(Means)}, variances {Wording.List(Variances)}, log variances {Wording.List(LogVariances)}";
}
