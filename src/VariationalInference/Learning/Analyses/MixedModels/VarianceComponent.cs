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
/// <param name="Group">The grouping factor, or Residual.</param>
/// <param name="Effect">The effect; empty for residuals.</param>
/// <param name="OtherEffect">The other effect of a covariance; <see langword="null"/> for a variance.</param>
/// <param name="Value">The variance or covariance.</param>
/// <param name="StandardError">
/// Its standard error from the observed information; NaN at a boundary, and where the data do not tell it from others. Intervals are better taken from
/// <see cref="MixedModelFit.VarianceIntervals"/>.
/// </param>
/// <param name="SdOrCorrelation">The standard deviation, or the correlation of the two effects; NaN where one of them does not vary.</param>
public readonly record struct VarianceComponent(
    string Group, string Effect, string? OtherEffect, double Value, double StandardError, double SdOrCorrelation)
{
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
