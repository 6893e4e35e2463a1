using MathNet.Numerics.Distributions;

namespace VariationalInference;

/// <summary>A learned parameter and how well the data determine it.</summary>
/// <param name="Value">The estimate.</param>
/// <param name="StandardError">Its standard error; NaN at a boundary.</param>
public readonly record struct LearnedParameter(double Value, double StandardError)
{
    /// <summary>Returns the interval estimate ± quantile · standard error, which for a variance may reach below zero.</summary>
    /// <param name="probability">The coverage for large samples. Range: 0 &lt; probability &lt; 1; 0.95 gives ± 1.96 standard errors.</param>
    /// <returns>The interval's ends; NaN where there is no standard error.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="probability"/> is outside its range.</exception>
    public (double Lower, double Upper) Interval(double probability)
    {
        if (!(probability > 0 && probability < 1))
        {
            throw new ArgumentOutOfRangeException(
                nameof(probability), probability, Guard.Text($"probability is {probability}; it must lie strictly between 0 and 1."));
        }

        double reach = StandardError * Normal.InvCDF(0, 1, 0.5 + (probability / 2));
        return (Value - reach, Value + reach);
    }
}
