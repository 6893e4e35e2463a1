using System.Text.Json.Serialization;

namespace VariationalInference;

/// <summary>What variational inference needs to know of a cell: its expected log density under a Gaussian predictor, and how that changes.</summary>
/// <remarks>
/// With η ~ N(η̄, w), ℓ(x, η̄, w) = E[log p(x | η)]. A cell acts as a Gaussian one with noise variance 1/λ and observation η̄ + g/λ: a site that moves with η̄ and w.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <param name="Value">ℓ in nats, with every constant; −∞ where it is beyond double precision.</param>
/// <param name="Gradient">g = ∂ℓ/∂η̄ = E[∂ log p/∂η].</param>
/// <param name="Precision">λ = −2 ∂ℓ/∂w = −E[∂² log p/∂η²]: at least 0 where the likelihood is log-concave.</param>
/// <example>
/// <code language="csharp">
/// SiteExpectation site = Likelihood.Bernoulli().Expect(value: 1, mean: 0, variance: 0);
/// Console.WriteLine($"{site.Value:F4} {site.Gradient:F1} {site.Precision:F2}");   // -0.6931 0.5 0.25
/// </code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public readonly record struct SiteExpectation(double Value, double Gradient, double Precision);
