using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>The Gaussian with full covariance that <see cref="FixedFormSolver"/> found, and how good it is.</summary>
/// <remarks>
/// The bounds are on the distance from the best Gaussian, whose mean is not the exact posterior mean where that is skewed.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// var model = new LinearModel(Matrix<double>.Build.Dense(3, 1, 1), Likelihood.Poisson(), GaussianPrior.Independent(count: 1, variance: 4));
/// GaussianFit fit = new FixedFormSolver().Solve(model, [3, 5, 4]);
/// Console.WriteLine($"{fit.IsGlobal}, {fit.ErrorBound < 1e-8}");   // True, True
/// ]]></code>
/// </example>
public sealed record GaussianFit
{
    /// <summary>Gets the posterior.</summary>
    public required MultivariateGaussian Posterior { get; init; }

    /// <summary>Gets its ELBO, in nats, with every constant.</summary>
    public required double Elbo { get; init; }

    /// <summary>Gets the ELBO by iteration; element 0 at the start.</summary>
    public required ImmutableArray<double> ElboTrace { get; init; }

    /// <summary>Gets the number of iterations done.</summary>
    public int Iterations => ElboTrace.Length - 1;

    /// <summary>Gets why the run ended.</summary>
    public required StopReason StopReason { get; init; }

    /// <summary>
    /// Gets the length of the ELBO's gradient in the whitened means and a root of the whitened covariance, over the smallest ratio of a posterior standard
    /// deviation to its prior one.
    /// </summary>
    public required double Slope { get; init; }

    /// <summary>Gets a value indicating whether <see cref="Slope"/> is within <see cref="FixedFormOptions.Tolerance"/>, whatever stopped the run.</summary>
    public required bool Converged { get; init; }

    /// <summary>Gets a value indicating whether there is one optimum, since every likelihood is log-concave; else this is one of several, perhaps.</summary>
    public required bool IsGlobal { get; init; }

    /// <summary>
    /// Gets the bound on the distance of every mean from that of the best Gaussian, in posterior standard deviations; ∞ where the optimum need not be
    /// the only one, though <see cref="Slope"/> is small there too.
    /// </summary>
    public double ErrorBound => IsGlobal ? Slope : double.PositiveInfinity;

    /// <summary>Gets the bound on what the ELBO lacks of its largest value, in nats; ∞ where the optimum need not be the only one.</summary>
    public required double ElboGapBound { get; init; }

    /// <summary>Sums up the outcome in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text(
        $"{Posterior} after {Wording.Count(Iterations, "iteration")} ({StopReason}), ELBO {Elbo:G8}, {(IsGlobal ? "means off by at most" : "one optimum of several, slope")} {Slope:G2}{(IsGlobal ? " posterior sd" : string.Empty)}");
}
