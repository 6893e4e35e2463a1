using System.Collections.Immutable;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>
/// Coordinate-ascent variational inference (CAVI) in the mean-field family, by the closed-form updates (4-1) of sections 4.3 and 4.4:
/// v_j = 1/Λ_jj and μ_j ← v_j (h_j − Σ_{i≠j} Λ_ji μ_i), one latent after another.
/// </summary>
/// <remarks>
/// <para>
/// Each update maximises the ELBO in one factor, so the ELBO never falls. By default a run stops when its certificate, a bound on the
/// error that holds (see <see cref="CaviResult.ErrorBound"/>), meets the tolerance: a small change from sweep to sweep, the usual stop,
/// can leave an error of several standard deviations when the latents are strongly coupled, and then sweeps are many. Cost of a sweep:
/// O(JK), for Gaussian sums O(J).
/// </para>
/// <threadsafety>A solver holds only its options and is safe to share.</threadsafety>
/// </remarks>
public sealed class CaviSolver
{
    private readonly CaviOptions _options;

    /// <summary>Initializes a new instance of the <see cref="CaviSolver"/> class.</summary>
    /// <param name="options">When to stop; <see langword="null"/> for the defaults.</param>
    public CaviSolver(CaviOptions? options = null) => _options = options ?? new CaviOptions();

    /// <summary>Infers the latents of one row.</summary>
    /// <param name="model">The model.</param>
    /// <param name="row">The observations x, length K; NaN means missing.</param>
    /// <param name="start">The means to start from, length J; empty (the default) starts from zero.</param>
    /// <returns>The outcome, converged or not.</returns>
    /// <exception cref="ArgumentException">A length or a value is outside its range.</exception>
    /// <exception cref="NonFiniteValueException">The ELBO left the range of double precision.</exception>
    public CaviResult Solve(LinearGaussianModel model, ReadOnlySpan<double> row, ReadOnlySpan<double> start = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Solve(model.Observe(row), start);
    }

    /// <summary>Maximises the ELBO of one row's log joint.</summary>
    /// <param name="joint">The log joint of the row.</param>
    /// <param name="start">The means to start from, length J; empty (the default) starts from zero.</param>
    /// <returns>The outcome, converged or not.</returns>
    /// <exception cref="ArgumentException"><paramref name="start"/> has another length or holds a value that is not finite.</exception>
    /// <exception cref="NonFiniteValueException">The ELBO left the range of double precision.</exception>
    public CaviResult Solve(QuadraticLogJoint joint, ReadOnlySpan<double> start = default)
    {
        ArgumentNullException.ThrowIfNull(joint);
        if (!start.IsEmpty)
        {
            joint.RequireLatents(start, nameof(start));
        }

        return Run(joint, start.IsEmpty ? new double[joint.LatentCount] : start, row: 0);
    }

    /// <summary>Infers the latents of every row of a table, each from zero.</summary>
    /// <param name="model">The model.</param>
    /// <param name="table">The observations, N×K with N ≥ 1; NaN means missing.</param>
    /// <param name="cancellationToken">Stops the work between rows.</param>
    /// <returns>The outcomes, row by row.</returns>
    /// <exception cref="ArgumentException"><paramref name="table"/> has no rows, another width, or holds an infinity.</exception>
    /// <exception cref="NonFiniteValueException">The ELBO of a row left the range of double precision.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public CaviTable Solve(LinearGaussianModel model, Matrix<double> table, CancellationToken cancellationToken = default)
    {
        RowTable.Require(model, table, nameof(table), allowMissing: true);
        var results = ImmutableArray.CreateBuilder<CaviResult>(table.RowCount);
        var start = new double[model.LatentCount];
        var row = new double[model.ObservationCount];
        for (int n = 0; n < table.RowCount; n++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            RowTable.CopyRow(table, n, row);
            results.Add(Run(RowTable.Observe(model, row, n), start, n));
        }

        return new CaviTable(results.MoveToImmutable());
    }

    private CaviResult Run(QuadraticLogJoint joint, ReadOnlySpan<double> start, int row)
    {
        var run = new CaviRun(joint, start);
        RequireFinite(run, row, sweep: 0);
        var trace = ImmutableArray.CreateBuilder<double>();
        trace.Add(run.Elbo);
        CaviStopReason? reason = null;
        while (reason is null)
        {
            run.Sweep();
            RequireFinite(run, row, trace.Count);
            trace.Add(run.Elbo);
            reason = Stop(run, trace.Count - 1, trace[^1] - trace[^2]);
        }

        return new CaviResult(joint, run, trace.ToImmutable(), reason.Value, _options.Tolerance);
    }

    private CaviStopReason? Stop(CaviRun run, int sweeps, double growth) => run switch
    {
        _ when run.ErrorBound <= _options.Tolerance => CaviStopReason.CertificateMet,
        _ when run.MeanChange <= _options.MeanChangeTolerance => CaviStopReason.MeanChangeBelowTolerance,
        _ when growth <= _options.ElboTolerance => CaviStopReason.ElboStalled,
        _ when run.AtRoundingFloor => CaviStopReason.RoundingFloor,
        _ when sweeps >= _options.MaxSweeps => CaviStopReason.SweepLimit,
        _ => null,
    };

    private static void RequireFinite(CaviRun run, int row, int sweep)
    {
        if (!double.IsFinite(run.Elbo) || !double.IsFinite(run.ErrorBound))
        {
            Guard.ThrowNonFinite("the ELBO or its gradient", double.IsFinite(run.Elbo) ? run.ErrorBound : run.Elbo, row, sweep);
        }
    }
}
