using System.Collections.Immutable;
using MathNet.Numerics.LinearAlgebra;

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
    double[] Theta, double Value, int[] Active, double[] Scales, MixedCurvature? Curvature, double Missing, bool IsUnbounded)
    : ISaved<MixedOptimum>
{
    static string ISaved<MixedOptimum>.Kind => "mixed_optimum";

    void ISaved<MixedOptimum>.Write(ModelState state)
    {
        state.Add("theta", Theta);
        state.AddNumber("deviance", Value);
        state.AddWholeNumbers("active", Active);
        state.Add("scales", Scales);
        state.AddNumber("missing", Missing);
        state.AddFlag("is_unbounded", IsUnbounded);
        state.AddFlag("has_curvature", Curvature is not null);
        if (Curvature is not null)
        {
            state.AddMatrix("covariance", Curvature.Covariance);
            state.AddWholeNumbers("is_flat", Curvature.IsFlat.Select(flat => flat ? 1 : 0));
        }
    }

    static MixedOptimum ISaved<MixedOptimum>.Read(ModelState state)
    {
        ImmutableArray<double> theta = state.Vector("theta");
        ImmutableArray<int> active = state.WholeNumbers("active", least: 0);
        if (active.Any(parameter => parameter >= theta.Length))
        {
            throw new FormatException(Guard.Text($"active has a place beyond the {theta.Length} parameters; it must be below."));
        }

        MixedCurvature? curvature = null;
        if (state.Flag("has_curvature"))
        {
            Matrix<double> covariance = state.Matrix("covariance", active.Length, active.Length);
            curvature = new MixedCurvature(covariance, [.. state.WholeNumbers("is_flat", least: 0, active.Length).Select(flat => flat != 0)]);
        }

        return new MixedOptimum(
            [.. theta],
            state.Number("deviance"),
            [.. active],
            [.. state.Vector("scales", active.Length)],
            curvature,
            state.Number("missing"),
            state.Flag("is_unbounded"));
    }
}
