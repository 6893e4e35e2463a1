using System.Collections.Immutable;
using MathNet.Numerics;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Random;

namespace VariationalInference;

/// <summary>
/// Hybrid inference: an encoder serves some latents, q_φ(z_a | x) = N(μ_φ(x), σ²_φ(x)), closed-form coordinate updates
/// serve the rest, and the encoder is trained by stochastic gradients of the ELBO in alternation with them.
/// </summary>
/// <remarks>
/// <para>
/// At each visit of a minibatch the coordinate latents are updated with E[z_a] = μ_φ(x), then the encoder takes a step uphill. Sampling
/// enters the gradients only: ELBO, evidence and gaps are closed-form, and log p(x) = ELBO + approximation gap + amortization gap. So
/// training is judged, on held-out rows, by the exact amortization gap, and the result can say how far from the optimum it is. Both the
/// parameters and their running average over steps are measured after each epoch. The learning rate falls when the gap does not; the
/// parameters with the smallest gap are kept, however training ends.
/// </para>
/// <para>
/// Training keeps the rows of a table, O(NK), and reads those of chunks again in each epoch; a result keeps nothing of them. Rows may have
/// missing cells where the encoder accepts that: the coordinate block and the gaps then count the cells that were observed. Inputs are
/// scaled by the training rows' standard deviations, which a single row far out of the rest inflates: take such rows out before training.
/// </para>
/// <para>
/// Take it where inference has to cost one forward pass a row, or where the encoder is what you are after; coordinate ascent alone is exact
/// sooner. A step costs a forward and a backward pass for each row of a minibatch, and O(J²) for its coordinate block.
/// </para>
/// <threadsafety>A solver holds only its options and is safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// var encoder = new MlpEncoder(observationCount: 2, latentCount: 1, hiddenWidths: [16], seed: 1);
/// Matrix<double> rows = model.Sample(5_000, seed: 1).Observations;
/// HybridResult hybrid = new HybridSolver().Fit(model, encoder, rows);
/// Console.WriteLine(hybrid.StopReason);   // GapBelowTolerance
/// Console.WriteLine(hybrid.Infer([1.2, 0.8]).MeanField[1]);   // N(0.28…, 0.33…)
/// ]]></code>
/// </example>
public sealed partial class HybridSolver
{
    // Which options the caller has given: the others would be ignored.
    private readonly bool _isForLinearModels;
    private readonly bool _isForDecoders;

    /// <summary>Initializes a new instance of the <see cref="HybridSolver"/> class.</summary>
    /// <param name="options">What to amortize and how to train; <see langword="null"/> for the defaults.</param>
    public HybridSolver(HybridOptions? options = null)
    {
        Options = options ?? new HybridOptions();
        _isForLinearModels = options is not null;
    }

    /// <summary>Gets what is amortized and how training goes.</summary>
    public HybridOptions Options { get; }

    /// <summary>Trains a copy of an encoder on rows of observations.</summary>
    /// <param name="model">The model.</param>
    /// <param name="encoder">The encoder to start from; it is not changed.</param>
    /// <param name="rows">
    /// The observations, N×K with N ≥ 2, all finite, or NaN where missing if the encoder accepts that; a share of them is held out.
    /// </param>
    /// <param name="progress">Receives a report after each epoch, on the training thread; epoch 0 is the untrained encoder.</param>
    /// <param name="cancellationToken">Ends training at the next minibatch; the best parameters so far are returned.</param>
    /// <returns>
    /// The trained encoder with its gaps, converged or not. Once training has begun, exceptions end it like a cancellation; see
    /// <see cref="HybridResult.Failure"/>.
    /// </returns>
    /// <exception cref="InvalidOperationException">The solver has options for models with a decoder.</exception>
    /// <exception cref="ArgumentException">
    /// The encoder does not fit the model or the options, the rows are out of range, or the model determines an amortized latent to less than
    /// 1e-5 of its prior standard deviation, which no encoder can follow.
    /// </exception>
    /// <exception cref="NonFiniteValueException">The untrained encoder's outputs, or a row's evidence, are not finite.</exception>
    /// <exception cref="DirectoryNotFoundException">The folder of <see cref="HybridOptions.CheckpointPath"/> does not exist.</exception>
    public HybridResult Fit(
        LinearGaussianModel model,
        IEncoder encoder,
        Matrix<double> rows,
        IProgress<HybridProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        AmortizedBlocks blocks = Prepare(model, encoder, nameof(encoder));
        IEncoder trained = EncoderFile.Copy(encoder, nameof(encoder));
        (HybridTrainingRows training, HybridRows heldOut) = Split(model, trained, blocks, rows);
        return Train(model, trained, blocks, training, heldOut, resumed: null, progress, cancellationToken);
    }

