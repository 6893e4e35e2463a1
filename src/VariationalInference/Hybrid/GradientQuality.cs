namespace VariationalInference;

/// <summary>How much of a minibatch's gradient in the encoder's parameters is signal, with one estimator.</summary>
/// <remarks>
/// The signal is the exact gradient over all rows that were given: the analytic estimator has it without noise. What a minibatch's gradient
/// adds to it has two independent parts, the choice of its rows and the draws of the estimator; all are root mean squares of Euclidean norms.
/// Near an optimum the signal vanishes and with it every ratio, so compare estimators with each other, not with one.
/// </remarks>
/// <param name="Estimator">The estimator.</param>
/// <param name="Signal">The norm of the exact gradient over all rows, in nats a row.</param>
/// <param name="RowNoise">What the choice of rows adds, whatever the estimator.</param>
/// <param name="DrawNoise">What the estimator's draws add; 0 for <see cref="GradientEstimator.Analytic"/>.</param>
public sealed record GradientQuality(GradientEstimator Estimator, double Signal, double RowNoise, double DrawNoise)
{
    /// <summary>Gets the signal-to-noise ratio ‖E[ĝ]‖ / √E‖ĝ − E[ĝ]‖² (Rainforth et al., 2018).</summary>
    public double SignalToNoise => Signal / Math.Sqrt((RowNoise * RowNoise) + (DrawNoise * DrawNoise));
}
