using MathNet.Numerics;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Random;

namespace VariationalInference;

/// <content>Training of models with a decoder.</content>
public sealed partial class HybridSolver
{
    // Of fewer rows a mean has no standard error.
    private const int LeastHeldOut = 2;

    /// <summary>Initializes a new instance of the <see cref="HybridSolver"/> class for models with a decoder.</summary>
    /// <param name="decoderOptions">What to learn and how to train.</param>
    /// <exception cref="ArgumentNullException"><paramref name="decoderOptions"/> is <see langword="null"/>.</exception>
    public HybridSolver(DecoderOptions decoderOptions)
        : this(options: null)
    {
        ArgumentNullException.ThrowIfNull(decoderOptions);
        DecoderOptions = decoderOptions;
        _isForDecoders = true;
    }

    /// <summary>Gets what is learned of models with a decoder, and how training goes; <see cref="Options"/> count for linear-Gaussian models alone.</summary>
    public DecoderOptions DecoderOptions { get; } = new();

    /// <summary>
    /// Trains copies of a decoder and an encoder together on rows of observations, with loadings, offset and noise variances; the linear latents are
    /// integrated out in closed form, given each draw of the others.
    /// </summary>
    /// <param name="model">The model to begin with; it is not changed.</param>
    /// <param name="encoder">The encoder to begin with, of the amortized latents; it is not changed.</param>
    /// <param name="rows">
    /// The observations, N×K with N ≥ 3, all finite, or NaN where missing if the encoder accepts that; a share of them is held out.
    /// </param>
    /// <param name="progress">Receives a report after each epoch, on the training thread; epoch 0 is before the first.</param>
    /// <param name="cancellationToken">Ends training at the next minibatch; the best parameters so far are returned.</param>
    /// <returns>
    /// The trained model and encoder with what is known of them, converged or not. Once training has begun, exceptions end it like a cancellation;
    /// see <see cref="DecoderResult.Failure"/>.
    /// </returns>
    /// <exception cref="InvalidOperationException">The solver has options for linear-Gaussian models.</exception>
    /// <exception cref="ArgumentException">The encoder does not fit the model, or the rows are out of range.</exception>
    /// <exception cref="NonFiniteValueException">A column's variance, or the bound of the held-out rows before training, is not finite.</exception>
    /// <exception cref="DirectoryNotFoundException">The folder of <see cref="DecoderOptions.CheckpointPath"/> does not exist.</exception>
    public DecoderResult Fit(
        DecoderModel model,
        IEncoder encoder,
        Matrix<double> rows,
        IProgress<DecoderProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        RequireFit(model, encoder);
        (TrainingRows<DecoderRows> training, DecoderRows heldOut) = Split(model, encoder, rows);
        return new DecoderTraining(model, encoder, training, heldOut, DecoderOptions).Begin(progress, cancellationToken);
    }

    /// <inheritdoc cref="Fit(DecoderModel, IEncoder, Matrix{double}, IProgress{DecoderProgress}?, CancellationToken)"/>
    public DecoderResult Fit(
        DecoderModel model,
        IEncoder encoder,
        RowSpan rows,
        IProgress<DecoderProgress>? progress = null,
        CancellationToken cancellationToken = default) => Fit(model, encoder, rows.ToMatrix(), progress, cancellationToken);

    /// <summary>
    /// Trains on rows that come in chunks, which are read three times before training and again in each epoch: memory holds no more than a few chunks, and the
    /// held-out rows. Without <see cref="DecoderOptions.ShuffleRows"/> the result is that of the same rows in one table, to the last bit, however
    /// they are cut into chunks.
    /// </summary>
    /// <param name="model">The model to begin with; it is not changed.</param>
    /// <param name="encoder">The encoder to begin with, of the amortized latents; it is not changed.</param>
    /// <param name="chunks">
    /// The observations, each chunk N×K with N ≥ 1 of its own, all finite, or NaN where missing if the encoder accepts that. They must be the
    /// same each time they are enumerated.
    /// </param>
    /// <param name="heldOut">The rows to judge by, N×K with N ≥ 2, none of them in the chunks; they stay in memory.</param>
    /// <param name="progress">Receives a report after each epoch, on the training thread; epoch 0 is before the first.</param>
    /// <param name="cancellationToken">Ends training at the next minibatch; the best parameters so far are returned.</param>
    /// <returns>
    /// The trained model and encoder with what is known of them, converged or not. Once training has begun, exceptions end it like a cancellation;
    /// see <see cref="DecoderResult.Failure"/>.
    /// </returns>
    /// <exception cref="InvalidOperationException">The solver has options for linear-Gaussian models.</exception>
    /// <exception cref="ArgumentException">The encoder does not fit the model, or rows are out of range.</exception>
    /// <exception cref="NonFiniteValueException">A column's variance, or the bound of the held-out rows before training, is not finite.</exception>
    /// <exception cref="DirectoryNotFoundException">The folder of <see cref="DecoderOptions.CheckpointPath"/> does not exist.</exception>
    /// <exception cref="OperationCanceledException">The chunks were being read for the first time, and nothing was trained yet.</exception>
    public DecoderResult Fit(
        DecoderModel model,
        IEncoder encoder,
        IEnumerable<Matrix<double>> chunks,
        Matrix<double> heldOut,
        IProgress<DecoderProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        RequireFit(model, encoder);
        (TrainingRows<DecoderRows> training, DecoderRows held) = Read(model, encoder, chunks, heldOut, cancellationToken);
        return new DecoderTraining(model, encoder, training, held, DecoderOptions).Begin(progress, cancellationToken);
    }

