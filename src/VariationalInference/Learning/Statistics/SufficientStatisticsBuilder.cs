using System.Runtime.CompilerServices;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>Builds <see cref="SufficientStatistics"/> from rows as they come: one by one, from a CSV stream say, or many at once.</summary>
/// <remarks>
/// The outcome depends on the rows and their order only, not on how many came at a time; see <see cref="SufficientStatistics"/>.
/// <threadsafety>For use by one thread at a time. Shards that are built apart can be merged.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// var builder = new SufficientStatisticsBuilder(columnCount: 2);
/// foreach (string line in new[] { "1.2;0.8", "0.1;", "2.0;2.2" })
/// {
///     builder.Add([.. line.Split(';').Select(cell => cell.Length == 0 ? double.NaN : double.Parse(cell))]);
/// }
///
/// Console.WriteLine(builder.Build());   // 3 rows of 2 columns, 2 patterns of missing cells
/// </code>
/// </example>
public sealed class SufficientStatisticsBuilder
{
    /// <summary>Rows of a shard, the work that a thread takes at a time: 16 tiles.</summary>
    internal const int ShardRows = 16 * MomentKernels.TileRows;

    private readonly ShardedRows<Dictionary<MissingPattern, Moments>> _rows;
    private readonly NameList _columnNames;

    /// <summary>Initializes a new instance of the <see cref="SufficientStatisticsBuilder"/> class.</summary>
    /// <param name="columnCount">The number of columns K. Range: at least 1.</param>
    /// <param name="columnNames">The names of the columns, length K, all different; <see langword="null"/> means none.</param>
    /// <param name="maxThreads">The largest number of threads; <see langword="null"/> means the number of processors. Range: at least 1.</param>
    /// <exception cref="ArgumentException">An argument is outside its range.</exception>
    public SufficientStatisticsBuilder(int columnCount, IReadOnlyList<string>? columnNames = null, int? maxThreads = null)
    {
        Guard.SquareInArray(columnCount, nameof(columnCount));
        ColumnCount = columnCount;
        _columnNames = NameList.Of(columnNames, columnCount, nameof(columnNames), "one for each column");
        _rows = new ShardedRows<Dictionary<MissingPattern, Moments>>(columnCount, ShardRows, maxThreads, () => new MomentWorker(columnCount), Merge);
    }

    /// <summary>Gets the number of columns K.</summary>
    public int ColumnCount { get; }

    /// <summary>Gets the names of the columns, length K; empty where they have none.</summary>
    public IReadOnlyList<string> ColumnNames => _columnNames;

    /// <summary>Gets the number of rows added so far.</summary>
    public long RowCount => _rows.RowCount;

    /// <summary>Adds one row.</summary>
    /// <param name="row">The observations, length K; NaN means missing.</param>
    /// <exception cref="ArgumentException"><paramref name="row"/> has another length or holds an infinity.</exception>
    /// <exception cref="NonFiniteValueException">The squares of a column leave the range of double precision.</exception>
    public void Add(ReadOnlySpan<double> row)
    {
        Guard.Length(row.Length, ColumnCount, nameof(row), "one for each column");
        for (int k = 0; k < row.Length; k++)
        {
            if (double.IsInfinity(row[k]))
            {
                throw new ArgumentException(Guard.Text($"row[{k}]{_columnNames.Behind(k)} is {row[k]}; it must be finite, or NaN when it is missing."), nameof(row));
            }
        }

        _rows.Add(RowSpan.RowMajor(row, ColumnCount), [], RowLabels.Of(nameof(row)), default);
    }

    /// <summary>Takes a row in single precision, which is widened; the outcome is that of the doubles.</summary>
    /// <inheritdoc cref="Add(ReadOnlySpan{double})"/>
    [OverloadResolutionPriority(-1)]
    public void Add(ReadOnlySpan<float> row)
    {
        using var wide = new WidenedRow(row, stackalloc double[WidenedRow.StackDoubles]);
        Add(wide.Values);
    }

    /// <summary>Adds the rows of a table.</summary>
    /// <param name="table">The observations, N×K with N ≥ 1; NaN means missing.</param>
    /// <param name="cancellationToken">Stops the work; rows that were added before remain.</param>
    /// <exception cref="ArgumentException"><paramref name="table"/> has no rows, another width or holds an infinity.</exception>
    /// <exception cref="NonFiniteValueException">The squares of a column leave the range of double precision.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public void Add(Matrix<double> table, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(table);
        double[] values = table.AsColumnMajorArray() ?? table.ToColumnMajorArray();
        Add(RowSpan.ColumnMajor(values, table.ColumnCount), nameof(table), nameof(table), cancellationToken);
    }

    /// <summary>Adds rows in memory that the caller owns.</summary>
    /// <param name="rows">The observations, N×K with N ≥ 1; NaN means missing.</param>
    /// <param name="cancellationToken">Stops the work; rows that were added before remain.</param>
    /// <exception cref="ArgumentException"><paramref name="rows"/> has no rows, another width or holds an infinity.</exception>
    /// <exception cref="NonFiniteValueException">The squares of a column leave the range of double precision.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public void Add(RowSpan rows, CancellationToken cancellationToken = default) => Add(rows, nameof(rows), nameof(rows), cancellationToken);

    /// <summary>Summarises the rows added so far. More may be added afterwards.</summary>
    /// <returns>The statistics.</returns>
    /// <exception cref="InvalidOperationException">No row was added.</exception>
    /// <exception cref="NonFiniteValueException">The squares of a column leave the range of double precision.</exception>
    public SufficientStatistics Build()
    {
        Dictionary<MissingPattern, Moments>? all = _rows.Total();
        return all is null
            ? throw new InvalidOperationException("No row was added; statistics need at least 1.")
            : new SufficientStatistics(ColumnCount, all, _columnNames);
    }

    /// <summary>Returns the number of rows added so far, as text.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => $"{Wording.Count(RowCount, "row")} of {Wording.Count(ColumnCount, "column")} so far";

    internal void Add(RowSpan rows, string label, string parameterName, CancellationToken cancellationToken)
    {
        if (rows.ColumnCount != ColumnCount)
        {
            throw new ArgumentException(
                Guard.Text($"{label} has {rows.ColumnCount} columns; it must have {ColumnCount}."), parameterName);
        }

        if (rows.RowCount == 0)
        {
            throw new ArgumentException(Guard.Text($"{label} has no rows; it must have at least 1."), parameterName);
        }

        _rows.Add(rows, [], new RowLabels(label, parameterName) { ColumnNames = _columnNames }, cancellationToken);
    }

    private static Dictionary<MissingPattern, Moments> Merge(
        Dictionary<MissingPattern, Moments> first, Dictionary<MissingPattern, Moments> second)
    {
        var both = new Dictionary<MissingPattern, Moments>(first);
        foreach ((MissingPattern pattern, Moments moments) in second)
        {
            MomentWorker.Add(both, pattern, moments);
        }

        return both;
    }
}
