using System.Text.Json.Serialization;

namespace VariationalInference;

/// <summary>How much of a minibatch's gradient in the encoder's parameters is signal, with one estimator.</summary>
/// <remarks>
/// The signal is the exact gradient over all rows that were given: the analytic estimator has it without noise. What a minibatch's gradient
/// adds to it has two independent parts, the choice of its rows and the draws of the estimator; all are root mean squares of Euclidean
/// norms. Near an optimum the signal vanishes and with it every ratio, so compare estimators with each other, not with one. From
/// <see cref="GradientDiagnostics"/>.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// Matrix<double> rows = model.Sample(2_000, seed: 1).Observations;
/// HybridResult hybrid = new HybridSolver().Fit(model, new MlpEncoder(observationCount: 2, latentCount: 1), rows);
///
/// foreach (GradientQuality quality in GradientDiagnostics.Measure(hybrid, rows).Values)
/// {
///     Console.WriteLine(quality);   // …: signal …, noise of rows … and of draws …, signal to noise …
/// }
/// ]]></code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed record GradientQuality
{
    /// <summary>Gets the estimator.</summary>
    public required GradientEstimator Estimator { get; init; }

    /// <summary>Gets the norm of the exact gradient over all rows, in nats a row.</summary>
    public required double Signal { get; init; }

    /// <summary>Gets what the choice of rows adds, whatever the estimator.</summary>
    public required double RowNoise { get; init; }

    /// <summary>Gets what the estimator's draws add; 0 for <see cref="GradientEstimator.Analytic"/>.</summary>
    public required double DrawNoise { get; init; }

    /// <summary>Gets the signal-to-noise ratio ‖E[ĝ]‖ / √E‖ĝ − E[ĝ]‖² (Rainforth et al., 2018).</summary>
    public double SignalToNoise => Signal / Math.Sqrt((RowNoise * RowNoise) + (DrawNoise * DrawNoise));

    /// <summary>Sums up the quality in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text(
        $"{Estimator}: signal {Signal:G3}, noise of rows {RowNoise:G3} and of draws {DrawNoise:G3}, signal to noise {SignalToNoise:G3}");
}
