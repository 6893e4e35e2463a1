using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>
/// One-way random effects: measurement i of group g is y_gi = μ + z_g + ε_gi with z_g ~ N(0, τ²) and ε_gi ~ N(0, σ²), all three learned.
/// </summary>
/// <remarks>
/// The Gaussian sum of one latent, μ + z_g, with a row for each group. Groups may differ in size; memory holds one group at a time beside
/// two numbers for each group. The posterior of the effects factorises, so that mean field and the full family learn the same. Take it for
/// replicates: batches, laboratories, subjects, each measured several times. An evaluation of the likelihood costs O(1) for each size of
/// group that occurs.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// OneWayRandomEffects effects = OneWayRandomEffects.Learn([[9.8, 10.1, 10.0], [11.9, 12.2], [10.9, 11.1, 11.0]]);
/// Console.WriteLine(effects);   // 3 groups: mean 11.0038, variance between 0.713444, within 0.0223451
/// Console.WriteLine(effects.Effects[1]);   // N(1.0301, 0.011)
/// Console.WriteLine(effects.Anova.F > 100);   // True
/// </code>
/// </example>
public sealed class OneWayRandomEffects
{
    private OneWayRandomEffects(VariationalEmResult fit, OneWayLayout layout)
    {
        Fit = fit;
        Anova = layout.Anova;
        Mean = new LearnedParameter(fit.PriorMeans[0], fit.StandardErrors.PriorMeans[0]);
        BetweenVariance = new LearnedParameter(fit.PriorVariances[0], fit.StandardErrors.PriorVariances[0]);
        WithinVariance = new LearnedParameter(fit.NoiseVariances[0], fit.StandardErrors.NoiseVariances[0]);
        Effects = [.. layout.MeansFrom((Mean.Value, 0)).Select(group => Effect(group.Cells, group.Mean))];
        Model = new GaussianSumModel(
            layout.Width, fit.Model.NoiseVariances[0], fit.Model.PriorMeans.AsSpan(), fit.Model.PriorVariances.AsSpan());
    }

    /// <summary>Gets the mean μ over all groups.</summary>
    public LearnedParameter Mean { get; }

    /// <summary>Gets the variance τ² between groups; 0 at its boundary.</summary>
    public LearnedParameter BetweenVariance { get; }

    /// <summary>Gets the variance σ² within groups.</summary>
    public LearnedParameter WithinVariance { get; }

    /// <summary>
    /// Gets the posterior of each group's effect z_g, in the order of the groups, at the learned parameters: the deviation of its mean, shrunk by
    /// nτ²/(nτ² + σ²). Both numbers are 0 where τ² is.
    /// </summary>
    public ImmutableArray<Gaussian> Effects { get; }

    /// <summary>Gets the analysis of variance.</summary>
    public AnovaTable Anova { get; }

    /// <summary>Gets the (restricted) log likelihood at the learned parameters, in nats, with every constant.</summary>
    public double LogLikelihood => Fit.Elbo;

    /// <summary>
    /// Gets the model for inference on tables with a row for each group, filled up with NaN to the size of the largest; its latent is μ + z_g.
    /// </summary>
    public GaussianSumModel Model { get; }

    /// <summary>Gets how learning went: why it stopped, and warnings. Its model has one observation a row.</summary>
    public VariationalEmResult Fit { get; }

    /// <summary>Learns from groups of measurements.</summary>
    /// <param name="groups">The measurements of each group; NaN means missing. Range: at least 1 measurement in all; groups may be empty.</param>
    /// <param name="restricted">
    /// Whether to maximise the restricted likelihood (REML), the likelihood integrated over μ, which allows for the degree of freedom that
    /// estimating μ takes; variances are then larger. The default is maximum likelihood.
    /// </param>
    /// <param name="cancellationToken">Stops the work; what was learned so far is returned.</param>
    /// <returns>What was learned.</returns>
    /// <exception cref="ArgumentException">A group is null, a measurement is infinite, or there are none.</exception>
    /// <exception cref="NonFiniteValueException">The squares of the measurements leave the range of double precision.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled before anything was learned.</exception>
    public static OneWayRandomEffects Learn(
        IEnumerable<IReadOnlyList<double>> groups, bool restricted = false, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(groups);
        var layout = new OneWayLayout(groups, nameof(groups));
        var options = new VariationalEmOptions { PriorMeans = true, PriorVariances = VarianceLearning.Shared };
        var start = new GaussianSumModel(latentCount: 1, observationCount: 1);
        var problem = new LearningProblem(start, layout.Sizes, layout.Cells, options, restricted);
        VariationalEmResult fit = new VariationalEm(options).Learn(start, problem, null, cancellationToken);
        return new OneWayRandomEffects(fit, layout);
    }

    /// <summary>Sums up the outcome in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text(
        $"{Wording.Count(Effects.Length, "group")}: mean {Mean.Value:G6}, variance between {BetweenVariance.Value:G6}, within {WithinVariance.Value:G6}");

    private Gaussian Effect(int cells, double deviation)
    {
        double weight = cells == 0 ? 0 : BetweenVariance.Value / (BetweenVariance.Value + (WithinVariance.Value / cells));
        return new Gaussian(cells == 0 ? 0 : weight * deviation, BetweenVariance.Value * (1 - weight));
    }
}
