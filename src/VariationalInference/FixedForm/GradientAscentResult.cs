using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace VariationalInference;

/// <summary>The outcome of gradient ascent on one row: the best point found, how good it is, and why the walk ended.</summary>
/// <remarks>
/// A step of the walk costs O(JK); for Gaussian sums O(J).
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// GradientAscentResult walked = new FixedFormElbo(model.Observe([1.2, 0.8])).Maximize();
/// Console.WriteLine(walked.MeanField[0]);   // N(0.28571, 0.33333)
/// Console.WriteLine($"{walked.StopReason}, {walked.Converged}");   // CertificateMet, True
/// Console.WriteLine($"from {walked.ElboTrace[0]:F5} to {walked.Elbo:F5} nats");   // from -5.87788 to -3.66865 nats
/// </code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed class GradientAscentResult
{
    private readonly QuadraticLogJoint _joint;
    private readonly Lazy<double> _logEvidence;
    private readonly Lazy<MultivariateGaussian> _exact;

    internal GradientAscentResult(QuadraticLogJoint joint, MeanFieldGaussian posterior)
    {
        _joint = joint;
        MeanField = posterior;
        _logEvidence = new Lazy<double>(() => joint.LogEvidence);
        _exact = new Lazy<MultivariateGaussian>(joint.Posterior);
    }

    /// <summary>Gets the mean-field posterior with the largest ELBO that was visited; its variances are too small.</summary>
    public MeanFieldGaussian MeanField { get; }

    /// <summary>Gets the ELBO of <see cref="MeanField"/>, in nats, with every constant.</summary>
    public double Elbo { get; internal init; }

    /// <summary>Gets the ELBO by step: element 0 at the start, element t after step t.</summary>
    public ImmutableArray<double> ElboTrace { get; internal init; }

    /// <summary>Gets the points visited: the start and the first steps, up to <see cref="GradientAscentOptions.PathLimit"/>.</summary>
    public ImmutableArray<MeanFieldGaussian> Path { get; internal init; }

    /// <summary>Gets the number of steps done.</summary>
    public int Steps => ElboTrace.Length - 1;

    /// <summary>Gets why the walk ended.</summary>
    public StopReason StopReason { get; internal init; }

    /// <summary>
    /// Gets a value indicating whether <see cref="ErrorBound"/> and <see cref="VarianceErrorBound"/> are within
    /// <see cref="GradientAscentOptions.Tolerance"/>.
    /// </summary>
    public bool Converged { get; internal init; }

    /// <summary>Gets the bound on the error of every mean, in exact posterior standard deviations; see <see cref="CaviResult.ErrorBound"/>.</summary>
    public double ErrorBound { get; internal init; }

    /// <summary>Gets the largest relative error of a variance, max_j |Λ_jj v_j − 1|.</summary>
    public double VarianceErrorBound { get; internal init; }

    /// <summary>Gets the bound on what the ELBO lacks of its largest value, ½ ErrorBound² + ½ Σ (Λ_jj v_j − 1 − log Λ_jj v_j), in nats.</summary>
    public double ElboGapBound { get; internal init; }

    /// <summary>Gets the exact log evidence log p(x), in nats.</summary>
    public double LogEvidence => _logEvidence.Value;

    /// <summary>Gets what the mean-field family loses against the evidence, log p(x) − ELBO*, in nats.</summary>
    public double ApproximationGap => _joint.ApproximationGap;

    /// <inheritdoc cref="CaviResult.Exact"/>
    public MultivariateGaussian Exact => _exact.Value;

    /// <summary>Sums up the posterior in a table: exact mean, standard deviation and central interval, and beside them the mean-field standard deviation.</summary>
    /// <param name="names">The names of the latents, length J; <see langword="null"/> means their own, or where they have none z1, z2, ….</param>
    /// <param name="probability">The probability of the intervals. Range: 0 &lt; probability &lt; 1.</param>
    /// <returns>The table, a row for each latent.</returns>
    /// <exception cref="ArgumentException"><paramref name="names"/> has another length or holds a null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="probability"/> is outside its range.</exception>
    public SummaryTable Summary(IReadOnlyList<string>? names = null, double probability = 0.95) => MeanFieldSummary.Of(Exact, MeanField, names, probability);

    /// <summary>Sums up the outcome in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text(
        $"exact {Exact}; mean field after {Wording.Count(Steps, "step")} ({StopReason}), ELBO {Elbo:G8}, means off by at most {ErrorBound:G2} posterior sd");
}
