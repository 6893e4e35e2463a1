using System.Text.Json.Serialization;

namespace VariationalInference;

/// <summary>A fixed effect of a <see cref="MixedModelFit"/>.</summary>
/// <remarks><threadsafety>Immutable, hence safe to share.</threadsafety></remarks>
/// <example>
/// <code language="csharp">
/// double[] yield = [9.8, 10.1, 10.0, 11.9, 12.2, 10.9, 11.1, 11.0];
/// string[] batch = ["a", "a", "a", "b", "b", "c", "c", "c"];
/// FixedEffect mean = new MixedModel("yield", yield).Random("batch", batch).Fit().FixedEffects[0];
/// Console.WriteLine(mean);   // (Intercept): 11.0038 (standard error 0.49)
/// (double lower, double upper) = mean.Interval(0.95);
/// Console.WriteLine($"{lower:F2} to {upper:F2}");   // 10.04 to 11.97
/// </code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public readonly record struct FixedEffect
{
    /// <summary>Gets the column's name.</summary>
    public required string Name { get; init; }

    /// <summary>Gets the estimate.</summary>
    public required double Estimate { get; init; }

    /// <summary>Gets its standard error at the estimated variances.</summary>
    public required double StandardError { get; init; }

    /// <summary>Gets the estimate over its standard error.</summary>
    public double ZValue => Estimate / StandardError;

    /// <summary>Returns the interval estimate ± quantile · standard error (Wald).</summary>
    /// <param name="probability">The coverage for many groups. Range: 0 &lt; probability &lt; 1.</param>
    /// <returns>The interval's ends.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="probability"/> is outside its range.</exception>
    public (double Lower, double Upper) Interval(double probability) => new LearnedParameter(Estimate, StandardError).Interval(probability);

    /// <summary>Returns the name, the estimate and its standard error.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => $"{Name}: {new LearnedParameter(Estimate, StandardError)}";
}
