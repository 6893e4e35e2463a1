using System.Collections.Immutable;
using System.Text.Json.Serialization;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>What a <see cref="MixedModel"/> with a likelihood of counts, yes or no, ordered answers or others learned.</summary>
/// <remarks>
/// The random effects have one Gaussian posterior of full covariance, whose ELBO is the largest that there is, at the fixed effects, variances and parameters of the likelihood for which it is
/// largest. Standard errors come from its second derivatives in all of them together.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// double[] eggs = [3, 5, 0, 2, 8, 9, 7, 6, 1, 2, 0, 1, 4, 6, 3, 5];
/// double[] warmth = [1, 2, 0, 1, 2, 2, 1, 1, 1, 2, 0, 0, 1, 2, 0, 1];
/// string[] nest = ["a", "a", "a", "a", "b", "b", "b", "b", "c", "c", "c", "c", "d", "d", "d", "d"];
/// GeneralizedMixedFit fit = new MixedModel("eggs", eggs).Fixed("warmth", warmth).Random("nest", nest).Fit(Likelihood.Poisson());
/// Console.WriteLine($"{fit.Converged}, {fit.FixedEffects[1].Name} {fit.FixedEffects[1].Estimate > 0}");   // True, warmth True
/// Console.WriteLine(fit.RandomEffect("nest", "b").Mean > fit.RandomEffect("nest", "c").Mean);   // True
/// </code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed partial class GeneralizedMixedFit
{
    /// <summary>So far from the optimum, in standard errors, an estimate counts as converged.</summary>
    private const double Tolerance = 1e-4;

    /// <summary>Beyond this, on the scale of logarithms, a parameter of the likelihood no longer changes it.</summary>
    private const double Unlimited = 15;

    private readonly GeneralizedEstimate _estimate;

    internal GeneralizedMixedFit(GeneralizedEstimate estimate)
    {
        _estimate = estimate;
        MixedSiteDesign design = estimate.Design;
        int count = estimate.Effects.Length;
        bool isOrdinal = estimate.Column.Likelihood is OrdinalLikelihood;
        FixedEffects =
        [
            .. Enumerable.Range(0, count).Where(j => !isOrdinal || j != design.Intercept)
                .Select(j => Named(design.FixedNames[j], estimate.Effects[j], [.. Enumerable.Range(0, count + estimate.Point.Length).Select(i => i == j ? 1.0 : 0)])),
        ];
        VarianceComponents = [.. Enumerable.Range(0, design.Factors.Length).SelectMany(estimate.Components)];
        (Likelihood, Parameters) = isOrdinal ? Cutpoints() : LearnedParameters();
        Warnings = [.. Warn()];
    }

    /// <summary>Gets the fixed effects, on the scale of the predictor; of ordered responses without the intercept, in whose place the cutpoints are.</summary>
    public ImmutableArray<FixedEffect> FixedEffects { get; }

    /// <summary>Gets the variances and covariances of random effects, on the scale of the predictor.</summary>
    public ImmutableArray<VarianceComponent> VarianceComponents { get; }

    /// <summary>Gets the likelihood, its parameters as learned.</summary>
    public Likelihood Likelihood { get; }

    /// <summary>Gets the learned parameters of the likelihood, such as a dispersion size or cutpoints.</summary>
    public ImmutableArray<FixedEffect> Parameters { get; }

    /// <summary>Gets the ELBO, in nats: a lower bound on the log likelihood, with the random effects integrated out.</summary>
    public double Elbo => _estimate.Elbo;

    /// <summary>Gets how far the optimum is, in standard errors, by a Newton step; ∞ where second derivatives do not tell.</summary>
    public double RemainingStandardErrors => _estimate.Distance;

    /// <summary>Gets a value indicating whether that is at most 1e-4, and the search was not cancelled.</summary>
    public bool Converged => !_estimate.IsCancelled && _estimate.Distance <= Tolerance;

    /// <summary>Gets what is wrong with the model or the responses.</summary>
    public ImmutableArray<LearningWarning> Warnings { get; }

    /// <summary>Gets the number of responses that are not missing.</summary>
    public int ResponseCount => _estimate.Design.Rows.Length;

    /// <summary>Returns the posterior of a random effect, at the estimated parameters.</summary>
    /// <param name="group">The grouping factor's name.</param>
    /// <param name="level">The level's label.</param>
    /// <param name="effect">The effect's name.</param>
    /// <returns>Its distribution, on the scale of the predictor.</returns>
    /// <exception cref="ArgumentException">There is no such factor, level or effect.</exception>
    public Gaussian RandomEffect(string group, string level, string effect = "(Intercept)")
    {
        GroupingFactor[] factors = _estimate.Design.Factors;
        int f = Find(group, factors.Select(factor => factor.Name), nameof(group));
        int place = Find(level, factors[f].Labels, nameof(level)), e = Find(effect, factors[f].Effects.Select(item => item.Name), nameof(effect));
        (Vector<double> means, Matrix<double> covariance) = _estimate.Posterior(f, place);
        return new Gaussian(means[e], Math.Max(covariance[e, e], 0));
    }

    /// <summary>Returns the mean of each row's response, given what is known of its random effects.</summary>
    /// <returns>The means, one for each row; NaN where the response is missing.</returns>
    public double[] Fitted()
    {
        var fitted = new double[_estimate.Model.RowCount];
        Array.Fill(fitted, double.NaN);
        for (int i = 0; i < ResponseCount; i++)
        {
            var predictor = new Gaussian(_estimate.Profile.Means[i], _estimate.Profile.Variances[i]);
            fitted[_estimate.Design.Rows[i]] = _estimate.Profile.Likelihood.PredictiveMoments(predictor, _estimate.Design.SizeOf(i)).Mean;
        }

        return fitted;
    }

    /// <summary>Lists all parameters, with standard errors and intervals; those of variances are on the scale of logarithms.</summary>
    /// <param name="probability">The intervals' coverage for many groups. Range: 0 &lt; probability &lt; 1.</param>
    /// <returns>The table: fixed effects, parameters of the likelihood, variance components.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="probability"/> is outside its range.</exception>
    public SummaryTable Summary(double probability = 0.95)
    {
        string[] ends = SummaryTable.Ends(probability);
        var rows = new List<(string, double[])>();
        foreach (FixedEffect effect in FixedEffects.AddRange(Parameters))
        {
            Add(effect.Name, new LearnedParameter(effect.Estimate, effect.StandardError), isPositive: false);
        }

        foreach (VarianceComponent component in VarianceComponents)
        {
            string name = component.OtherEffect is null
                ? $"variance {component.Group} {component.Effect}"
                : $"covariance {component.Group} {component.Effect}, {component.OtherEffect}";
            Add(name, new LearnedParameter(component.Value, component.StandardError), component.OtherEffect is null && component.Value > 0);
        }

        return new SummaryTable(["estimate", "standard error", .. ends], rows);

        void Add(string name, LearnedParameter parameter, bool isPositive)
        {
            (double lower, double upper) = isPositive ? parameter.PositiveInterval(probability) : parameter.Interval(probability);
            rows.Add((name, [parameter.Value, parameter.StandardError, lower, upper]));
        }
    }

    /// <summary>Sums up the outcome in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text(
        $"{_estimate.Model}, {Likelihood}: {Wording.Count(ResponseCount, "response")}, ELBO {Elbo:G8}, {(Converged ? "converged" : "not converged")}{(Warnings.IsEmpty ? string.Empty : Guard.Text($", {Wording.Count(Warnings.Length, "warning")}"))}");

    private static int Find(string name, IEnumerable<string> names, string parameter)
    {
        ArgumentNullException.ThrowIfNull(name, parameter);
        string[] known = [.. names];
        int place = Array.IndexOf(known, name);
        return place >= 0
            ? place
            : throw new ArgumentException($"{parameter} is '{name}'; it must be one of {Wording.Join(", ", known.Length, i => $"'{known[i]}'")}.", parameter);
    }

    private FixedEffect Named(string name, double value, double[] gradient) => new() { Name = name, Estimate = value, StandardError = _estimate.Error(gradient) };

    private (Likelihood Likelihood, ImmutableArray<FixedEffect> Parameters) LearnedParameters()
    {
        Likelihood likelihood = _estimate.Profile.Likelihood;
        int first = _estimate.Effects.Length + _estimate.Profile.Elements.Length;
        var parameters = ImmutableArray.CreateBuilder<FixedEffect>();
        for (int d = 0; d < _estimate.Column.Learned.Length; d++)
        {
            LikelihoodParameter parameter = likelihood.Parameters[_estimate.Column.Learned[d]];
            var gradient = new double[_estimate.Effects.Length + _estimate.Point.Length];
            gradient[first + d] = FreeParameter.At(parameter, FreeParameter.Of(parameter)).Slope;
            parameters.Add(Named(parameter.Name, parameter.Value, gradient));
        }

        return (likelihood, parameters.ToImmutable());
    }

    /// <summary>Returns cutpoints: gaps summed up, less the intercept.</summary>
    private (Likelihood Likelihood, ImmutableArray<FixedEffect> Parameters) Cutpoints()
    {
        double[] gaps = [0, .. _estimate.Profile.Likelihood.Parameters.Skip(1).Select(parameter => parameter.Value)];
        int intercept = _estimate.Design.Intercept, first = _estimate.Effects.Length + _estimate.Profile.Elements.Length;
        var gradient = new double[_estimate.Effects.Length + _estimate.Point.Length];
        gradient[intercept] = -1;
        double cutpoint = -_estimate.Effects[intercept];
        var cutpoints = ImmutableArray.CreateBuilder<FixedEffect>();
        for (int c = 0; c < gaps.Length; c++)
        {
            cutpoint += gaps[c];
            if (c > 0)
            {
                gradient[first + c - 1] = gaps[c];
            }

            cutpoints.Add(Named(Guard.Text($"cutpoint {c}|{c + 1}"), cutpoint, [.. gradient]));
        }

        return (Likelihood.Ordinal([.. cutpoints.Select(item => item.Estimate)]), cutpoints.ToImmutable());
    }

    private IEnumerable<LearningWarning> Warn()
    {
        foreach (VarianceComponent component in VarianceComponents.Where(item => item.OtherEffect is null && item.Value == 0))
        {
            yield return new LearningWarning(
                LearningWarningKind.PriorVarianceAtZero, $"The variance of \"{component.Effect}\" between the levels of \"{component.Group}\" is at its boundary, 0.", []);
        }

        foreach (VarianceComponent component in VarianceComponents.Where(item => item.OtherEffect is not null && Math.Abs(item.SdOrCorrelation) > 1 - 1e-9))
        {
            yield return new LearningWarning(
                LearningWarningKind.SingularCovariance,
                $"The correlation of \"{component.Effect}\" and \"{component.OtherEffect}\" between the levels of \"{component.Group}\" is at its boundary, {(component.Value > 0 ? 1 : -1)}.",
                []);
        }

        foreach (LikelihoodParameter parameter in Likelihood is OrdinalLikelihood ? [] : Likelihood.Parameters.Where(item => Math.Abs(FreeParameter.Of(item)) > Unlimited))
        {
            yield return new LearningWarning(
                LearningWarningKind.UnlimitedParameter, $"The {parameter.Name} of the likelihood grows without limit: the responses set no end to it.", []);
        }

        if (_estimate.Covariance is null)
        {
            yield return new LearningWarning(
                LearningWarningKind.Unidentified, "The responses cannot tell all parameters apart: second derivatives of the ELBO are not negative definite.", []);
        }
    }
}
