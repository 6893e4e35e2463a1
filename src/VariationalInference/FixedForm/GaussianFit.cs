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

    /// <summary>Sums up the posterior in a table: the mean, standard deviation and interval of each latent.</summary>
    /// <param name="names">The names of the latents, length J; <see langword="null"/> means the posterior's own, or else z1, z2, ….</param>
    /// <param name="probability">The probability of the intervals. Range: 0 &lt; probability &lt; 1.</param>
    /// <returns>The table, a row for each latent.</returns>
    /// <exception cref="ArgumentException"><paramref name="names"/> has another length or holds a null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="probability"/> is outside its range.</exception>
    public SummaryTable Summary(IReadOnlyList<string>? names = null, double probability = 0.95) => Posterior.Summary(names, probability);

    /// <summary>Sums up the outcome in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => $"{Posterior} after {Outcome}";
}
