namespace VariationalInference;

/// <summary>Why coordinate ascent stopped; see <see cref="CaviResult.StopReason"/>.</summary>
public enum CaviStopReason
{
    /// <summary>The error bound fell to <see cref="CaviOptions.Tolerance"/>.</summary>
    CertificateMet,

    /// <summary>No mean moved by more than <see cref="CaviOptions.MeanChangeTolerance"/> in an iteration.</summary>
    MeanChangeBelowTolerance,

    /// <summary>The ELBO grew by no more than <see cref="CaviOptions.ElboChangeTolerance"/> in an iteration.</summary>
    ElboChangeBelowTolerance,

    /// <summary>The gradient is as small as its rounding error: double precision can certify no better answer.</summary>
    RoundingFloor,

    /// <summary><see cref="CaviOptions.MaxIterations"/> iterations were done; the result is the state after the last.</summary>
    IterationLimit,

    /// <summary>The run was cancelled; the result is the state after its last whole iteration.</summary>
    Cancelled,
}
