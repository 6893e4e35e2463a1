using System.Runtime.CompilerServices;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <content>Tables larger than memory, as streams of chunks.</content>
public sealed partial class CaviSolver
{
    /// <summary>
    /// Infers the latents of every row of a table that comes in chunks, in order, one chunk at a time: memory holds no more than one chunk
    /// and its outcome, unless the caller keeps them.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="chunks">The observations, each chunk N×K with N ≥ 1 of its own; NaN means missing.</param>
    /// <param name="outputs">What to tell of each row beside its posterior.</param>
    /// <param name="progress">Receives the number of rows done, after each chunk.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The outcome of each chunk, worked out as it is asked for.</returns>
    /// <exception cref="ArgumentException">A chunk has no rows, another width, or holds an infinity; thrown when it is its turn.</exception>
    /// <exception cref="NonFiniteValueException">A row left the range of double precision; thrown when it is its turn.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public IEnumerable<CaviTable> SolveChunks(
        LinearGaussianModel model,
        IEnumerable<Matrix<double>> chunks,
        CaviOutputs outputs = CaviOutputs.None,
        IProgress<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(chunks);
        return Enumerate();

        IEnumerable<CaviTable> Enumerate()
        {
            var position = new StreamPosition();
            foreach (Matrix<double> chunk in chunks)
            {
                yield return SolveChunk(model, chunk, outputs, position, progress, cancellationToken);
            }
        }
    }

    /// <inheritdoc cref="SolveChunks(LinearGaussianModel, IEnumerable{Matrix{double}}, CaviOutputs, IProgress{long}?, CancellationToken)"/>
    public IAsyncEnumerable<CaviTable> SolveChunksAsync(
        LinearGaussianModel model,
        IAsyncEnumerable<Matrix<double>> chunks,
        CaviOutputs outputs = CaviOutputs.None,
        IProgress<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(chunks);
        return Enumerate(cancellationToken);

        async IAsyncEnumerable<CaviTable> Enumerate([EnumeratorCancellation] CancellationToken token)
        {
            var position = new StreamPosition();
            await foreach (Matrix<double> chunk in chunks.WithCancellation(token).ConfigureAwait(false))
            {
                yield return SolveChunk(model, chunk, outputs, position, progress, token);
            }
        }
    }

    /// <summary>
    /// Infers the latents of every row of a table that comes in chunks, as <see cref="SolveChunks(LinearGaussianModel, IEnumerable{Matrix{double}}, CaviOutputs, IProgress{long}?, CancellationToken)"/>
    /// does, and keeps a label for each row, such as the key that it has in a database.
    /// </summary>
    /// <typeparam name="TLabel">What rows are labelled by.</typeparam>
    /// <param name="model">The model.</param>
    /// <param name="chunks">The observations, each chunk N×K with N ≥ 1 of its own, NaN where missing; and N labels, which are not copied.</param>
    /// <param name="outputs">What to tell of each row beside its posterior.</param>
    /// <param name="progress">Receives the number of rows done, after each chunk.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The outcome of each chunk with the labels of its rows, worked out as it is asked for.</returns>
    /// <exception cref="ArgumentException">
    /// A chunk has no rows, another width, another number of labels, or holds an infinity; thrown when it is its turn. The label is in the message.
    /// </exception>
    /// <exception cref="NonFiniteValueException">A row left the range of double precision; thrown when it is its turn.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public IEnumerable<(CaviTable Table, IReadOnlyList<TLabel> Labels)> SolveChunks<TLabel>(
        LinearGaussianModel model,
        IEnumerable<(Matrix<double> Rows, IReadOnlyList<TLabel> Labels)> chunks,
        CaviOutputs outputs = CaviOutputs.None,
        IProgress<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(chunks);
        return Enumerate();

        IEnumerable<(CaviTable Table, IReadOnlyList<TLabel> Labels)> Enumerate()
        {
            var position = new StreamPosition();
            foreach ((Matrix<double> rows, IReadOnlyList<TLabel> labels) in chunks)
            {
                RequireLabels(rows, labels, position.Chunk, nameof(chunks));
                yield return (
                    SolveChunk(model, rows, outputs, position, progress, cancellationToken, row => Guard.Text($" of row '{labels[row]}'")), labels);
            }
        }
    }

    private static void RequireLabels<TLabel>(Matrix<double>? rows, IReadOnlyList<TLabel>? labels, int chunk, string parameter)
    {
        string name = Guard.Text($"{parameter}[{chunk}]");
        if (rows is null || labels is null)
        {
            throw new ArgumentException(Guard.Text($"{name}.{(rows is null ? "Rows" : "Labels")} is null; it must be there."), parameter);
        }

        if (labels.Count != rows.RowCount)
        {
            throw new ArgumentException(
                Guard.Text($"{name}.Labels has {labels.Count} elements; it must have {rows.RowCount}, one for each row."), parameter);
        }
    }

    private CaviTable SolveChunk(
        LinearGaussianModel model,
        Matrix<double> chunk,
        CaviOutputs outputs,
        StreamPosition position,
        IProgress<long>? progress,
        CancellationToken cancellationToken,
        Func<int, string>? nameOf = null)
    {
        cancellationToken.ThrowIfCancellationRequested();
        string label = Guard.Text($"chunks[{position.Chunk}]");
        RowTable.RequireChunk(model, chunk, label, "chunks");
        double[] values = chunk.AsColumnMajorArray() ?? chunk.ToColumnMajorArray();
        var rows = RowSpan.ColumnMajor(values, chunk.ColumnCount);
        CaviTable table = Solve(model, rows, outputs, new RowLabels(label, "chunks") { ColumnNames = model.Columns, RowName = nameOf }, position.Row, cancellationToken);
        position.Chunk++;
        position.Row += chunk.RowCount;
        progress?.Report(position.Row);
        return table;
    }

    private sealed class StreamPosition
    {
        public int Chunk { get; set; }

        public long Row { get; set; }
    }
}