    /// <inheritdoc cref="Fit(LinearGaussianModel, IEncoder, Matrix{double}, IProgress{HybridProgress}?, CancellationToken)"/>
    public HybridResult Fit(
        LinearGaussianModel model,
        IEncoder encoder,
        RowSpan rows,
        IProgress<HybridProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        RowTable.RequireSize(model, rows.RowCount, rows.ColumnCount, nameof(rows));
        return Fit(model, encoder, rows.ToMatrix(), progress, cancellationToken);
    }

    /// <summary>
    /// Trains a copy of an encoder on rows that come in chunks, which are read once to check them and again in each epoch: memory holds no more
    /// than a few chunks, and the held-out rows. Without <see cref="HybridOptions.ShuffleRows"/> the result is that of the same rows in one
    /// table, to the last bit, however they are cut into chunks.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="encoder">The encoder to start from; it is not changed.</param>
    /// <param name="chunks">
    /// The observations, each chunk N×K with N ≥ 1 of its own, all finite, or NaN where missing if the encoder accepts that. They must be the
    /// same each time they are enumerated.
    /// </param>
    /// <param name="heldOut">The rows to measure the gap on, N×K, none of them in the chunks; they stay in memory.</param>
    /// <param name="progress">Receives a report after each epoch, on the training thread; epoch 0 is the untrained encoder.</param>
    /// <param name="cancellationToken">Ends training at the next minibatch; the best parameters so far are returned.</param>
    /// <returns>
    /// The trained encoder with its gaps, converged or not. Once training has begun, exceptions end it like a cancellation; see
    /// <see cref="HybridResult.Failure"/>.
    /// </returns>
    /// <exception cref="InvalidOperationException">The solver has options for models with a decoder.</exception>
    /// <exception cref="ArgumentException">The encoder does not fit the model or the options, or rows are out of range.</exception>
    /// <exception cref="NonFiniteValueException">The untrained encoder's outputs, or a row's evidence, are not finite.</exception>
    /// <exception cref="DirectoryNotFoundException">The folder of <see cref="HybridOptions.CheckpointPath"/> does not exist.</exception>
    /// <exception cref="OperationCanceledException">The chunks were being read for the first time, and nothing was trained yet.</exception>
    public HybridResult Fit(
        LinearGaussianModel model,
        IEncoder encoder,
        IEnumerable<Matrix<double>> chunks,
        Matrix<double> heldOut,
        IProgress<HybridProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        AmortizedBlocks blocks = Prepare(model, encoder, nameof(encoder));
        IEncoder trained = EncoderFile.Copy(encoder, nameof(encoder));
        (HybridTrainingRows training, HybridRows held) = Read(model, trained, blocks, chunks, heldOut, cancellationToken);
        return Train(model, trained, blocks, training, held, resumed: null, progress, cancellationToken);
    }

    /// <summary>
    /// Goes on with training where a checkpoint was made. With its options, model and rows the result is, to the last bit, that of training
    /// which had never stopped; other options (of the same optimiser, amortized latents and kind of coordinate step) count from here on.
    /// Training that had stopped with <see cref="StopReason.NoImprovement"/> stops again at once: its learning rate cannot be reduced further.
    /// </summary>
    /// <param name="model">The model of the checkpoint.</param>
    /// <param name="checkpoint">Where to go on. It is not changed.</param>
    /// <param name="rows">The rows of the checkpoint, in the same order.</param>
    /// <param name="progress">Receives a report after each epoch, on the training thread.</param>
    /// <param name="cancellationToken">Ends training at the next minibatch; the best parameters so far are returned.</param>
    /// <returns>The trained encoder with its gaps and whole history, converged or not.</returns>
    /// <exception cref="InvalidOperationException">The solver has options for models with a decoder.</exception>
    /// <exception cref="ArgumentException">The model, the rows or the options are not those of the checkpoint; the message says what differs.</exception>
    /// <exception cref="NonFiniteValueException">A row's evidence is not finite.</exception>
    /// <exception cref="DirectoryNotFoundException">The folder of <see cref="HybridOptions.CheckpointPath"/> does not exist.</exception>
    public HybridResult Resume(
        LinearGaussianModel model,
        HybridCheckpoint checkpoint,
        Matrix<double> rows,
        IProgress<HybridProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        IEncoder encoder = EncoderOf(checkpoint);
        AmortizedBlocks blocks = Prepare(model, encoder, nameof(checkpoint));
        (HybridTrainingRows training, HybridRows heldOut) = Split(model, encoder, blocks, rows);
        return Train(model, encoder, blocks, training, heldOut, checkpoint, progress, cancellationToken);
    }

