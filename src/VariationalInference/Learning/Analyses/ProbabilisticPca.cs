using System.Collections.Immutable;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Factorization;

namespace VariationalInference;

/// <summary>
/// Probabilistic principal component analysis: x = Wf + b + ε with f ~ N(0, I) and one noise variance σ² (Tipping and Bishop, 1999).
/// </summary>
/// <remarks>
/// Take it where all columns have the same unit and the same noise. The closed form costs O(K³).
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// var covariance = Matrix<double>.Build.DenseOfRowArrays([2.0, 1.0, 0.0], [1.0, 2.0, 0.0], [0.0, 0.0, 1.0]);
/// ProbabilisticPca pca = ProbabilisticPca.Solve(SufficientStatistics.OfMoments(100, [0, 0, 0], covariance), componentCount: 1);
/// Console.WriteLine($"{pca.Eigenvalues[0]:F3}, {pca.Eigenvalues[1]:F3}, {pca.Eigenvalues[2]:F3}");   // 3.000, 1.000, 1.000
/// Console.WriteLine($"{pca.NoiseVariance:F3}");   // 1.000
/// Console.WriteLine(pca.Model.Posterior([1, 1, 0]));   // marginals N(0.66667, 0.33333)
/// ]]></code>
/// </example>
public sealed class ProbabilisticPca
{
    private ProbabilisticPca(
        LinearGaussianModel model, double noiseVariance, double logEvidence, ImmutableArray<double> eigenvalues, VariationalEmResult? fit)
    {
        Model = model;
        NoiseVariance = noiseVariance;
        LogEvidence = logEvidence;
        Eigenvalues = eigenvalues;
        Fit = fit;
    }

    /// <summary>Gets the model, for inference; where the noise variance is 0, with <see cref="VariationalEmResult.ZeroVarianceStandIn"/> of the total variance.</summary>
    public LinearGaussianModel Model { get; }

    /// <summary>Gets how learning went; <see langword="null"/> for the closed form.</summary>
    public VariationalEmResult? Fit { get; }

    /// <summary>Gets the noise variance σ²: the mean of the K − J smallest eigenvalues.</summary>
    public double NoiseVariance { get; }

    /// <summary>Gets the log evidence of all rows, in nats, with every constant; +∞ where the noise variance is 0.</summary>
    public double LogEvidence { get; }

    /// <summary>
    /// Gets the eigenvalues of the covariance matrix (with divisor N), in descending order, length K; where <see cref="Fit"/> is there, those of
    /// the learned covariance WWᵀ + σ²I over the columns that have cells.
    /// </summary>
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
        Evd<double> spectrum = (complete.CrossProducts() / complete.RowCount).Evd(Symmetricity.Symmetric);

        // Centred, n rows span n − 1 dimensions; what else there is is rounding.
        double[] values = [.. spectrum.EigenValues.Reverse().Select((value, j) => j < complete.RowCount - 1 ? Math.Max(value.Real, 0) : 0)];
        double noise = values.Skip(componentCount).Average();
        double total = values.Sum();
        double logDeterminant = values.Take(componentCount).Sum(Math.Log) + ((columns - componentCount) * Math.Log(noise));
        double logEvidence = -0.5 * complete.RowCount * ((columns * Math.Log(2 * Math.PI)) + logDeterminant + columns);
        Matrix<double> loadings = Matrix<double>.Build.Dense(columns, componentCount, (k, j) =>
            Math.Sqrt(Math.Max(values[j] - noise, 0)) * spectrum.EigenVectors[k, columns - 1 - j]);
        double positive = noise > 0 ? noise : VariationalEmResult.ZeroVarianceStandIn * (total > 0 ? total : 1);
        var model = new LinearGaussianModel(
            loadings,
            complete.Means.AsSpan(),
            Enumerable.Repeat(positive, columns).ToArray(),
            new double[componentCount],
            Enumerable.Repeat(1.0, componentCount).ToArray());
        return new ProbabilisticPca(model, noise, noise > 0 ? logEvidence : double.PositiveInfinity, [.. values], fit: null);
    }

    /// <summary>Learns from the statistics of a table that may have missing cells, by climbing the likelihood.</summary>
    /// <param name="statistics">The statistics.</param>
    /// <param name="componentCount">The number of components J. Range: 1 to the number of columns.</param>
    /// <param name="starts">The number of starts; see <see cref="VariationalEmOptions.Starts"/>. Range: at least 1.</param>
    /// <param name="seed">The seed of the starts that are drawn.</param>
    /// <param name="cancellationToken">Stops the work; what was learned so far is returned.</param>
    /// <returns>The solution; of complete rows, that of the closed form.</returns>
    /// <exception cref="ArgumentException">An argument is outside its range.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled before anything was learned.</exception>
    public static ProbabilisticPca Learn(
        SufficientStatistics statistics, int componentCount, int starts = 8, int seed = 0, CancellationToken cancellationToken = default)
    {
        LinearGaussianModel start = FactorAnalysis.Start(statistics, componentCount, nameof(componentCount));
        Guard.AtLeast(starts, 1, nameof(starts));
        var options = new VariationalEmOptions { Loadings = true, Offset = true, Starts = starts, Seed = seed };
        VariationalEmResult fit = new VariationalEm(options).Learn(start, statistics, null, cancellationToken);
        int[] columns = [.. statistics.Patterns.SelectMany(pattern => pattern.Observed).Distinct()];
        Matrix<double> loadings = fit.Loadings();
        double noise = fit.NoiseVariances[columns[0]];

        // The loadings stand in the rotation in which their columns are orthogonal, longest first.
        IEnumerable<double> eigenvalues = Enumerable.Range(0, columns.Length).Select(j =>
            noise + (j < componentCount ? columns.Sum(k => loadings[k, j] * loadings[k, j]) : 0));
        return new ProbabilisticPca(fit.Model, noise, fit.LogEvidence, [.. eigenvalues], fit);
    }

    /// <summary>Sums up the solution in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text(
        $"{Wording.Count(Model.LatentCount, "component")} of {Wording.Count(Model.ObservationCount, "column")}, noise variance {NoiseVariance:G5}, log evidence {LogEvidence:G8}");
}
