using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>Ascends from a start to the optimum of one row, as its options say.</summary>
internal sealed class RowAscent(CaviOptions options)
{
    public CaviOptions Options => options;

    /// <summary>Runs one row from a start, leaving its means in the caller's buffer.</summary>
    public CaviSummary Run(
        PosteriorShape shape,
        RowConstants row,
        ReadOnlySpan<double> w,
        Span<double> buffer,
        ReadOnlySpan<double> start,
        Span<double> means,
        ImmutableArray<double>.Builder? trace,
        long rowNumber)
    {
        var run = new CaviRun(shape, row, w, buffer, start, options);
        if (trace is not null || options.Method != CaviMethod.Direct)
        {
            run.Assess();
            RequireFinite(run, rowNumber, iteration: 0);
            trace?.Add(run.Elbo);
        }

        CaviStopReason? reason = null;
        int iteration = 0;
        while (reason is null)
        {
            double before = run.Elbo;
            Step(ref run, ++iteration);
            RequireFinite(run, rowNumber, iteration);
            reason = Stop(run, iteration, run.Elbo - before);
            if (reason is not null && !run.IsAssessed)
            {
                run.Assess();
                reason = run.ErrorBound <= options.Tolerance ? CaviStopReason.CertificateMet : reason;
            }

            if (reason == CaviStopReason.RoundingFloor && options.Method == CaviMethod.Accelerated && run.TryDirectly(means))
            {
                iteration++;
                trace?.Add(Math.Max(run.Elbo, before));
                reason = run.ErrorBound <= options.Tolerance ? CaviStopReason.CertificateMet : reason;
            }

            trace?.Add(run.Elbo);
        }

        run.CopyMeans(means);
        return new CaviSummary(run.Elbo, run.ErrorBound, iteration, reason.Value, run.ErrorBound <= options.Tolerance);
    }

    private void Step(ref CaviRun run, int iteration)
    {
        if (options.Method == CaviMethod.PlainSweeps)
        {
            run.Sweep();
        }
        else if (options.Method == CaviMethod.Direct || iteration > run.ConjugateLimit)
        {
            run.SolveDirectly();
        }
        else
        {
            run.Accelerate();
        }
    }

    private CaviStopReason? Stop(in CaviRun run, int iteration, double growth)
    {
        bool certified = run.IsAssessed && run.ErrorBound <= options.Tolerance;
        return 0 switch
        {
            _ when options.Method == CaviMethod.Direct => certified ? CaviStopReason.CertificateMet : CaviStopReason.RoundingFloor,
            _ when certified && (options.Method == CaviMethod.PlainSweeps || run.IsDone) => CaviStopReason.CertificateMet,
            _ when run.MeanChange <= options.MeanChangeTolerance => CaviStopReason.MeanChangeBelowTolerance,
            _ when growth <= options.ElboChangeTolerance => CaviStopReason.ElboChangeBelowTolerance,
            _ when run.IsDone => CaviStopReason.RoundingFloor,
            _ when iteration >= options.MaxIterations => CaviStopReason.IterationLimit,
            _ => null,
        };
    }

    private static void RequireFinite(in CaviRun run, long row, int iteration)
    {
        if (!double.IsFinite(run.Elbo) || !double.IsFinite(run.ErrorBound))
        {
            Guard.ThrowNonFinite("the ELBO or its gradient", double.IsFinite(run.Elbo) ? run.ErrorBound : run.Elbo, row, iteration);
        }
    }
}
