using FluentAssertions;

namespace VariationalInference.Tests.Reference;

/// <summary>What must hold of any fit of a reference case, however far it got.</summary>
internal static class ReferenceAssertions
{
    public static void ShouldBeBounded(this ReferenceCase reference, CaviResult fit, int row)
    {
        reference.MeanError(fit.MeanField.Means, row)
            .Should().BeLessThanOrEqualTo(fit.ErrorBound, "row {0}, iteration {1}", row, fit.Iterations);

        // Both ELBOs are rounded, the reference's once and the result's in each of its sums, whose terms hang on residuals of rounded data.
        double best = reference.Elbos[row];
        (best - fit.Elbo).Should().BeLessThanOrEqualTo(
            fit.ElboGapBound + reference.ElboRounding(row, fit.Elbo), "row {0}, iteration {1}", row, fit.Iterations);
    }

    /// <summary>Returns what rounding may do to the ELBO of a row.</summary>
    public static double ElboRounding(this ReferenceCase reference, int row, double elbo) =>
        (1e-15 * (8 + reference.Model.LatentCount + reference.Model.ObservationCount) * (1 + Math.Abs(elbo)))
        + (4.5e-16 * reference.ResidualSensitivity(row));
}
