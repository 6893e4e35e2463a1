using System.Text.Json.Serialization;

namespace VariationalInference;

/// <summary>What is known of a random effect of one level: its posterior at the estimated variances, which is normal and exact.</summary>
/// <remarks><threadsafety>Immutable, hence safe to share.</threadsafety></remarks>
/// <example>
/// <code language="csharp">
/// double[] yield = [9.8, 10.1, 10.0, 11.9, 12.2, 10.9, 11.1, 11.0];
/// string[] batch = ["a", "a", "a", "b", "b", "c", "c", "c"];
/// RandomEffectPosterior effect = new MixedModel("yield", yield).Random("batch", batch).Fit().RandomTerms[0]["b"];
/// Console.WriteLine(effect);   // 1.0301 (sd 0.49)
/// Console.WriteLine($"{effect.ConditionalSd:F3}");   // 0.105
/// </code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public readonly record struct RandomEffectPosterior
{
    /// <summary>Gets the mean, the conditional mode.</summary>
    public required double Mean { get; init; }

    /// <summary>Gets the standard deviation with the fixed effects taken as known; its square is lme4's condVar.</summary>
    public required double ConditionalSd { get; init; }

    /// <summary>Gets the standard deviation of what the effect is from its mean, the fixed effects' uncertainty included.</summary>
    public required double Sd { get; init; }

    /// <summary>Returns the central interval, mean ± quantile · <see cref="Sd"/>.</summary>
    /// <param name="probability">The probability. Range: 0 &lt; probability &lt; 1.</param>
    /// <returns>The interval's ends.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="probability"/> is outside its range.</exception>
    public (double Lower, double Upper) Interval(double probability) => new LearnedParameter(Mean, Sd).Interval(probability);

    /// <summary>Returns the mean and the standard deviation.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text($"{Mean:G5} (sd {Sd:G2})");
}