    /// <inheritdoc cref="Resume(DecoderCheckpoint, Matrix{double}, IProgress{DecoderProgress}?, CancellationToken)"/>
    /// <param name="checkpoint">Where to go on. It is not changed.</param>
    /// <param name="chunks">The chunks of the checkpoint, in the same order.</param>
    /// <param name="heldOut">The held-out rows of the checkpoint.</param>
    /// <param name="progress">Receives a report after each epoch, on the training thread.</param>
    /// <param name="cancellationToken">Ends training at the next minibatch; the best parameters so far are returned.</param>
    /// <exception cref="OperationCanceledException">The chunks were being read for the first time.</exception>
    public DecoderResult Resume(
        DecoderCheckpoint checkpoint,
        IEnumerable<Matrix<double>> chunks,
        Matrix<double> heldOut,
        IProgress<DecoderProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        (TrainingRows<DecoderRows> training, DecoderRows held) = Read(checkpoint.Model, checkpoint.Encoder, chunks, heldOut, cancellationToken);
        return new DecoderTraining(checkpoint.Model, checkpoint.Encoder, training, held, DecoderOptions).Resume(checkpoint, progress, cancellationToken);
    }

    /// <summary>
    /// Goes on with training where another ended. With its options and rows the result is, to the last bit, that of training which had never stopped;
    /// other options (of the same optimiser, and with the same things learned) count from here on.
    /// </summary>
    /// <param name="checkpoint">Where to go on. It is not changed.</param>
    /// <param name="rows">The rows of the checkpoint, in the same order.</param>
    /// <param name="progress">Receives a report after each epoch, on the training thread.</param>
    /// <param name="cancellationToken">Ends training at the next minibatch; the best parameters so far are returned.</param>
    /// <returns>The trained model and encoder, with the whole history.</returns>
    /// <exception cref="InvalidOperationException">The solver has options for linear-Gaussian models.</exception>
    /// <exception cref="ArgumentException">The rows or the options are not those of the checkpoint; the message says what differs.</exception>
    /// <exception cref="DirectoryNotFoundException">The folder of <see cref="DecoderOptions.CheckpointPath"/> does not exist.</exception>
    public DecoderResult Resume(
        DecoderCheckpoint checkpoint,
        Matrix<double> rows,
        IProgress<DecoderProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        (TrainingRows<DecoderRows> training, DecoderRows heldOut) = Split(checkpoint.Model, checkpoint.Encoder, rows);
        return new DecoderTraining(checkpoint.Model, checkpoint.Encoder, training, heldOut, DecoderOptions)
            .Resume(checkpoint, progress, cancellationToken);
    }

