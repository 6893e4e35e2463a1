using System.Collections.Immutable;
using System.Text.Json.Serialization;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>
/// All that a linear-Gaussian likelihood depends on in a table: the count, the means and the centred cross products of the rows, apart for
/// each pattern of missing cells. The size of it does not grow with the number of rows of a pattern.
/// </summary>
/// <remarks>
/// <para>
/// The cells of a tile of rows are centred before they are squared, and tiles are put together by
/// S = S₁ + S₂ + n₁n₂/(n₁ + n₂) (x̄₂ − x̄₁)(x̄₂ − x̄₁)ᵀ with means of twice the precision of a double: data at 1e12 with a spread of 0.1 keep
/// all the digits that their cells have.
/// </para>
/// <para>
/// A table is cut into shards of fixed size, which are put together in a fixed tree, so that the same rows give the same bits whatever the
/// number of threads and however they were handed over: as a matrix, in chunks or one by one. Processors whose vectors differ in width may
/// differ in the last digits.
/// </para>
/// <para>
/// A table without missing cells takes K(K + 5)/2 numbers. With missing cells each pattern that occurs takes as much for its observed columns;
/// where nearly every row has a pattern of its own the summary is about as large as the table.
/// </para>
/// <para>
/// Take it where rows do not fit into memory, come from several places, or are learned from more than once. A row costs O(K²), the summary
/// nothing that grows with rows.
/// </para>
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// SufficientStatistics monday = SufficientStatistics.Of(model.Sample(1_000, seed: 1).Observations);
/// SufficientStatistics tuesday = SufficientStatistics.Of(model.Sample(2_000, seed: 2).Observations);
/// SufficientStatistics both = monday.Merge(tuesday);
/// Console.WriteLine(both);   // 3000 rows of 2 columns, 1 pattern of missing cells
///
/// both.Save("rows.statistics");
/// Console.WriteLine(SufficientStatistics.Load("rows.statistics").RowCount);   // 3000
/// </code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed partial class SufficientStatistics
{
    internal SufficientStatistics(int columnCount, IReadOnlyDictionary<MissingPattern, Moments> moments, NameList? columnNames = null)
    {
        ColumnCount = columnCount;
        Columns = columnNames ?? NameList.None;
        Patterns =
        [
            .. moments.Select(item => new PatternStatistics(item.Key, item.Value, columnCount))
                .OrderByDescending(item => item.Observed.Length)
                .ThenBy(item => item, Comparer<PatternStatistics>.Create(
                    (a, b) => a.Observed.AsSpan().SequenceCompareTo(b.Observed.AsSpan()))),
        ];
        RowCount = Patterns.Sum(item => item.RowCount);
    }

    /// <summary>Gets the number of columns K.</summary>
    public int ColumnCount { get; }

    /// <summary>Gets the names of the columns, length K; empty where they have none. Models that are learned get them.</summary>
    public IReadOnlyList<string> ColumnNames => Columns;

    /// <summary>Gets the number of rows N, those without any cell included.</summary>
    public long RowCount { get; }

    /// <summary>Gets <see cref="ColumnNames"/>, checked.</summary>
    internal NameList Columns { get; }

    /// <summary>Gets the statistics by pattern of missing cells: patterns with more cells first, then in the order of their columns.</summary>
    public ImmutableArray<PatternStatistics> Patterns { get; }

    /// <summary>Summarises a table.</summary>
    /// <param name="table">The observations, N×K with N ≥ 1; NaN means missing.</param>
    /// <param name="columnNames">The names of the columns, length K, all different; <see langword="null"/> means none.</param>
    /// <param name="maxThreads">The largest number of threads; <see langword="null"/> means the number of processors. Range: at least 1.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The statistics.</returns>
    /// <exception cref="ArgumentException"><paramref name="table"/> has no rows or holds an infinity.</exception>
    /// <exception cref="NonFiniteValueException">The squares of a column leave the range of double precision.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public static SufficientStatistics Of(
        Matrix<double> table, IReadOnlyList<string>? columnNames = null, int? maxThreads = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(table);
        double[] values = table.AsColumnMajorArray() ?? table.ToColumnMajorArray();
        return Of(RowSpan.ColumnMajor(values, table.ColumnCount), nameof(table), columnNames, maxThreads, cancellationToken);
    }

    /// <summary>Summarises a table in memory that the caller owns.</summary>
    /// <param name="rows">The observations, N×K with N ≥ 1; NaN means missing.</param>
    /// <param name="columnNames">The names of the columns, length K, all different; <see langword="null"/> means none.</param>
    /// <param name="maxThreads">The largest number of threads; <see langword="null"/> means the number of processors. Range: at least 1.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The statistics.</returns>
    /// <exception cref="ArgumentException"><paramref name="rows"/> has no rows or holds an infinity.</exception>
    /// <exception cref="NonFiniteValueException">The squares of a column leave the range of double precision.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public static SufficientStatistics Of(
        RowSpan rows, IReadOnlyList<string>? columnNames = null, int? maxThreads = null, CancellationToken cancellationToken = default) =>
        Of(rows, nameof(rows), columnNames, maxThreads, cancellationToken);

    /// <summary>Summarises a table that comes in chunks, in order; memory holds one chunk and the summary.</summary>
    /// <param name="chunks">The observations, at least one chunk, each N×K with N ≥ 1 of its own; NaN means missing.</param>
    /// <param name="columnNames">The names of the columns, length K, all different; <see langword="null"/> means none.</param>
    /// <param name="maxThreads">The largest number of threads; <see langword="null"/> means the number of processors. Range: at least 1.</param>
    /// <param name="progress">Receives the number of rows read, after each chunk.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The statistics.</returns>
    /// <exception cref="ArgumentException">A chunk is null, has no rows, another width than the first, or holds an infinity.</exception>
    /// <exception cref="NonFiniteValueException">The squares of a column leave the range of double precision.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public static SufficientStatistics OfChunks(
        IEnumerable<Matrix<double>> chunks,
        IReadOnlyList<string>? columnNames = null,
        int? maxThreads = null,
        IProgress<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(chunks);
        SufficientStatisticsBuilder? builder = null;
        int index = 0;
        foreach (Matrix<double> chunk in chunks)
        {
            string label = Guard.Text($"{nameof(chunks)}[{index}]");
            if (chunk is null)
            {
                throw new ArgumentException(Guard.Text($"{label} is null; it must be a table."), nameof(chunks));
            }

            builder ??= new SufficientStatisticsBuilder(chunk.ColumnCount, columnNames, maxThreads);
            double[] values = chunk.AsColumnMajorArray() ?? chunk.ToColumnMajorArray();
            builder.Add(RowSpan.ColumnMajor(values, chunk.ColumnCount), label, nameof(chunks), cancellationToken);
            progress?.Report(builder.RowCount);
            index++;
        }

        return builder?.Build() ?? throw new ArgumentException($"{nameof(chunks)} is empty; it must have at least 1 chunk.", nameof(chunks));
    }

    /// <summary>Takes statistics of complete rows that were worked out elsewhere, such as a printed covariance matrix.</summary>
    /// <param name="rowCount">The number of rows n. Range: at least 1.</param>
    /// <param name="means">The means x̄, length K ≥ 1, all finite.</param>
    /// <param name="covariance">The covariance matrix with divisor n, K×K, symmetric, finite also when multiplied by n; zero where n = 1.</param>
    /// <param name="columnNames">The names of the columns, length K, all different; <see langword="null"/> means none.</param>
    /// <returns>The statistics.</returns>
    /// <exception cref="ArgumentException">An argument is outside its range.</exception>
    public static SufficientStatistics OfMoments(
        long rowCount, ReadOnlySpan<double> means, Matrix<double> covariance, IReadOnlyList<string>? columnNames = null)
    {
        ArgumentNullException.ThrowIfNull(covariance);
        ArgumentOutOfRangeException.ThrowIfLessThan(rowCount, 1);
        Guard.AtLeast(means.Length, 1, nameof(means));
        Guard.AllFinite(means, nameof(means));
        Guard.Length(covariance.RowCount, means.Length, nameof(covariance), "one row for each mean");
        Guard.Length(covariance.ColumnCount, means.Length, nameof(covariance), "one column for each mean");
        NameList names = NameList.Of(columnNames, means.Length, nameof(columnNames), "one for each mean");
        int size = means.Length;
        for (int k = 0; k < size; k++)
        {
            Require(covariance[k, k] >= 0 && double.IsFinite(rowCount * covariance[k, k]) && (rowCount > 1 || covariance[k, k] == 0), k, k);
        }

        var products = new double[Moments.TriangleLength(size)];
        for (int i = 0, at = 0; i < size; i++)
        {
            for (int j = i; j < size; j++, at++)
            {
                double limit = Math.Sqrt(covariance[i, i]) * Math.Sqrt(covariance[j, j]) * (1 + 1e-9);
                Require(covariance[i, j] == covariance[j, i] && Math.Abs(covariance[i, j]) <= limit, i, j);
                products[at] = rowCount * covariance[i, j];
            }
        }

        RequirePositiveSemidefinite(covariance);

        var moments = new Moments(rowCount, [.. means], new double[size], rowCount == 1 ? null : products);
        return new SufficientStatistics(size, new Dictionary<MissingPattern, Moments> { [MissingPattern.Of(means)] = moments }, names);

        void Require(bool condition, int i, int j)
        {
            if (!condition)
            {
                throw new ArgumentException(
                    Guard.Text($"{nameof(covariance)}[{i}, {j}] is {covariance[i, j]}; it must be finite, symmetric and within the variances, 0 for 1 row."),
                    nameof(covariance));
            }
        }
    }

    /// <summary>Requires that no combination of the columns, each in its own standard deviation, has a variance clearly below zero.</summary>
    private static void RequirePositiveSemidefinite(Matrix<double> covariance)
    {
        const double printed = 1e-6;
        int[] varying = [.. Enumerable.Range(0, covariance.RowCount).Where(k => covariance[k, k] > 0)];
        if (varying.Length == 0)
        {
            return;
        }

        Matrix<double> correlation = Matrix<double>.Build.Dense(varying.Length, varying.Length, (i, j) =>
            covariance[varying[i], varying[j]] / Math.Sqrt(covariance[varying[i], varying[i]]) / Math.Sqrt(covariance[varying[j], varying[j]]));
        double smallest = correlation.Evd(Symmetricity.Symmetric).EigenValues.Min(value => value.Real);
        if (!(smallest >= -printed * varying.Length))
        {
            throw new ArgumentException(
                Guard.Text($"{nameof(covariance)} has a correlation matrix with the eigenvalue {smallest}; all must be at least 0, but for the rounding of print."),
                nameof(covariance));
        }
    }

    /// <summary>Puts the statistics of two sets of rows together.</summary>
    /// <param name="other">Statistics of other rows with the same columns.</param>
    /// <returns>The statistics of both; to the last bit the same when the same statistics are merged in the same tree.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="other"/> has another number of columns, other names of columns, or both together have more than <see cref="long.MaxValue"/> rows.
    /// </exception>
    public SufficientStatistics Merge(SufficientStatistics other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.ColumnCount != ColumnCount)
        {
            throw new ArgumentException(
                Guard.Text($"{nameof(other)} has {other.ColumnCount} columns; it must have {ColumnCount}, as these statistics have."), nameof(other));
        }

        if (other.RowCount > long.MaxValue - RowCount)
        {
            throw new ArgumentException(
                Guard.Text($"{nameof(other)} has {other.RowCount} rows; it may have {long.MaxValue - RowCount} at most, as rows are counted to {long.MaxValue}."),
                nameof(other));
        }

        NameList names = NameList.Common(Columns, other.Columns, nameof(ColumnNames), "other.ColumnNames", nameof(other));
        Dictionary<MissingPattern, Moments> moments = Patterns.ToDictionary(item => item.Pattern, item => item.Moments);
        foreach (PatternStatistics item in other.Patterns)
        {
            MomentWorker.Add(moments, item.Pattern, item.Moments);
        }

        return new SufficientStatistics(ColumnCount, moments, names);
    }

    /// <summary>Sums up the statistics in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() =>
        $"{Wording.Count(RowCount, "row")} of {Wording.Count(ColumnCount, "column")}, {Wording.Count(Patterns.Length, "pattern")} of missing cells";

    private static SufficientStatistics Of(
        RowSpan rows, string name, IReadOnlyList<string>? columnNames, int? maxThreads, CancellationToken cancellationToken)
    {
        Guard.AtLeast(rows.ColumnCount, 1, nameof(rows));
        var builder = new SufficientStatisticsBuilder(rows.ColumnCount, columnNames, maxThreads);
        builder.Add(rows, name, name, cancellationToken);
        return builder.Build();
    }
}
