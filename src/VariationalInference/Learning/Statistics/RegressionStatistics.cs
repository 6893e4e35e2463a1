using System.Text.Json.Serialization;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>
/// All that the likelihood of one long row x = Az + ε with one noise variance depends on, as in a regression: the triangular factor of [A x] and
/// the number of observations. The size of it, (J + 1)², does not grow with the number of observations.
/// </summary>
/// <remarks>
/// <para>
/// A is the design matrix, and its column of ones, if the regression has a constant, is one of the J. The factor comes from orthogonal reductions
/// (Householder; tall and skinny QR, Demmel et al., 2012), never from cross products, which would lose half the digits. An offset that is known
/// is taken off the observations beforehand.
/// </para>
/// <para>
/// Observations are cut into shards of 4,096, which are reduced in parallel and put together in a fixed tree: the same observations in the same order have the
/// same statistics to the last bit, whatever the number of threads or how many came at a time. On processors with other vectors the last bits
/// may differ. An observation costs 2J² operations.
/// </para>
/// <para>
/// An observation that is NaN is missing: it is counted and left out. Cells so large or so small that their squares leave the range of double
/// precision do no harm.
/// </para>
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// var design = Matrix<double>.Build.DenseOfRowArrays([1.0, 0.0], [1.0, 1.0], [1.0, 2.0], [1.0, 3.0]);
/// RegressionStatistics statistics = RegressionStatistics.Of(design, [1.0, 3.1, 4.9, 7.0]);
/// Console.WriteLine(statistics);   // 4 observations of 2 latents
/// Console.WriteLine($"{statistics.ResidualSumOfSquares:F3}");   // 0.018
///
/// RegressionStatistics twice = statistics.Merge(statistics);
/// Console.WriteLine($"{twice.ObservationCount}, {twice.ResidualSumOfSquares:F3}");   // 8, 0.036
/// ]]></code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed partial class RegressionStatistics
{
    internal RegressionStatistics(TriangularFactor factor, long observationCount, long missingCount, NameList? latentNames = null)
    {
        Latents = latentNames ?? NameList.None;
        Factor = factor;
        ObservationCount = observationCount;
        MissingCount = missingCount;
    }

    /// <summary>Gets the number of latents J, the columns of A.</summary>
    public int LatentCount => Factor.Size - 1;

    /// <summary>Gets the names of the latents, length J; empty where they have none. Coefficients get them.</summary>
    public IReadOnlyList<string> LatentNames => Latents;

    /// <summary>Gets the number of observations N that are there.</summary>
    public long ObservationCount { get; }

    /// <summary>Gets the number of observations that are missing.</summary>
    public long MissingCount { get; }

    /// <summary>Gets the least sum of squares that Σ (x − Az)² takes for any latents z, in the observations' squared unit; ≥ 0.</summary>
    public double ResidualSumOfSquares => Factor[LatentCount, LatentCount] * Factor[LatentCount, LatentCount];

    internal TriangularFactor Factor { get; }

    /// <summary>Gets <see cref="LatentNames"/>, checked.</summary>
    internal NameList Latents { get; }

    /// <summary>Summarises observations and their design.</summary>
    /// <param name="design">The loadings A, N×J with N ≥ 1 and J ≥ 1, finite where the observation is there.</param>
    /// <param name="observations">The observations x, length N; NaN means missing.</param>
    /// <param name="latentNames">The names of the latents, the columns of the design, length J, all different; <see langword="null"/> means none.</param>
    /// <param name="maxThreads">The largest number of threads; <see langword="null"/> means the number of processors. Range: at least 1.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The statistics.</returns>
    /// <exception cref="ArgumentException">A size or a value is outside its range.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public static RegressionStatistics Of(
        Matrix<double> design,
        ReadOnlySpan<double> observations,
        IReadOnlyList<string>? latentNames = null,
        int? maxThreads = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(design);
        var builder = new RegressionStatisticsBuilder(design.ColumnCount, latentNames, maxThreads);
        builder.Add(design, observations, cancellationToken);
        return builder.Build();
    }

    /// <summary>Summarises observations and their design in memory that the caller owns.</summary>
    /// <param name="design">The loadings A, N×J with N ≥ 1, finite where the observation is there.</param>
    /// <param name="observations">The observations x, length N; NaN means missing.</param>
    /// <param name="latentNames">The names of the latents, the columns of the design, length J, all different; <see langword="null"/> means none.</param>
    /// <param name="maxThreads">The largest number of threads; <see langword="null"/> means the number of processors. Range: at least 1.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The statistics.</returns>
    /// <exception cref="ArgumentException">A size or a value is outside its range.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public static RegressionStatistics Of(
        RowSpan design,
        ReadOnlySpan<double> observations,
        IReadOnlyList<string>? latentNames = null,
        int? maxThreads = null,
        CancellationToken cancellationToken = default)
    {
        Guard.AtLeast(design.ColumnCount, 1, nameof(design));
        var builder = new RegressionStatisticsBuilder(design.ColumnCount, latentNames, maxThreads);
        builder.Add(design, observations, cancellationToken);
        return builder.Build();
    }

    /// <summary>Summarises observations that come in chunks, in order; memory holds one chunk and the summary.</summary>
    /// <param name="chunks">Loadings and observations, at least one chunk, each N×J and N of its own.</param>
    /// <param name="latentNames">The names of the latents, the columns of the design, length J, all different; <see langword="null"/> means none.</param>
    /// <param name="maxThreads">The largest number of threads; <see langword="null"/> means the number of processors. Range: at least 1.</param>
    /// <param name="progress">Receives the number of observations read, after each chunk.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The statistics.</returns>
    /// <exception cref="ArgumentException">A chunk holds a null, has no rows, another width than the first, or a value outside its range.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public static RegressionStatistics OfChunks(
        IEnumerable<(Matrix<double> Design, double[] Observations)> chunks,
        IReadOnlyList<string>? latentNames = null,
        int? maxThreads = null,
        IProgress<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(chunks);
        RegressionStatisticsBuilder? builder = null;
        int index = 0;
        foreach ((Matrix<double> design, double[] observations) in chunks)
        {
            var labels = new RowLabels(
                Guard.Text($"{nameof(chunks)}[{index}].Design"), nameof(chunks), Guard.Text($"{nameof(chunks)}[{index}].Observations"), nameof(chunks));
            if (design is null || observations is null)
            {
                throw new ArgumentException(
                    Guard.Text($"{(design is null ? labels.Table : labels.Last)} is null; it must be there."), nameof(chunks));
            }

            builder ??= new RegressionStatisticsBuilder(design.ColumnCount, latentNames, maxThreads);
            double[] values = design.AsColumnMajorArray() ?? design.ToColumnMajorArray();
            builder.Add(RowSpan.ColumnMajor(values, design.ColumnCount), observations, labels, cancellationToken);
            progress?.Report(builder.RowCount);
            index++;
        }

        return builder?.Build() ?? throw new ArgumentException($"{nameof(chunks)} is empty; it must have at least 1 chunk.", nameof(chunks));
    }

    /// <summary>Puts the statistics of two sets of observations of the same latents together.</summary>
    /// <param name="other">Statistics of other observations.</param>
    /// <returns>The statistics of both; to the last bit the same when the same statistics are merged in the same tree.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="other"/> has another number of latents, other names of latents, or both together have more than <see cref="long.MaxValue"/> rows.
    /// </exception>
    public RegressionStatistics Merge(RegressionStatistics other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.LatentCount != LatentCount)
        {
            throw new ArgumentException(
                Guard.Text($"{nameof(other)} has {other.LatentCount} latents; it must have {LatentCount}, as these statistics have."), nameof(other));
        }

        long room = long.MaxValue - ObservationCount - MissingCount;
        if (other.MissingCount > room || other.ObservationCount > room - other.MissingCount)
        {
            throw new ArgumentException(
                Guard.Text($"{nameof(other)} has {other.ObservationCount} rows with observations and {other.MissingCount} without; together it may have {room} at most, as rows are counted to {long.MaxValue}."),
                nameof(other));
        }

        return MergeUnchecked(other, NameList.Common(Latents, other.Latents, nameof(LatentNames), "other.LatentNames", nameof(other)));
    }

    /// <summary>Writes out the triangular factor of [A x] in the data's own units, with a diagonal that is not negative.</summary>
    /// <returns>A new (J + 1)×(J + 1) matrix R, of which RᵀR = [A x]ᵀ[A x].</returns>
    /// <exception cref="NonFiniteValueException">An element leaves the range of double precision.</exception>
    public Matrix<double> Triangle()
    {
        Matrix<double> triangle = Matrix<double>.Build.Dense(Factor.Size, Factor.Size, (i, j) => i <= j ? Factor[i, j] : 0);
        foreach ((int i, int j, double value) in triangle.EnumerateIndexed(Zeros.AllowSkip))
        {
            if (!double.IsFinite(value))
            {
                Guard.ThrowNonFinite(Guard.Text($"the length of column {j} of [A x]"), value, i, iteration: 0);
            }
        }

        return triangle;
    }

    /// <summary>Sums up the statistics in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() =>
        $"{Wording.Count(ObservationCount, "observation")} of {Wording.Count(LatentCount, "latent")}{(MissingCount > 0 ? Guard.Text($", {MissingCount} missing") : string.Empty)}";

    internal RegressionStatistics MergeUnchecked(RegressionStatistics other, NameList latentNames) =>
        new(Factor.Merge(other.Factor), ObservationCount + other.ObservationCount, MissingCount + other.MissingCount, latentNames);
}
