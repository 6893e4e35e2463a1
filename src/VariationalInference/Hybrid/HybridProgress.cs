using System.Text.Json.Serialization;

namespace VariationalInference;

/// <summary>Where training stands after an epoch. Values a row are means over rows, in nats, with every constant.</summary>
/// <remarks>
/// What <see cref="HybridSolver"/> reports after each epoch, and what <see cref="HybridResult.History"/> keeps.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// Matrix<double> rows = model.Sample(2_000, seed: 1).Observations;
/// HybridResult hybrid = new HybridSolver(new HybridOptions { MaxEpochs = 2 }).Fit(model, new MlpEncoder(2, 1), rows, new Printer());
///
/// sealed class Printer : IProgress<HybridProgress>
/// {
///     public void Report(HybridProgress value)
///     {
///         Console.WriteLine(value);   // epoch … of 2: held-out ELBO …
///     }
/// }
/// ]]></code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed record HybridProgress
{
    /// <summary>Gets the number of epochs done; 0 is the untrained encoder.</summary>
    public required int Epoch { get; init; }

    /// <summary>Gets the largest number of epochs.</summary>
    public required int MaxEpochs { get; init; }

    /// <summary>
    /// Gets the exact ELBO a row over the epoch's training rows, each as it was visited; NaN when none was, at epoch 0 or after a
    /// cancellation.
    /// </summary>
    public required double TrainingElbo { get; init; }

    /// <summary>
    /// Gets what the coordinate latents of these rows lost a row by stopping after <see cref="HybridOptions.CoordinateSweeps"/> sweeps; 0
    /// when they are solved exactly, and NaN where <see cref="TrainingElbo"/> is.
    /// </summary>
    public required double OptimizationGap { get; init; }

    /// <summary>Gets the exact ELBO a row on the held-out rows.</summary>
    public required double ValidationElbo { get; init; }

    /// <summary>Gets the exact log evidence a row on the held-out rows.</summary>
    public required double ValidationLogEvidence { get; init; }

    /// <summary>Gets what the encoder loses a row against the best mean-field posterior, on the held-out rows; ≥ 0.</summary>
    public required double AmortizationGap { get; init; }

    /// <summary>Gets what the best mean-field posterior loses a row against the evidence, on the held-out rows; ≥ 0.</summary>
    public required double ApproximationGap { get; init; }

    /// <summary>Gets the learning rate of the epoch's steps.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Gets the time that training took so far, before a checkpoint included.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>Sums up the state in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text(
        $"epoch {Epoch} of {MaxEpochs}: held-out ELBO {ValidationElbo:G6}, amortization gap {AmortizationGap:G2} nats a row, learning rate {LearningRate:G2}, {Elapsed.TotalSeconds:F1} s");
}
