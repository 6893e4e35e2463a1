using System.Text.Json.Serialization;

namespace VariationalInference;

/// <summary>The mean-field posteriors that <see cref="CaviSolver"/> found for the rows of a table by a <see cref="LinearModel"/>.</summary>
/// <remarks>
/// Their variances are mostly far too small: <see cref="GaussianTable"/> has what to report.
/// <threadsafety>Safe to share, as long as nobody writes <see cref="LinearModelTable.Means"/>, from which posteriors are read.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// var model = new LinearModel(Matrix<double>.Build.Dense(3, 1, 1), Likelihood.Bernoulli(), GaussianPrior.Independent(count: 1));
/// MeanFieldTable fits = new CaviSolver().Solve(model, Matrix<double>.Build.DenseOfRowArrays([1, 0, 1], [0, double.NaN, 0]));
/// Console.WriteLine(fits.Posterior(0));   // N(0.30166, 0.60588)
/// ]]></code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed class MeanFieldTable : LinearModelTable
{
    private readonly double[][] _variances;

    internal MeanFieldTable(SitePass pass, double[][] variances)
        : base(pass) => _variances = variances;

    /// <summary>Returns the posterior of one row.</summary>
    /// <param name="row">The row n, counted from 0.</param>
    /// <returns>The posterior.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="row"/> is outside 0 … N − 1.</exception>
    /// <exception cref="InvalidOperationException">The work was cancelled before the row was solved.</exception>
    public MeanFieldGaussian Posterior(int row)
    {
        Require(row);
        return new MeanFieldGaussian(Means.Row(row).ToArray(), _variances[row]) { LatentNames = LatentNames };
    }

    private protected override GaussianPosterior PosteriorOf(int row) => Posterior(row);
}
