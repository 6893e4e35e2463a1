using System.Collections.Immutable;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>
/// Factor analysis: x = Λf + b + ε with factors f ~ N(0, I) and a noise variance for each observation, by maximum likelihood.
/// </summary>
/// <remarks>
/// The likelihood often has several optima, hundreds of nats apart, and some at which a noise variance is 0 (Heywood cases); hence several
/// starts, of which the best counts, and a warning. Observations in different units do no harm. Loadings are returned in the rotation in
/// which ΛᵀR⁻¹Λ is diagonal and descending. Take it where columns differ in their noise; where they share one variance take
/// <see cref="ProbabilisticPca"/>. An evaluation of the likelihood costs O(K³).
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// // The correlations of three tests that one ability explains.
/// var correlations = Matrix<double>.Build.DenseOfRowArrays([1.0, 0.56, 0.48], [0.56, 1.0, 0.42], [0.48, 0.42, 1.0]);
/// FactorAnalysis analysis = FactorAnalysis.Learn(SufficientStatistics.OfMoments(200, [0, 0, 0], correlations), factorCount: 1);
/// Console.WriteLine($"{analysis.Fit.Loadings()[0, 0]:F3}, uniqueness {analysis.Uniquenesses[0]:F3}");   // 0.800, uniqueness 0.360
/// Console.WriteLine(analysis.Fit.Model.LatentCount);   // 1
/// ]]></code>
/// </example>
public sealed class FactorAnalysis
{
    private FactorAnalysis(VariationalEmResult fit)
    {
        Fit = fit;
        Matrix<double> loadings = fit.Loadings();
        Uniquenesses = [.. fit.NoiseVariances.Select((variance, k) => variance / (variance + loadings.Row(k).DotProduct(loadings.Row(k))))];
    }

    /// <summary>Gets the learned model, and how learning went.</summary>
    public VariationalEmResult Fit { get; }

    /// <summary>Gets the part of each observation's variance that is noise, length K; NaN for a constant column.</summary>
    public ImmutableArray<double> Uniquenesses { get; }

    /// <summary>Learns from the statistics of a table, which may have missing cells.</summary>
    /// <param name="statistics">The statistics.</param>
    /// <param name="factorCount">The number of factors J. Range: 1 to the number of columns.</param>
    /// <param name="starts">The number of starts; see <see cref="VariationalEmOptions.Starts"/>. Range: at least 1.</param>
    /// <param name="seed">The seed of the starts that are drawn.</param>
    /// <param name="cancellationToken">Stops the work; what was learned so far is returned.</param>
    /// <returns>What was learned.</returns>
    /// <exception cref="ArgumentException">An argument is outside its range.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled before anything was learned.</exception>
    public static FactorAnalysis Learn(
        SufficientStatistics statistics, int factorCount, int starts = 8, int seed = 0, CancellationToken cancellationToken = default)
    {
        LinearGaussianModel start = Start(statistics, factorCount, nameof(factorCount));
        Guard.AtLeast(starts, 1, nameof(starts));
        var options = new VariationalEmOptions
        {
            NoiseVariances = VarianceLearning.Each,
            Loadings = true,
            Offset = true,
            Starts = starts,
            Seed = seed,
        };
        return new FactorAnalysis(new VariationalEm(options).Learn(start, statistics, null, cancellationToken));
    }

    /// <summary>Sums up the outcome in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => $"{Wording.Count(Fit.Model.LatentCount, "factor")}: {Fit}";

    /// <summary>Returns a model of the right size, with standard normal factors; everything else is to be learned.</summary>
    internal static LinearGaussianModel Start(SufficientStatistics statistics, int latents, string name)
    {
        ArgumentNullException.ThrowIfNull(statistics);
        int columns = statistics.ColumnCount;
        if (latents < 1 || latents > columns)
        {
            throw new ArgumentOutOfRangeException(name, latents, Guard.Text($"{name} is {latents}; it must be 1 to {columns}, the number of columns."));
        }

        double[] ones = [.. Enumerable.Repeat(1.0, columns)];
        return new LinearGaussianModel(
            Matrix<double>.Build.Dense(columns, latents, (k, j) => k == j ? 1 : 0.1),
            new double[columns],
            ones,
            new double[latents],
            ones.AsSpan(0, latents));
    }
}
