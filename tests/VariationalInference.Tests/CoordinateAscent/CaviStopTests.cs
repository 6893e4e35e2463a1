using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.CoordinateAscent;

/// <summary>When a run ends, to the iteration and to the last bit of its tolerances.</summary>
public sealed class CaviStopTests
{
    private static readonly GaussianSumModel Sum = new(2, 0.1, [0.5, -1.0, 3], [2.0, 0.3, 1.1]);
    private static readonly LinearGaussianModel Dense = new(
        Matrix<double>.Build.DenseOfRowArrays([1, -0.5, 0.3], [0.2, 1, -1], [0.7, 0.4, 0.9]), [0, 1, -1], [0.05, 0.1, 0.2], [0, 1, 2], [1, 2, 0.5]);

    [Theory]
    [InlineData(CaviMethod.Accelerated)]
    [InlineData(CaviMethod.PlainSweeps)]
    public void MeanChange_IsInMeanFieldStandardDeviations(CaviMethod method)
    {
        double[] row = [1.2, -3, 2];
        var options = new CaviOptions { Method = method, MaxIterations = 1, Tolerance = 1e-12 };
        CaviResult first = new CaviSolver(options).Solve(Dense, row);
        double change = Enumerable.Range(0, 3).Max(
            j => Math.Abs(first.MeanField.Means[j]) / Math.Sqrt(first.MeanField.Variances[j]));

        CaviResult above = Solve(1.001 * change);
        CaviResult below = Solve(0.999 * change);

        first.StopReason.Should().Be(StopReason.IterationLimit);
        above.StopReason.Should().Be(StopReason.MeanChangeBelowTolerance);
        above.Iterations.Should().Be(1);
        below.Iterations.Should().BeGreaterThan(1);

        CaviResult Solve(double tolerance) =>
            new CaviSolver(options with { MaxIterations = 1_000, MeanChangeTolerance = tolerance }).Solve(Dense, row);
    }

    [Fact]
    public void MeanChange_ThatJustMeetsItsTolerance_EndsTheRun()
    {
        // Variances of 1 throughout: latent 0 goes from 0 to 1, which is √2 of its mean-field standard deviations.
        var model = new GaussianSumModel(latentCount: 2, observationCount: 1, noiseVariance: 1);
        var options = new CaviOptions { Method = CaviMethod.PlainSweeps, MeanChangeTolerance = Math.Sqrt(2) };

        CaviResult met = new CaviSolver(options).Solve(model, [2.0]);
        CaviResult missed = new CaviSolver(options with { MeanChangeTolerance = Math.BitDecrement(Math.Sqrt(2)) }).Solve(model, [2.0]);

        met.StopReason.Should().Be(StopReason.MeanChangeBelowTolerance);
        met.Iterations.Should().Be(1);
        met.MeanField.Means.Should().Equal(1.0, 0.5);
        missed.Iterations.Should().Be(2);
    }

    [Fact]
    public void Bound_ThatJustMeetsTheTolerance_IsAsGoodAsASmallerOne()
    {
        var options = new CaviOptions { MaxIterations = 1, Tolerance = 1e-12 };
        CaviResult limited = new CaviSolver(options).Solve(Dense, [1.2, -3, 2]);

        CaviResult met = new CaviSolver(options with { Tolerance = limited.ErrorBound }).Solve(Dense, [1.2, -3, 2]);
        CaviResult missed = new CaviSolver(options with { Tolerance = Math.BitDecrement(limited.ErrorBound) }).Solve(Dense, [1.2, -3, 2]);

        limited.StopReason.Should().Be(StopReason.IterationLimit);
        met.ErrorBound.Should().Be(limited.ErrorBound);
        met.StopReason.Should().Be(StopReason.CertificateMet);
        met.Converged.Should().BeTrue();
        missed.StopReason.Should().Be(StopReason.IterationLimit);
        missed.Converged.Should().BeFalse();
    }

    [Fact]
    public void Bound_IsSharpenedOnlyWhereItDoesNotMeetTheTolerance()
    {
        double[] row = [1.2, -3, 2];
        double plain = Solve(tolerance: 1).ErrorBound;

        Solve(tolerance: plain).ErrorBound.Should().Be(plain);
        Solve(tolerance: Math.BitDecrement(plain)).ErrorBound.Should().BeLessThan(plain);

        CaviResult Solve(double tolerance) =>
            new CaviSolver(new CaviOptions { Method = CaviMethod.Direct, Tolerance = tolerance }).Solve(Dense, row);
    }

