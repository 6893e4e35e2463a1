using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace VariationalInference;

/// <summary>
/// One-way random effects: measurement i of group g is y_gi = μ + z_g + ε_gi with z_g ~ N(0, τ²) and ε_gi ~ N(0, σ²), all three learned.
/// </summary>
/// <remarks>
/// A <see cref="MixedModel"/> with a mean and one random intercept. Groups may differ in size. The likelihood may have two maxima, one at τ² = 0; the
/// higher one is returned. Take it for replicates: batches, laboratories, subjects, each measured several times. An evaluation of the
/// likelihood costs O(1) for each group.
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
[JsonConverter(typeof(ResultJsonConverter))]
public sealed partial class OneWayRandomEffects
{
    private readonly OneWayLayout _layout;

    private OneWayRandomEffects(MixedModelFit fit, OneWayLayout layout)
    {
        _layout = layout;
        Fit = fit;
        Anova = layout.Anova;
        FixedEffect mean = fit.FixedEffects[0];
        Mean = new LearnedParameter(mean.Estimate, mean.StandardError);
        BetweenVariance = Parameter(fit.VarianceComponents[0]);
        WithinVariance = Parameter(fit.VarianceComponents[1]);
        Effects = [.. layout.Places.Select(EffectOf)];
        double least = VariationalEmResult.ZeroVarianceStandIn * (BetweenVariance.Value + WithinVariance.Value);
        Model = new GaussianSumModel(
            layout.Width, Math.Max(WithinVariance.Value, least), [Mean.Value], [Math.Max(BetweenVariance.Value, least)]);
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
    public double LogLikelihood => Fit.LogLikelihood;

    /// <summary>
    /// Gets the model for inference on tables with a row for each group, filled up with NaN to the size of the largest; its latent is μ + z_g. A model
    /// has positive variances, so that a variance of 0 is <see cref="VariationalEmResult.ZeroVarianceStandIn"/> of their sum there.
    /// </summary>
    public GaussianSumModel Model { get; }

    /// <summary>Gets the mixed model's fit, with one random term: all maxima of the likelihood, intervals, predictions, and warnings.</summary>
    public MixedModelFit Fit { get; }

    /// <summary>Learns from groups of measurements.</summary>
    /// <param name="groups">The measurements of each group; NaN means missing. At least 2 differ; groups may be empty.</param>
    /// <param name="restricted">
    /// Whether to maximise the restricted likelihood (REML), the likelihood integrated over μ, which allows for the degree of freedom that
    /// estimating μ takes; variances are then larger. The default is maximum likelihood.
    /// </param>
    /// <param name="cancellationToken">Stops the work; what was learned so far is returned.</param>
    /// <returns>What was learned.</returns>
    /// <exception cref="ArgumentException">A group is null, a measurement is infinite, or there are no two that differ.</exception>
    /// <exception cref="NonFiniteValueException">The squares of the measurements leave the range of double precision.</exception>
    public static OneWayRandomEffects Learn(
        IEnumerable<IReadOnlyList<double>> groups, bool restricted = false, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(groups);
        var layout = new OneWayLayout(groups, nameof(groups));
        MixedModel model = new MixedModel("measurement", layout.Measurements).Random("group", layout.Codes);
        return new OneWayRandomEffects(model.Fit(new MixedModelOptions { Restricted = restricted }, null, cancellationToken), layout);
    }

    /// <summary>Lists the mean and both variances, with standard errors and intervals; those of positive variances are on the scale of logarithms.</summary>
    /// <param name="probability">The intervals' coverage for many groups. Range: 0 &lt; probability &lt; 1.</param>
    /// <returns>The table.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="probability"/> is outside its range.</exception>
    public SummaryTable Summary(double probability = 0.95)
    {
        return new SummaryTable(
            ["estimate", "standard error", .. SummaryTable.Ends(probability)],
            [Row("mean", Mean, false), Row("variance between", BetweenVariance, BetweenVariance.Value > 0), Row("variance within", WithinVariance, WithinVariance.Value > 0)]);

        (string, double[]) Row(string name, LearnedParameter parameter, bool isPositive)
        {
            (double lower, double upper) = isPositive ? parameter.PositiveInterval(probability) : parameter.Interval(probability);
            return (name, [parameter.Value, parameter.StandardError, lower, upper]);
        }
    }

    /// <summary>Sums up the outcome in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text(
        $"{Wording.Count(Effects.Length, "group")}: mean {Mean.Value:G6}, variance between {BetweenVariance.Value:G6}, within {WithinVariance.Value:G6}");

    private static LearnedParameter Parameter(VarianceComponent component) => new(component.Value, component.StandardError);

    /// <summary>Returns the posterior of a group's effect by its place among those with measurements; the prior where it has none.</summary>
    private Gaussian EffectOf(int place)
    {
        if (place < 0)
        {
            return new Gaussian(0, BetweenVariance.Value);
        }

        RandomEffectPosterior effect = Fit.RandomTerms[0].Posterior(place);
        return new Gaussian(effect.Mean, effect.ConditionalSd * effect.ConditionalSd);
    }
}
