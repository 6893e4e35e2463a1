using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>The outcome of gradient ascent on one row: the best point found, how good it is, and why the walk ended.</summary>
/// <remarks><threadsafety>Immutable, hence safe to share.</threadsafety></remarks>
public sealed class GradientAscentResult
{
    private readonly QuadraticLogJoint _joint;

    internal GradientAscentResult(QuadraticLogJoint joint, MeanFieldGaussian posterior)
    {
        _joint = joint;
        Posterior = posterior;
    }

    /// <summary>Gets the point with the largest ELBO that was visited.</summary>
    public MeanFieldGaussian Posterior { get; }

    /// <summary>Gets the ELBO of <see cref="Posterior"/>, in nats, with every constant.</summary>
    public required double Elbo { get; init; }

    /// <summary>Gets the ELBO by step: element 0 at the start, element t after step t.</summary>
    public required ImmutableArray<double> ElboTrace { get; init; }

    /// <summary>Gets the points visited: the start and the first steps, up to <see cref="GradientAscentOptions.PathLimit"/>.</summary>
    public required ImmutableArray<MeanFieldGaussian> Path { get; init; }

    /// <summary>Gets the number of steps done.</summary>
    public int Steps => ElboTrace.Length - 1;

    /// <summary>Gets why the walk ended.</summary>
    public required GradientAscentStopReason StopReason { get; init; }

    /// <summary>
    /// Gets a value indicating whether <see cref="ErrorBound"/> and <see cref="VarianceErrorBound"/> are within
    /// <see cref="GradientAscentOptions.Tolerance"/>.
    /// </summary>
    public required bool Converged { get; init; }

    /// <summary>Gets the bound on the error of every mean, in exact posterior standard deviations; see <see cref="CaviResult.ErrorBound"/>.</summary>
    public required double ErrorBound { get; init; }

    /// <summary>Gets the largest relative error of a variance, max_j |Λ_jj v_j − 1|.</summary>
    public required double VarianceErrorBound { get; init; }

    /// <summary>Gets the bound on what the ELBO lacks of its largest value, ½ ErrorBound² + ½ Σ (Λ_jj v_j − 1 − log Λ_jj v_j), in nats.</summary>
    public required double ElboGapBound { get; init; }

    /// <summary>Gets the exact log evidence log p(x), in nats.</summary>
    public double LogEvidence => _joint.LogEvidence;

    /// <summary>Gets what the mean-field family loses against the evidence, log p(x) − ELBO*, in nats.</summary>
    public double ApproximationGap => _joint.ApproximationGap;

    /// <inheritdoc cref="CaviResult.LinearResponse"/>
    public MultivariateGaussian LinearResponse => new(Posterior.Means, _joint.Shape.Covariance);

    /// <summary>Sums up the outcome in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() =>
        Guard.Text($"{Posterior} after {Steps} steps ({StopReason}), ELBO {Elbo:G8}, error at most {ErrorBound:G2} posterior sd");
}
