using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>
/// Learns parameters of a linear-Gaussian model that are not known, by raising the evidence lower bound over them and over the posteriors of
/// all rows together.
/// </summary>
/// <remarks>
/// <para>
/// For given parameters the E-step has a closed form, and what it reaches, summed over the rows, depends on the rows through
/// <see cref="SufficientStatistics"/> only: in the full family Σ log N(x | Am + b, R + AD²Aᵀ), in the mean-field family less
/// ½ (Σ_j log Λ_jj − log det Λ) a row. Learning therefore costs one pass over the data, and then nothing that grows with their number.
/// </para>
/// <para>
/// EM alone crawls where a variance goes to zero. The default method takes a few EM iterations and then climbs the same bound with
/// quasi-Newton and Newton steps over standard deviations, which can reach zero; it works in units of the data's own spread, so that raw
/// units do no harm. Where there may be several optima it starts from several places, and follows the bound along each variance from zero
/// up; the best is kept and the others are reported. Parameters that are learned need no good values in the model that learning starts from.
/// </para>
/// <para>
/// The bound is evaluated by orthogonal reduction on the side of the latents, from residuals: an evaluation costs O(KJ(K + J)) for a pattern of
/// missing cells, O(KJ²) where the pattern has one row, and threads share the patterns, with the same bits for any number of them; on
/// processors whose vectors differ in width the last bits may differ. One long row
/// with fixed loadings and one noise variance, a regression, is reduced to J cells beforehand. From a table the bound is as good as the rows;
/// cross products lose twice as many digits where the noise is far smaller than the spread.
/// </para>
/// <para>
/// Take it where noise, priors, offset or loadings are not known; <see cref="FactorAnalysis"/>, <see cref="ProbabilisticPca"/> and
/// <see cref="OneWayRandomEffects"/> are common choices of it.
/// </para>
/// <threadsafety>Stateless, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// // Draws with noise of variance 0.25, about which the model to start from is wrong.
/// var truth = new GaussianSumModel(latentCount: 1, observationCount: 4, noiseVariance: 0.25);
/// Matrix<double> table = truth.Sample(5_000, seed: 1).Observations;
/// VariationalEmResult learned = new VariationalEm().Learn(new GaussianSumModel(1, 4), table);
/// Console.WriteLine($"{learned.NoiseVariances[0]:F2}");   // 0.25
/// Console.WriteLine(new CaviSolver().Solve(learned.Model, [1.1, 0.9, 1.3, 0.7]).Converged);   // True
/// ]]></code>
/// </example>
public sealed class VariationalEm
{
    /// <summary>Initializes a new instance of the <see cref="VariationalEm"/> class.</summary>
    /// <param name="options">What to learn and how; <see langword="null"/> means a shared noise variance.</param>
    /// <exception cref="ArgumentException">
    /// Nothing is to be learned, there is a floor for noise variances that are not, or <see cref="VariationalEmOptions.PriorVarianceGroups"/> are
    /// given beside prior variances that are learned otherwise.
    /// </exception>
    public VariationalEm(VariationalEmOptions? options = null)
    {
        Options = options ?? new VariationalEmOptions();
        if (Options is { NoiseVariances: VarianceLearning.Fixed, LearnsPriorVariances: false }
            and { PriorMeans: false, Offset: false, Loadings: false })
        {
            throw new ArgumentException("Nothing is to be learned; at least one group of parameters must be.", nameof(options));
        }

        if (Options is { NoiseVariances: VarianceLearning.Fixed, NoiseFloor: double floor })
        {
            throw new ArgumentException(
                Guard.Text($"NoiseFloor is {floor}, but no noise variance is learned; it must be null then."), nameof(options));
        }

        if (!Options.PriorVarianceGroups.IsEmpty && Options.PriorVariances != VarianceLearning.Fixed)
        {
            throw new ArgumentException(
                Guard.Text($"PriorVariances is {Options.PriorVariances} beside PriorVarianceGroups; it must be Fixed, or the groups empty."),
                nameof(options));
        }
    }

    /// <summary>Gets what is learned and how.</summary>
    public VariationalEmOptions Options { get; }

