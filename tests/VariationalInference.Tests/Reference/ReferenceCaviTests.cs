using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.Reference;

/// <summary>Coordinate ascent and gradient ascent against the reference values, and their certificates against the true errors.</summary>
public sealed class ReferenceCaviTests
{
    private const double ManySweeps = 1e5;

    public static IEnumerable<object[]> Ids => ReferenceCase.Ids;

    [Theory]
    [MemberData(nameof(Ids))]
    public void FirstSweeps_FromZero_MatchReference(string id)
    {
        ReferenceCase reference = ReferenceCase.Of(id);
        foreach ((int sweep, double[] means, double elbo) in reference.FirstSweeps)
        {
            CaviResult fit = new CaviSolver(new CaviOptions { MaxSweeps = sweep, Tolerance = 0 })
                .Solve(reference.Model, reference.Rows[0]);
            if (fit.Sweeps < sweep)
            {
                fit.StopReason.Should().Be(CaviStopReason.RoundingFloor);
            }

            double scale = means.Max(Math.Abs);
            for (int j = 0; j < means.Length; j++)
            {
                double tolerance = (1e-9 * Math.Abs(means[j])) + (1e-6 * Math.Sqrt(reference.ExactVariances[j])) + (1e-13 * scale);
                fit.Posterior.Means[j].Should().BeApproximately(means[j], tolerance, "mean {0} after sweep {1}", j, sweep);
            }

            fit.Elbo.Should().BeApproximately(elbo, 1e-9 * (1 + Math.Abs(elbo)), "ELBO after sweep {0}", sweep);
        }
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Solve_WhereSweepsSuffice_ReachesTheOptimum_ElsewhereSaysSo(string id)
    {
        ReferenceCase reference = ReferenceCase.Of(id);
        bool reachable = reference.SweepsNeeded <= ManySweeps;
        var solver = new CaviSolver(new CaviOptions { MaxSweeps = reachable ? 300_000 : 2_000 });
        CaviResult fit = solver.Solve(reference.Model, reference.Rows[0]);
        fit.ElboTrace.Length.Should().Be(fit.Sweeps + 1);
        fit.LargestElboDecrease.Should().BeLessThanOrEqualTo(1e-13 * fit.ElboTrace.Max(Math.Abs));
        fit.Converged.Should().Be(fit.ErrorBound <= 1e-8);
        if (!reachable)
        {
            fit.StopReason.Should().BeOneOf(CaviStopReason.SweepLimit, CaviStopReason.RoundingFloor);
            fit.Converged.Should().BeFalse();
            return;
        }

        fit.StopReason.Should().BeOneOf(CaviStopReason.CertificateMet, CaviStopReason.RoundingFloor);
        TrueError(reference, fit.Posterior).Should().BeLessThan(1e-6);
        fit.Elbo.Should().BeApproximately(reference.Elbos[0], 1e-9 * (1 + Math.Abs(reference.Elbos[0])));
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Certificate_AtAnyPointOfTheRun_IsNotBelowTheTrueError(string id)
    {
        ReferenceCase reference = ReferenceCase.Of(id);
        foreach (int sweeps in new[] { 1, 3, 30, 3_000 })
        {
            CaviResult fit = new CaviSolver(new CaviOptions { MaxSweeps = sweeps, Tolerance = 0 })
                .Solve(reference.Model, reference.Rows[0]);
            TrueError(reference, fit.Posterior).Should().BeLessThanOrEqualTo(fit.ErrorBound, "after {0} sweeps", fit.Sweeps);
            double shortfall = reference.Elbos[0] - fit.Elbo;
            double rounding = 1e-13 * (Math.Abs(fit.Elbo) + Math.Abs(reference.Elbos[0]));
            shortfall.Should().BeLessThanOrEqualTo(fit.ElboGapBound + rounding, "after {0} sweeps", fit.Sweeps);
        }
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void GradientAscent_WhereWellConditioned_ReachesTheOptimum_AndItsCertificateHolds(string id)
    {
        ReferenceCase reference = ReferenceCase.Of(id);
        QuadraticLogJoint joint = reference.Model.Observe(reference.Rows[0]);
        bool reachable = joint.Precision().ConditionNumber() < 1e4;
        GradientAscentResult fit = new FixedFormElbo(joint).Maximize(
            new GradientAscentOptions { MaxSteps = reachable ? 400_000 : 500, PathLimit = 1 });
        TrueError(reference, fit.Posterior).Should().BeLessThanOrEqualTo(fit.ErrorBound);
        fit.Converged.Should().Be(fit.ErrorBound <= 1e-8 && fit.VarianceErrorBound <= 1e-8);
        if (reachable)
        {
            fit.StopReason.Should().BeOneOf(GradientAscentStopReason.CertificateMet, GradientAscentStopReason.RoundingFloor);
            TrueError(reference, fit.Posterior).Should().BeLessThan(1e-6);
            for (int j = 0; j < joint.LatentCount; j++)
            {
                double expected = reference.MeanFieldVariances[j];
                fit.Posterior.Variances[j].Should().BeApproximately(expected, 1e-7 * expected);
            }
        }
    }

    [Theory]
    [InlineData("gs_J3_K5_s2_0.1_std")]
    [InlineData("gs_J3_K2_s2_1_std")]
    [InlineData("gs_J10_K5_s2_10_std")]
    [InlineData("gs_J2_K5_s2_0.001_std")]
    public void MeanChangeStop_ComesAtTheReferenceSweep_AndIsNotTakenForConvergence(string id)
    {
        ReferenceCase reference = ReferenceCase.Of(id);
        double sd = Math.Sqrt(reference.MeanFieldVariances[0]);
        foreach ((double tolerance, double sweep, double errorLeft) in reference.MeanChangeStops.Where(stop => stop.ErrorLeft > 1e-9))
        {
            var solver = new CaviSolver(new CaviOptions { MeanChangeTolerance = tolerance / sd, MaxSweeps = 100_000, Tolerance = 0 });
            CaviTable fits = solver.Solve(reference.Model, MathNet.Numerics.LinearAlgebra.Matrix<double>.Build.DenseOfRowArrays(reference.Rows));
            fits.Rows.Max(fit => fit.Sweeps).Should().BeInRange((int)(0.98 * sweep) - 1, (int)(1.02 * sweep) + 1);
            fits.Rows.Should().OnlyContain(fit => fit.StopReason == CaviStopReason.MeanChangeBelowTolerance && !fit.Converged);
            fits.LargestErrorBound.Should().BeGreaterThan(errorLeft / Math.Sqrt(reference.ExactVariances[0]));
        }
    }

    /// <summary>The largest error of a mean of row 0 in exact posterior standard deviations; the reference itself is good to half an ulp.</summary>
    private static double TrueError(ReferenceCase reference, MeanFieldGaussian posterior) =>
        Enumerable.Range(0, posterior.Count).Max(j =>
        {
            double expected = reference.PosteriorMeans[0][j];
            double error = Math.Abs(posterior.Means[j] - expected) - (Math.BitIncrement(Math.Abs(expected)) - Math.Abs(expected));
            return error / Math.Sqrt(reference.ExactVariances[j]);
        });
}
