using System.Collections.Concurrent;
using System.Collections.Immutable;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>A trained encoder with what is known of its quality, ready to infer the latents of any row.</summary>
/// <remarks>
/// Inference costs one forward pass and the closed-form coordinate block; nothing is stored by row. Gaps on <see cref="HybridTable"/> are
/// exact for each row, also for rows unlike those of training.
/// <threadsafety>Safe to share. Do not write the parameters of <see cref="Encoder"/>; clone it to train on.</threadsafety>
/// </remarks>
public sealed class HybridResult
{
    private readonly AmortizedBlock _block;
    private readonly ConcurrentBag<IEncoderTape> _tapes = [];

    internal HybridResult(LinearGaussianModel model, IEncoder encoder, AmortizedBlock block)
    {
        Model = model;
        Encoder = encoder;
        _block = block;
        PreparedTapes.Refresh(encoder);
    }

    /// <summary>Gets the model.</summary>
    public LinearGaussianModel Model { get; }

    /// <summary>Gets the trained encoder, with the parameters of <see cref="BestEpoch"/>.</summary>
    public IEncoder Encoder { get; }

    /// <summary>Gets the latents that the encoder serves, in the order of its outputs.</summary>
    public ImmutableArray<int> AmortizedLatents => _block.Amortized;

    /// <summary>Gets why training stopped.</summary>
    public required HybridStopReason StopReason { get; init; }

    /// <summary>Gets a value indicating whether <see cref="AmortizationGap"/> is within <see cref="HybridOptions.GapTolerance"/>.</summary>
    public required bool Converged { get; init; }

    /// <summary>Gets the state after each epoch; element 0 is the untrained encoder.</summary>
    public required ImmutableArray<HybridProgress> History { get; init; }

    /// <summary>Gets the number of epochs done; the last may have been cut short by a cancellation.</summary>
    public int Epochs => History.Length - 1;

    /// <summary>Gets the epoch whose parameters were kept, the one with the smallest gap; 0 is the untrained encoder.</summary>
    public required int BestEpoch { get; init; }

    /// <summary>Gets the exact mean amortization gap of a held-out row, in nats: what the encoder loses against the best mean-field posterior.</summary>
    public required double AmortizationGap { get; init; }

    /// <summary>Gets the mean log evidence of a held-out row, in nats.</summary>
    public required double ValidationLogEvidence { get; init; }

    /// <summary>Gets what the best mean-field posterior loses a row against the evidence, in nats.</summary>
    public double ApproximationGap => _block.Shape.ApproximationGap;

    /// <summary>Gets the exact mean ELBO of a held-out row, in nats: log evidence − approximation gap − amortization gap.</summary>
    public double ValidationElbo => ValidationLogEvidence - ApproximationGap - AmortizationGap;

    /// <summary>Infers the latents of one row: a forward pass, then the closed-form block.</summary>
    /// <param name="row">The observations x, length K, all finite.</param>
    /// <returns>The hybrid posterior of all latents, in the model's order.</returns>
    /// <exception cref="ArgumentException"><paramref name="row"/> has another length or holds a value that is not finite.</exception>
    /// <exception cref="NonFiniteValueException">An output of the encoder is not finite.</exception>
    public MeanFieldGaussian Infer(ReadOnlySpan<double> row)
    {
        Guard.Length(row.Length, Model.ObservationCount, nameof(row), "one for each observation");
        Guard.AllFinite(row, nameof(row));
        return Infer(Model.Observe(row), row, rowNumber: 0, out _);
    }

    /// <summary>
    /// Starts from the encoder and finishes a row by coordinate ascent (semi-amortized inference): the best mean-field posterior, with its
    /// certificate, also for rows unlike those of training.
    /// </summary>
    /// <param name="row">The observations x, length K, all finite.</param>
    /// <param name="options">How to go about it and when to stop; <see langword="null"/> for the defaults.</param>
    /// <returns>The outcome of coordinate ascent, converged or not.</returns>
    /// <exception cref="ArgumentException"><paramref name="row"/> has another length or holds a value that is not finite.</exception>
    /// <exception cref="NonFiniteValueException">An output of the encoder, or the ELBO, is not finite.</exception>
    public CaviResult Refine(ReadOnlySpan<double> row, CaviOptions? options = null) =>
        new CaviSolver(options).Solve(Model, row, Infer(row).Means.AsSpan());