    /// <inheritdoc cref="Resume(LinearGaussianModel, HybridCheckpoint, Matrix{double}, IProgress{HybridProgress}?, CancellationToken)"/>
    public HybridResult Resume(
        LinearGaussianModel model,
        HybridCheckpoint checkpoint,
        RowSpan rows,
        IProgress<HybridProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        RowTable.RequireSize(model, rows.RowCount, rows.ColumnCount, nameof(rows));
        return Resume(model, checkpoint, rows.ToMatrix(), progress, cancellationToken);
    }

    /// <inheritdoc cref="Resume(LinearGaussianModel, HybridCheckpoint, Matrix{double}, IProgress{HybridProgress}?, CancellationToken)"/>
    /// <param name="model">The model of the checkpoint.</param>
    /// <param name="checkpoint">Where to go on. It is not changed.</param>
    /// <param name="chunks">The chunks of the checkpoint, in the same order.</param>
    /// <param name="heldOut">The held-out rows of the checkpoint.</param>
    /// <param name="progress">Receives a report after each epoch, on the training thread.</param>
    /// <param name="cancellationToken">Ends training at the next minibatch; the best parameters so far are returned.</param>
    /// <exception cref="OperationCanceledException">The chunks were being read for the first time, and nothing was trained yet.</exception>
    public HybridResult Resume(
        LinearGaussianModel model,
        HybridCheckpoint checkpoint,
        IEnumerable<Matrix<double>> chunks,
        Matrix<double> heldOut,
        IProgress<HybridProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        IEncoder encoder = EncoderOf(checkpoint);
        AmortizedBlocks blocks = Prepare(model, encoder, nameof(checkpoint));
        (HybridTrainingRows training, HybridRows held) = Read(model, encoder, blocks, chunks, heldOut, cancellationToken);
        return Train(model, encoder, blocks, training, held, checkpoint, progress, cancellationToken);
    }

