using System.Text.Json.Serialization;

namespace VariationalInference;

/// <summary>The Gaussians with full covariance that <see cref="FixedFormSolver"/> found for the rows of a table.</summary>
/// <remarks>
/// Memory: O(J²) a row.
/// <threadsafety>Safe to share, as long as nobody writes <see cref="LinearModelTable.Means"/>, from which posteriors are read.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// var model = new LinearModel(Matrix<double>.Build.Dense(3, 1, 1), Likelihood.Bernoulli(), GaussianPrior.Independent(count: 1));
/// GaussianTable fits = new FixedFormSolver().Solve(model, Matrix<double>.Build.DenseOfRowArrays([1, 0, 1], [0, double.NaN, 0]));
/// Console.WriteLine(fits.Posterior(0));   // marginals N(0.30166, 0.60588)
/// ]]></code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed class GaussianTable : LinearModelTable
{
    private readonly double[][] _factors;

    internal GaussianTable(SitePass pass, double[][] factors)
        : base(pass) => _factors = factors;

    /// <summary>Returns the posterior of one row.</summary>
    /// <param name="row">The row n, counted from 0.</param>
    /// <returns>The posterior.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="row"/> is outside 0 … N − 1.</exception>
    /// <exception cref="InvalidOperationException">The work was cancelled before the row was solved.</exception>
    public MultivariateGaussian Posterior(int row)
    {
        Require(row);
        return new MultivariateGaussian([.. Means.Row(row)], DenseCovariance.Of(new LowerFactor(_factors[row], Means.ColumnCount))) { LatentNames = LatentNames };
    }

    private protected override GaussianPosterior PosteriorOf(int row) => Posterior(row);
}
