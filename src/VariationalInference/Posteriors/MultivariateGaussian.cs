using System.Collections.Immutable;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>A multivariate normal distribution N(μ, Σ), such as the exact posterior N(Λ⁻¹h, Λ⁻¹) of a row.</summary>
/// <remarks><threadsafety>Immutable, hence safe to share.</threadsafety></remarks>
public sealed class MultivariateGaussian
{
    private readonly CovarianceStructure _covariance;

    internal MultivariateGaussian(ImmutableArray<double> mean, CovarianceStructure covariance)
    {
        Mean = mean;
        _covariance = covariance;
        Variances = [.. Enumerable.Range(0, covariance.Size).Select(j => covariance[j, j])];
    }

    /// <summary>Gets the dimension J.</summary>
    public int Count => Mean.Length;

    /// <summary>Gets the mean μ, length J.</summary>
    public ImmutableArray<double> Mean { get; }

    /// <summary>Gets the marginal variances Σ_jj, length J.</summary>
    public ImmutableArray<double> Variances { get; }

    /// <summary>Gets the marginal distribution of one component.</summary>
    /// <param name="component">The component j, counted from 0.</param>
    /// <returns>N(μ_j, Σ_jj).</returns>
    public Gaussian this[int component] => new(Mean[component], Variances[component]);

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

    /// <summary>Returns the marginals side by side.</summary>
    /// <returns>The text.</returns>
    public override string ToString() =>
        "marginals " + string.Join(", ", Enumerable.Range(0, Count).Select(j => this[j].ToString()));
}
