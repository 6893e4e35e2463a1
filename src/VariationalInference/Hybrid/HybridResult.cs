using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace VariationalInference;

/// <summary>A trained encoder with what is known of its quality, ready to infer the latents of any row.</summary>
/// <remarks>
/// All that is said of held-out rows is exact: a row's log evidence = ELBO + approximation gap + amortization gap. It infers like any
/// <see cref="HybridInference"/>, with the coordinate block solved exactly.
/// <threadsafety>Safe to share. Do not write the parameters of its encoder; clone it to train on.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// Matrix<double> rows = model.Sample(2_000, seed: 1).Observations;
/// HybridResult hybrid = new HybridSolver().Fit(model, new MlpEncoder(observationCount: 2, latentCount: 1), rows);
///
/// Console.WriteLine($"{hybrid.StopReason}, converged: {hybrid.Converged}");   // GapBelowTolerance, converged: True
/// Console.WriteLine(hybrid.AmortizationGap < 1e-4);   // True
/// Console.WriteLine($"{hybrid.ApproximationGap:F4}");   // 0.6750
/// CaviResult finished = hybrid.Refine([40, -35]);
/// Console.WriteLine(finished.Converged);   // True
/// ]]></code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed class HybridResult : HybridInference
{
    internal HybridResult(LinearGaussianModel model, IEncoder encoder, AmortizedBlocks blocks, HybridCheckpoint checkpoint)
        : base(model, encoder, blocks)
    {
        Checkpoint = checkpoint;
    }

    /// <summary>Gets why training stopped.</summary>
    public StopReason StopReason { get; internal init; }

    /// <summary>Gets a value indicating whether <see cref="AmortizationGap"/> is within <see cref="HybridOptions.GapTolerance"/>.</summary>
    public bool Converged { get; internal init; }

    /// <summary>Gets the state after each epoch; element 0 is the untrained encoder.</summary>
    public ImmutableArray<HybridProgress> History { get; internal init; }

    /// <summary>Gets the number of epochs done; the last may have been cut short by a cancellation.</summary>
    public int Epochs => History.Length - 1;

    /// <summary>Gets the epoch whose parameters were kept, the one with the smallest gap; 0 is the untrained encoder.</summary>
    public int BestEpoch { get; internal init; }

    /// <summary>Gets the exact mean amortization gap of a held-out row, in nats: what the encoder loses against the best mean-field posterior.</summary>
    public double AmortizationGap { get; internal init; }

    /// <summary>
    /// Gets the largest amortization gap of a held-out row, in nats. Of n rows held out, a new row like those of training exceeds it with a
    /// probability of about 1/(n + 1).
    /// </summary>
    public double LargestAmortizationGap { get; internal init; }

    /// <summary>Gets what the best mean-field posterior loses a held-out row against the evidence, in nats.</summary>
    public double ApproximationGap { get; internal init; }

    /// <summary>
    /// Gets what the coordinate latents of a training row lost in the last epoch by stopping after
    /// <see cref="HybridOptions.CoordinateSweeps"/> sweeps, in nats: 0 where they are solved exactly, as they are for held-out rows; NaN when no
    /// row was visited.
    /// </summary>
    public double OptimizationGap => History[^1].OptimizationGap;

    /// <summary>Gets the mean log evidence of a held-out row, in nats.</summary>
    public double ValidationLogEvidence { get; internal init; }

    /// <summary>Gets the exact mean ELBO of a held-out row, in nats: log evidence − approximation gap − amortization gap.</summary>
    public double ValidationElbo => ValidationLogEvidence - ApproximationGap - AmortizationGap;

    /// <summary>Gets the state in which training ended, from which it can go on.</summary>
    public HybridCheckpoint Checkpoint { get; }

    /// <summary>Gets why the last checkpoint could not be saved to <see cref="HybridOptions.CheckpointPath"/>; <see langword="null"/> when it was.</summary>
    public Exception? CheckpointFailure { get; internal init; }

    /// <summary>
    /// Gets the exception that ended training, thrown while rows were read, the encoder worked or progress was reported; <see langword="null"/>
    /// when none did. It is not thrown, since that would cost the training that was done.
    /// </summary>
    public Exception? Failure { get; internal init; }

    /// <summary>Sums up what training came to, in nats a held-out row: with the encoder as it began, and as it was kept.</summary>
    /// <returns>The table, with rows for the ELBO and the log evidence, and for each gap between them.</returns>
    public SummaryTable Summary() => new(
        ["untrained", "trained"],
        [
            ("ELBO", [History[0].ValidationElbo, ValidationElbo]),
            ("log evidence", [History[0].ValidationLogEvidence, ValidationLogEvidence]),
            ("approximation gap", [History[0].ApproximationGap, ApproximationGap]),
            ("amortization gap", [History[0].AmortizationGap, AmortizationGap]),
            ("largest amortization gap", [double.NaN, LargestAmortizationGap]),
        ]);

    /// <summary>Sums up the outcome in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text(
        $"{Encoder}, {Wording.Count(Epochs, "epoch")} ({StopReason}): held-out ELBO {ValidationElbo:G6}, amortization gap {AmortizationGap:G2}, approximation gap {ApproximationGap:G4} nats a row");
}
