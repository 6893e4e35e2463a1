using System.Collections.Immutable;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>A multivariate normal distribution N(μ, Σ), such as the exact posterior N(Λ⁻¹h, Λ⁻¹) of a row.</summary>
/// <remarks>
/// From <see cref="LinearGaussianModel.Posterior"/>, or with the same covariance from <see cref="CaviResult.LinearResponse"/>. For Gaussian
/// sums it holds O(J) numbers, for other models J².
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// MultivariateGaussian posterior = model.Posterior([1.2, 0.8]);
/// Console.WriteLine(posterior[0]);   // N(0.28571, 0.71429)
/// Console.WriteLine($"{posterior.Covariance(0, 1):F5}");   // -0.28571
/// double sum = posterior.CovarianceMatrix().Enumerate().Sum();
/// Console.WriteLine($"the sum of the latents has variance {sum:F5}");   // the sum of the latents has variance 0.42857
/// </code>
/// </example>
public sealed class MultivariateGaussian
{
    private readonly CovarianceStructure _covariance;

    internal MultivariateGaussian(ImmutableArray<double> means, CovarianceStructure covariance)
    {
        Means = means;
        _covariance = covariance;
        Variances = [.. Enumerable.Range(0, covariance.Size).Select(j => covariance[j, j])];
    }

    /// <summary>Gets the dimension J.</summary>
    public int Count => Means.Length;

    /// <summary>Gets the means μ, length J.</summary>
    public ImmutableArray<double> Means { get; }

    /// <summary>Gets the marginal variances Σ_jj, length J.</summary>
    public ImmutableArray<double> Variances { get; }

    /// <summary>Gets the marginal distribution of one component.</summary>
    /// <param name="component">The component j, counted from 0.</param>
    /// <returns>N(μ_j, Σ_jj).</returns>
    public Gaussian this[int component] => new(Means[component], Variances[component]);

    /// <summary>Returns one element of the covariance matrix.</summary>
    /// <param name="i">The row, counted from 0.</param>
    /// <param name="j">The column, counted from 0.</param>
    /// <returns>Σ_ij.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An index is outside 0 … J − 1.</exception>
    public double Covariance(int i, int j)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(i);
        ArgumentOutOfRangeException.ThrowIfNegative(j);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(i, Count);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(j, Count);
        return _covariance[i, j];
    }

    /// <summary>Writes out the covariance matrix.</summary>
    /// <returns>A new J×J matrix Σ.</returns>
    public Matrix<double> CovarianceMatrix() => Matrix<double>.Build.Dense(Count, Count, Covariance);

    /// <summary>Returns the marginals side by side; of many, the first ones.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => "marginals " + Wording.Join(", ", Count, j => this[j].ToString());
}
