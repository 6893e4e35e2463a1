using System.Collections.Immutable;
using System.Text.Json.Serialization;
using MathNet.Numerics;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>
/// Factor analysis: x = Λf + b + ε with factors f ~ N(0, I) and a noise variance for each observation, by maximum likelihood.
/// </summary>
/// <remarks>
/// The likelihood often has several optima, hundreds of nats apart, and some at which a noise variance is 0 (Heywood cases); hence several
/// starts, of which the best counts, and a warning. Observations in different units do no harm. Loadings are returned in the rotation in
/// which ΛᵀR⁻¹Λ is diagonal and descending; <see cref="Rotate"/> turns them to others. Take it where columns differ in their noise; where they share one variance take
/// <see cref="ProbabilisticPca"/>. An evaluation of the likelihood costs O(K³).
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// // The correlations of three tests that one ability explains.
/// var correlations = Matrix<double>.Build.DenseOfRowArrays([1.0, 0.56, 0.48], [0.56, 1.0, 0.42], [0.48, 0.42, 1.0]);
/// FactorAnalysis analysis = FactorAnalysis.Learn(SufficientStatistics.OfMoments(200, [0, 0, 0], correlations), factorCount: 1);
/// Console.WriteLine($"{analysis.Fit.Loadings()[0, 0]:F3}, uniqueness {analysis.Uniquenesses[0]:F3}");   // 0.800, uniqueness 0.360
/// Console.WriteLine(analysis.Fit.Model.LatentCount);   // 1
/// ]]></code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed partial class FactorAnalysis
{
    private readonly int _columns;

    private FactorAnalysis(VariationalEmResult fit)
    {
        Fit = fit;
        Matrix<double> loadings = fit.Loadings();
        double[] variances = [.. fit.NoiseVariances.Select((variance, k) => variance + loadings.Row(k).DotProduct(loadings.Row(k)))];
        Uniquenesses = [.. fit.NoiseVariances.Select((variance, k) => variance / variances[k])];
        StandardLoadings = Matrix<double>.Build.Dense(
            variances.Length, loadings.ColumnCount, (k, j) => variances[k] > 0 ? loadings[k, j] / Math.Sqrt(variances[k]) : 0);
    }

    private FactorAnalysis(VariationalEmResult fit, SufficientStatistics statistics)
        : this(fit)
    {
        var moments = ColumnMoments.Of(statistics);
        int[] columns = [.. Enumerable.Range(0, Uniquenesses.Length).Where(k => moments.Count[k] > 0 && !moments.IsConstant(k))];
        _columns = columns.Length;
        RowCount = statistics.Patterns.Where(pattern => pattern.Observed.Length > 0).Sum(pattern => pattern.RowCount);
        ExactFit = Test(statistics, columns);
    }

    /// <summary>Gets the learned model, and how learning went.</summary>
    public VariationalEmResult Fit { get; }

    /// <summary>Gets the part of each observation's variance that is noise, length K; NaN for a constant column.</summary>
    public ImmutableArray<double> Uniquenesses { get; }

    /// <summary>Gets the number of rows N with at least one cell.</summary>
    public long RowCount { get; }

    /// <summary>Gets the number of free parameters: loadings, less J(J − 1)/2 for their rotation, noise variances and the offset, of columns that vary.</summary>
    public int ParameterCount
    {
        get
        {
            int factors = Fit.Model.LatentCount;
            return (_columns * (factors + 2)) - (factors * (factors - 1) / 2);
        }
    }

    /// <summary>Gets the degrees of freedom ((K − J)² − K − J)/2 that the covariance matrix has beside the model; below 0 the model is not identified.</summary>
    public int DegreesOfFreedom => (((_columns - Fit.Model.LatentCount) * (_columns - Fit.Model.LatentCount)) - _columns - Fit.Model.LatentCount) / 2;

    /// <summary>Gets Akaike's criterion, twice the parameters less twice the log evidence; less is better.</summary>
    public double Aic => (2.0 * ParameterCount) - (2 * Fit.LogEvidence);

    /// <summary>Gets the Bayesian criterion of Schwarz, log N for each parameter less twice the log evidence; less is better.</summary>
    public double Bic => (Math.Log(RowCount) * ParameterCount) - (2 * Fit.LogEvidence);

    /// <summary>
    /// Gets the test whether this number of factors is sufficient; <see langword="null"/> where there is none: with missing cells, without degrees of
    /// freedom, or where the covariance matrix is singular, as it is with too few rows.
    /// </summary>
    public FactorFitTest? ExactFit { get; }

    /// <summary>Gets the loadings of observations of variance 1.</summary>
    internal Matrix<double> StandardLoadings { get; }

    /// <summary>Learns with 1, 2, … factors, to be compared.</summary>
    /// <param name="statistics">The statistics.</param>
    /// <param name="maxFactorCount">
    /// The largest number of factors; <see langword="null"/> means the largest with <see cref="DegreesOfFreedom"/> of at least 0. Range: 1 to the
    /// number of columns.
    /// </param>
    /// <param name="starts">The number of starts; see <see cref="VariationalEmOptions.Starts"/>. Range: at least 1.</param>
    /// <param name="seed">The seed of the starts that are drawn.</param>
    /// <param name="noiseFloor">
    /// The smallest noise variance, as a part of its column's; see <see cref="VariationalEmOptions.NoiseFloor"/>. Range: 0 to less than 1, or
    /// <see langword="null"/>.
    /// </param>
    /// <param name="cancellationToken">Stops the work; the analyses that are done are returned.</param>
    /// <returns>The analyses.</returns>
    /// <exception cref="ArgumentException">An argument is outside its range.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled before anything was learned.</exception>
    public static FactorCountComparison Compare(
        SufficientStatistics statistics,
        int? maxFactorCount = null,
        int starts = 8,
        int seed = 0,
        double? noiseFloor = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(statistics);
        int columns = statistics.ColumnCount;
        int largest = maxFactorCount
            ?? Math.Max(1, Enumerable.Range(1, columns).Last(factors => factors == 1 || ((columns - factors) * (columns - factors)) >= columns + factors));
        RequireFactors(largest, columns, nameof(maxFactorCount));
        Guard.AtLeast(starts, 1, nameof(starts));
        RequireFloor(noiseFloor);
        var analyses = ImmutableArray.CreateBuilder<FactorAnalysis>();
        for (int factors = 1; factors <= largest && (analyses.Count == 0 || !cancellationToken.IsCancellationRequested); factors++)
        {
            try
            {
                analyses.Add(Learn(statistics, factors, starts, seed, noiseFloor, cancellationToken));
            }
            catch (OperationCanceledException) when (analyses.Count > 0)
            {
                // What was learned is the result.
                break;
            }
        }

        return new FactorCountComparison(analyses.ToImmutable());
    }

    /// <summary>Learns from the statistics of a table, which may have missing cells.</summary>
    /// <param name="statistics">The statistics.</param>
    /// <param name="factorCount">The number of factors J. Range: 1 to the number of columns.</param>
    /// <param name="starts">The number of starts; see <see cref="VariationalEmOptions.Starts"/>. Range: at least 1.</param>
    /// <param name="seed">The seed of the starts that are drawn.</param>
    /// <param name="noiseFloor">
    /// The smallest noise variance, as a part of its column's; see <see cref="VariationalEmOptions.NoiseFloor"/>. Range: 0 to less than 1, or
    /// <see langword="null"/>.
    /// </param>
    /// <param name="cancellationToken">Stops the work; what was learned so far is returned.</param>
    /// <returns>What was learned.</returns>
    /// <exception cref="ArgumentException">An argument is outside its range.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled before anything was learned.</exception>
    public static FactorAnalysis Learn(
        SufficientStatistics statistics,
        int factorCount,
        int starts = 8,
        int seed = 0,
        double? noiseFloor = null,
        CancellationToken cancellationToken = default)
    {
        LinearGaussianModel start = Start(statistics, factorCount, nameof(factorCount));
        Guard.AtLeast(starts, 1, nameof(starts));
        RequireFloor(noiseFloor);
        var options = new VariationalEmOptions
        {
            NoiseVariances = VarianceLearning.Each,
            Loadings = true,
            Offset = true,
            Starts = starts,
            Seed = seed,
            NoiseFloor = noiseFloor,
        };
        return new FactorAnalysis(new VariationalEm(options).Learn(start, statistics, null, cancellationToken), statistics);
    }

    /// <summary>Turns the factors to a simpler structure, from several starts.</summary>
    /// <param name="rotation">To what.</param>
    /// <param name="options">How; <see langword="null"/> means Kaiser's normalisation, 20 starts and a promax power of 4.</param>
    /// <returns>The factors in that rotation.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="rotation"/> is none of the known.</exception>
    public FactorSolution Rotate(FactorRotation rotation, FactorRotationOptions? options = null)
    {
        Guard.Defined(rotation, nameof(rotation));
        options ??= new FactorRotationOptions();
        if (rotation == FactorRotation.None || Fit.Model.LatentCount == 1)
        {
            Matrix<double> identity = Matrix<double>.Build.DenseIdentity(Fit.Model.LatentCount);
            return new FactorSolution(this, rotation, new RotationResult(identity, 0, Converged: true), startsAtBest: 1, starts: 1);
        }

        (RotationResult best, int startsAtBest) = RotationSearch.Run(StandardLoadings, rotation, options);
        return new FactorSolution(this, rotation, best, startsAtBest, options.Starts);
    }

    /// <summary>Sums up uniquenesses and loadings as learned, and how well the model fits; short for <c>Rotate(FactorRotation.None).Summary(names)</c>.</summary>
    /// <param name="names">The names of the observations, length K; <see langword="null"/> means their own, or where they have none x1, x2, ….</param>
    /// <returns>The table, a row for each observation.</returns>
    /// <exception cref="ArgumentException"><paramref name="names"/> has another length or holds a null.</exception>
    public SummaryTable Summary(IReadOnlyList<string>? names = null) => Rotate(FactorRotation.None).Summary(names);

    /// <inheritdoc cref="VariationalEmResult.Predictor"/>
    public Predictor Predictor(bool withParameterUncertainty = false) => Fit.Predictor(withParameterUncertainty);

    /// <summary>Sums up the outcome in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => $"{Wording.Count(Fit.Model.LatentCount, "factor")}: {Fit}";

    /// <summary>Returns a model of the right size, with standard normal factors; everything else is to be learned.</summary>
    internal static LinearGaussianModel Start(SufficientStatistics statistics, int latents, string name)
    {
        ArgumentNullException.ThrowIfNull(statistics);
        int columns = statistics.ColumnCount;
        RequireFactors(latents, columns, name);
        double[] ones = [.. Enumerable.Repeat(1.0, columns)];
        return new LinearGaussianModel(
            Matrix<double>.Build.Dense(columns, latents, (k, j) => k == j ? 1 : 0.1),
            new double[columns],
            ones,
            new double[latents],
            ones.AsSpan(0, latents))
        {
            ObservationNames = statistics.ColumnNames,
        };
    }

    internal IReadOnlyList<string> NamesOrNumbers(IReadOnlyList<string>? names) =>
        NameList.OrOwn(names, Fit.Model.ObservationNames, "x", Uniquenesses.Length, nameof(names), "one for each observation");

    /// <summary>Tests how well the model fits.</summary>
    internal string FitText()
    {
        string test = ExactFit is FactorFitTest fit ? Guard.Text($"; {Wording.Count(Fit.Model.LatentCount, "factor")} sufficient: {fit}") : string.Empty;
        return Guard.Text($"Log evidence {Fit.LogEvidence:F2} of {Wording.Count(RowCount, "row")}, {ParameterCount} parameters, AIC {Aic:F2}, BIC {Bic:F2}{test}");
    }

    private static void RequireFactors(int factors, int columns, string name)
    {
        if (factors < 1 || factors > columns)
        {
            throw new ArgumentOutOfRangeException(name, factors, Guard.Text($"{name} is {factors}; it must be 1 to {columns}, the number of columns."));
        }
    }

    private static void RequireFloor(double? noiseFloor)
    {
        if (noiseFloor is double floor && !(floor is >= 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(
                nameof(noiseFloor), floor, Guard.Text($"{nameof(noiseFloor)} is {floor}; it must be at least 0 and less than 1, or null."));
        }
    }

    /// <summary>Compares with the likelihood at the rows' own covariance matrix S, −N/2 (K log 2π + log det S + K).</summary>
    private FactorFitTest? Test(SufficientStatistics statistics, int[] columns)
    {
        int factors = Fit.Model.LatentCount;
        if (statistics.Patterns.Length > 1 || DegreesOfFreedom <= 0 || RowCount <= columns.Length)
        {
            return null;
        }

        Moments moments = statistics.Patterns[0].Moments;
        int[] places = [.. columns.Select(k => statistics.Patterns[0].Observed.IndexOf(k))];
        double[] deviations = [.. places.Select(k => Math.Sqrt(moments.Product(k, k) / RowCount))];
        Matrix<double> correlations = Matrix<double>.Build.Dense(
            places.Length, places.Length, (i, j) => moments.Product(places[i], places[j]) / RowCount / deviations[i] / deviations[j]);
        double[] eigenvalues = [.. correlations.Evd(Symmetricity.Symmetric).EigenValues.Select(value => value.Real)];

        // Below this, an eigenvalue of a correlation matrix is its rounding.
        const double singular = 1e-14;
        if (!(eigenvalues.Min() > singular * places.Length))
        {
            return null;
        }

        double logDeterminant = eigenvalues.Sum(Math.Log) + (2 * deviations.Sum(Math.Log));
        double discrepancy = (-2 * Fit.LogEvidence / RowCount) - (places.Length * (Math.Log(2 * Math.PI) + 1)) - logDeterminant;
        double factor = RowCount - 1 - (((2 * places.Length) + 5) / 6.0) - (2 * factors / 3.0);
        double statistic = factor * discrepancy;
        return new FactorFitTest
        {
            Statistic = statistic,
            DegreesOfFreedom = DegreesOfFreedom,
            PValue = SpecialFunctions.GammaUpperRegularized(0.5 * DegreesOfFreedom, 0.5 * Math.Max(statistic, 0)),
        };
    }
}
