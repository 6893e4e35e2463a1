using FluentAssertions;
using VariationalInference.Tests.Reference;
using Xunit;

namespace VariationalInference.Tests.CoordinateAscent;

/// <summary>The accelerated and the direct way to the optimum that plain sweeps reach in the end.</summary>
public sealed class CaviMethodTests
{
    public static IEnumerable<object[]> Cases =>
        from id in ReferenceCase.Ids
        from method in new[] { CaviMethod.Accelerated, CaviMethod.Direct }
        select new[] { id[0], method };

    [Theory]
    [MemberData(nameof(Cases))]
    public void EachReferenceCase_IsSolvedInFewIterations(string id, CaviMethod method)
    {
        ReferenceCase reference = ReferenceCase.Of(id);
        LinearGaussianModel model = reference.Model;
        int rank = model is GaussianSumModel ? 1 : Math.Min(model.LatentCount, model.ObservationCount);
        var solver = new CaviSolver(new CaviOptions { Method = method });

        for (int n = 0; n < reference.Rows.Length; n++)
        {
            foreach (double[] start in new[] { [], [.. model.PriorMeans], reference.PosteriorMeans[n] })
            {
                CaviResult fit = solver.Solve(model, reference.Rows[n], start);

                reference.ShouldBeBounded(fit, n);
                fit.Iterations.Should().BeLessThanOrEqualTo(rank + 6, "row {0}", n);
                fit.LargestElboDecrease.Should().BeLessThanOrEqualTo(1e-12 * (1 + Math.Abs(fit.ElboTrace.Min())));
                fit.Elbo.Should().BeApproximately(reference.Elbos[n], 1e-9 * Math.Abs(reference.Elbos[n]));
                reference.MeanError(fit.MeanField.Means, n).Should().BeLessThanOrEqualTo(fit.Converged ? 1e-8 : 1e-7, "row {0}", n);
                fit.ErrorBound.Should().BeLessThanOrEqualTo(fit.Converged ? 1e-8 : 1e-6, "row {0}", n);
                fit.Converged.Should().Be(fit.ErrorBound <= 1e-8);
                fit.StopReason.Should().Be(fit.Converged ? StopReason.CertificateMet : StopReason.RoundingFloor);
            }
        }
    }
}
