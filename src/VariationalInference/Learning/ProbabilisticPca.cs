using System.Collections.Immutable;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Factorization;

namespace VariationalInference;

/// <summary>
/// Probabilistic principal component analysis: x = Wf + b + ε with f ~ N(0, I) and one noise variance σ² (Tipping and Bishop, 1999).
/// </summary>
/// <remarks><threadsafety>Immutable, hence safe to share.</threadsafety></remarks>
public sealed class ProbabilisticPca
{
    private ProbabilisticPca(LinearGaussianModel model, double noiseVariance, double logEvidence, ImmutableArray<double> eigenvalues)
    {
        Model = model;
        NoiseVariance = noiseVariance;
        LogEvidence = logEvidence;
        Eigenvalues = eigenvalues;
    }

    /// <summary>Gets the model, for inference; where the noise variance is 0, with <see cref="VariationalEmResult.ZeroVarianceStandIn"/> of the total variance.</summary>
    public LinearGaussianModel Model { get; }

    /// <summary>Gets the noise variance σ²: the mean of the K − J smallest eigenvalues.</summary>
    public double NoiseVariance { get; }

    /// <summary>Gets the log evidence of all rows, in nats, with every constant; +∞ where the noise variance is 0.</summary>
    public double LogEvidence { get; }

    /// <summary>Gets the eigenvalues of the covariance matrix (with divisor N), in descending order, length K.</summary>
    public ImmutableArray<double> Eigenvalues { get; }

    /// <summary>
    /// Solves for the maximum of the likelihood of complete rows in closed form: W = U(Λ − σ²I)^½ from the J largest eigenvalues and
    /// eigenvectors of the covariance matrix.
    /// </summary>
    /// <param name="statistics">The statistics of a table without missing cells.</param>
    /// <param name="componentCount">The number of components J. Range: 1 to the number of columns less 1.</param>
    /// <returns>The solution.</returns>
    /// <exception cref="ArgumentException"><paramref name="statistics"/> have missing cells, or the number of components is outside its range.</exception>
    public static ProbabilisticPca Solve(SufficientStatistics statistics, int componentCount)
    {
        ArgumentNullException.ThrowIfNull(statistics);
        int columns = statistics.ColumnCount;
        if (componentCount < 1 || componentCount >= columns)
        {
            throw new ArgumentOutOfRangeException(
                nameof(componentCount),
                componentCount,
                Guard.Text($"{nameof(componentCount)} is {componentCount}; it must be at least 1 and less than {columns}, the number of columns."));
        }

        if (statistics.Patterns.Length > 1 || statistics.Patterns[0].Observed.Length < columns)
        {
            throw new ArgumentException("statistics have missing cells, for which there is no closed form; Learn takes them.", nameof(statistics));
        }

        PatternStatistics complete = statistics.Patterns[0];
        Evd<double> spectrum = (complete.CrossProducts() / complete.Count).Evd(Symmetricity.Symmetric);

        // Centred, n rows span n − 1 dimensions; what else there is is rounding.
        double[] values = [.. spectrum.EigenValues.Reverse().Select((value, j) => j < complete.Count - 1 ? Math.Max(value.Real, 0) : 0)];
        double noise = values.Skip(componentCount).Average();
        double total = values.Sum();
        double logDeterminant = values.Take(componentCount).Sum(Math.Log) + ((columns - componentCount) * Math.Log(noise));
        double logEvidence = -0.5 * complete.Count * ((columns * Math.Log(2 * Math.PI)) + logDeterminant + columns);
        Matrix<double> loadings = Matrix<double>.Build.Dense(columns, componentCount, (k, j) =>
            Math.Sqrt(Math.Max(values[j] - noise, 0)) * spectrum.EigenVectors[k, columns - 1 - j]);
        double positive = noise > 0 ? noise : VariationalEmResult.ZeroVarianceStandIn * (total > 0 ? total : 1);
        var model = new LinearGaussianModel(
            loadings,
            complete.Means.AsSpan(),
            Enumerable.Repeat(positive, columns).ToArray(),
            new double[componentCount],
            Enumerable.Repeat(1.0, componentCount).ToArray());
        return new ProbabilisticPca(model, noise, noise > 0 ? logEvidence : double.PositiveInfinity, [.. values]);
    }

    /// <summary>Learns from the statistics of a table that may have missing cells, by climbing the likelihood.</summary>
    /// <param name="statistics">The statistics.</param>
    /// <param name="componentCount">The number of components J. Range: 1 to the number of columns.</param>
    /// <param name="starts">The number of starts; see <see cref="VariationalEmOptions.Starts"/>. Range: at least 1.</param>
    /// <param name="seed">The seed of the starts that are drawn.</param>
    /// <param name="cancellationToken">Stops the work; what was learned so far is returned.</param>
    /// <returns>What was learned; of complete rows, the closed form.</returns>
    /// <exception cref="ArgumentException">An argument is outside its range.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled before anything was learned.</exception>
    public static VariationalEmResult Learn(
        SufficientStatistics statistics, int componentCount, int starts = 8, int seed = 0, CancellationToken cancellationToken = default)
    {
        LinearGaussianModel start = FactorAnalysis.Start(statistics, componentCount, nameof(componentCount));
        Guard.AtLeast(starts, 1, nameof(starts));
        var options = new VariationalEmOptions { Loadings = true, Offset = true, Starts = starts, Seed = seed };
        return new VariationalEm(options).Learn(start, statistics, null, cancellationToken);
    }
}
