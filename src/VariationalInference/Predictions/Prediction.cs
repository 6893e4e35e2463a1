using System.Text.Json.Serialization;
using MathNet.Numerics.Distributions;

namespace VariationalInference;

/// <summary>A predicted measurement: what is expected, and how far a measurement may lie from it.</summary>
/// <remarks>
/// From <see cref="Predictor"/>, <see cref="BayesianRegression.Predict(ReadOnlySpan{double}, bool)"/> and <see cref="MixedModelFit.Predict"/>. Both standard
/// deviations are at the model's variances, which where they were learned are estimates.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// double[] yield = [9.8, 10.1, 10.0, 11.9, 12.2, 10.9, 11.1, 11.0];
/// string[] batch = ["a", "a", "a", "b", "b", "c", "c", "c"];
/// MixedModelFit fit = new MixedModel("yield", yield).Random("batch", batch).Fit();
/// Prediction known = fit.Predict([], [("batch", ["b"])])[0];
/// Prediction unknown = fit.Predict([], [("batch", ["d"])])[0];
/// Console.WriteLine($"{known.Mean:F2} {known.MeanSd:F2}, {unknown.Mean:F2} {unknown.MeanSd:F2}");   // 12.03 0.11, 11.00 0.98
/// </code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public readonly record struct Prediction
{
    /// <summary>Gets what is expected.</summary>
    public required double Mean { get; init; }

    /// <summary>Gets the standard deviation of what is expected: of the signal, without the noise of a measurement.</summary>
    public required double MeanSd { get; init; }

    /// <summary>Gets the standard deviation of a measurement, with its noise; of a mixed model, of one of weight 1.</summary>
    public required double Sd { get; init; }

    /// <summary>Returns the central interval for what is expected, mean ± quantile · <see cref="MeanSd"/>.</summary>
    /// <param name="probability">The probability. Range: 0 &lt; probability &lt; 1.</param>
    /// <returns>The interval's ends.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="probability"/> is outside its range.</exception>
    public (double Lower, double Upper) MeanInterval(double probability) => Around(MeanSd, probability);

    /// <summary>Returns the central interval for a measurement, mean ± quantile · <see cref="Sd"/>.</summary>
    /// <param name="probability">The probability. Range: 0 &lt; probability &lt; 1.</param>
    /// <returns>The interval's ends.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="probability"/> is outside its range.</exception>
    public (double Lower, double Upper) Interval(double probability) => Around(Sd, probability);

    /// <summary>Evaluates the log density of a measurement, in nats.</summary>
    /// <param name="value">The measurement, finite.</param>
    /// <returns>log N(value | mean, sd²).</returns>
    /// <exception cref="ArgumentException"><paramref name="value"/> is not finite.</exception>
    public double LogDensity(double value)
    {
        Guard.AllFinite([value], nameof(value));
        double standard = (value - Mean) / Sd;
        return -0.5 * (Math.Log(2 * Math.PI) + (2 * Math.Log(Sd)) + (standard * standard));
    }

    /// <summary>
    /// Evaluates the distribution function at a measurement, its probability integral transform: where predictions are right, transforms are uniform
    /// between 0 and 1.
    /// </summary>
    /// <param name="value">The measurement, finite.</param>
    /// <returns>The probability of a smaller one.</returns>
    /// <exception cref="ArgumentException"><paramref name="value"/> is not finite.</exception>
    public double ProbabilityBelow(double value)
    {
        Guard.AllFinite([value], nameof(value));
        return Normal.CDF(0, 1, (value - Mean) / Sd);
    }

    /// <summary>Returns the mean and both standard deviations.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text($"{Mean:G6} (sd {MeanSd:G2}, of a measurement {Sd:G2})");

    internal static Prediction Of(double mean, double signalVariance, double noiseVariance) =>
        new() { Mean = mean, MeanSd = Math.Sqrt(signalVariance), Sd = Math.Sqrt(signalVariance + noiseVariance) };

    /// <summary>Returns mean, both standard deviations, and the interval of a measurement.</summary>
    internal double[] Numbers(double probability)
    {
        (double lower, double upper) = Interval(probability);
        return [Mean, MeanSd, Sd, lower, upper];
    }

    private (double Lower, double Upper) Around(double deviation, double probability)
    {
        double reach = deviation * new Gaussian(0, 1).Interval(probability).Upper;
        return (Mean - reach, Mean + reach);
    }
}
