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
        long rowNumber,
        CancellationToken cancellationToken)
    {
        var run = new CaviRun(shape, row, w, buffer, start, options);
        if (trace is not null || options.Method != CaviMethod.Direct)
        {
            run.Assess();
            RequireFinite(run, rowNumber, iteration: 0);
            trace?.Add(run.Elbo);
        }

        StopReason? reason = null;
        int iteration = 0;
        while (reason is null)
        {
            double before = run.Elbo;
            if (TryStep(ref run, shape, iteration + 1, cancellationToken))
            {
                iteration++;
                RequireFinite(run, rowNumber, iteration);
                reason = Stop(run, iteration, run.Elbo - before);
            }
            else
            {
                reason = StopReason.Cancelled;
            }

            if (reason is not null && !run.IsAssessed)
            {
                run.Assess();
                reason = run.ErrorBound <= options.Tolerance ? StopReason.CertificateMet : reason;
            }

            if (reason == StopReason.RoundingFloor && options.Method == CaviMethod.Accelerated && TryPrepare(shape, cancellationToken) && run.TryDirectly(means))
            {
                iteration++;
                trace?.Add(Math.Max(run.Elbo, before));
                reason = run.ErrorBound <= options.Tolerance ? StopReason.CertificateMet : reason;
            }

            if (reason != StopReason.Cancelled)
            {
                trace?.Add(run.Elbo);
            }
        }

        run.CopyMeans(means);
        return new CaviSummary
        {
            Elbo = run.Elbo,
            ErrorBound = run.ErrorBound,
            Iterations = iteration,
            StopReason = reason.Value,
            Converged = run.ErrorBound <= options.Tolerance,
        };
    }

    /// <summary>Takes a step.</summary>
    /// <returns>Whether it was taken; false when it was cancelled first.</returns>
    private bool TryStep(ref CaviRun run, PosteriorShape shape, int iteration, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return false;
        }

        if (options.Method == CaviMethod.PlainSweeps)
        {
            run.Sweep();
        }
        else if (options.Method == CaviMethod.Direct || iteration > run.ConjugateLimit)
        {
            if (!TryPrepare(shape, cancellationToken))
            {
                return false;
            }

            run.SolveDirectly();
        }
        else
        {
            run.Accelerate();
        }

        return true;
    }

    private static bool TryPrepare(PosteriorShape shape, CancellationToken cancellationToken)
    {
        try
        {
            shape.Prepare(cancellationToken);
            return true;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private StopReason? Stop(in CaviRun run, int iteration, double growth)
    {
        bool certified = run.IsAssessed && run.ErrorBound <= options.Tolerance;
        return 0 switch
        {
            _ when options.Method == CaviMethod.Direct => certified ? StopReason.CertificateMet : StopReason.RoundingFloor,
            _ when certified && (options.Method == CaviMethod.PlainSweeps || run.IsDone) => StopReason.CertificateMet,
            _ when run.MeanChange <= options.MeanChangeTolerance => StopReason.MeanChangeBelowTolerance,
            _ when growth <= options.ElboChangeTolerance => StopReason.ElboChangeBelowTolerance,
            _ when run.IsDone => StopReason.RoundingFloor,
            _ when iteration >= options.MaxIterations => StopReason.IterationLimit,
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
