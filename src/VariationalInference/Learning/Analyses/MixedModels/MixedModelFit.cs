using System.Collections.Immutable;
using System.Text.Json.Serialization;
using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Random;

namespace VariationalInference;

/// <summary>A fitted <see cref="MixedModel"/>: what was estimated, how well, and what follows for each level and for new rows.</summary>
/// <remarks>
/// The posterior of the random effects is normal and exact at the estimated variances. What their own uncertainty adds is not in it.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// double[] yield = [9.8, 10.1, 10.0, 11.9, 12.2, 10.9, 11.1, 11.0];
/// string[] batch = ["a", "a", "a", "b", "b", "c", "c", "c"];
/// MixedModelFit fit = new MixedModel("yield", yield).Random("batch", batch).Fit();
/// Console.WriteLine(fit);   // yield ~ (Intercept) + ((Intercept) | batch) by maximum likelihood: log likelihood -2.8054976, 0 warnings
/// Console.WriteLine(fit.RandomTerms[0]["b"]);   // 1.0301 (sd 0.49)
/// Console.WriteLine(fit.Predict([], [("batch", ["b"])])[0]);   // 12.0339 (sd 0.11, of a measurement 0.18)
/// </code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed partial class MixedModelFit
{
    /// <summary>So many nats are a distance of 4e-5 standard errors at most.</summary>
    private const double Negligible = 1e-9;

    private const int SimulationPurpose = 0x4D4D;

    private readonly MixedEstimate _estimate;

    internal MixedModelFit(MixedModel model, MixedModelOptions options, MixedEstimate estimate)
    {
        Model = model;
        Options = options;
        _estimate = estimate;
        Units = new MixedUnits(estimate);
        LogLikelihood = estimate.Optimum.IsUnbounded ? double.PositiveInfinity : estimate.LogLikelihood;
        LogLikelihoods = [.. estimate.Optima.Select(optimum => optimum.IsUnbounded
            ? double.PositiveInfinity
            : MixedFitting.LogLikelihood(estimate.Design, estimate.Objective, optimum.Value))];
        RemainingNats = estimate.Optimum.Missing;
        ResidualVariance = Units.Variance;
        Matrix<double> covariance = FixedCovariance();
        double[] coefficients = Units.Coefficients();
        FixedEffects = [.. model.Columns.Select((column, j) => new FixedEffect
        {
            Name = column.Name,
            Estimate = coefficients[j],
            StandardError = Math.Sqrt(covariance[j, j]),
        })];
        VarianceComponents = MixedComponents.Of(this, estimate);
        RandomTerms = [.. model.Terms.Select((term, index) => new RandomTerm(term, index, estimate, Units))];
        Warnings = MixedWarnings.Of(this, estimate);
        Fitted = [.. Units.Means(MixedRows.Of(model), estimate.Effects)];
    }

    /// <summary>Gets the model.</summary>
    public MixedModel Model { get; }

    /// <summary>Gets how it was fitted.</summary>
    public MixedModelOptions Options { get; }

    /// <summary>Gets the number of rows that count, those with a response.</summary>
    public int ObservationCount => _estimate.Design.Rows.Length;

    /// <summary>Gets the fixed effects, in the order in which they were added; the intercept first.</summary>
    public ImmutableArray<FixedEffect> FixedEffects { get; }

    /// <summary>Gets the random terms, in the order in which they were added, with the posterior of each level's effects.</summary>
    public ImmutableArray<RandomTerm> RandomTerms { get; }

    /// <summary>Gets the variances and covariances, term by term, variances first, and the residual variance last.</summary>
    public ImmutableArray<VarianceComponent> VarianceComponents { get; }

    /// <summary>Gets the residual variance σ², that of a measurement of weight 1.</summary>
    public double ResidualVariance { get; }

    /// <summary>
    /// Gets the log likelihood, in nats with every constant, or the restricted one (of lme4's constants); +∞ where it has no limit.
    /// </summary>
    public double LogLikelihood { get; }

    /// <summary>Gets the log likelihoods of all maxima found, the best first; after a cancellation, of the best point.</summary>
    public ImmutableArray<double> LogLikelihoods { get; }

    /// <summary>Gets the number of parameters: fixed effects, free variances and covariances, and the residual variance.</summary>
    public int ParameterCount => FixedEffects.Length + _estimate.Objective.Parameters.Count + 1;

    /// <summary>Gets Akaike's information criterion, −2 log L + 2 · parameters.</summary>
    public double Aic => (-2 * LogLikelihood) + (2 * ParameterCount);

    /// <summary>Gets the Bayesian information criterion, −2 log L + log(observations) · parameters.</summary>
    public double Bic => (-2 * LogLikelihood) + (Math.Log(ObservationCount) * ParameterCount);

    /// <summary>
    /// Gets by how many nats the likelihood may still rise nearby, to second order; no estimate is further from the maximum than
    /// √(2 · remaining nats) standard errors.
    /// </summary>
    public double RemainingNats { get; }

    /// <summary>Gets a value indicating whether the likelihood has a maximum and <see cref="RemainingNats"/> is at most 1e-9.</summary>
    public bool Converged => !IsUnbounded && !WasCancelled && RemainingNats <= Negligible;

    /// <summary>Gets a value indicating whether the likelihood rises without limit as the residual variance goes to zero.</summary>
    public bool IsUnbounded => _estimate.Optimum.IsUnbounded;

    /// <summary>Gets a value indicating whether the search was cancelled; the fit is then the best that was found so far.</summary>
    public bool WasCancelled => _estimate.IsCancelled;

    /// <summary>Gets what is wrong; empty where nothing was found. Indices are those of random terms.</summary>
    public ImmutableArray<LearningWarning> Warnings { get; }

    /// <summary>Gets the fitted values, one for each row given, those with a missing response included.</summary>
    public ImmutableArray<double> Fitted { get; }

    internal MixedUnits Units { get; }

    internal MixedEstimate Estimate => _estimate;

    /// <summary>Returns the covariance of the fixed effects at the estimated variances.</summary>
    /// <returns>A new matrix, with a row and a column for each fixed effect.</returns>
    public Matrix<double> FixedCovariance() => Units.FixedCovariance();

    /// <summary>Returns what the responses differ by from the fitted values, NaN where they are missing.</summary>
    /// <returns>A new array with an element for each row.</returns>
    public double[] Residuals() => [.. Fitted.Select((fitted, i) => Model.Response[i] - fitted)];

    /// <summary>
    /// Works out intervals for all standard deviations and correlations by profiling the likelihood, the restricted one for REML: all values at which
    /// twice the log likelihood, maximised over all else, is within the χ² quantile of its maximum.
    /// </summary>
    /// <param name="probability">The coverage. Range: 0 &lt; probability &lt; 1.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>
    /// An interval for each of <see cref="VarianceComponents"/>; it begins at 0 where the data allow it, and has NaN for ends where a component does not
    /// enter the likelihood.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="probability"/> is outside its range.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public ImmutableArray<VarianceInterval> VarianceIntervals(double probability = 0.95, CancellationToken cancellationToken = default)
    {
        if (!(probability > 0 && probability < 1))
        {
            throw new ArgumentOutOfRangeException(
                nameof(probability), probability, Guard.Text($"probability is {probability}; it must lie strictly between 0 and 1."));
        }

        return new MixedIntervals(this, probability, cancellationToken).All();
    }

    /// <summary>Predicts the responses of new rows.</summary>
    /// <param name="columns">The columns of fixed effects and slopes by name, one value a row, all finite.</param>
    /// <param name="groups">
    /// The labels of the grouping factors by name, one a row. A label that was not there, or <see langword="null"/>, is a new level: its effects are 0 with the
    /// learned covariance. Labels of fixed effects must have been there.
    /// </param>
    /// <returns>A prediction for each row.</returns>
    /// <exception cref="ArgumentException">A name is missing, unknown or there twice, lengths differ, or a value is outside its range.</exception>
    public ImmutableArray<Prediction> Predict(
        IReadOnlyList<(string Name, double[] Values)> columns, IReadOnlyList<(string Name, string?[] Labels)> groups)
    {
        var rows = new MixedRows(Model, columns, groups);
        return [.. Units.Predict(rows)];
    }

    /// <summary>Draws new responses of all rows from the fitted model: new random effects, new noise.</summary>
    /// <param name="seed">The seed; the same seed gives the same responses.</param>
    /// <returns>A response for each row; NaN where the row's response is missing.</returns>
    public double[] Simulate(int seed)
    {
        var random = new Xoshiro256StarStar(StreamSeed.Of(seed, SimulationPurpose, 0), threadSafe: false);
        double[][] effects = Units.DrawEffects(() => Normal.Sample(random, 0, 1));
        double[] responses = Units.Means(MixedRows.Of(Model), effects);
        for (int i = 0; i < responses.Length; i++)
        {
            double noise = Normal.Sample(random, 0, Math.Sqrt(ResidualVariance / (Model.Weights.Length > 0 ? Model.Weights[i] : 1)));
            responses[i] = double.IsNaN(Model.Response[i]) ? double.NaN : responses[i] + noise;
        }

        return responses;
    }

    /// <summary>Fits the same model to other responses, such as simulated ones.</summary>
    /// <param name="response">The responses, one a row; NaN means missing.</param>
    /// <param name="cancellationToken">Stops the work; the best that was found so far is returned.</param>
    /// <returns>The fit.</returns>
    /// <exception cref="ArgumentException"><paramref name="response"/> has another length, nothing but missing values, or an infinity.</exception>
    /// <exception cref="InvalidOperationException">See <see cref="MixedModel.Fit(MixedModelOptions, IProgress{double}, CancellationToken)"/>.</exception>
    public MixedModelFit Refit(ReadOnlySpan<double> response, CancellationToken cancellationToken = default) =>
        Model.With(response).Fit(Options, null, cancellationToken);

    /// <summary>
    /// Sums up the fit in a table: fixed effects with their intervals, then variances and covariances of random effects with their standard errors, whose
    /// intervals <see cref="VarianceIntervals"/> has. Printed, it is the random and the fixed effects as tables of their own, the likelihood, and what is wrong.
    /// </summary>
    /// <param name="probability">The probability of the intervals. Range: 0 &lt; probability &lt; 1.</param>
    /// <returns>The table, a row for each parameter.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="probability"/> is outside its range.</exception>
    public SummaryTable Summary(double probability = 0.95)
    {
        string[] ends = SummaryTable.Ends(probability);
        return new SummaryTable(
            ["estimate", "standard error", .. ends],
            [
                .. FixedEffects.Select(effect => (effect.Name, (double[])
                    [effect.Estimate, effect.StandardError, effect.Interval(probability).Lower, effect.Interval(probability).Upper])),
                .. VarianceComponents.Select(component => (NameOf(component), (double[])[component.Value, component.StandardError, double.NaN, double.NaN])),
            ],
            MixedSummary.Of(this, probability));

        static string NameOf(VarianceComponent component) =>
            component.OtherEffect is string other ? $"covariance {component.Group} {component.Effect}, {other}"
            : component.Effect.Length > 0 ? $"variance {component.Group} {component.Effect}" : $"variance {component.Group}";
    }

    /// <summary>Sums up the fit in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text(
        $"{Model} by {(Options.Restricted ? "REML" : "maximum likelihood")}: log likelihood {LogLikelihood:G8}{(Converged ? string.Empty : ", not converged")}, {Wording.Count(Warnings.Length, "warning")}");
}
