using System.Collections.Immutable;
using MathNet.Numerics.LinearAlgebra;

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
    /// <summary>What sets the seeds of starts apart from others.</summary>
    private const int StartPurpose = 4;

    /// <summary>Initializes a new instance of the <see cref="FixedFormSolver"/> class.</summary>
    /// <param name="options">When to stop; <see langword="null"/> for the defaults.</param>
    public FixedFormSolver(FixedFormOptions? options = null) => Options = options ?? new FixedFormOptions();

    /// <summary>Gets when it stops.</summary>
    public FixedFormOptions Options { get; }

    private SiteRules Rules => new() { Steps = SiteSteps.Mixed, Tolerance = Options.Tolerance, MaxIterations = Options.MaxIterations };

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
        model.RequireRow(row, sizes);
        SiteCells cells = model.Cells(SiteFamily.FullCovariance);
        using ThreadTeam? team = SiteAscent.TeamFor(cells, Options.MaxThreads);
        SiteAscent ascent = SiteAscent.Rent(cells, Rules, team);
        ascent.Load(row, sizes);
        GaussianFit best = Fit(model, ascent, start: 0, cancellationToken);
        for (int start = 1; start < Options.Starts && !model.IsLogConcave && !cancellationToken.IsCancellationRequested; start++)
        {
            GaussianFit other = Fit(model, ascent, StreamSeed.Of(Options.Seed, StartPurpose, start), cancellationToken);
            best = other.Elbo > best.Elbo ? other : best;
        }

        return best;
    }

    /// <summary>Finds the best Gaussian posterior of every row of a table.</summary>
    /// <param name="model">The model.</param>
    /// <param name="table">The cells, N×K, each allowed by the likelihood of its column, or NaN where missing.</param>
    /// <param name="sizes">Their trials or exposures, N×K; <see langword="null"/> for 1 each.</param>
    /// <param name="cancellationToken">Ends the work; rows that were done are returned, if there are any.</param>
    /// <returns>The posteriors, converged or not.</returns>
    /// <exception cref="ArgumentException">A size is wrong, or a cell is not allowed; the message names it.</exception>
    /// <exception cref="NonFiniteValueException">No posterior with a finite ELBO was found to start from; the exception has the row.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled before a row was done.</exception>
    public GaussianTable Solve(LinearModel model, Matrix<double> table, Matrix<double>? sizes = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        int starts = model.IsLogConcave ? 1 : Options.Starts;
        int[] seeds = [.. Enumerable.Range(0, starts).Select(start => start == 0 ? 0 : StreamSeed.Of(Options.Seed, StartPurpose, start))];
        var pass = new SitePass(model, SiteFamily.FullCovariance, Rules, Options.MaxThreads, seeds);
        var roots = new double[table?.RowCount ?? 0][];
        pass.Run(table!, sizes, (row, ascent) => roots[row] = ascent.PackedFactor(), cancellationToken);
        return new GaussianTable(pass, roots);
    }

    private static GaussianFit Fit(LinearModel model, SiteAscent ascent, int start, CancellationToken cancellationToken)
    {
        var trace = ImmutableArray.CreateBuilder<double>();
        StopReason reason = ascent.Run(row: 0, trace, start, cancellationToken);
        return new GaussianFit
        {
            Posterior = ascent.FullPosterior(model.LatentNames),
            Elbo = ascent.Reached.Elbo,
            ElboTrace = trace.ToImmutable(),
            StopReason = reason,
            Slope = ascent.ScaledGradient,
            Distance = ascent.Distance,
            Converged = ascent.Converged,
            IsGlobal = model.IsLogConcave,
            ElboGapBound = model.IsLogConcave ? 0.5 * ascent.GradientNorm * ascent.GradientNorm : double.PositiveInfinity,
        };
    }
}
