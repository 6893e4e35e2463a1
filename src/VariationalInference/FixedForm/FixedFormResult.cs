using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace VariationalInference;

/// <summary>The outcome of going uphill in a family of Gaussians: the best point found, and why the ascent ended.</summary>
/// <remarks>
/// From <see cref="FixedFormElbo.Ascend"/>.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// var prior = new MultivariateGaussian([0, 0, 0], Matrix<double>.Build.DenseIdentity(3));
/// FixedFormResult<MultivariateGaussian> fit = new FixedFormElbo(model.Observe([1.2, 0.8])).Ascend(prior);
/// Console.WriteLine($"{fit.Posterior[0]}, ELBO {fit.Elbo:F5}");   // N(0.28571, 0.71429), ELBO -2.99369
/// ]]></code>
/// </example>
/// <typeparam name="TPosterior">The family.</typeparam>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed class FixedFormResult<TPosterior>
    where TPosterior : GaussianPosterior
{
    internal FixedFormResult(TPosterior posterior, ElboEvaluation evaluation)
    {
        Posterior = posterior;
        Evaluation = evaluation;
    }

    /// <summary>Gets the point with the largest ELBO that was visited.</summary>
    public TPosterior Posterior { get; }

    /// <summary>Gets the terms and the gradient there.</summary>
    public ElboEvaluation Evaluation { get; }

    /// <summary>Gets the ELBO there, in nats.</summary>
    public double Elbo => Evaluation.Elbo;

    /// <summary>Gets the largest slope there, each in the natural size of its parameter: for a mean, nats for each standard deviation.</summary>
    public double GradientNorm { get; internal init; }

    /// <summary>Gets the ELBO by step: element 0 at the start, element t after step t.</summary>
    public ImmutableArray<double> ElboTrace { get; internal init; }

    /// <summary>Gets the points visited: the start and the first steps, up to <see cref="GradientAscentOptions.PathLimit"/>.</summary>
    public ImmutableArray<TPosterior> Path { get; internal init; }

    /// <summary>Gets the number of steps done.</summary>
    public int Steps => ElboTrace.Length - 1;

    /// <summary>
    /// Gets why the ascent ended; <see cref="StopReason.CertificateMet"/> where <see cref="GradientNorm"/> is within the tolerance,
    /// <see cref="StopReason.RoundingFloor"/> where no step raises the ELBO by more than its rounding.
    /// </summary>
    public StopReason StopReason { get; internal init; }

    /// <summary>Gets a value indicating whether <see cref="GradientNorm"/> is within <see cref="GradientAscentOptions.Tolerance"/>.</summary>
    public bool Converged { get; internal init; }

    /// <inheritdoc cref="GaussianPosterior.Summary"/>
    public SummaryTable Summary(IReadOnlyList<string>? names = null, double probability = 0.95) => Posterior.Summary(names, probability);

    /// <summary>Sums up the outcome in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() =>
        Guard.Text($"{Posterior} after {Wording.Count(Steps, "step")} ({StopReason}), ELBO {Elbo:G8}, largest slope {GradientNorm:G2}");
}
