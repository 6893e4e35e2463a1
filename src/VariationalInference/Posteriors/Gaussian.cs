using System.Globalization;
using System.Text.Json.Serialization;
using MathNet.Numerics.Distributions;

namespace VariationalInference;

/// <summary>A univariate normal distribution N(μ, σ²).</summary>
/// <remarks>
/// What is known of one latent: a factor of a <see cref="MeanFieldGaussian"/>, or a marginal of a <see cref="MultivariateGaussian"/>.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// Gaussian z1 = model.Posterior([1.2, 0.8])[0];
/// (double lower, double upper) = z1.Interval(0.95);
/// Console.WriteLine($"{z1}: {lower:F2} to {upper:F2}");   // N(0.28571, 0.71429): -1.37 to 1.94
/// </code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public readonly record struct Gaussian
{
    /// <summary>Initializes a new instance of the <see cref="Gaussian"/> struct.</summary>
    /// <param name="mean">The mean μ, in the latent's unit.</param>
    /// <param name="variance">The variance σ² (not the standard deviation), in the square of that unit. Range: at least 0.</param>
    /// <exception cref="ArgumentException">The mean is not finite, or the variance outside its range.</exception>
    public Gaussian(double mean, double variance)
    {
        Guard.AllFinite([mean], nameof(mean));
        Mean = mean;
        Variance = Guard.NonNegative(variance, nameof(variance));
    }

    /// <summary>Gets the mean μ, in the latent's unit.</summary>
    public double Mean { get; init; }

    /// <summary>Gets the variance σ² (not the standard deviation), in the square of that unit. Range: at least 0.</summary>
    public double Variance { get; init; }

    /// <summary>Gets the standard deviation σ.</summary>
    public double StandardDeviation => Math.Sqrt(Variance);

    /// <summary>Returns the central interval that holds the given probability.</summary>
    /// <param name="probability">The probability inside. Range: 0 &lt; probability &lt; 1; 0.95 gives μ ± 1.96 σ.</param>
    /// <returns>The interval's ends.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="probability"/> is outside its range.</exception>
    public (double Lower, double Upper) Interval(double probability)
    {
        if (!(probability > 0 && probability < 1))
        {
            throw new ArgumentOutOfRangeException(
                nameof(probability), probability, Guard.Text($"probability is {probability}; it must lie strictly between 0 and 1."));
        }

        double reach = StandardDeviation * Normal.InvCDF(0, 1, 0.5 + (probability / 2));
        return (Mean - reach, Mean + reach);
    }

    /// <summary>Returns the distribution as <c>N(mean, variance)</c> with five significant digits.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"N({Mean:G5}, {Variance:G5})");
}