    /// <summary>Learns from a table.</summary>
    /// <param name="start">The model: its fixed parameters count, the others are a start.</param>
    /// <param name="table">The observations, N×K with N ≥ 1; NaN means missing.</param>
    /// <param name="progress">Receives the bound reached so far, in nats, after each start and each stage.</param>
    /// <param name="cancellationToken">Stops the work; what was learned so far is returned.</param>
    /// <returns>The learned model and how good it is.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="table"/> has another width, no rows or no cells, holds an infinity, or all columns are constant and would be left out.
    /// </exception>
    /// <exception cref="NonFiniteValueException">
    /// The squares of a column leave the range of double precision, or the fixed variances are too far apart for the data's covariance in it.
    /// </exception>
    /// <exception cref="OperationCanceledException">The work was cancelled before anything was learned.</exception>
    public VariationalEmResult Learn(
        LinearGaussianModel start,
        Matrix<double> table,
        IProgress<double>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(start);
        ArgumentNullException.ThrowIfNull(table);
        start.RequireIndependentPrior(nameof(start));
        RowTable.RequireSize(start, table.RowCount, table.ColumnCount, nameof(table));
        SufficientStatistics statistics = SufficientStatistics.Of(table, start.Columns, cancellationToken: cancellationToken);
        return Learn(start, statistics, table, progress, cancellationToken);
    }

    /// <inheritdoc cref="Learn(LinearGaussianModel, Matrix{double}, IProgress{double}?, CancellationToken)"/>
    public VariationalEmResult Learn(
        LinearGaussianModel start, RowSpan table, IProgress<double>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(start);
        RowTable.RequireSize(start, table.RowCount, table.ColumnCount, nameof(table));
        return Learn(start, table.ToMatrix(), progress, cancellationToken);
    }

    /// <summary>Learns from the statistics of a table.</summary>
    /// <param name="start">The model: its fixed parameters count, the others are a start.</param>
    /// <param name="statistics">The statistics, one column for each observation.</param>
    /// <param name="progress">Receives the bound reached so far, in nats, after each start and each stage.</param>
    /// <param name="cancellationToken">Stops the work; what was learned so far is returned.</param>
    /// <returns>The learned model and how good it is.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="statistics"/> have another number of columns or no cells, or all columns are constant and would be left out.
    /// </exception>
    /// <exception cref="NonFiniteValueException">
    /// The squares of a column leave the range of double precision, or the fixed variances are too far apart for the data's covariance in it.
    /// </exception>
    /// <exception cref="OperationCanceledException">The work was cancelled before anything was learned.</exception>
    public VariationalEmResult Learn(
        LinearGaussianModel start,
        SufficientStatistics statistics,
        IProgress<double>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(start);
        ArgumentNullException.ThrowIfNull(statistics);
        start.RequireIndependentPrior(nameof(start));
        if (statistics.ColumnCount != start.ObservationCount)
        {
            throw new ArgumentException(
                Guard.Text($"statistics have {statistics.ColumnCount} columns; they must have {start.ObservationCount}, one for each observation."),
                nameof(statistics));
        }

        return Learn(start, statistics, table: null, progress, cancellationToken);
    }

    internal VariationalEmResult Learn(
        LinearGaussianModel start, LearningProblem problem, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        var search = new LearningSearch(problem, Options, progress, cancellationToken);
        BoundAscent ascent = search.Run();
        if (!double.IsFinite(ascent.Value))
        {
            Guard.ThrowNonFinite("the bound", ascent.Value, row: 0, ascent.Iterations);
        }

        return new LearningOutcome(start, problem, search, ascent, Options, cancellationToken.IsCancellationRequested).Result();
    }

    private VariationalEmResult Learn(
        LinearGaussianModel start,
        SufficientStatistics statistics,
        Matrix<double>? table,
        IProgress<double>? progress,
        CancellationToken cancellationToken)
    {
        NameList columnNames = NameList.Common(
            start.Columns, statistics.Columns, "start.ObservationNames", "statistics.ColumnNames", nameof(statistics));
        start = start.Named(columnNames, start.Latents);
        if (statistics.Patterns[0].Observed.Length == 0)
        {
            throw new ArgumentException(
                $"{(table is null ? "statistics have" : "table has")} no cells; at least 1 must be there.", table is null ? nameof(statistics) : nameof(table));
        }

        if (!Options.PriorVarianceGroups.IsEmpty)
        {
            Guard.Length(
                Options.PriorVarianceGroups.Length, start.LatentCount, nameof(Options.PriorVarianceGroups), "one for each latent of the model");
        }

        var problem = new LearningProblem(start, statistics, Options, table);
        if (problem.Blocks.Count == 0)
        {
            throw new ArgumentException("statistics have no column that varies; nothing can be learned.", nameof(statistics));
        }

        return Learn(start, problem, progress, cancellationToken);
    }
}
