namespace VariationalInference;

/// <summary>A stationary point of the deviance.</summary>
/// <param name="Theta">θ; exactly zero where a variance is at its boundary, or a covariance is singular.</param>
/// <param name="Value">The deviance.</param>
/// <param name="Active">The parameters that are not at the boundary.</param>
/// <param name="Scales">The units in which the second derivatives stand, one for each active parameter.</param>
/// <param name="Curvature">The second derivatives by the active parameters; null where there are none, or no end.</param>
/// <param name="Missing">By how many nats the likelihood may still rise, to second order; infinite where it may rise along a flat direction.</param>
/// <param name="IsUnbounded">Whether the likelihood rises without limit as the residual variance goes to zero.</param>
internal sealed record MixedOptimum(
    double[] Theta, double Value, int[] Active, double[] Scales, MixedCurvature? Curvature, double Missing, bool IsUnbounded);
