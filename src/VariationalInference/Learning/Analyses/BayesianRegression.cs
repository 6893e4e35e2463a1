using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Text.Json.Serialization;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>
/// Linear regression x = Az + ε with coefficients z_j ~ N(m_j, s_j²) and noise ε ~ N(0, σ²), learned from <see cref="RegressionStatistics"/>: the
/// exact posterior of the coefficients at a noise variance, and prior variances, that are given or learned.
/// </summary>
/// <remarks>
/// <para>
/// With [A x] = Q [R u; 0 ρ] the observations turned by Qᵀ are J that depend on the coefficients, u = Rz + noise, and N − J that are pure noise, of
/// which ρ² is the sum of squares. That is a linear-Gaussian model of J observations; <see cref="VariationalEm"/> learns it, at a cost that does
/// not grow with N.
/// </para>
/// <para>
/// What is learned maximises the log evidence (empirical Bayes): prior variances shared by a group of coefficients make a ridge regression with its penalty from the
/// data, prior variances of their own automatic relevance determination, in which a variance of 0 takes a coefficient out.
/// </para>
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// var design = Matrix<double>.Build.DenseOfRowArrays([1.0, 0.0], [1.0, 1.0], [1.0, 2.0], [1.0, 3.0], [1.0, 4.0]);
/// RegressionStatistics statistics = RegressionStatistics.Of(design, [1.0, 3.1, 4.9, 7.0, 9.1]);
/// BayesianRegression line = BayesianRegression.Learn(statistics, priorMeans: [0, 0], priorVariances: [100, 100]);
/// Console.WriteLine($"{line.Coefficients[1]}, noise variance {line.NoiseVariance:F4}");   // N(2.01, 0.00089994), noise variance 0.0090
/// ]]></code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed partial class BayesianRegression
{
    private readonly double[] _turned;
    private readonly LinearGaussianModel _model;
    private MultivariateGaussian? _uncertainCoefficients;

    private BayesianRegression(
        RegressionStatistics statistics, LinearGaussianModel model, double noiseVariance, double logEvidence, double[] turned)
    {
        Statistics = statistics;
        NoiseVariance = noiseVariance;
        PriorMeans = model.PriorMeans;
        PriorVariances = model.PriorVariances;
        LogEvidence = logEvidence;
        Coefficients = model.Posterior(turned);
        _turned = turned;
        _model = model;
    }

    /// <summary>Gets the statistics.</summary>
    public RegressionStatistics Statistics { get; }

    /// <summary>Gets how learning went, of the turned observations; <see langword="null"/> where nothing was learned.</summary>
    public VariationalEmResult? Fit { get; private init; }

    /// <summary>Gets the exact posterior of the coefficients at these variances.</summary>
    public MultivariateGaussian Coefficients { get; }

    /// <summary>Gets the noise variance σ², in the observations' squared unit; 0 where learning comes to its boundary.</summary>
    public double NoiseVariance { get; }

    /// <summary>Gets the prior means m, length J.</summary>
    public ImmutableArray<double> PriorMeans { get; }

    /// <summary>Gets the prior variances s², length J; 0 where learning comes to their boundary.</summary>
    public ImmutableArray<double> PriorVariances { get; private init; }

    /// <summary>Gets the log evidence of all observations, in nats, with every constant.</summary>
    public double LogEvidence { get; }

    /// <summary>Gets a value indicating whether learning converged; where nothing was learned, <see langword="true"/>.</summary>
    public bool Converged => Fit?.Converged ?? true;

    /// <summary>Gets what is wrong; empty where nothing was found.</summary>
    public ImmutableArray<LearningWarning> Warnings { get; private init; } = [];

    /// <summary>Works out the posterior and the evidence where all variances are known.</summary>
    /// <param name="statistics">The statistics, of at least one observation.</param>
    /// <param name="priorMeans">The prior means m, length J, all finite.</param>
    /// <param name="priorVariances">The prior variances s², length J, all positive and finite.</param>
    /// <param name="noiseVariance">The noise variance σ². Range: positive and finite.</param>
    /// <returns>The regression.</returns>
    /// <exception cref="ArgumentException">An argument is outside its range.</exception>
    /// <exception cref="NonFiniteValueException">The columns of [A x] are too long for a double.</exception>
    public static BayesianRegression Solve(
        RegressionStatistics statistics, ReadOnlySpan<double> priorMeans, ReadOnlySpan<double> priorVariances, double noiseVariance)
    {
        Guard.Positive(noiseVariance, nameof(noiseVariance));
        (LinearGaussianModel model, double[] turned, double residual) = Turn(statistics, priorMeans, priorVariances, noiseVariance);
        double rest = statistics.ObservationCount - (double)turned.Length;
        double logEvidence = model.LogEvidence(turned)
            - (0.5 * ((rest * Math.Log(2 * Math.PI * noiseVariance)) + (residual * residual / noiseVariance)));
        return new BayesianRegression(statistics, model, noiseVariance, logEvidence, turned);
    }

    /// <summary>Learns the noise variance, prior variances or prior means.</summary>
    /// <param name="statistics">The statistics, of at least one observation.</param>
    /// <param name="priorMeans">The prior means m, length J, all finite; a start where they are learned.</param>
    /// <param name="priorVariances">The prior variances s², length J, all positive and finite; a start where they are learned.</param>
    /// <param name="noiseVariance">
    /// The noise variance σ², positive and finite; a start where it is learned; <see langword="null"/> means the residual variance, and is
    /// refused where it is fixed.
    /// </param>
    /// <param name="options">
    /// What to learn and how; <see langword="null"/> means the noise variance. Loadings, offset and noise variances of each observation are not learned here.
    /// </param>
    /// <param name="progress">Receives the bound reached so far, in nats, after each start and each stage.</param>
    /// <param name="cancellationToken">Stops the work; what was learned so far is returned.</param>
    /// <returns>The regression.</returns>
    /// <exception cref="ArgumentException">An argument is outside its range.</exception>
    /// <exception cref="NonFiniteValueException">The columns of [A x] are too long for a double.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled before anything was learned.</exception>
    public static BayesianRegression Learn(
        RegressionStatistics statistics,
        ReadOnlySpan<double> priorMeans,
        ReadOnlySpan<double> priorVariances,
        double? noiseVariance = null,
        VariationalEmOptions? options = null,
        IProgress<double>? progress = null,
        CancellationToken cancellationToken = default)
    {
        options ??= new VariationalEmOptions();
        Require(options, noiseVariance);
        var learner = new VariationalEm(options);
        (LinearGaussianModel start, double[] turned, double residual) = Turn(statistics, priorMeans, priorVariances, noiseVariance);
        var problem = new LearningProblem(start, turned, residual, statistics.ObservationCount, options);
        VariationalEmResult fit = learner.Learn(start, problem, progress, cancellationToken);
        return new BayesianRegression(statistics, fit.Model, fit.NoiseVariances[0], fit.LogEvidence, turned)
        {
            Fit = fit,
            PriorVariances = fit.PriorVariances,

            // Of one row, which here is all that there can be, the observations are what counts.
            Warnings = [.. fit.Warnings.Where(warning => warning.Kind != LearningWarningKind.TooFewRows)],
        };
    }

    /// <summary>Predicts an observation.</summary>
    /// <param name="design">The new row a of the design, length J, all finite.</param>
    /// <param name="withParameterUncertainty">
    /// Whether that the variances are estimates is taken in, see <see cref="VariationalEmResult.Predictor"/>; where nothing was learned it makes no difference.
    /// </param>
    /// <returns>N(aᵀμ, aᵀΣa) of the line, and with σ² for an observation.</returns>
    /// <exception cref="ArgumentException"><paramref name="design"/> has another length or holds a value that is not finite.</exception>
    /// <exception cref="InvalidOperationException">The variances' uncertainty is asked for and not known.</exception>
    public Prediction Predict(ReadOnlySpan<double> design, bool withParameterUncertainty = false)
    {
        Guard.Length(design.Length, Coefficients.Count, nameof(design), "one for each coefficient");
        for (int j = 0; j < design.Length; j++)
        {
            if (!double.IsFinite(design[j]))
            {
                throw new ArgumentException(Guard.Text($"design[{j}]{Statistics.Latents.Behind(j)} is {design[j]}; it must be finite."), nameof(design));
            }
        }

        MultivariateGaussian coefficients = withParameterUncertainty && Fit is not null
            ? _uncertainCoefficients ??= Fit.Predictor(withParameterUncertainty: true).Posterior(_turned)
            : Coefficients;
        return Prediction.Of(ShortVectors.Dot(design, coefficients.Means.AsSpan()), coefficients.VarianceOf(design), NoiseVariance);
    }

    /// <summary>Takes a row in single precision, which is widened; the outcome is that of the doubles.</summary>
    /// <inheritdoc cref="Predict(ReadOnlySpan{double}, bool)"/>
    [OverloadResolutionPriority(-1)]
    public Prediction Predict(ReadOnlySpan<float> design, bool withParameterUncertainty = false)
    {
        using var wide = new WidenedRow(design, stackalloc double[WidenedRow.StackDoubles]);
        return Predict(wide.Values, withParameterUncertainty);
    }

    /// <summary>Predicts observations.</summary>
    /// <param name="designs">The new rows of the design, N×J, all finite.</param>
    /// <param name="withParameterUncertainty">Whether that the variances are estimates is taken in.</param>
    /// <returns>The predictions, length N.</returns>
    /// <exception cref="ArgumentException"><paramref name="designs"/> have another width or hold a value that is not finite.</exception>
    /// <exception cref="InvalidOperationException">The variances' uncertainty is asked for and not known.</exception>
    public ImmutableArray<Prediction> Predict(Matrix<double> designs, bool withParameterUncertainty = false)
    {
        ArgumentNullException.ThrowIfNull(designs);
        if (designs.ColumnCount != Coefficients.Count)
        {
            throw new ArgumentException(
                Guard.Text($"designs has {designs.ColumnCount} columns; it must have {Coefficients.Count}, one for each coefficient."), nameof(designs));
        }

        RowTable.RequireCells(designs, nameof(designs), nameof(designs), allowMissing: false, Statistics.Latents);
        return [.. Enumerable.Range(0, designs.RowCount).Select(n => Predict(designs.Row(n).ToArray(), withParameterUncertainty))];
    }

    /// <summary>Sums up the regression in a table: the posterior mean, standard deviation and interval of each coefficient.</summary>
    /// <param name="names">The names of the coefficients, length J; <see langword="null"/> means their own, or where they have none z1, z2, ….</param>
    /// <param name="probability">The probability of the intervals. Range: 0 &lt; probability &lt; 1.</param>
    /// <returns>The table, a row for each coefficient.</returns>
    /// <exception cref="ArgumentException"><paramref name="names"/> has another length or holds a null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="probability"/> is outside its range.</exception>
    public SummaryTable Summary(IReadOnlyList<string>? names = null, double probability = 0.95) => Coefficients.Summary(names, probability);

    /// <summary>Sums up the regression in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text(
        $"{Statistics}: noise variance {NoiseVariance:G5}, log evidence {LogEvidence:G8}{(Warnings.Length > 0 ? $", {Wording.Count(Warnings.Length, "warning")}" : string.Empty)}");

    private static void Require(VariationalEmOptions options, double? noiseVariance)
    {
        if (options.Loadings || options.Offset || options.NoiseVariances == VarianceLearning.Each)
        {
            throw new ArgumentException(
                "options learn loadings, an offset or noise variances of each observation; the statistics of one row tell neither.", nameof(options));
        }

        if (noiseVariance is double given)
        {
            Guard.Positive(given, nameof(noiseVariance));
        }
        else if (options.NoiseVariances == VarianceLearning.Fixed)
        {
            throw new ArgumentNullException(nameof(noiseVariance), "noiseVariance is null; it must be given where it is fixed.");
        }
    }

    /// <summary>Returns the model of the turned observations, these, and the root of what the others leave.</summary>
    private static (LinearGaussianModel Model, double[] Turned, double Residual) Turn(
        RegressionStatistics statistics, ReadOnlySpan<double> priorMeans, ReadOnlySpan<double> priorVariances, double? noiseVariance)
    {
        ArgumentNullException.ThrowIfNull(statistics);
        int latents = statistics.LatentCount;
        Guard.Length(priorMeans.Length, latents, nameof(priorMeans), "one for each latent");
        Guard.Length(priorVariances.Length, latents, nameof(priorVariances), "one for each latent");
        if (statistics.ObservationCount == 0)
        {
            throw new ArgumentException("statistics have no observations; at least 1 must be there.", nameof(statistics));
        }

        Matrix<double> triangle = statistics.Triangle();

        // Fewer observations than latents fill as many rows of the triangle.
        int rows = (int)Math.Min(statistics.ObservationCount, latents);
        double[] turned = triangle.Column(latents, 0, rows).ToArray();
        double residual = statistics.ObservationCount > latents ? triangle[latents, latents] : 0;
        double free = Math.Max(statistics.ObservationCount - (double)latents, 1);
        double variance = noiseVariance ?? (residual > 0 ? residual / free * residual : 1);
        var model = new LinearGaussianModel(
            triangle.SubMatrix(0, rows, 0, latents),
            new double[rows],
            [.. Enumerable.Repeat(variance > 0 ? variance : 1, rows)],
            priorMeans,
            priorVariances)
        {
            LatentNames = statistics.LatentNames,
        };
        return (model, turned, residual);
    }
}
