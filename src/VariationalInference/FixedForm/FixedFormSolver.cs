namespace VariationalInference;

/// <summary>Finds the Gaussian with full covariance that is closest to the posterior of a <see cref="LinearModel"/>, with any likelihoods.</summary>
/// <remarks>
/// <para>
/// A cell acts on the posterior like a Gaussian observation of its predictor, a site, whose precision and location depend on where the predictor is:
/// solve for the posterior of the sites, let it say what they should be, and go on until nothing changes. Steps never lower the ELBO by more than its rounding.
/// </para>
/// <para>
/// For log-concave likelihoods the ELBO is strongly concave in the whitened means and a triangular root of the whitened covariance, so that there is one
/// optimum and the gradient bounds the distance from it. An iteration costs O(KJ²).
/// </para>
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// // A Bayesian logistic regression: an intercept, and one predictor.
/// Matrix<double> design = Matrix<double>.Build.DenseOfArray(new double[,] { { 1, -1 }, { 1, 0 }, { 1, 1 }, { 1, 2 } });
/// var model = new LinearModel(design, Likelihood.Bernoulli(), GaussianPrior.Independent(count: 2, variance: 6.25));
/// GaussianFit fit = new FixedFormSolver().Solve(model, [0, 0, 1, 1]);
/// Console.WriteLine($"{fit.StopReason}, {fit.Posterior[1].Mean > 0}");   // CertificateMet, True
/// ]]></code>
/// </example>
public sealed class FixedFormSolver
{
    /// <summary>Initializes a new instance of the <see cref="FixedFormSolver"/> class.</summary>
    /// <param name="options">When to stop; <see langword="null"/> for the defaults.</param>
    public FixedFormSolver(FixedFormOptions? options = null) => Options = options ?? new FixedFormOptions();

    /// <summary>Gets when it stops.</summary>
    public FixedFormOptions Options { get; }

    /// <summary>Finds the best Gaussian posterior of one row.</summary>
    /// <param name="model">The model.</param>
    /// <param name="row">The cells x, length K, each allowed by its likelihood, or NaN where missing.</param>
    /// <param name="sizes">The trials or exposures of the cells, length K; empty for 1 each.</param>
    /// <param name="cancellationToken">Ends the run; what was reached is returned.</param>
    /// <returns>The posterior, converged or not.</returns>
    /// <exception cref="ArgumentException">A length is wrong, or a cell is not allowed; the message names it.</exception>
    /// <exception cref="NonFiniteValueException">No posterior with a finite ELBO was found to start from.</exception>
    public GaussianFit Solve(LinearModel model, ReadOnlySpan<double> row, ReadOnlySpan<double> sizes = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        Guard.Length(row.Length, model.ObservationCount, nameof(row), "one for each cell of the model");
        if (!sizes.IsEmpty)
        {
            Guard.Length(sizes.Length, row.Length, nameof(sizes), "one for each cell of the model");
        }

        for (int k = 0; k < row.Length; k++)
        {
            RequireCell(model, row[k], sizes.IsEmpty ? 1 : sizes[k], k);
        }

        var ascent = new SiteAscent(new SiteSystem(model, row, sizes), Options);
        StopReason reason = ascent.Run(cancellationToken);
        SitePosterior reached = ascent.Reached;
        return new GaussianFit
        {
            Posterior = reached.ToGaussian(model.LatentNames),
            Elbo = reached.Elbo,
            ElboTrace = ascent.Trace,
            StopReason = reason,
            Slope = ascent.ScaledGradient,
            Converged = ascent.ScaledGradient <= Options.Tolerance,
            IsGlobal = model.IsLogConcave,
            ElboGapBound = model.IsLogConcave ? 0.5 * reached.GradientNorm * reached.GradientNorm : double.PositiveInfinity,
        };
    }

    private static void RequireCell(LinearModel model, double value, double size, int k)
    {
        if (double.IsNaN(value))
        {
            return;
        }

        try
        {
            model.Likelihoods[k].CheckCells([value], [size]);
        }
        catch (ArgumentException exception)
        {
            string name = exception.ParamName == "sizes" ? "sizes" : "row";
            throw new ArgumentException(
                exception.Message.Split(" (Parameter")[0].Replace("values[0]", Guard.Text($"row[{k}]{model.Columns.Behind(k)}"), StringComparison.Ordinal)
                    .Replace("sizes[0]", Guard.Text($"sizes[{k}]{model.Columns.Behind(k)}"), StringComparison.Ordinal),
                name);
        }
    }
}
