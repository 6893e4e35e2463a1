namespace VariationalInference;

/// <summary>How gradient ascent, ν ← ν + η∇L, steps and when it stops; see <see cref="FixedFormElbo.Maximize"/>.</summary>
/// <remarks><threadsafety>Immutable, hence safe to share.</threadsafety></remarks>
/// <example>
/// <code language="csharp">
/// // A step of one's own, and the first points of the path for a plot.
/// var options = new GradientAscentOptions { StepSize = 0.1, PathLimit = 50 };
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// GradientAscentResult walked = new FixedFormElbo(model.Observe([1.2, 0.8])).Maximize(options);
/// Console.WriteLine($"{walked.Steps} steps, {walked.StopReason}; {walked.Path.Length} points kept");
/// // … steps, CertificateMet; 50 points kept
/// </code>
/// </example>
public sealed record GradientAscentOptions
{
    /// <summary>
    /// Gets the step η of ν ← ν + η∇L, the same for all means (in their own units) and log variances. Too large a step diverges, and the
    /// result says so. Range: positive.
    /// </summary>
    /// <value>
    /// The default is <see langword="null"/>: a step for each parameter from the curvature, which is known. Mean j steps by 2/(λ_min +
    /// λ_max)/Λ_jj, the best fixed step, with λ the eigenvalues of Λ scaled to a unit diagonal; log variance j by 2/max(1, Λ_jj v_j), which
    /// never overshoots.
    /// </value>
    public double? StepSize { get; init => field = value is double step ? Guard.Positive(step, nameof(StepSize)) : null; }

    /// <summary>
    /// Gets the tolerance on both <see cref="GradientAscentResult.ErrorBound"/> and
    /// <see cref="GradientAscentResult.VarianceErrorBound"/>. Range: at least 0; 0 never stops a run.
    /// </summary>
    /// <value>The default is 1e-8.</value>
    public double Tolerance { get; init => field = Guard.NonNegative(value, nameof(Tolerance)); } = 1e-8;

    /// <summary>Gets the largest number of steps. Range: at least 1.</summary>
    /// <value>The default is 100,000.</value>
    public int MaxSteps { get; init => field = Guard.AtLeast(value, 1, nameof(MaxSteps)); } = 100_000;

    /// <summary>Gets how many points of the path are kept, counted from the start. Range: at least 1.</summary>
    /// <value>The default is 1,000.</value>
    public int PathLimit { get; init => field = Guard.AtLeast(value, 1, nameof(PathLimit)); } = 1_000;

    /// <summary>Lists the options.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text(
        $"GradientAscentOptions {{ StepSize = {Wording.OrNull(StepSize)}, Tolerance = {Tolerance}, MaxSteps = {MaxSteps}, PathLimit = {PathLimit} }}");
}
