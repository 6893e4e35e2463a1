namespace VariationalInference;

/// <summary>Why learning stopped; see <see cref="VariationalEmResult.StopReason"/>.</summary>
public enum VariationalEmStopReason
{
    /// <summary><see cref="VariationalEmResult.RemainingStandardErrors"/> fell to <see cref="VariationalEmOptions.Tolerance"/>.</summary>
    CertificateMet,

    /// <summary>The bound cannot be raised any more in double precision, although the optimum cannot be shown to be within the tolerance.</summary>
    RoundingFloor,

    /// <summary><see cref="VariationalEmOptions.MaxIterations"/> iterations were done; the result is the best point so far.</summary>
    IterationLimit,

    /// <summary>The bound grows without limit as a noise variance goes to zero: the data do not determine the parameters.</summary>
    Unbounded,

    /// <summary>The work was cancelled; the result is the best point so far.</summary>
    Cancelled,
}
