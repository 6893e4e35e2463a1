namespace VariationalInference;

/// <summary>A predicted response.</summary>
/// <remarks>
/// From <see cref="MixedModelFit.Predict"/>. Both standard deviations are at the estimated variances.
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
public readonly record struct Prediction
{
    /// <summary>Gets the expected response.</summary>
    public required double Mean { get; init; }

    /// <summary>Gets the standard deviation of what is expected: of the line, without the noise of a measurement.</summary>
    public required double MeanSd { get; init; }

    /// <summary>Gets the standard deviation of a measurement of weight 1: with noise.</summary>
    public required double Sd { get; init; }

    /// <summary>Returns the central interval for what is expected, mean ± quantile · <see cref="MeanSd"/>.</summary>
    /// <param name="probability">The probability. Range: 0 &lt; probability &lt; 1.</param>
    /// <returns>The interval's ends.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="probability"/> is outside its range.</exception>
    public (double Lower, double Upper) MeanInterval(double probability) => new LearnedParameter(Mean, MeanSd).Interval(probability);

    /// <summary>Returns the central interval for a measurement, mean ± quantile · <see cref="Sd"/>.</summary>
    /// <param name="probability">The probability. Range: 0 &lt; probability &lt; 1.</param>
    /// <returns>The interval's ends.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="probability"/> is outside its range.</exception>
    public (double Lower, double Upper) Interval(double probability) => new LearnedParameter(Mean, Sd).Interval(probability);

    /// <summary>Returns the mean and both standard deviations.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text($"{Mean:G6} (sd {MeanSd:G2}, of a measurement {Sd:G2})");
}
