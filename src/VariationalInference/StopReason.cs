namespace VariationalInference;

/// <summary>Why a solver stopped: one vocabulary for all of them. The best answer so far is returned whatever the reason.</summary>
/// <remarks>Which of them a solver can give, its result says beside <c>StopReason</c>; a reason alone does not say that an answer is good, <c>Converged</c> does.</remarks>
public enum StopReason
{
    /// <summary>A bound on what is missing fell to the tolerance: the error of means, of variances, or standard errors.</summary>
    CertificateMet,

    /// <summary>No mean moved by more than the tolerance in an iteration.</summary>
    MeanChangeBelowTolerance,

    /// <summary>The ELBO grew by no more than the tolerance in an iteration.</summary>
    ElboChangeBelowTolerance,

    /// <summary>The exact amortization gap on held-out rows fell to the tolerance.</summary>
    GapBelowTolerance,

    /// <summary>The judge on held-out rows no longer improved, and the learning rate had been reduced as far as it goes.</summary>
    NoImprovement,

    /// <summary>What is left to gain is as small as its rounding error: double precision can certify no better answer.</summary>
    RoundingFloor,

    /// <summary>The largest number of iterations, steps or epochs was done.</summary>
    IterationLimit,

    /// <summary>The bound grows without limit as a noise variance goes to zero: the data do not determine the parameters.</summary>
    Unbounded,

    /// <summary>A value left the range of double precision; the best point before that is kept.</summary>
    Diverged,

    /// <summary>Reading the rows, the encoder or the report of progress threw an exception, which the result holds.</summary>
    Failed,

    /// <summary>The caller cancelled.</summary>
    Cancelled,
}
