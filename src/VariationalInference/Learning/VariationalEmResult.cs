using System.Collections.Immutable;
using System.Text.Json.Serialization;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>What was learned: the parameters, their bound, how far the climb got, and what is wrong.</summary>
/// <remarks><threadsafety>Immutable, hence safe to share.</threadsafety></remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// // Draws with noise of variance 0.25, about which the model to start from is wrong.
/// var truth = new GaussianSumModel(latentCount: 1, observationCount: 4, noiseVariance: 0.25);
/// Matrix<double> table = truth.Sample(5_000, seed: 1).Observations;
/// VariationalEmResult learned = new VariationalEm().Learn(new GaussianSumModel(1, 4), table);
/// Console.WriteLine(learned);
/// // GaussianSumModel: 1 latent, 4 observations a row, noise variance 0.25045; ELBO -21582.25 after … iterations (CertificateMet), 0 warnings
/// Console.WriteLine($"{learned.StandardErrors.NoiseVariances[0]:F4}");   // 0.0029
/// foreach (LearningWarning warning in learned.Warnings)
/// {
///     Console.WriteLine(warning);   // …
/// }
/// ]]></code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed partial class VariationalEmResult
{
    /// <summary>
    /// What stands in <see cref="Model"/> for a variance of zero, as a part of the variance of the column, or of the prior variance with which the
    /// latent would explain the data: 1e-12.
    /// </summary>
    public const double ZeroVarianceStandIn = 1e-12;

    private readonly Lazy<ParameterStandardErrors> _standardErrors;
    private readonly Lazy<ParameterChange[]> _changes;
    private readonly Matrix<double> _loadings;

    /// <param name="loadings">The loadings, which are not copied.</param>
    /// <param name="standardErrors">The standard errors, worked out when first asked for.</param>
    /// <param name="changes">How unsure the parameters are, worked out when first asked for.</param>
    internal VariationalEmResult(Matrix<double> loadings, Lazy<ParameterStandardErrors> standardErrors, Lazy<ParameterChange[]> changes)
    {
        _changes = changes;
        _loadings = loadings;
        _standardErrors = standardErrors;
    }

    /// <summary>
    /// Gets the model with the learned parameters, for inference: a <see cref="GaussianSumModel"/> where learning started from one and it still is
    /// one. A model has positive variances, so that a variance at its boundary, 0, is <see cref="ZeroVarianceStandIn"/> in its scale there.
    /// </summary>
    public LinearGaussianModel Model { get; internal init; } = null!;

    internal VariationalEmOptions Options { get; init; } = null!;

    /// <summary>Gets the number of free parameters.</summary>
    internal long FreeParameterCount { get; init; }

    /// <summary>Gets a value indicating whether standard errors came out of a file.</summary>
    internal bool HasErrors { get; init; }

    /// <summary>Gets the offset b, length K.</summary>
    public ImmutableArray<double> Offset { get; internal init; }

    /// <summary>Gets the noise variances r, length K; 0 at the boundary.</summary>
    public ImmutableArray<double> NoiseVariances { get; internal init; }

    /// <summary>Gets the prior means m, length J.</summary>
    public ImmutableArray<double> PriorMeans { get; internal init; }

    /// <summary>Gets the prior variances s², length J; 0 at the boundary.</summary>
    public ImmutableArray<double> PriorVariances { get; internal init; }

    /// <summary>
    /// Gets the evidence lower bound at these parameters, summed over the rows, in nats with every constant: the log evidence in the full family, the ELBO in
    /// the mean-field family. Columns that were left out, see <see cref="Warnings"/>, do not count.
    /// </summary>
    public double Elbo => ElboTrace[^1];

    /// <summary>Gets the log evidence of all rows at these parameters, in nats, whatever the family.</summary>
    public double LogEvidence { get; internal init; }

    /// <summary>Gets the ELBO by iteration: element 0 at the start that led to the best point, element t after iteration t.</summary>
    public ImmutableArray<double> ElboTrace { get; internal init; }

    /// <summary>Gets the number of iterations from the best start.</summary>
    public int Iterations => ElboTrace.Length - 1;

    /// <summary>Gets why learning stopped.</summary>
    public StopReason StopReason { get; internal init; }

    /// <summary>
    /// Gets a value indicating whether <see cref="RemainingStandardErrors"/> is within <see cref="VariationalEmOptions.Tolerance"/>, and the bound
    /// limited.
    /// </summary>
    public bool Converged => StopReason == StopReason.CertificateMet;

    /// <summary>
    /// Gets how much higher the bound is at the optimum nearby, in nats: ½ gᵀH⁻¹g with the gradient g, its rounding included, and the curvature H
    /// at these parameters, over the directions whose curvature is above its own rounding. It is exact where the bound is quadratic, a good
    /// estimate once it is small, and says nothing of other optima. +∞ where the bound curves up, and where the work ended before it was known.
    /// For more than 300 free parameters it is that of conjugate gradients, which come from below, by at most a few per cent.
    /// </summary>
    public double RemainingNats { get; internal init; }

    /// <summary>
    /// Gets how far these parameters are from the optimum nearby, in standard errors: √(2 · <see cref="RemainingNats"/>), the largest distance of any
    /// linear function of the parameters in units of its own standard error.
    /// </summary>
    public double RemainingStandardErrors => Math.Sqrt(2 * RemainingNats);

    /// <summary>
    /// Gets the optima that the climbs came to, highest first: the first is this result. Starts that ended within 1e-6 nats of each other count as
    /// one optimum; it may be several that a symmetry takes into each other.
    /// </summary>
    public ImmutableArray<LearnedOptimum> Optima { get; internal init; }

    /// <summary>Gets the largest element of the gradient, in nats a row; see <see cref="VariationalEmOptions.GradientTolerance"/>.</summary>
    public double GradientNorm { get; internal init; }

    /// <summary>
    /// Gets what is wrong; empty where nothing was found. Whether the data can tell parameters apart is worked out in the full family for up to
    /// 300 free parameters, unless the work was cancelled.
    /// </summary>
    public ImmutableArray<LearningWarning> Warnings { get; internal init; }

    /// <summary>
    /// Gets the standard errors. They are worked out when first asked for, from four to a dozen times as many gradients as there are free parameters.
    /// </summary>
    public ParameterStandardErrors StandardErrors => _standardErrors.Value;

    /// <summary>Gets how unsure the parameters are: independent changes, each of one standard error.</summary>
    internal IReadOnlyList<ParameterChange> Changes => _changes.Value;

    /// <summary>Returns what predicts by the learned model.</summary>
    /// <param name="withParameterUncertainty">
    /// Whether predictions, and posteriors of latents, become wider by what the parameters' standard errors and correlations come to, by the delta method. Parameters at
    /// their boundary, and those that the data cannot tell, count as known.
    /// </param>
    /// <returns>The predictor.</returns>
    /// <exception cref="InvalidOperationException">The bound has no finite curvature at these parameters, and their uncertainty is asked for.</exception>
    public Predictor Predictor(bool withParameterUncertainty = false) => new(Model, withParameterUncertainty ? Changes : [], infer: null);

    /// <summary>
    /// Sums up what was learned in a table: estimate, standard error, and an interval for large samples, of variances on the scale of logarithms. What was fixed
    /// is left out.
    /// </summary>
    /// <param name="columnNames">The names of the observations, length K; <see langword="null"/> means their own, or where they have none x1, x2, ….</param>
    /// <param name="latentNames">The names of the latents, length J; <see langword="null"/> means their own, or where they have none z1, z2, ….</param>
    /// <param name="probability">The probability of the intervals. Range: 0 &lt; probability &lt; 1.</param>
    /// <returns>The table, a row for each parameter.</returns>
    /// <exception cref="ArgumentException">There are more or fewer names, or one is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="probability"/> is outside its range.</exception>
    public SummaryTable Summary(IReadOnlyList<string>? columnNames = null, IReadOnlyList<string>? latentNames = null, double probability = 0.95) =>
        LearnedSummary.Of(this, Options, columnNames, latentNames, probability);

    /// <summary>Writes out the loadings.</summary>
    /// <returns>A new K×J matrix A.</returns>
    public Matrix<double> Loadings() => _loadings.Clone();

    /// <summary>Sums up the outcome in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() =>
        Guard.Text($"{Model}; ELBO {Elbo:G8} after {Wording.Count(Iterations, "iteration")} ({StopReason}), {Wording.Count(Warnings.Length, "warning")}");
}
