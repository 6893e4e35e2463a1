using System.Text.Json.Serialization;

namespace VariationalInference;

/// <summary>A variance or covariance that a mixed model learned: of a random effect, between two of a term, or of the residuals.</summary>
/// <remarks><threadsafety>Immutable, hence safe to share.</threadsafety></remarks>
/// <example>
/// <code language="csharp">
/// double[] yield = [9.8, 10.1, 10.0, 11.9, 12.2, 10.9, 11.1, 11.0];
/// string[] batch = ["a", "a", "a", "b", "b", "c", "c", "c"];
/// MixedModelFit fit = new MixedModel("yield", yield).Random("batch", batch).Fit();
/// Console.WriteLine(fit.VarianceComponents[0]);   // batch (Intercept): variance 0.71344, sd 0.84466
/// Console.WriteLine(fit.VarianceComponents[1]);   // Residual: variance 0.022345, sd 0.14948
/// </code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public readonly record struct VarianceComponent
{
    /// <summary>Gets the grouping factor, or Residual.</summary>
    public required string Group { get; init; }

    /// <summary>Gets the effect; empty for residuals.</summary>
    public required string Effect { get; init; }

    /// <summary>Gets the other effect of a covariance; <see langword="null"/> for a variance.</summary>
    public string? OtherEffect { get; init; }

    /// <summary>Gets the variance or covariance.</summary>
    public required double Value { get; init; }

    /// <summary>Gets its standard error from the observed information; NaN at a boundary, and where the data do not tell it from others. Intervals are better taken from <see cref="MixedModelFit.VarianceIntervals"/>.</summary>
    public required double StandardError { get; init; }

    /// <summary>Gets the standard deviation, or the correlation of the two effects; NaN where one of them does not vary.</summary>
    public required double SdOrCorrelation { get; init; }

    /// <summary>Returns the component in a line.</summary>
    /// <returns>The text.</returns>
    public override string ToString()
    {
        string name = Effect.Length == 0 ? Group : OtherEffect is null ? $"{Group} {Effect}" : $"{Group} {Effect}, {OtherEffect}";
        return OtherEffect is null
            ? Guard.Text($"{name}: variance {Value:G5}, sd {SdOrCorrelation:G5}")
            : Guard.Text($"{name}: covariance {Value:G5}, correlation {SdOrCorrelation:G3}");
    }
}
