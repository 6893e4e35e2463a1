using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>A stationary point of the deviance.</summary>
/// <param name="Theta">θ; exactly zero where a variance is at its boundary, or a covariance is singular.</param>
/// <param name="Value">The deviance.</param>
/// <param name="Active">The parameters that are not at the boundary.</param>
/// <param name="Scales">The units in which the second derivatives stand, one for each active parameter.</param>
/// <param name="Curvature">The second derivatives by the active parameters.</param>
/// <param name="Missing">By how many nats the likelihood may still rise, ¼ gᵀH⁻¹g over the directions that are curved; NaN where it may rise further along another.</param>
/// <param name="IsUnbounded">Whether the likelihood rises without limit as the residual variance goes to zero.</param>
internal sealed record MixedOptimum(
    double[] Theta, double Value, int[] Active, double[] Scales, Matrix<double> Curvature, double Missing, bool IsUnbounded);