    [Theory]
    [InlineData(1e-3, 2)]
    [InlineData(1e-8, 3)]
    public void AcceleratedRun_OfASum_EndsOnceItsGradientIsFarBelowTheTolerance(double tolerance, int most)
    {
        CaviResult fit = new CaviSolver(new CaviOptions { Tolerance = tolerance }).Solve(Sum, [1.2, 0.8]);

        fit.Iterations.Should().BeLessThanOrEqualTo(most, "a sum has one eigenvalue beside 1");
        fit.StopReason.Should().Be(StopReason.CertificateMet);
    }

    [Theory]
    [InlineData(1e-3, 3)]
    [InlineData(1e-8, 4)]
    public void AcceleratedRun_OfAWellConditionedModel_TakesAnIterationForEachEigenvalue(double tolerance, int most)
    {
        CaviResult fit = new CaviSolver(new CaviOptions { Tolerance = tolerance }).Solve(Dense, [1.2, -3, 2]);

        fit.Iterations.Should().BeLessThanOrEqualTo(most);
        fit.StopReason.Should().Be(StopReason.CertificateMet);
    }

    /// <summary>Prior variances over many orders of magnitude spoil conjugacy; the closed form comes after J + 5 steps, and not before.</summary>
    [Fact]
    public void AcceleratedRun_ThatLosesConjugacy_EndsWithTheClosedForm()
    {
        int found = 0;
        for (int seed = 0; seed < 400; seed++)
        {
            (LinearGaussianModel model, double[] row) = HardCase(seed);
            int steps = Math.Min(model.LatentCount, model.ObservationCount) + 5;
            CaviResult before = Solve(steps), after = Solve(steps + 1);
            if (before.StopReason != StopReason.IterationLimit)
            {
                continue;
            }

            found++;
            after.StopReason.Should().Be(StopReason.RoundingFloor);
            after.ErrorBound.Should().BeLessThan(1.01 * before.ErrorBound);
            Solve(1_000).Iterations.Should().Be(steps + 1);

            CaviResult Solve(int most) => new CaviSolver(new CaviOptions { Tolerance = 0, MaxIterations = most }).Solve(model, row);
        }

        found.Should().BeGreaterThan(10);
    }

    [Fact]
    public void MeanChange_OfTheClosedForm_IsTheWayToIt()
    {
        int found = 0;
        for (int seed = 0; seed < 400; seed++)
        {
            (LinearGaussianModel model, double[] row) = HardCase(seed);
            var options = new CaviOptions { Tolerance = 0 };
            CaviResult last = new CaviSolver(options).Solve(model, row);
            if (last.Iterations != Math.Min(model.LatentCount, model.ObservationCount) + 6)
            {
                continue;
            }

            CaviResult previous = new CaviSolver(options with { MaxIterations = last.Iterations - 1 }).Solve(model, row);
            double change = Enumerable.Range(0, model.LatentCount).Max(
                j => Math.Abs(last.MeanField.Means[j] - previous.MeanField.Means[j]) / Math.Sqrt(last.MeanField.Variances[j]));

            if (previous.StopReason != StopReason.IterationLimit || last.StopReason != StopReason.RoundingFloor || change < 1e-11)
            {
                continue;
            }

            CaviResult stopped = new CaviSolver(options with { MeanChangeTolerance = 2 * change }).Solve(model, row);

            found++;
            stopped.StopReason.Should().Be(StopReason.MeanChangeBelowTolerance);
        }

        found.Should().BeGreaterThan(10);
    }

    private static (LinearGaussianModel Model, double[] Row) HardCase(int seed)
    {
        var random = new Random(seed);
        int latents = random.Next(3, 9);
        int observations = random.Next(3, 9);
        var model = new LinearGaussianModel(
            Matrix<double>.Build.Dense(observations, latents, (_, _) => (2 * random.NextDouble()) - 1),
            new double[observations],
            [.. Enumerable.Range(0, observations).Select(_ => Math.Pow(10, (3 * random.NextDouble()) - 3))],
            new double[latents],
            [.. Enumerable.Range(0, latents).Select(_ => Math.Pow(10, (9 * random.NextDouble()) - 5))]);
        return (model, [.. Enumerable.Range(0, observations).Select(_ => random.NextDouble())]);
    }
}
