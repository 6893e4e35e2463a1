using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace VariationalInference;

/// <summary>The outcome of coordinate ascent on one row: the posterior, how good it is, and why the run ended.</summary>
/// <remarks>
/// <see cref="Exact"/> is what to report. The run maximises the ELBO of <see cref="MeanField"/>, whose means at the maximum are the exact ones and whose
/// variances are too small. The errors that it speaks of add up: log p(x) = ELBO + optimisation gap (at most <see cref="ElboGapBound"/>) +
/// <see cref="ApproximationGap"/>.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// CaviResult fit = new CaviSolver().Solve(model, [1.2, 0.8]);
/// Console.WriteLine(fit.Exact[0]);   // N(0.28571, 0.71429)
/// Console.WriteLine(fit.MeanField[0]);   // N(0.28571, 0.33333)
/// Console.WriteLine($"{fit.StopReason}, converged: {fit.Converged}");   // CertificateMet, converged: True
/// Console.WriteLine($"{fit.LogEvidence:F5} = {fit.Elbo:F5} + {fit.ApproximationGap:F5}");   // -2.99369 = -3.66865 + 0.67496
/// </code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed partial class CaviResult
{
    private readonly QuadraticLogJoint _joint;
    private MultivariateGaussian? _exact;

    internal CaviResult(QuadraticLogJoint joint, double[] means, ImmutableArray<double> elboTrace, CaviSummary summary)
    {
        _joint = joint;
        MeanField = MeanFieldGaussian.Adopt(means, joint.Shape.MeanFieldVariances, joint.LatentNames);
        ElboTrace = elboTrace;
        StopReason = summary.StopReason;
        ErrorBound = summary.ErrorBound;
        Converged = summary.Converged;
        for (int iteration = 1; iteration < elboTrace.Length; iteration++)
        {
            LargestElboDecrease = Math.Max(LargestElboDecrease, elboTrace[iteration - 1] - elboTrace[iteration]);
        }
    }

    /// <summary>
    /// Gets the exact posterior N(Λ⁻¹h, Λ⁻¹) in closed form, whether the run converged or not; where it did, its means are those of
    /// <see cref="MeanField"/> within <see cref="ErrorBound"/>.
    /// </summary>
    public MultivariateGaussian Exact => _exact ??= _joint.Posterior();

    /// <summary>
    /// Gets the mean-field posterior that the run came to, with the optimal variances 1/Λ_jj: at most those of <see cref="Exact"/>, and mostly far
    /// smaller.
    /// </summary>
    public MeanFieldGaussian MeanField { get; }

    /// <summary>Gets the ELBO of <see cref="MeanField"/>, in nats, with every constant.</summary>
    public double Elbo => ElboTrace[^1];

    /// <summary>Gets the ELBO by iteration: element 0 at the start (with the optimal variances), element t after iteration t.</summary>
    public ImmutableArray<double> ElboTrace { get; }

    /// <summary>Gets the number of iterations done: sweeps, accelerated steps, or 1 for the direct route.</summary>
    public int Iterations => ElboTrace.Length - 1;

    /// <summary>Gets why the run ended.</summary>
    public StopReason StopReason { get; }

    /// <summary>
    /// Gets a value indicating whether <see cref="ErrorBound"/> is within <see cref="CaviOptions.Tolerance"/>, whatever rule stopped the run.
    /// </summary>
    public bool Converged { get; }

    /// <summary>
    /// Gets the certificate of the means, ‖D∇_μ‖₂ plus a bound on its rounding: no mean of <see cref="MeanField"/> is off by more than this many exact posterior standard deviations
    /// (nor, since these are smaller, prior standard deviations). Where rounding keeps ‖D∇_μ‖₂ above the tolerance, the sharper
    /// √(∇_μᵀΛ⁻¹∇_μ) takes its place.
    /// </summary>
    public double ErrorBound { get; }

    /// <summary>
    /// Gets the bound ½ <see cref="ErrorBound"/>² on what the ELBO lacks of its largest value, in nats, and a bound on what rounding did to its own
    /// digits.
    /// </summary>
    public double ElboGapBound => (0.5 * ErrorBound * ErrorBound) + ElboRounding;

    /// <summary>Gets a bound on the rounding of the sum that the ELBO is (Higham, 2002, section 4.2).</summary>
    private double ElboRounding
    {
        get
        {
            SharedShape shape = _joint.Shape;
            double terms = Math.Abs(Elbo) + Math.Abs(_joint.LogLikelihoodBase) + Math.Abs(shape.LogNormalizer) + Math.Abs(shape.LogScaledPrecisionSum);
            return (shape.LatentCount + shape.ObservedCount + 8) * DoublePrecision.UnitRoundoff * terms;
        }
    }

    /// <summary>Gets the largest fall of the ELBO from one iteration to the next, in nats; 0 or of the order of rounding unless something is wrong.</summary>
    public double LargestElboDecrease { get; }

    /// <summary>Gets the exact log evidence log p(x), in nats.</summary>
    public double LogEvidence => _joint.LogEvidence;

    /// <summary>Gets what the mean-field family loses against the evidence, log p(x) − ELBO*, in nats.</summary>
    public double ApproximationGap => _joint.ApproximationGap;

    /// <inheritdoc cref="QuadraticLogJoint.ParetoShape"/>
    public double ParetoShape => _joint.ParetoShape;

    /// <summary>Sums up the posterior in a table: exact mean, standard deviation and central interval, and beside them the mean-field standard deviation.</summary>
    /// <param name="names">The names of the latents, length J; <see langword="null"/> means their own, or where they have none z1, z2, ….</param>
    /// <param name="probability">The probability of the intervals. Range: 0 &lt; probability &lt; 1.</param>
    /// <returns>The table, a row for each latent.</returns>
    /// <exception cref="ArgumentException"><paramref name="names"/> has another length or holds a null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="probability"/> is outside its range.</exception>
    public SummaryTable Summary(IReadOnlyList<string>? names = null, double probability = 0.95) => MeanFieldSummary.Of(Exact, MeanField, names, probability);

    /// <summary>Sums up the outcome in one line, with the marginals of <see cref="Exact"/>; of many, the first ones.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text(
        $"exact {Exact}; mean field after {Wording.Count(Iterations, "iteration")} ({StopReason}), ELBO {Elbo:G8}, means off by at most {ErrorBound:G2} posterior sd");
}
