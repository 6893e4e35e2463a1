using System.Collections;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>The rows to train on, read from the start in every epoch: one table that stays in memory, or chunks that do not.</summary>
internal sealed class TrainingRows : IEnumerable<HybridRows>
{
    private readonly IEnumerable<HybridRows> _parts;

    private TrainingRows(IEnumerable<HybridRows> parts, int width, CancellationToken cancellationToken = default)
    {
        _parts = parts;
        var moments = new InputMoments(width);
        foreach (HybridRows rows in parts)
        {
            cancellationToken.ThrowIfCancellationRequested();
            moments.Add(rows);
            Count += rows.Count;
        }

        InputMeans = moments.Means.ToArray();
        InputDeviations = moments.Deviations();
    }

    /// <summary>Gets the number of rows.</summary>
    public long Count { get; }

    /// <summary>Gets the mean of each observation.</summary>
    public double[] InputMeans { get; }

    /// <summary>Gets the standard deviation of each observation about its mean.</summary>
    public double[] InputDeviations { get; }

    /// <summary>Keeps rows in memory.</summary>
    public static TrainingRows OfTable(HybridRows rows, int width) => new([rows], width);

    /// <summary>Reads chunks once to count and check them; each epoch reads them again.</summary>
    /// <exception cref="OperationCanceledException">The reading was cancelled.</exception>
    /// <exception cref="ArgumentException">A chunk is not a table for the model and the encoder, or there is none.</exception>
    public static TrainingRows OfChunks(
        LinearGaussianModel model, AmortizedBlocks blocks, IEnumerable<Matrix<double>> chunks, bool allowMissing, CancellationToken cancellationToken)
    {
        var rows = new TrainingRows(Read(model, blocks, chunks, allowMissing), model.ObservationCount, cancellationToken);
        return rows.Count > 0
            ? rows
            : throw new ArgumentException("chunks holds no rows; it must hold at least 1 to train on.", nameof(chunks));
    }

    public IEnumerator<HybridRows> GetEnumerator() => _parts.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static IEnumerable<HybridRows> Read(
        LinearGaussianModel model, AmortizedBlocks blocks, IEnumerable<Matrix<double>> chunks, bool allowMissing)
    {
        int number = 0;
        long first = 0;
        foreach (Matrix<double> chunk in chunks)
        {
            string label = Guard.Text($"chunks[{number++}]");
            RowTable.RequireChunk(model, chunk, label, nameof(chunks));
            RowTable.RequireCells(chunk, label, nameof(chunks), allowMissing);
            int[] indices = [.. Enumerable.Range(0, chunk.RowCount)];
            yield return new HybridRows(model, blocks, chunk, indices, first);
            first += chunk.RowCount;
        }
    }
}
