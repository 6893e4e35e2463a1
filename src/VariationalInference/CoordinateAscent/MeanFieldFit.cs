using System.Text.Json.Serialization;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>The mean-field posterior that <see cref="CaviSolver"/> found for a row of a <see cref="LinearModel"/>, and how good it is.</summary>
/// <remarks>
/// Its variances are mostly far too small; <see cref="LinearResponse"/> mends them, and <see cref="FixedFormSolver"/> does without the assumption behind them.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// Matrix<double> design = Matrix<double>.Build.DenseOfArray(new double[,] { { 1, -1 }, { 1, 0 }, { 1, 1 }, { 1, 2 } });
/// var model = new LinearModel(design, Likelihood.Bernoulli(), GaussianPrior.Independent(count: 2, variance: 6.25));
/// MeanFieldFit fit = new CaviSolver().Solve(model, [0, 0, 1, 1]);
/// Console.WriteLine($"{fit.Posterior.Variances[1]:F2} by mean field, {fit.LinearResponse()[1, 1]:F2} by linear response");   // 2.02 by mean field, 2.60 by linear response
/// ]]></code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed partial record MeanFieldFit : LinearModelFit
{
    private readonly Lazy<Matrix<double>> _response;

    internal MeanFieldFit(Func<Matrix<double>> respond) => _response = new Lazy<Matrix<double>>(respond);

    /// <summary>Gets the posterior.</summary>
    public required MeanFieldGaussian Posterior { get; init; }

    /// <summary>Returns how the means answer to a pull on each latent, the covariance of linear response (Giordano, Broderick and Jordan, 2018).</summary>
    /// <remarks>For Gaussian cells it is the exact covariance. It is not defined where the fit has not converged.</remarks>
    /// <returns>A new J×J matrix: the derivatives of the means in h, where hᵀz is added to the log joint.</returns>
    public Matrix<double> LinearResponse() => _response.Value.Clone();

    /// <summary>Sums up the posterior in a table: the mean, standard deviation and interval of each latent.</summary>
    /// <param name="names">The names of the latents, length J; <see langword="null"/> means the posterior's own, or else z1, z2, ….</param>
    /// <param name="probability">The probability of the intervals. Range: 0 &lt; probability &lt; 1.</param>
    /// <returns>The table, a row for each latent.</returns>
    /// <exception cref="ArgumentException"><paramref name="names"/> has another length or holds a null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="probability"/> is outside its range.</exception>
    public SummaryTable Summary(IReadOnlyList<string>? names = null, double probability = 0.95) => Posterior.Summary(names, probability);

    /// <summary>Sums up the outcome in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => $"mean field {Posterior} after {Outcome}";
}
