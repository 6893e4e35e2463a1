using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>The rows to train an encoder on, and the scale of their columns.</summary>
/// <param name="Rows">The rows.</param>
/// <param name="Moments">The moments of their columns.</param>
internal sealed record HybridTrainingRows(TrainingRows<HybridRows> Rows, InputMoments Moments)
{
    /// <summary>Keeps rows in memory.</summary>
    public static HybridTrainingRows OfTable(HybridRows rows, int width)
    {
        var moments = new InputMoments(width);
        return new HybridTrainingRows(new TrainingRows<HybridRows>([rows], stayInMemory: true, moments.Add), moments);
    }

    /// <summary>Reads chunks once to count and check them; each epoch reads them again.</summary>
    /// <exception cref="OperationCanceledException">The reading was cancelled.</exception>
    /// <exception cref="ArgumentException">A chunk is not a table for the model and the encoder, or there is none.</exception>
    public static HybridTrainingRows OfChunks(
        LinearGaussianModel model, AmortizedBlocks blocks, IEnumerable<Matrix<double>> chunks, bool allowMissing, CancellationToken cancellationToken)
    {
        var moments = new InputMoments(model.ObservationCount);
        var rows = new TrainingRows<HybridRows>(Read(model, blocks, chunks, allowMissing), stayInMemory: false, moments.Add, cancellationToken);
        return rows.Count > 0
            ? new HybridTrainingRows(rows, moments)
            : throw new ArgumentException("chunks holds no rows; it must hold at least 1 to train on.", nameof(chunks));
    }

    private static IEnumerable<HybridRows> Read(
        LinearGaussianModel model, AmortizedBlocks blocks, IEnumerable<Matrix<double>> chunks, bool allowMissing)
    {
        int number = 0;
        long first = 0;
        foreach (Matrix<double> chunk in chunks)
        {
            string label = Guard.Text($"chunks[{number++}]");
            RowTable.RequireChunk(model, chunk, label, nameof(chunks));
            RowTable.RequireCells(chunk, label, nameof(chunks), allowMissing, model.Columns);
            int[] indices = [.. Enumerable.Range(0, chunk.RowCount)];
            yield return new HybridRows(model, blocks, chunk, indices, first);
            first += chunk.RowCount;
        }
    }
}
