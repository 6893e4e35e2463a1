using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>The state of a training run between two steps: parameters, optimiser, learning rate, place in the rows, options and history.</summary>
/// <remarks>
/// <see cref="HybridSolver.Resume(LinearGaussianModel, HybridCheckpoint, MathNet.Numerics.LinearAlgebra.Matrix{double}, IProgress{HybridProgress}?, CancellationToken)"/>
/// goes on from it as if training had never stopped, to the last bit. Every <see cref="HybridResult"/> has one, and
/// <see cref="HybridOptions.CheckpointPath"/> saves them on the way. It holds about six times the parameters, and with
/// <see cref="HybridOptions.CoordinateSweeps"/> the coordinate latents of all training rows.
/// <threadsafety>Safe to share: nothing changes a checkpoint, and each training run that goes on from it works on a copy.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// Matrix<double> rows = model.Sample(2_000, seed: 1).Observations;
/// var options = new HybridOptions { MaxEpochs = 3, GapTolerance = 0 };
/// HybridResult begun = new HybridSolver(options).Fit(model, new MlpEncoder(2, 1), rows);
/// begun.Checkpoint.Save("training.checkpoint");
///
/// HybridCheckpoint checkpoint = HybridCheckpoint.Load("training.checkpoint");
/// HybridResult ended = new HybridSolver(checkpoint.Options with { MaxEpochs = 6 }).Resume(model, checkpoint, rows);
/// HybridResult atOnce = new HybridSolver(options with { MaxEpochs = 6 }).Fit(model, new MlpEncoder(2, 1), rows);
/// Console.WriteLine(ended.Encoder.Parameters.Span.SequenceEqual(atOnce.Encoder.Parameters.Span));   // True
/// ]]></code>
/// </example>
public sealed class HybridCheckpoint
{
    private readonly IEncoder _encoder;

    internal HybridCheckpoint(IEncoder encoder, HybridOptions options, EncoderScales scales, TrainingState<HybridProgress> state)
    {
        _encoder = encoder;
        Options = options;
        Scales = scales;
        State = state;
    }

    /// <summary>Gets the options of the run. Read from a file, they have no <see cref="HybridOptions.CheckpointPath"/>.</summary>
    public HybridOptions Options { get; }

    /// <summary>Gets the number of epochs done.</summary>
    public int Epochs => State.Epoch;

    /// <summary>Gets the number of steps taken.</summary>
    public long Steps => State.Step;

    /// <summary>Gets the exact mean amortization gap of a held-out row with the best parameters so far, in nats.</summary>
    public double AmortizationGap => State.BestLoss;

    /// <summary>Gets the state after each epoch; element 0 is the untrained encoder.</summary>
    public ImmutableArray<HybridProgress> History => State.History;

    /// <summary>Gets the scales that the encoder was offered before training.</summary>
    internal EncoderScales Scales { get; }

    internal TrainingState<HybridProgress> State { get; }

    /// <summary>
    /// Loads a checkpoint from a file that <see cref="Save(string)"/> wrote. Nothing in the file is believed before it is checked, and no more
    /// memory is taken than a small multiple of its size.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="encoder">
    /// An encoder of the kind that the file holds, which reads it; it is not changed. <see langword="null"/> for a kind of the library's own.
    /// </param>
    /// <param name="optimizer">
    /// An optimiser of the kind that the file holds, of whatever settings. <see langword="null"/> for a kind of the library's own.
    /// </param>
    /// <returns>The checkpoint.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="path"/> is empty or <see langword="null"/>, or <paramref name="encoder"/> is of another kind than the file's, or missing.
    /// </exception>
    /// <exception cref="ModelFileException">
    /// The file is truncated, altered, of another kind or of a newer version; the message says what is wrong and what is allowed.
    /// </exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static HybridCheckpoint Load(string path, IEncoder? encoder = null, Optimizer? optimizer = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using FileStream stream = File.OpenRead(path);
        return HybridCheckpointFile.Read(stream, path, encoder, optimizer);
    }

    /// <summary>Loads a checkpoint from a stream in the format of <see cref="Save(string)"/>, from where the stream stands to its end.</summary>
    /// <param name="stream">The stream; it stays open. One that cannot seek may have 1 GiB of data.</param>
    /// <param name="encoder">The encoder, as for <see cref="Load(string, IEncoder?, Optimizer?)"/>.</param>
    /// <param name="optimizer">The optimiser, likewise.</param>
    /// <returns>The checkpoint.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="stream"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">
    /// <paramref name="stream"/> cannot be read, or <paramref name="encoder"/> is of another kind than the stream's, or missing.
    /// </exception>
    /// <exception cref="ModelFileException">
    /// The contents are truncated, altered, of another kind or of a newer version, or something follows them.
    /// </exception>
    /// <exception cref="IOException">Reading failed.</exception>
    public static HybridCheckpoint Load(Stream stream, IEncoder? encoder = null, Optimizer? optimizer = null)
    {
        Guard.Readable(stream, nameof(stream));
        return HybridCheckpointFile.Read(stream, fileName: null, encoder, optimizer);
    }

    /// <summary>
    /// Saves the checkpoint to a file in the safetensors format, in double precision. An old file is replaced once the new one is whole on the
    /// disk; when anything fails the old file stays as it was.
    /// </summary>
    /// <remarks>
    /// The metadata hold <c>format_version</c>, <c>kind</c> (hybrid_checkpoint), <c>options</c> (<see cref="HybridOptions.ToJson"/>) and
    /// <c>training</c> with the fingerprints of model and rows. The encoder with its best parameters stands under <c>encoder.</c>, with the names that <see cref="INetwork.Write"/> gives.
    /// </remarks>
    /// <param name="path">The file, created or replaced.</param>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty or <see langword="null"/>.</exception>
    /// <exception cref="InvalidOperationException">A parameter is not finite; the message names it.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be written, or is a folder or a device.</exception>
    public void Save(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        AtomicFile.Write(path, stream => HybridCheckpointFile.Write(this, _encoder, stream));
    }

    /// <summary>Saves the checkpoint to a stream, in the format of <see cref="Save(string)"/>, from where the stream stands.</summary>
    /// <param name="stream">The stream; it stays open, behind what was written.</param>
    /// <exception cref="ArgumentNullException"><paramref name="stream"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="stream"/> cannot be written.</exception>
    /// <exception cref="InvalidOperationException">A parameter is not finite; the message names it, and nothing was written.</exception>
    /// <exception cref="IOException">Writing failed.</exception>
    public void Save(Stream stream)
    {
        Guard.Writable(stream, nameof(stream));
        HybridCheckpointFile.Write(this, _encoder, stream);
    }

    /// <summary>Copies the encoder, with the best parameters so far.</summary>
    /// <returns>A new encoder.</returns>
    public IEncoder BestEncoder() => Encoder(State.Best);

    /// <summary>Says where training stands.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text(
        $"{_encoder}, {Wording.Count(Epochs, "epoch")} and {Wording.Count(State.Visited, "row")} of the next: amortization gap {AmortizationGap:G2} nats a row");

    /// <summary>Copies the encoder, with the parameters of the last step.</summary>
    internal IEncoder CurrentEncoder() => Encoder(State.Current);

    private IEncoder Encoder(double[] parameters)
    {
        IEncoder copy = EncoderFile.Copy(_encoder, "encoder");
        parameters.CopyTo(copy.Parameters);
        return copy;
    }
}
