using System.Text.Json.Serialization;

namespace VariationalInference;

/// <summary>The Gaussian with full covariance that <see cref="FixedFormSolver"/> found, and how good it is.</summary>
/// <remarks>
/// The bounds are on the distance from the best Gaussian, whose mean is not the exact posterior mean where that is skewed;
/// <see cref="EvidenceEstimate"/> tells how far it is from the posterior itself.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// var model = new LinearModel(Matrix<double>.Build.Dense(3, 1, 1), Likelihood.Poisson(), GaussianPrior.Independent(count: 1, variance: 4));
/// GaussianFit fit = new FixedFormSolver().Solve(model, [3, 5, 4]);
/// Console.WriteLine($"{fit.IsGlobal}, {fit.ErrorBound < 1e-8}");   // True, True
/// ]]></code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed partial record GaussianFit : LinearModelFit
{
    /// <summary>Gets the posterior.</summary>
    public required MultivariateGaussian Posterior { get; init; }

    /// <summary>Sums up the outcome in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => $"{Posterior} after {Outcome}";
}
