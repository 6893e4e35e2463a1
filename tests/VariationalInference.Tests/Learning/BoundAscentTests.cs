using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Learning;

/// <summary>The search itself: what a step takes and refuses, and how many steps a known problem needs.</summary>
public class BoundAscentTests
{
    [Fact]
    public void Point_AfterAnotherWasTried_IsTheOneReached()
    {
        BoundAscent ascent = OfOffsets();
        double[] reached = [.. ascent.Vector];

        ascent.Evaluate([.. reached.Select(value => value + 1)], new double[reached.Length]);

        ascent.Point.Offset.Should().Equal(reached);
    }

    [Fact]
    public void Climb_WithAParameterHeld_MovesTheOthersOnly()
    {
        BoundAscent ascent = OfOffsets(held: 3);
        double[] start = [.. ascent.Vector];

        ascent.Gradient[3].Should().Be(0);
        ascent.Climb(1e-8, 1000);

        ascent.GradientNorm.Should().BeLessThanOrEqualTo(1e-8);
        ascent.Vector[3].Should().Be(start[3]);
        ascent.Vector.Zip(start, (after, before) => after != before).Count(moved => moved).Should().Be(start.Length - 1);
    }

    [Fact]
    public void RisingZeros_AreThePriorDeviationsThatLeaveZeroWithAGain()
    {
        // Cells of two latents each seen alone under noise 1: mean squares of 4 and ¼ are more, and less, than the noise.
        var block = new LearningBlock { Observed = [0, 1], Count = 3, Mean = [0, 0], Root = [2, 0, 0, 0.5] };
        var point = new LearningPoint(2, 2);
        (point.Loadings[0], point.Loadings[3]) = (1, 1);
        point.Noise.AsSpan().Fill(1);
        var options = new VariationalEmOptions { PriorVariances = VarianceLearning.Each, NoiseVariances = VarianceLearning.Fixed };
        BoundAscent Ascent(int held) => new(
            new MarginalBound([block], 2, PosteriorFamily.FullGaussian), new LearningLayout(2, 2, options), point, CancellationToken.None, held: held);

        Ascent(held: -1).RisingZeros().Should().Equal(0);
        Ascent(held: 0).RisingZeros().Should().BeEmpty();
    }

    [Fact]
    public void Climb_OfAQuadraticBound_NeedsFewSteps()
    {
        BoundAscent ascent = OfOffsets();

        ascent.Climb(1e-7, 1000);

        // It needs 97 to where rounding begins to count; without the first half of the recursion, or without the scale of the second derivatives, far more.
        ascent.GradientNorm.Should().BeLessThanOrEqualTo(1e-7);
        ascent.Iterations.Should().BeLessThanOrEqualTo(112);
    }

    [Fact]
    public void Climb_OfLoadingsAndNoise_NeedsFewSteps()
    {
        BoundAscent ascent = OfLoadings();

        ascent.Climb(1e-9, 1000);

        ascent.GradientNorm.Should().BeLessThanOrEqualTo(1e-9);
        ascent.Iterations.Should().BeLessThanOrEqualTo(32);
    }

    [Fact]
    public void Climb_OfOneDeviationFromFarAway_NeedsFewSteps()
    {
        // x ~ N(0, r) with a mean square of 1: the bound is −½ (log r + 1/r), so that r = 1.
        foreach ((double from, int steps) in new[] { (0.05, 20), (1000, 5) })
        {
            BoundAscent ascent = OfOneDeviation(from);

            ascent.Climb(1e-10, 1000);

            ascent.Vector[0].Should().BeApproximately(1, 1e-9);
            ascent.Iterations.Should().BeLessThanOrEqualTo(steps, "it began at {0}", from);
        }
    }

    [Fact]
    public void NewtonSteps_OfOneDeviation_AreTakenUntilTheGradientIsSmall()
    {
        BoundAscent ascent = OfOneDeviation(0.8);

        ascent.Finish(100).Should().BeFalse();

        ascent.GradientNorm.Should().BeLessThanOrEqualTo(1e-12);
        ascent.Missing.Should().BeLessThan(1e-24);
        ascent.Iterations.Should().BeInRange(3, 10);
        ascent.Vector[0].Should().BeApproximately(1, 1e-12);
    }

    [Fact]
    public void NewtonStep_AtTheTop_IsNotTaken()
    {
        BoundAscent ascent = OfOneCell(noise: 1);

        ascent.Finish(100).Should().BeFalse();

        ascent.Iterations.Should().Be(0);
    }

    [Theory]
    [InlineData(0.1)]
    [InlineData(1e-75)]
    public void Curvature_InItsOwnLengths_IsOneAtAnyNoise(double noise)
    {
        // The bound has −(b − x̄)²/2r in it.
        var curvature = new BoundCurvature(OfOneCell(noise), refined: true);

        curvature.Matrix[0, 0].Should().BeApproximately(1, 1e-9);
        curvature.Frame.Lengths.Should().Equal(noise);
        curvature.IsSaddle.Should().BeFalse();
    }

    private static BoundAscent OfOneCell(double noise)
    {
        var block = new LearningBlock { Observed = [0], Count = 3, Mean = [0], Root = [] };
        var point = new LearningPoint(1, 1);
        point.Noise[0] = noise;
        var options = new VariationalEmOptions { Offset = true, NoiseVariances = VarianceLearning.Fixed };
        return new BoundAscent(
            new MarginalBound([block], 1, PosteriorFamily.FullGaussian), new LearningLayout(1, 1, options), point, CancellationToken.None);
    }

    private static BoundAscent OfOneDeviation(double start)
    {
        var block = new LearningBlock { Observed = [0], Count = 3, Mean = [0], Root = [1] };
        var point = new LearningPoint(1, 1);
        point.Noise[0] = start;
        return new BoundAscent(
            new MarginalBound([block], 1, PosteriorFamily.FullGaussian), new LearningLayout(1, 1, new VariationalEmOptions()), point, CancellationToken.None);
    }

    /// <summary>Twenty offsets under noise of very different variances, and one latent that ties them together, from far away.</summary>
    private static BoundAscent OfOffsets(int held = -1)
    {
        double[] noise = [.. Enumerable.Range(0, 20).Select(k => Math.Pow(10, -1 + (2.5 * k / 19)))];
        var model = new LinearGaussianModel(Matrix<double>.Build.Dense(20, 1, (k, _) => 0.5 + (0.2 * k)), new double[20], noise, [0], [1]);
        Matrix<double> rows = Matrix<double>.Build.Dense(40, 20, (n, k) => Math.Sin((n * (k + 1.3)) + k) + k);
        var options = new VariationalEmOptions { Offset = true, NoiseVariances = VarianceLearning.Fixed };
        return Of(model, rows, options, offset: 5, held);
    }

    private static BoundAscent OfLoadings()
    {
        (LinearGaussianModel model, Matrix<double> rows) = MarginalBoundTests.Case(missing: 0.1);
        return Of(model, rows, new VariationalEmOptions { Loadings = true, Offset = true, NoiseVariances = VarianceLearning.Each }, offset: 1);
    }

    private static BoundAscent Of(LinearGaussianModel model, Matrix<double> rows, VariationalEmOptions options, double offset, int held = -1)
    {
        var problem = new LearningProblem(model, SufficientStatistics.Of(rows), options);
        LearningPoint start = problem.Given;
        start.Offset.AsSpan().Fill(offset);
        return new BoundAscent(problem.CreateBound(options.Family), problem.Layout, start, CancellationToken.None, held: held);
    }
}
