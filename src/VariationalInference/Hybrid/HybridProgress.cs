namespace VariationalInference;

/// <summary>Where training stands after an epoch. Values a row are means over rows, in nats, with every constant.</summary>
/// <param name="Epoch">The number of epochs done; 0 is the untrained encoder.</param>
/// <param name="MaxEpochs">The largest number of epochs.</param>
/// <param name="TrainingElbo">The exact ELBO a row over the epoch's training rows, each as it was visited; NaN when none was, at epoch 0 or after
/// a cancellation.</param>
/// <param name="OptimizationGap">What the coordinate latents of these rows lost a row by stopping after <see cref="HybridOptions.CoordinateSweeps"/>
/// sweeps; 0 when they are solved exactly, and NaN where <paramref name="TrainingElbo"/> is.</param>
/// <param name="ValidationElbo">The exact ELBO a row on the held-out rows.</param>
/// <param name="ValidationLogEvidence">The exact log evidence a row on the held-out rows.</param>
/// <param name="AmortizationGap">What the encoder loses a row against the best mean-field posterior, on the held-out rows; ≥ 0.</param>
/// <param name="ApproximationGap">What the best mean-field posterior loses a row against the evidence, on the held-out rows; ≥ 0.</param>
/// <param name="LearningRate">The learning rate of the epoch's steps.</param>
/// <param name="Elapsed">The time that training took so far, before a checkpoint included.</param>
public sealed record HybridProgress(
    int Epoch,
    int MaxEpochs,
    double TrainingElbo,
    double OptimizationGap,
    double ValidationElbo,
    double ValidationLogEvidence,
    double AmortizationGap,
    double ApproximationGap,
    double LearningRate,
    TimeSpan Elapsed);