    /// <summary>Infers the latents of every row of a table, with the exact gaps of each.</summary>
    /// <param name="table">The observations, N×K, all finite.</param>
    /// <param name="cancellationToken">Stops the work between rows.</param>
    /// <returns>The hybrid posteriors and their gaps.</returns>
    /// <exception cref="ArgumentException"><paramref name="table"/> has no rows, another width or holds a value that is not finite.</exception>
    /// <exception cref="NonFiniteValueException">An output of the encoder is not finite.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public HybridTable Infer(Matrix<double> table, CancellationToken cancellationToken = default)
    {
        RowTable.Require(Model, table, nameof(table), allowMissing: false);
        int count = table.RowCount;
        var posteriors = ImmutableArray.CreateBuilder<MeanFieldGaussian>(count);
        var elbos = ImmutableArray.CreateBuilder<double>(count);
        var evidences = ImmutableArray.CreateBuilder<double>(count);
        var gaps = ImmutableArray.CreateBuilder<double>(count);
        var row = new double[Model.ObservationCount];
        for (int n = 0; n < count; n++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            RowTable.CopyRow(table, n, row);
            QuadraticLogJoint joint = RowTable.Observe(Model, row, n);
            MeanFieldGaussian posterior = Infer(joint, row, n, out double gap);
            posteriors.Add(posterior);
            elbos.Add(new FixedFormElbo(joint).Value(posterior));
            evidences.Add(joint.LogEvidence);
            gaps.Add(gap);
        }

        return new HybridTable(posteriors.MoveToImmutable())
        {
            Elbos = elbos.MoveToImmutable(),
            LogEvidences = evidences.MoveToImmutable(),
            AmortizationGaps = gaps.MoveToImmutable(),
            ApproximationGap = ApproximationGap,
        };
    }

    /// <summary>Sums up the outcome in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text(
        $"{Encoder}, {Epochs} epochs ({StopReason}): held-out ELBO {ValidationElbo:G6}, amortization gap {AmortizationGap:G2}, approximation gap {ApproximationGap:G4} nats a row");

    private MeanFieldGaussian Infer(QuadraticLogJoint joint, ReadOnlySpan<double> row, int rowNumber, out double gap)
    {
        int count = _block.Count;
        var encoded = new double[count];
        var logVariances = new double[count];
        Encode(row, encoded, logVariances);
        var state = new HybridRow(_block);
        state.Solve(joint.Whitened, encoded);
        gap = state.Gap(logVariances);
        if (!double.IsFinite(gap))
        {
            Guard.ThrowNonFinite("the amortization gap of the encoder's outputs", gap, rowNumber, iteration: 0);
        }

        return Assemble(encoded, logVariances, state.Coordinates);
    }

    private void Encode(ReadOnlySpan<double> row, Span<double> means, Span<double> logVariances)
    {
        if (!_tapes.TryTake(out IEncoderTape? tape))
        {
            tape = PreparedTapes.Create(Encoder, 1);
        }

        tape.Forward(row, means, logVariances);
        _tapes.Add(tape);
    }

    private MeanFieldGaussian Assemble(
        ReadOnlySpan<double> encoded, ReadOnlySpan<double> logVariances, ReadOnlySpan<double> coordinates)
    {
        LatentPrior prior = _block.Shape.Prior;
        var means = new double[prior.Count];
        double[] variances = [.. _block.Shape.MeanFieldVariances];
        for (int i = 0; i < encoded.Length; i++)
        {
            means[_block.Amortized[i]] = encoded[i];
            variances[_block.Amortized[i]] = Math.Exp(logVariances[i]);
        }

        for (int i = 0; i < coordinates.Length; i++)
        {
            int j = _block.Coordinate[i];
            means[j] = Math.FusedMultiplyAdd(prior.Deviations[j], coordinates[i], prior.Means[j]);
        }

        return MeanFieldGaussian.Adopt(means, [.. variances]);
    }
}
