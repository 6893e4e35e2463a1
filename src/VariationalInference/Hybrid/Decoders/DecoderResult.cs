using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace VariationalInference;

/// <summary>A trained <see cref="DecoderModel"/> and its encoder, with what is known of their quality on the rows that were held out.</summary>
/// <remarks>
/// It infers like any <see cref="DecoderInference"/>. Held-out rows chose the parameters, so their bound is a little too good: rows that training has
/// never seen say it exactly, by <see cref="DecoderInference.Evaluate"/>.
/// <threadsafety>Safe to share. Do not write the parameters of its networks; clone them to train on.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// // One latent seen eight times, every second time bent.
/// Matrix<double> rows = new GaussianSumModel(latentCount: 1, observationCount: 8, noiseVariance: 0.01).Sample(1_000, seed: 1).Observations;
/// rows.MapIndexedInplace((n, k, x) => k % 2 == 0 ? x : Math.Sin(2 * x));
/// var model = new DecoderModel(new MlpDecoder(latentCount: 1, observationCount: 8, hiddenWidths: [16]), linearLatentCount: 1);
/// DecoderResult result = new HybridSolver(new DecoderOptions { MaxEpochs = 20 }).Fit(model, new MlpEncoder(8, 1, hiddenWidths: [16]), rows);
/// Console.WriteLine(result.Evaluation.Elbo > result.History[0].ValidationElbo);   // True
/// Console.WriteLine(result);   // MlpEncoder 8-16-2 tanh for MlpDecoder 1-16-8 tanh + 1 linear latent, 8 observations, …
/// ]]></code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed class DecoderResult : DecoderInference
{
    internal DecoderResult(DecoderModel model, IEncoder encoder, DecoderCheckpoint checkpoint, DecoderEvaluation evaluation)
        : base(model, encoder)
    {
        Checkpoint = checkpoint;
        Evaluation = evaluation;
    }

    /// <summary>Gets why training stopped: <see cref="StopReason.NoImprovement"/>, <see cref="StopReason.IterationLimit"/>, <see cref="StopReason.Cancelled"/>, <see cref="StopReason.Failed"/> or <see cref="StopReason.Diverged"/>.</summary>
    public StopReason StopReason { get; internal init; }

    /// <summary>Gets a value indicating whether training came to a plateau of the held-out ELBO, at the smallest learning rate.</summary>
    public bool Converged => StopReason == StopReason.NoImprovement;

    /// <summary>Gets the state after each epoch; element 0 is before the first.</summary>
    public ImmutableArray<DecoderProgress> History { get; internal init; }

    /// <summary>Gets the number of epochs done; the last may have been cut short by a cancellation.</summary>
    public int Epochs => History.Length - 1;

    /// <summary>Gets the epoch whose parameters were kept, the one with the largest held-out ELBO; 0 is before the first.</summary>
    public int BestEpoch { get; internal init; }

    /// <summary>Gets the bounds and gaps on the held-out rows.</summary>
    public DecoderEvaluation Evaluation { get; }

    /// <summary>Gets the state in which training ended, from which it can go on.</summary>
    public DecoderCheckpoint Checkpoint { get; }

    /// <summary>Gets why the last checkpoint could not be saved to <see cref="DecoderOptions.CheckpointPath"/>; <see langword="null"/> when it was.</summary>
    public Exception? CheckpointFailure { get; internal init; }

    /// <summary>
    /// Gets the exception that ended training, thrown while a network worked or progress was reported; <see langword="null"/> when none did. It is
    /// not thrown, since that would cost the training that was done.
    /// </summary>
    public Exception? Failure { get; internal init; }

    /// <summary>Sums up how good the model is on held-out rows, in nats a row.</summary>
    /// <returns>The table: the ELBO and the importance-weighted bound with standard errors over rows, and the gaps above the ELBO of the rows that were refined.</returns>
    public SummaryTable Summary() => new(
        ["held out", "standard error"],
        [
            ("ELBO", [Evaluation.Elbo, Evaluation.ElboStandardError]),
            ("importance-weighted bound", [Evaluation.ImportanceWeightedBound, Evaluation.ImportanceWeightedStandardError]),
            ("amortization gap", [Evaluation.AmortizationGap, Evaluation.AmortizationGapStandardError]),
            ("approximation gap", [Evaluation.ApproximationGap, double.NaN]),
        ]);

    /// <summary>Sums up the outcome in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text(
        $"{base.ToString()}, {Wording.Count(Epochs, "epoch")}, best {BestEpoch} ({StopReason}); {Evaluation}");
}
