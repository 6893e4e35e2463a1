using System.Text.Json.Serialization;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>The log evidence by importance sampling from a Gaussian posterior, and how good that posterior is as a proposal.</summary>
/// <remarks>
/// <para>
/// Weights w = p(x, z)/q(z) of draws z ~ q have the evidence as their mean: log p(x) ≈ log mean w, and the ELBO is the mean of log w. <see cref="ParetoShape"/> is
/// k̂ of the largest weights: below 0.5 their variance is finite, and up to 0.7 the estimate and its standard error can be relied on;
/// above, q is too narrow somewhere, and neither can (Vehtari et al., 2024).
/// </para>
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// var model = new LinearModel(Matrix<double>.Build.Dense(3, 1, 1), Likelihood.Poisson(), GaussianPrior.Independent(count: 1, variance: 4));
/// GaussianFit fit = new FixedFormSolver().Solve(model, [3, 5, 4]);
/// EvidenceEstimate evidence = EvidenceEstimate.FromDraws(model.Observe([3, 5, 4]), fit.Posterior);
/// Console.WriteLine($"{evidence.LogEvidence:F3} >= {fit.Elbo:F3}, reliable: {evidence.IsReliable}");   // -7.282 >= -7.289, reliable: True
/// ]]></code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed record EvidenceEstimate
{
    private const double LargestReliableShape = 0.7;

    internal EvidenceEstimate()
    {
    }

    /// <summary>Gets the estimate of log p(x), in nats.</summary>
    public required double LogEvidence { get; init; }

    /// <summary>Gets its standard error, in nats.</summary>
    public required double StandardError { get; init; }

    /// <summary>Gets k̂, the shape of the generalised Pareto distribution that the largest weights are like; −∞ where they are all the same.</summary>
    public required double ParetoShape { get; init; }

    /// <summary>Gets how many draws from the posterior itself the weighted ones are worth, (Σw)²/Σw².</summary>
    public required double EffectiveDrawCount { get; init; }

    /// <summary>Gets the number of draws.</summary>
    public required int DrawCount { get; init; }

    /// <summary>Gets a value indicating whether <see cref="ParetoShape"/> is at most 0.7.</summary>
    public bool IsReliable => ParetoShape <= LargestReliableShape;

    /// <summary>Estimates the log evidence.</summary>
    /// <param name="joint">The log joint.</param>
    /// <param name="proposal">The posterior to draw from.</param>
    /// <param name="drawCount">The number of draws. Range: at least 100; the shape is that of the largest 3√S weights, which fewer draws may take for another.</param>
    /// <param name="seed">The seed of the draws.</param>
    /// <returns>The estimate.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    /// <exception cref="ArgumentException">The proposal has another number of latents.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="drawCount"/> is outside its range.</exception>
    /// <exception cref="NonFiniteValueException">The log joint is NaN or +∞ at a draw, or −∞ at all.</exception>
    public static EvidenceEstimate FromDraws(ILogJoint joint, GaussianPosterior proposal, int drawCount = 20_000, int seed = 1)
    {
        ArgumentNullException.ThrowIfNull(joint);
        ArgumentNullException.ThrowIfNull(proposal);
        Guard.AtLeast(drawCount, 100, nameof(drawCount));
        Guard.InArray(drawCount, proposal.Count, nameof(drawCount));
        Guard.Length(proposal.Count, joint.LatentCount, nameof(proposal), "the latents of joint");
        Matrix<double> draws = proposal.Draws(drawCount, seed);
        var logWeights = new double[drawCount];
        double largest = double.NegativeInfinity;
        for (int n = 0; n < drawCount; n++)
        {
            double[] latents = draws.Row(n).ToArray();
            double value = joint.Value(latents);
            if (double.IsNaN(value) || double.IsPositiveInfinity(value))
            {
                Guard.ThrowNonFinite("The log joint", value, row: 0, iteration: n);
            }

            logWeights[n] = value - proposal.LogDensity(latents);
            largest = Math.Max(largest, logWeights[n]);
        }

        if (double.IsNegativeInfinity(largest))
        {
            Guard.ThrowNonFinite("The log joint", largest, row: 0, iteration: drawCount);
        }

        double sum = 0, squares = 0;
        foreach (double logWeight in logWeights)
        {
            double weight = Math.Exp(logWeight - largest);
            sum += weight;
            squares += weight * weight;
        }

        double effective = sum * sum / squares;
        return new EvidenceEstimate
        {
            LogEvidence = largest + Math.Log(sum / drawCount),

            // The relative standard error of the mean weight: that of its logarithm, to first order.
            StandardError = Math.Sqrt(Math.Max((1 / effective) - (1.0 / drawCount), 0) * drawCount / (drawCount - 1)),
            ParetoShape = ParetoTail.Shape(logWeights),
            EffectiveDrawCount = effective,
            DrawCount = drawCount,
        };
    }

    /// <summary>Sums up the estimate in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text(
        $"log evidence {LogEvidence:G8} ± {StandardError:G2} from {DrawCount} draws worth {EffectiveDrawCount:F0}, k = {ParetoShape:F2}{(IsReliable ? string.Empty : ", not reliable")}");
}
