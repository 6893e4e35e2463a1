using System.Collections.Immutable;
using System.Text.Json.Serialization;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>
/// Probabilistic principal component analysis: x = Wf + b + ε with f ~ N(0, I) and one noise variance σ² (Tipping and Bishop, 1999).
/// </summary>
/// <remarks>
/// Take it where all columns have the same unit and the same noise. The closed form costs O(K³).
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// var covariance = Matrix<double>.Build.DenseOfRowArrays([2.0, 1.0, 0.0], [1.0, 2.0, 0.0], [0.0, 0.0, 1.0]);
/// ProbabilisticPca pca = ProbabilisticPca.Solve(SufficientStatistics.OfMoments(100, [0, 0, 0], covariance), componentCount: 1);
/// Console.WriteLine($"{pca.Eigenvalues[0]:F3}, {pca.Eigenvalues[1]:F3}, {pca.Eigenvalues[2]:F3}");   // 3.000, 1.000, 1.000
/// Console.WriteLine($"{pca.NoiseVariance:F3}");   // 1.000
/// Console.WriteLine(pca.Model.Posterior([1, 1, 0]));   // marginals N(0.66667, 0.33333)
/// ]]></code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed partial class ProbabilisticPca
{
    private ProbabilisticPca(LinearGaussianModel model, double noiseVariance, double logEvidence, ImmutableArray<double> eigenvalues)
    {
        Model = model;
        NoiseVariance = noiseVariance;
        LogEvidence = logEvidence;
        Eigenvalues = eigenvalues;
    }

    /// <summary>Gets the model, for inference; where the noise variance is 0, with <see cref="VariationalEmResult.ZeroVarianceStandIn"/> of the total variance.</summary>
    public LinearGaussianModel Model { get; }

    /// <summary>Gets how learning went; <see langword="null"/> for the closed form.</summary>
    public VariationalEmResult? Fit { get; private init; }

    /// <summary>Gets the noise variance σ²: the mean of the K − J smallest eigenvalues.</summary>
    public double NoiseVariance { get; }

    /// <summary>
    /// Gets how far rounding may have moved <see cref="NoiseVariance"/>, in the columns' squared unit: about 1e-15 of the largest eigenvalue from
    /// statistics, of its root from rows. NaN where <see cref="Fit"/> is there, which has a standard error instead.
    /// </summary>
    public double NoiseVarianceError { get; private init; } = double.NaN;

    /// <summary>
    /// Gets what is wrong; empty where nothing was found: digits lost, a noise variance of 0, where the likelihood has no limit, and a component that is as good as
    /// another which was left out. Where <see cref="Fit"/> is there, its warnings.
    /// </summary>
    public ImmutableArray<LearningWarning> Warnings { get; private init; } = [];

    /// <summary>Gets the log evidence of all rows, in nats, with every constant; +∞ where the noise variance is 0.</summary>
    public double LogEvidence { get; }

    /// <summary>
    /// Gets the eigenvalues of the covariance matrix (with divisor N), in descending order, length K; where <see cref="Fit"/> is there, those of
    /// the learned covariance WWᵀ + σ²I over the columns that have cells.
    /// </summary>
    public ImmutableArray<double> Eigenvalues { get; }

    /// <summary>
    /// Solves for the maximum of the likelihood of complete rows in closed form: W = U(Λ − σ²I)^½ from the J largest eigenvalues and
    /// eigenvectors of the covariance matrix.
    /// </summary>
    /// <remarks>
    /// A covariance matrix holds what is below 1e-15 of its largest eigenvalue no more: where that may touch the noise variance, a warning says
    /// how much. From rows, <see cref="Solve(Matrix{double}, int, IReadOnlyList{string}, int?, CancellationToken)"/> keeps twice the digits.
    /// </remarks>
    /// <param name="statistics">The statistics of a table without missing cells.</param>
    /// <param name="componentCount">The number of components J. Range: 1 to the number of columns less 1.</param>
    /// <returns>The solution.</returns>
    /// <exception cref="ArgumentException"><paramref name="statistics"/> have missing cells, or the number of components is outside its range.</exception>
    /// <exception cref="NonFiniteValueException">The noise variance is too small for a double.</exception>
    public static ProbabilisticPca Solve(SufficientStatistics statistics, int componentCount)
    {
        ArgumentNullException.ThrowIfNull(statistics);
        RequireComponents(componentCount, statistics.ColumnCount);
        if (statistics.Patterns.Length > 1 || statistics.Patterns[0].Observed.Length < statistics.ColumnCount)
        {
            throw new ArgumentException("statistics have missing cells, for which there is no closed form; Learn takes them.", nameof(statistics));
        }

        return Solve(PrincipalSpectrum.Of(statistics.Patterns[0]), componentCount, statistics.Columns);
    }

    /// <summary>
    /// Solves for the maximum of the likelihood of complete rows in closed form, by the singular values of the rows less their mean: they are
    /// reduced to a triangle by orthogonal steps, never squared.
    /// </summary>
    /// <param name="table">The observations, N×K with N ≥ 1 and K ≥ 2, all finite.</param>
    /// <param name="componentCount">The number of components J. Range: 1 to the number of columns less 1.</param>
    /// <param name="columnNames">The names of the columns, length K, all different; <see langword="null"/> means none.</param>
    /// <param name="maxThreads">The largest number of threads; <see langword="null"/> means the number of processors. Range: at least 1.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The solution; the same bits for any number of threads.</returns>
    /// <exception cref="ArgumentException"><paramref name="table"/> has no rows or a cell that is not finite, or another argument is outside its range.</exception>
    /// <exception cref="NonFiniteValueException">The variances leave the range of double precision.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public static ProbabilisticPca Solve(
        Matrix<double> table,
        int componentCount,
        IReadOnlyList<string>? columnNames = null,
        int? maxThreads = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(table);
        RequireComponents(componentCount, table.ColumnCount);
        NameList names = NameList.Of(columnNames, table.ColumnCount, nameof(columnNames), "one for each column");
        double[] values = table.AsColumnMajorArray() ?? table.ToColumnMajorArray();
        RowSpan rows = RowSpan.ColumnMajor(values, table.ColumnCount);
        return Solve(PrincipalSpectrum.Of(CentredTriangle.Of(rows, nameof(table), names, maxThreads, cancellationToken)), componentCount, names);
    }

    /// <summary>Solves as <see cref="Solve(Matrix{double}, int, IReadOnlyList{string}, int?, CancellationToken)"/> does, for rows in memory that the caller owns.</summary>
    /// <param name="rows">The observations, N×K with N ≥ 1 and K ≥ 2, all finite.</param>
    /// <param name="componentCount">The number of components J. Range: 1 to the number of columns less 1.</param>
    /// <param name="columnNames">The names of the columns, length K, all different; <see langword="null"/> means none.</param>
    /// <param name="maxThreads">The largest number of threads; <see langword="null"/> means the number of processors. Range: at least 1.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The solution; the same bits for any number of threads.</returns>
    /// <exception cref="ArgumentException"><paramref name="rows"/> has no rows or a cell that is not finite, or another argument is outside its range.</exception>
    /// <exception cref="NonFiniteValueException">The variances leave the range of double precision.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public static ProbabilisticPca Solve(
        RowSpan rows,
        int componentCount,
        IReadOnlyList<string>? columnNames = null,
        int? maxThreads = null,
        CancellationToken cancellationToken = default)
    {
        Guard.AtLeast(rows.ColumnCount, 1, nameof(rows));
        RequireComponents(componentCount, rows.ColumnCount);
        NameList names = NameList.Of(columnNames, rows.ColumnCount, nameof(columnNames), "one for each column");
        return Solve(PrincipalSpectrum.Of(CentredTriangle.Of(rows, nameof(rows), names, maxThreads, cancellationToken)), componentCount, names);
    }

    /// <summary>
    /// Solves as <see cref="Solve(Matrix{double}, int, IReadOnlyList{string}, int?, CancellationToken)"/> does, for rows that come in chunks, in order; memory holds one
    /// chunk and triangles of the columns.
    /// </summary>
    /// <param name="chunks">The observations, at least one chunk, each N×K with N ≥ 1 of its own, all finite.</param>
    /// <param name="componentCount">The number of components J. Range: 1 to the number of columns less 1.</param>
    /// <param name="columnNames">The names of the columns, length K, all different; <see langword="null"/> means none.</param>
    /// <param name="maxThreads">The largest number of threads; <see langword="null"/> means the number of processors. Range: at least 1.</param>
    /// <param name="progress">Receives the number of rows read, after each chunk.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The solution; the same bits as of all rows at once.</returns>
    /// <exception cref="ArgumentException">
    /// A chunk is null, has no rows, another width than the first or a cell that is not finite, or another argument is outside its range.
    /// </exception>
    /// <exception cref="NonFiniteValueException">The variances leave the range of double precision.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public static ProbabilisticPca SolveChunks(
        IEnumerable<Matrix<double>> chunks,
        int componentCount,
        IReadOnlyList<string>? columnNames = null,
        int? maxThreads = null,
        IProgress<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(chunks);
        Guard.AtLeast(componentCount, 1, nameof(componentCount));
        NameList names = NameList.None;
        CentredTriangle triangle = CentredTriangle.OfChunks(
            chunks,
            columns =>
            {
                RequireComponents(componentCount, columns);
                return names = NameList.Of(columnNames, columns, nameof(columnNames), "one for each column");
            },
            maxThreads,
            progress,
            cancellationToken);
        return Solve(PrincipalSpectrum.Of(triangle), componentCount, names);
    }

    /// <summary>Learns from the statistics of a table that may have missing cells, by climbing the likelihood.</summary>
    /// <param name="statistics">The statistics.</param>
    /// <param name="componentCount">The number of components J. Range: 1 to the number of columns.</param>
    /// <param name="starts">The number of starts; see <see cref="VariationalEmOptions.Starts"/>. Range: at least 1.</param>
    /// <param name="seed">The seed of the starts that are drawn.</param>
    /// <param name="cancellationToken">Stops the work; what was learned so far is returned.</param>
    /// <returns>The solution; of complete rows, that of the closed form.</returns>
    /// <exception cref="ArgumentException">An argument is outside its range.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled before anything was learned.</exception>
    public static ProbabilisticPca Learn(
        SufficientStatistics statistics, int componentCount, int starts = 8, int seed = 0, CancellationToken cancellationToken = default)
    {
        LinearGaussianModel start = FactorAnalysis.Start(statistics, componentCount, nameof(componentCount));
        Guard.AtLeast(starts, 1, nameof(starts));
        var options = new VariationalEmOptions { Loadings = true, Offset = true, Starts = starts, Seed = seed };
        VariationalEmResult fit = new VariationalEm(options).Learn(start, statistics, null, cancellationToken);
        int[] columns = [.. statistics.Patterns.SelectMany(pattern => pattern.Observed).Distinct()];
        Matrix<double> loadings = fit.Loadings();
        double noise = fit.NoiseVariances[columns[0]];

        // The loadings stand in the rotation in which their columns are orthogonal, longest first.
        IEnumerable<double> eigenvalues = Enumerable.Range(0, columns.Length).Select(j =>
            noise + (j < componentCount ? columns.Sum(k => loadings[k, j] * loadings[k, j]) : 0));
        return new ProbabilisticPca(fit.Model, noise, fit.LogEvidence, [.. eigenvalues]) { Fit = fit, Warnings = fit.Warnings };
    }

    /// <summary>Returns what predicts by the learned model.</summary>
    /// <param name="withParameterUncertainty">
    /// Whether that the parameters are estimates is taken in, see <see cref="VariationalEmResult.Predictor"/>; the closed form gives no standard errors.
    /// </param>
    /// <returns>The predictor.</returns>
    /// <exception cref="InvalidOperationException">
    /// The parameters' uncertainty is asked for, and <see cref="Fit"/> is <see langword="null"/> or has no finite curvature.
    /// </exception>
    public Predictor Predictor(bool withParameterUncertainty = false) => 0 switch
    {
        _ when Fit is not null => Fit.Predictor(withParameterUncertainty),
        _ when withParameterUncertainty => throw new InvalidOperationException(
            "The closed form gives no standard errors; learn by ProbabilisticPca.Learn for predictions that take the parameters' uncertainty in."),
        _ => new Predictor(Model),
    };

    /// <summary>Lists how much of the observations' variance each component explains.</summary>
    /// <returns>The table: a row for each component, and one for the noise that remains in all observations together; the shares sum to 1.</returns>
    public SummaryTable Summary()
    {
        Matrix<double> loadings = Model.Loadings();
        double[] squares = [.. loadings.EnumerateColumns().Select(column => column.DotProduct(column))];
        double noise = loadings.RowCount * NoiseVariance, all = squares.Sum() + noise;
        return new SummaryTable(
            ["variance", "share"],
            [.. squares.Select((square, j) => (Guard.Text($"component {j + 1}"), (double[])[square, square / all])), ("noise", [noise, noise / all])]);
    }

    /// <summary>Sums up the solution in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text(
        $"{Wording.Count(Model.LatentCount, "component")} of {Wording.Count(Model.ObservationCount, "column")}, noise variance {NoiseVariance:G5}, log evidence {LogEvidence:G8}{(Warnings.Length > 0 ? $", {Wording.Count(Warnings.Length, "warning")}" : string.Empty)}");

    private static ProbabilisticPca Solve(PrincipalSpectrum spectrum, int components, NameList columnNames)
    {
        int columns = spectrum.Columns;
        double noise = spectrum.Noise(components), error = spectrum.NoiseError(components);
        ImmutableArray<LearningWarning> warnings = spectrum.Warnings(components);

        // What rounding may have made of nothing is nothing: a likelihood that depends on it means nothing either.
        noise = noise > error ? noise : 0;
        double total = spectrum.Variances.Sum();
        double positive = noise > 0 ? noise : VariationalEmResult.ZeroVarianceStandIn * (total > 0 ? total : 1);
        double logDeterminant = spectrum.Variances.Take(components).Sum(Math.Log) + ((columns - components) * Math.Log(noise));
        double logUnit = 2 * spectrum.Exponent * Math.Log(2);
        double logEvidence = -0.5 * spectrum.RowCount * ((columns * (Math.Log(2 * Math.PI) + logUnit + 1)) + logDeterminant);
        Matrix<double> loadings = Matrix<double>.Build.Dense(columns, components, (k, j) =>
            Math.ScaleB(Math.Sqrt(Math.Max(spectrum.Variances[j] - noise, 0)) * spectrum.Vector(k, j), spectrum.Exponent));
        double[] eigenvalues = [.. spectrum.Variances.Select(spectrum.InUnits)];
        double modelNoise = spectrum.InUnits(positive);
        if (!(modelNoise > 0 && double.IsFinite(modelNoise + eigenvalues[0])))
        {
            Guard.ThrowNonFinite("the variance of the data, in doubles,", eigenvalues[0] + modelNoise, row: 0, iteration: 0);
        }

        var model = new LinearGaussianModel(
            loadings,
            spectrum.Means.AsSpan(),
            Enumerable.Repeat(modelNoise, columns).ToArray(),
            new double[components],
            Enumerable.Repeat(1.0, components).ToArray())
        {
            ObservationNames = columnNames,
        };
        return new ProbabilisticPca(model, spectrum.InUnits(noise), noise > 0 ? logEvidence : double.PositiveInfinity, [.. eigenvalues])
        {
            NoiseVarianceError = spectrum.InUnits(error),
            Warnings = warnings,
        };
    }

    private static void RequireComponents(int componentCount, int columns)
    {
        if (componentCount < 1 || componentCount >= columns)
        {
            throw new ArgumentOutOfRangeException(
                nameof(componentCount),
                componentCount,
                Guard.Text($"{nameof(componentCount)} is {componentCount}; it must be at least 1 and less than {columns}, the number of columns."));
        }
    }
}
