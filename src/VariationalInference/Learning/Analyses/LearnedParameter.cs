using System.Text.Json.Serialization;
using MathNet.Numerics.Distributions;

namespace VariationalInference;

/// <summary>A learned parameter and how well the data determine it.</summary>
/// <remarks>
/// One of the parameters of <see cref="OneWayRandomEffects"/>.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// OneWayRandomEffects effects = OneWayRandomEffects.Learn([[9.8, 10.1, 10.0], [11.9, 12.2], [10.9, 11.1, 11.0]]);
/// LearnedParameter within = effects.WithinVariance;
/// Console.WriteLine(within);   // 0.0223451 (standard error 0.014)
/// (double lower, double upper) = within.PositiveInterval(0.95);
/// Console.WriteLine($"{lower:F4} to {upper:F4}");   // 0.0065 to 0.0772
/// </code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public readonly record struct LearnedParameter
{
    /// <summary>Initializes a new instance of the <see cref="LearnedParameter"/> struct.</summary>
    /// <param name="value">The value.</param>
    /// <param name="standardError">The standard error; NaN where there is none.</param>
    public LearnedParameter(double value, double standardError)
    {
        Value = value;
        StandardError = standardError;
    }

    /// <summary>Gets the estimate.</summary>
    public double Value { get; init; }

    /// <summary>Gets its standard error; NaN at a boundary, and where the data cannot tell the parameter from others.</summary>
    public double StandardError { get; init; }

    /// <summary>Returns the interval estimate ± quantile · standard error.</summary>
    /// <param name="probability">The coverage for large samples. Range: 0 &lt; probability &lt; 1; 0.95 gives ± 1.96 standard errors.</param>
    /// <returns>The interval's ends; NaN where there is no standard error.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="probability"/> is outside its range.</exception>
    public (double Lower, double Upper) Interval(double probability)
    {
        double reach = StandardError * Quantile(probability);
        return (Value - reach, Value + reach);
    }

    /// <summary>Returns the same on the scale of logarithms, estimate · exp(± quantile · standard error / estimate), which stays above zero.</summary>
    /// <param name="probability">The coverage for large samples. Range: 0 &lt; probability &lt; 1.</param>
    /// <returns>The interval's ends; NaN where there is no standard error.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="probability"/> is outside its range.</exception>
    /// <exception cref="InvalidOperationException">The estimate has a standard error and is not positive.</exception>
    public (double Lower, double Upper) PositiveInterval(double probability)
    {
        double quantile = Quantile(probability);
        if (Value <= 0 && !double.IsNaN(StandardError))
        {
            throw new InvalidOperationException(Guard.Text($"The estimate is {Value}; an interval on the scale of logarithms needs one above zero."));
        }

        double factor = Math.Exp(StandardError / Value * quantile);
        return (Value / factor, Value * factor);
    }

    /// <summary>Returns the estimate and its standard error.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => double.IsNaN(StandardError)
        ? Guard.Text($"{Value:G6} (no standard error)")
        : Guard.Text($"{Value:G6} (standard error {StandardError:G2})");

    private static double Quantile(double probability) => probability > 0 && probability < 1
        ? Normal.InvCDF(0, 1, 0.5 + (probability / 2))
        : throw new ArgumentOutOfRangeException(
            nameof(probability), probability, Guard.Text($"probability is {probability}; it must lie strictly between 0 and 1."));
}
