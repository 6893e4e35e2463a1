using System.Text.Json.Serialization;

namespace VariationalInference;

/// <summary>An interval for a variance component, on the scale of standard deviations or correlations.</summary>
/// <remarks>
/// From <see cref="MixedModelFit.VarianceIntervals"/>.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// double[] yield = [9.8, 10.1, 10.0, 11.9, 12.2, 10.9, 11.1, 11.0];
/// string[] batch = ["a", "a", "a", "b", "b", "c", "c", "c"];
/// VarianceInterval batches = new MixedModel("yield", yield).Random("batch", batch).Fit().VarianceIntervals(0.95)[0];
/// Console.WriteLine(batches);   // batch (Intercept): sd 0.84466, …
/// </code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public readonly record struct VarianceInterval
{
    /// <summary>Gets the component.</summary>
    public required VarianceComponent Component { get; init; }

    /// <summary>Gets the lower end: standard deviation, or correlation.</summary>
    public required double Lower { get; init; }

    /// <summary>Gets the upper end.</summary>
    public required double Upper { get; init; }

    /// <summary>Returns the component and its interval.</summary>
    /// <returns>The text.</returns>
    public override string ToString()
    {
        string name = Component.Effect.Length == 0 ? Component.Group : $"{Component.Group} {Component.Effect}";
        return Component.OtherEffect is null
            ? Guard.Text($"{name}: sd {Component.SdOrCorrelation:G5}, {Lower:G5} to {Upper:G5}")
            : Guard.Text($"{name}, {Component.OtherEffect}: correlation {Component.SdOrCorrelation:G3}, {Lower:G3} to {Upper:G3}");
    }
}
