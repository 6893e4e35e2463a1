namespace VariationalInference;

/// <summary>Why coordinate ascent stopped.</summary>
public enum CaviStopReason
{
    /// <summary>The error bound fell to <see cref="CaviOptions.Tolerance"/>.</summary>
    CertificateMet,

    /// <summary>No mean moved by more than <see cref="CaviOptions.MeanChangeTolerance"/> in a sweep.</summary>
    MeanChangeBelowTolerance,

    /// <summary>The ELBO grew by no more than <see cref="CaviOptions.ElboTolerance"/> in a sweep.</summary>
    ElboStalled,

    /// <summary>The gradient is as small as its rounding error: double precision can certify no better answer.</summary>
    RoundingFloor,

    /// <summary><see cref="CaviOptions.MaxSweeps"/> sweeps were done; the result is the state after the last.</summary>
    SweepLimit,
}
