using System.Runtime.CompilerServices;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>Builds <see cref="RegressionStatistics"/> from observations as they come: one by one, from a CSV stream say, or many at once.</summary>
/// <remarks>
/// The outcome depends on the observations and their order only, not on how many came at a time; see <see cref="RegressionStatistics"/>.
/// <threadsafety>For use by one thread at a time. Shards that are built apart can be merged.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// var builder = new RegressionStatisticsBuilder(latentCount: 2);
/// for (int day = 0; day < 5; day++)
/// {
///     builder.Add([1, day], observation: 3.0 + (0.5 * day));
/// }
///
/// Console.WriteLine(builder.Build());   // 5 observations of 2 latents
/// ]]></code>
/// </example>
public sealed class RegressionStatisticsBuilder
{
    private readonly ShardedRows<RegressionStatistics> _rows;
    private readonly NameList _latentNames;

    /// <summary>Initializes a new instance of the <see cref="RegressionStatisticsBuilder"/> class.</summary>
    /// <param name="latentCount">The number of latents J. Range: at least 1.</param>
    /// <param name="latentNames">The names of the latents, the columns of the design, length J, all different; <see langword="null"/> means none.</param>
    /// <param name="maxThreads">The largest number of threads; <see langword="null"/> means the number of processors. Range: at least 1.</param>
    /// <exception cref="ArgumentException">An argument is outside its range.</exception>
    public RegressionStatisticsBuilder(int latentCount, IReadOnlyList<string>? latentNames = null, int? maxThreads = null)
    {
        Guard.SquareInArray(latentCount, nameof(latentCount));
        LatentCount = latentCount;
        NameList names = NameList.Of(latentNames, latentCount, nameof(latentNames), "one for each latent");
        _latentNames = names;
        _rows = new ShardedRows<RegressionStatistics>(
            latentCount + 1, TriangleKernels.ShardRows, maxThreads, () => new RegressionWorker(latentCount, names), (first, second) => first.MergeUnchecked(second, names));
    }

    /// <summary>Gets the number of latents J.</summary>
    public int LatentCount { get; }

    /// <summary>Gets the names of the latents, length J; empty where they have none.</summary>
    public IReadOnlyList<string> LatentNames => _latentNames;

    /// <summary>Gets the number of observations added so far, missing ones included.</summary>
    public long RowCount => _rows.RowCount;

    /// <summary>Adds one observation.</summary>
    /// <param name="design">Its loadings, length J, all finite where the observation is there.</param>
    /// <param name="observation">The observation; NaN means missing.</param>
    /// <exception cref="ArgumentException">A length or a value is outside its range.</exception>
    public void Add(ReadOnlySpan<double> design, double observation)
    {
        Guard.Length(design.Length, LatentCount, nameof(design), "one for each latent");
        Add(RowSpan.RowMajor(design, LatentCount), [observation], new RowLabels("design", "design", "observation", "observation"), default);
    }

    /// <summary>Takes a row in single precision, which is widened; the outcome is that of the doubles.</summary>
    /// <inheritdoc cref="Add(ReadOnlySpan{double}, double)"/>
    [OverloadResolutionPriority(-1)]
    public void Add(ReadOnlySpan<float> design, double observation)
    {
        using var wide = new WidenedRow(design, stackalloc double[WidenedRow.StackDoubles]);
        Add(wide.Values, observation);
    }

    /// <summary>Adds observations.</summary>
    /// <param name="design">Their loadings, N×J with N ≥ 1, finite where the observation is there.</param>
    /// <param name="observations">The observations, length N; NaN means missing.</param>
    /// <param name="cancellationToken">Stops the work; rows that were added before remain.</param>
    /// <exception cref="ArgumentException">A size or a value is outside its range.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public void Add(Matrix<double> design, ReadOnlySpan<double> observations, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(design);
        double[] values = design.AsColumnMajorArray() ?? design.ToColumnMajorArray();
        Add(RowSpan.ColumnMajor(values, design.ColumnCount), observations, cancellationToken);
    }

    /// <summary>Adds observations in memory that the caller owns.</summary>
    /// <param name="design">Their loadings, N×J with N ≥ 1, finite where the observation is there.</param>
    /// <param name="observations">The observations, length N; NaN means missing.</param>
    /// <param name="cancellationToken">Stops the work; rows that were added before remain.</param>
    /// <exception cref="ArgumentException">A size or a value is outside its range.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public void Add(RowSpan design, ReadOnlySpan<double> observations, CancellationToken cancellationToken = default) =>
        Add(design, observations, new RowLabels(nameof(design), nameof(design), nameof(observations), nameof(observations)), cancellationToken);

    /// <summary>Summarises the observations added so far. More may be added afterwards.</summary>
    /// <returns>The statistics.</returns>
    /// <exception cref="InvalidOperationException">No observation was added.</exception>
    public RegressionStatistics Build() =>
        _rows.Total() ?? throw new InvalidOperationException("No observation was added; statistics need at least 1.");

    /// <summary>Returns the number of observations added so far, as text.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => $"{Wording.Count(RowCount, "observation")} of {Wording.Count(LatentCount, "latent")} so far";

    internal void Add(RowSpan design, ReadOnlySpan<double> observations, RowLabels labels, CancellationToken cancellationToken)
    {
        if (design.ColumnCount != LatentCount)
        {
            throw new ArgumentException(
                Guard.Text($"{labels.Table} has {design.ColumnCount} columns; it must have {LatentCount}, one for each latent."), labels.TableParameter);
        }

        if (design.RowCount == 0)
        {
            throw new ArgumentException(Guard.Text($"{labels.Table} has no rows; it must have at least 1."), labels.TableParameter);
        }

        if (observations.Length != design.RowCount)
        {
            throw new ArgumentException(
                Guard.Text($"{labels.Last} has {observations.Length} elements; it must have {design.RowCount}, one for each row of {labels.Table}."),
                labels.LastParameter);
        }

        _rows.Add(design, observations, labels with { ColumnNames = _latentNames }, cancellationToken);
    }
}