    private IEncoder EncoderOf(HybridCheckpoint checkpoint)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        ImmutableArray<int> latents = checkpoint.Options.AmortizedLatents;
        return latents.SequenceEqual(Options.AmortizedLatents) ? checkpoint.CurrentEncoder() : throw new ArgumentException(
            $"The checkpoint has an encoder of the latents [{string.Join(", ", latents)}]; AmortizedLatents is [{string.Join(", ", Options.AmortizedLatents)}] and must be the same.",
            nameof(checkpoint));
    }

    private AmortizedBlocks Prepare(LinearGaussianModel model, IEncoder encoder, string encoderName)
    {
        if (_isForDecoders)
        {
            throw new InvalidOperationException("The solver has DecoderOptions, which mean nothing for a linear-Gaussian model; make it with HybridOptions.");
        }

        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(encoder);
        AmortizedLatentsGuard.RequireFit(model, encoder, Options.AmortizedLatents, nameof(Options.AmortizedLatents), nameof(model), encoderName);
        CheckpointFile.RequireFolder(Options.CheckpointPath, nameof(model));
        var blocks = new AmortizedBlocks(model, Options.AmortizedLatents);
        AmortizedLatentsGuard.RequireReach(blocks.Complete.Shape, Options.AmortizedLatents, nameof(model));
        return blocks;
    }

    /// <summary>Holds out a share of a table's rows: drawn at random, or without shuffling the last.</summary>
    private (HybridTrainingRows Training, HybridRows HeldOut) Split(
        LinearGaussianModel model, IEncoder encoder, AmortizedBlocks blocks, Matrix<double> rows)
    {
        RowTable.Require(model, rows, nameof(rows), encoder.AcceptsMissing);
        if (rows.RowCount < 2)
        {
            throw new ArgumentException("rows has 1 row; it must have at least 2, one to train on and one to hold out.", nameof(rows));
        }

        int[] order = [.. Enumerable.Range(0, rows.RowCount)];
        if (Options.ShuffleRows)
        {
            Combinatorics.SelectPermutationInplace(order, new Xoshiro256StarStar(StreamSeed.Of(Options.Seed, 0, 0), threadSafe: false));
        }

        int heldOut = Math.Clamp((int)Math.Round(Options.ValidationFraction * rows.RowCount), 1, rows.RowCount - 1);
        int training = rows.RowCount - heldOut;
        var table = new HybridRows(model, blocks, rows, order.AsSpan(0, training), first: 0);
        return (HybridTrainingRows.OfTable(table, model.ObservationCount), new HybridRows(model, blocks, rows, order.AsSpan(training), first: 0));
    }

    private (HybridTrainingRows Training, HybridRows HeldOut) Read(
        LinearGaussianModel model,
        IEncoder encoder,
        AmortizedBlocks blocks,
        IEnumerable<Matrix<double>> chunks,
        Matrix<double> heldOut,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(chunks);
        if (Options.ValidationFraction != HybridOptions.DefaultValidationFraction)
        {
            throw new ArgumentException(
                Guard.Text($"ValidationFraction is {Options.ValidationFraction}; chunks come with held-out rows of their own, and it must be left at {HybridOptions.DefaultValidationFraction}."),
                nameof(heldOut));
        }

        RowTable.Require(model, heldOut, nameof(heldOut), encoder.AcceptsMissing);
        int[] all = [.. Enumerable.Range(0, heldOut.RowCount)];
        return (HybridTrainingRows.OfChunks(model, blocks, chunks, encoder.AcceptsMissing, cancellationToken), new HybridRows(model, blocks, heldOut, all, first: 0));
    }

    private HybridResult Train(
        LinearGaussianModel model,
        IEncoder encoder,
        AmortizedBlocks blocks,
        HybridTrainingRows rows,
        HybridRows heldOut,
        HybridCheckpoint? resumed,
        IProgress<HybridProgress>? progress,
        CancellationToken cancellationToken)
    {
        if (Options.CoordinateSweeps is not null && rows.Rows.Count * blocks.Complete.Coordinate.Length > Array.MaxLength)
        {
            throw new ArgumentException(
                Guard.Text($"CoordinateSweeps keeps the coordinate latents of all {rows.Rows.Count} rows; at most {Array.MaxLength} numbers can be kept. Without it nothing is kept."),
                nameof(rows));
        }

        EncoderScales scales = resumed?.Scales ?? Scales(rows.Moments, blocks.Complete);
        encoder.Calibrate(scales);
        using var team = new ThreadTeam(Math.Min(Options.MaxThreads, HybridObjective.MostThreads(rows.Rows.Count, heldOut.Count, Options)));
        var objective = new HybridObjective(model, blocks.Complete, heldOut, Options, encoder, team);
        Action<TrainingState<HybridProgress>>? save = Options.CheckpointPath is { } path
            ? state => new HybridCheckpoint(encoder, Options, scales, state).Save(path)
            : null;
        var run = new TrainingLoop<HybridRows, HybridProgress>(
            rows.Rows, objective, Options.Training, resumed?.State, team, save, progress, cancellationToken);
        StopReason reason = run.Run();
        TrainingState<HybridProgress> state = run.State;
        return new HybridResult(model, encoder, blocks, new HybridCheckpoint(encoder, Options, scales, run.Resumable))
        {
            StopReason = reason,
            Converged = state.BestLoss <= Options.GapTolerance,
            History = state.History,
            BestEpoch = state.BestEpoch,
            AmortizationGap = state.BestLoss,
            LargestAmortizationGap = state.LargestLoss,
            GapLimit = Math.Max(state.LargestLoss, Options.GapTolerance),
            ApproximationGap = objective.ApproximationGap,
            ValidationLogEvidence = objective.LogEvidence,
            MaxThreads = Options.MaxThreads,
            CheckpointFailure = run.CheckpointFailure,
            Failure = run.Failure,
        };
    }

    /// <summary>
    /// Input scales from the training rows; output scales from the model: exact posterior means vary about the prior mean with the part of
    /// the prior variance that the posterior variance leaves, and the factors' variances are near 1/Λ_aa. These are where training starts
    /// from; it needs none of them.
    /// </summary>
    private static EncoderScales Scales(InputMoments moments, AmortizedBlock block)
    {
        SharedShape shape = block.Shape;
        return new EncoderScales(
            [.. moments.Means],
            [.. moments.Deviations()],
            [.. block.Amortized.Select(j => shape.Prior.Means[j])],
            [.. block.Amortized.Select(j => ExplainedDeviation(shape, j))],
            [.. block.Amortized.Select(j => shape.MeanFieldVariances[j])]);
    }

    private static double ExplainedDeviation(SharedShape shape, int latent)
    {
        double explained = shape.Prior.Variances[latent] - shape.Covariance[latent, latent];
        return explained > 0 ? Math.Sqrt(explained) : shape.Prior.Deviations[latent];
    }
}
