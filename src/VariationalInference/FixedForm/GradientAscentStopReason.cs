namespace VariationalInference;

/// <summary>Why gradient ascent stopped; see <see cref="GradientAscentResult.StopReason"/>.</summary>
public enum GradientAscentStopReason
{
    /// <summary>The error bounds of means and variances fell to <see cref="GradientAscentOptions.Tolerance"/>.</summary>
    CertificateMet,

    /// <summary>The gradient is as small as its rounding error: double precision can certify no better answer.</summary>
    RoundingFloor,

    /// <summary><see cref="GradientAscentOptions.MaxSteps"/> steps were done.</summary>
    StepLimit,

    /// <summary>The ELBO or a parameter left the range of double precision: the step size is too large.</summary>
    Diverged,

    /// <summary>The caller cancelled.</summary>
    Cancelled,
}
