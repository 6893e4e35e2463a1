using System.Collections.Immutable;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <content>Models with any likelihoods: cells are Gaussian sites that move.</content>
public sealed partial class CaviSolver
{
    private SiteRules SiteRules => new()
    {
        Steps = Options.Method switch
        {
            CaviMethod.Accelerated => SiteSteps.Mixed,
            CaviMethod.PlainSweeps => SiteSteps.Sweeps,
            _ => SiteSteps.Joint,
        },
        Tolerance = Options.Tolerance,
        MaxIterations = Options.MaxIterations,
        MeanChangeTolerance = Options.MeanChangeTolerance,
        ElboChangeTolerance = Options.ElboChangeTolerance,
    };

    /// <summary>Infers the latents of one row of a model with any likelihoods, in the mean-field family.</summary>
    /// <remarks>
    /// A cell acts like a Gaussian observation of its predictor whose precision and location depend on the posterior: in an iteration, variances and means are those that the cells ask for, and
    /// the cells then ask anew. <see cref="CaviMethod.PlainSweeps"/> finds the means one latent after another, <see cref="CaviMethod.Direct"/> all at once,
    /// <see cref="CaviMethod.Accelerated"/> combines that with the iterations before. Steps that would lower the ELBO are halved.
    /// </remarks>
    /// <param name="model">The model.</param>
    /// <param name="row">The cells x, length K, each allowed by its likelihood, or NaN where missing.</param>
    /// <param name="sizes">The trials or exposures of the cells, length K; empty for 1 each.</param>
    /// <param name="cancellationToken">Ends the run; what was reached is returned.</param>
    /// <returns>The posterior, converged or not.</returns>
    /// <exception cref="ArgumentException">A length is wrong, or a cell is not allowed; the message names it.</exception>
    /// <exception cref="NonFiniteValueException">No posterior with a finite ELBO was found to start from.</exception>
    public MeanFieldFit Solve(LinearModel model, ReadOnlySpan<double> row, ReadOnlySpan<double> sizes = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        model.RequireRow(row, sizes);
        SiteCells cells = model.Cells(SiteFamily.MeanField);
        using ThreadTeam? team = SiteAscent.TeamFor(cells, Options.MaxThreads);
        SiteAscent ascent = SiteAscent.Rent(cells, SiteRules, team);
        ascent.Load(row, sizes);
        var trace = ImmutableArray.CreateBuilder<double>();
        StopReason reason = ascent.Run(row: 0, trace, start: 0, cancellationToken);
        double[] values = row.ToArray(), ofSize = sizes.ToArray();
        MeanFieldGaussian posterior = ascent.MeanFieldPosterior(model.LatentNames);
        return new MeanFieldFit(() => SiteResponse.Of(model, values, ofSize, posterior))
        {
            Posterior = posterior,
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

    /// <summary>Infers the latents of every row of a table of a model with any likelihoods, in the mean-field family.</summary>
    /// <param name="model">The model.</param>
    /// <param name="table">The cells, N×K, each allowed by the likelihood of its column, or NaN where missing.</param>
    /// <param name="sizes">Their trials or exposures, N×K; <see langword="null"/> for 1 each.</param>
    /// <param name="cancellationToken">Ends the work; rows that were done are returned, if there are any.</param>
    /// <returns>The posteriors, converged or not.</returns>
    /// <exception cref="ArgumentException">A size is wrong, or a cell is not allowed; the message names it.</exception>
    /// <exception cref="NonFiniteValueException">No posterior with a finite ELBO was found to start from; the exception has the row.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled before a row was done.</exception>
    public MeanFieldTable Solve(LinearModel model, Matrix<double> table, Matrix<double>? sizes = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        var pass = new SitePass(model, SiteFamily.MeanField, SiteRules, Options.MaxThreads, [0]);
        var variances = new double[table?.RowCount ?? 0][];
        pass.Run(table!, sizes, (row, ascent) => variances[row] = [.. ascent.MeanFieldPosterior(model.LatentNames).Variances], cancellationToken);
        return new MeanFieldTable(pass, variances);
    }
}