    internal static void RequireFit(DecoderModel model, IEncoder encoder)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(encoder);
        if (encoder.ObservationCount != model.ObservationCount || encoder.LatentCount != model.AmortizedLatentCount)
        {
            throw new ArgumentException(
                Guard.Text($"encoder maps {encoder.ObservationCount} observations to {encoder.LatentCount} latents; it must map {model.ObservationCount} to {model.AmortizedLatentCount}, those of the model."),
                nameof(encoder));
        }
    }

    internal static void RequireRows(DecoderModel model, IEncoder encoder, Matrix<double> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        RequireRows(model, encoder, rows, nameof(rows), nameof(rows));
    }

    /// <summary>Requires that a table fits a model and an encoder.</summary>
    /// <param name="model">The model.</param>
    /// <param name="encoder">The encoder.</param>
    /// <param name="rows">The table.</param>
    /// <param name="label">What the table is called.</param>
    /// <param name="name">The parameter that it is, or is a part of.</param>
    private static void RequireRows(DecoderModel model, IEncoder encoder, Matrix<double> rows, string label, string name)
    {
        if (rows.ColumnCount != model.ObservationCount)
        {
            throw new ArgumentException(
                Guard.Text($"{label} has {rows.ColumnCount} columns; it must have {model.ObservationCount}, one for each observation."), name);
        }

        if (rows.RowCount == 0)
        {
            throw new ArgumentException($"{label} has no rows; it must have at least 1.", name);
        }

        RowTable.RequireCells(rows, label, name, encoder.AcceptsMissing, model.Columns);
    }

    /// <summary>Reads chunks one after another, checked.</summary>
    private static IEnumerable<DecoderRows> Chunks(DecoderModel model, IEncoder encoder, IEnumerable<Matrix<double>> chunks)
    {
        int number = 0;
        long first = 0;
        foreach (Matrix<double> chunk in chunks)
        {
            string label = Guard.Text($"chunks[{number++}]");
            if (chunk is null)
            {
                throw new ArgumentException(Guard.Text($"{label} is null; it must be a table."), nameof(chunks));
            }

            RequireRows(model, encoder, chunk, label, nameof(chunks));
            int[] all = [.. Enumerable.Range(0, chunk.RowCount)];
            yield return new DecoderRows(model.ObservationCount, chunk, all, first);
            first += chunk.RowCount;
        }
    }

    private void RequireReady(DecoderModel model, string parameter)
    {
        if (_isForLinearModels)
        {
            throw new InvalidOperationException("The solver has HybridOptions, which mean nothing for a model with a decoder; make it with DecoderOptions.");
        }

        if (DecoderOptions.FreeNats > 0 && !model.AmortizedPrior.IsIndependent)
        {
            throw new ArgumentException(
                Guard.Text($"FreeNats is {DecoderOptions.FreeNats} and the amortized prior is correlated; FreeNats must be 0 then, since no latent has a divergence of its own."),
                parameter);
        }

        CheckpointFile.RequireFolder(DecoderOptions.CheckpointPath, parameter);
    }

    private (TrainingRows<DecoderRows> Training, DecoderRows HeldOut) Read(
        DecoderModel model, IEncoder encoder, IEnumerable<Matrix<double>> chunks, Matrix<double> heldOut, CancellationToken cancellationToken)
    {
        RequireReady(model, nameof(model));
        ArgumentNullException.ThrowIfNull(chunks);
        ArgumentNullException.ThrowIfNull(heldOut);
        if (DecoderOptions.ValidationFraction != HybridOptions.DefaultValidationFraction)
        {
            throw new ArgumentException(
                Guard.Text($"ValidationFraction is {DecoderOptions.ValidationFraction}; chunks come with held-out rows of their own, and it must be left at {HybridOptions.DefaultValidationFraction}."),
                nameof(heldOut));
        }

        RequireRows(model, encoder, heldOut, nameof(heldOut), nameof(heldOut));
        if (heldOut.RowCount < LeastHeldOut)
        {
            throw new ArgumentException(Guard.Text($"heldOut has {heldOut.RowCount} row; it must have at least {LeastHeldOut}."), nameof(heldOut));
        }

        int[] all = [.. Enumerable.Range(0, heldOut.RowCount)];
        var training = new TrainingRows<DecoderRows>(Chunks(model, encoder, chunks), stayInMemory: false, static _ => { }, cancellationToken);
        return training.Count > 0
            ? (training, new DecoderRows(model.ObservationCount, heldOut, all))
            : throw new ArgumentException("chunks holds no rows; it must hold at least 1 to train on.", nameof(chunks));
    }

    /// <summary>Holds out a share of a table's rows: drawn at random, or without shuffling the last.</summary>
    private (TrainingRows<DecoderRows> Training, DecoderRows HeldOut) Split(DecoderModel model, IEncoder encoder, Matrix<double> rows)
    {
        RequireReady(model, nameof(model));
        RequireRows(model, encoder, rows);
        if (rows.RowCount <= LeastHeldOut)
        {
            throw new ArgumentException(
                Guard.Text($"rows has {rows.RowCount} rows; it must have at least {LeastHeldOut + 1}: one to train on, and {LeastHeldOut} to hold out."), nameof(rows));
        }

        int[] order = [.. Enumerable.Range(0, rows.RowCount)];
        if (DecoderOptions.ShuffleRows)
        {
            Combinatorics.SelectPermutationInplace(order, new Xoshiro256StarStar(StreamSeed.Of(DecoderOptions.Seed, 0, 0), threadSafe: false));
        }

        int heldOut = Math.Clamp((int)Math.Round(DecoderOptions.ValidationFraction * rows.RowCount), LeastHeldOut, rows.RowCount - 1);
        int training = rows.RowCount - heldOut;
        var table = new DecoderRows(model.ObservationCount, rows, order.AsSpan(0, training));
        return (
            new TrainingRows<DecoderRows>([table], stayInMemory: true, static _ => { }),
            new DecoderRows(model.ObservationCount, rows, order.AsSpan(training)));
    }
}
