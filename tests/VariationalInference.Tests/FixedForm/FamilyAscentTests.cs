using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Tests.Posteriors;
using Xunit;

namespace VariationalInference.Tests.FixedForm;

/// <summary>Going uphill in any family, through <see cref="FixedFormElbo.Ascend"/>.</summary>
public sealed class FamilyAscentTests
{
    private static readonly QuadraticLogJoint General = new LinearGaussianModel(
        Matrix<double>.Build.DenseOfRowArrays([1.5, -0.5, 0.2], [0.3, 2.0, -1.0]),
        [0.5, -1.0], [0.4, 2.0], [0.1, -0.2, 0.3], [1.0, 0.5, 4.0]).Observe([1.0, -2.0]);

    private static readonly MultivariateGaussian Prior = new([0.1, -0.2, 0.3], Matrix<double>.Build.DenseOfDiagonalArray([1.0, 0.5, 4.0]));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void FullCovariance_FromThePrior_ReachesTheExactPosterior(bool sum)
    {
        QuadraticLogJoint joint = sum ? new GaussianSumModel(2, 0.01, [0.1, -0.2, 0.3], [1.0, 0.5, 4.0]).Observe([1.2, 0.8]) : General;
        MultivariateGaussian exact = joint.Posterior();

        FixedFormResult<MultivariateGaussian> result = new FixedFormElbo(joint).Ascend(Prior);

        result.StopReason.Should().BeOneOf(StopReason.CertificateMet, StopReason.RoundingFloor);
        result.GradientNorm.Should().BeLessThan(1e-6);
        result.Elbo.Should().BeApproximately(joint.LogEvidence, 1e-11);
        result.Posterior.DivergenceFrom(exact).Should().BeApproximately(0, 1e-11);
        result.Steps.Should().BeLessThan(200);
        result.ElboTrace[0].Should().Be(new FixedFormElbo(joint).Evaluate(Prior).Elbo);
    }

    [Fact]
    public void MeanField_ReachesTheStationaryPoint()
    {
        var elbo = new FixedFormElbo(General);
        MeanFieldGaussian exact = elbo.StationaryPoint();

        FixedFormResult<MeanFieldGaussian> result = elbo.Ascend(new MeanFieldGaussian([0, 0, 0], [1, 1, 1]));

        result.Converged.Should().BeTrue();
        result.Posterior.Means.Should().Equal(exact.Means, (actual, expected) => Math.Abs(actual - expected) < 1e-7);
        result.Posterior.Variances.Should().Equal(exact.Variances, (actual, expected) => Math.Abs(actual - expected) < 1e-7);
    }

    [Fact]
    public void LowRank_LiesBetweenMeanFieldAndFull()
    {
        // Three latents and one observed sum: Λ = I + bbᵀ, whose inverse has correlations that rank two can hold.
        var elbo = new FixedFormElbo(General);
        var start = new LowRankGaussian([0, 0, 0], [1, 1, 1], Matrix<double>.Build.DenseOfRowArrays([0.1, 0.2], [-0.2, 0.1], [0.1, 0.1]));

        FixedFormResult<LowRankGaussian> result = elbo.Ascend(start);

        result.GradientNorm.Should().BeLessThan(1e-5);
        result.Elbo.Should().BeGreaterThan(elbo.Value(elbo.StationaryPoint()) + 0.1);
        result.Elbo.Should().BeLessThanOrEqualTo(General.LogEvidence + 1e-12);
    }

    // The maximum over μ and L, computed with 25 digits by Newton's method on one-dimensional trapezoid rules.
    [Fact]
    public void LogisticRegression_ByQuadrature_ReachesTheMaximum()
    {
        var elbo = new FixedFormElbo(LogJointExpectation.Quadrature(new LogisticLogJoint(), 41));

        FixedFormResult<MultivariateGaussian> result = elbo.Ascend(
            new MultivariateGaussian([0, 0], Matrix<double>.Build.DenseOfDiagonalArray([2.25, 1])));

        var parameters = new double[5];
        result.Posterior.CopyParameters(parameters);
        double[] exact = [1.31084874808, -0.471574328538, 1.18935625329, 0.0864461129196, 0.824826139285];
        result.Elbo.Should().BeApproximately(-1.74338635203002, 1e-11);
        parameters.Should().Equal(exact, (actual, expected) => Math.Abs(actual - expected) < 1e-6);
    }

    [Fact]
    public void LogisticRegression_ByDraws_ComesNearTheMaximum()
    {
        FixedFormResult<MultivariateGaussian> result = new FixedFormElbo(LogJointExpectation.Draws(new LogisticLogJoint(), 20_000)).Ascend(
            new MultivariateGaussian([0, 0], Matrix<double>.Build.DenseOfDiagonalArray([2.25, 1])));

        result.Posterior.Means[0].Should().BeApproximately(1.31084874808, 0.03);
        result.Posterior.Means[1].Should().BeApproximately(-0.471574328538, 0.03);
        result.Posterior[0].StandardDeviation.Should().BeApproximately(1.18935625329, 0.03);
    }

    [Fact]
    public void FamilyOfOnesOwn_ReachesItsMaximum()
    {
        // N(μ, s²I): μ = Λ⁻¹h and J/s² = tr Λ.
        FixedFormResult<IsotropicGaussian> result = new FixedFormElbo(General).Ascend(new IsotropicGaussian([0, 0, 0], 0));

        result.Posterior.Means.Should().Equal(General.Posterior().Means, (actual, exact) => Math.Abs(actual - exact) < 1e-7);
        result.Posterior.Variances[0].Should().BeApproximately(3 / General.Precision().Trace(), 1e-8);
    }

    [Fact]
    public void Tolerance_DecidesWhereTheAscentEnds()
    {
        var elbo = new FixedFormElbo(General);
        FixedFormResult<MultivariateGaussian> loose = elbo.Ascend(Prior, new GradientAscentOptions { Tolerance = 0.1 });
        FixedFormResult<MultivariateGaussian> tight = elbo.Ascend(Prior, new GradientAscentOptions { Tolerance = 1e-5 });

        loose.Steps.Should().BeLessThan(tight.Steps);
        loose.GradientNorm.Should().BeInRange(1e-5, 0.1);
        tight.GradientNorm.Should().BeLessThanOrEqualTo(1e-5);
        tight.StopReason.Should().Be(StopReason.CertificateMet);

        GradientAscentResult looseWalk = elbo.Maximize(new GradientAscentOptions { Tolerance = 0.1 });
        GradientAscentResult tightWalk = elbo.Maximize(new GradientAscentOptions { Tolerance = 1e-5 });
        looseWalk.Steps.Should().BeLessThan(tightWalk.Steps);
        looseWalk.ErrorBound.Should().BeInRange(1e-5, 0.1);
    }

    [Fact]
    public void OwnStep_FollowsTheGradientInNaturalSizes()
    {
        var elbo = new FixedFormElbo(General);
        ElboEvaluation first = elbo.Evaluate(Prior);

        FixedFormResult<MultivariateGaussian> result = elbo.Ascend(
            Prior, new GradientAscentOptions { StepSize = 0.01, MaxSteps = 1, PathLimit = 2 });

        result.StopReason.Should().Be(StopReason.IterationLimit);
        result.Path[1].Means[2].Should().BeApproximately(0.3 + (0.01 * 4 * first.MeanGradient[2]), 1e-14);
        result.Elbo.Should().BeGreaterThan(first.Elbo);
    }

    [Fact]
    public void StepTooLarge_DivergesAndKeepsTheBestPoint()
    {
        FixedFormResult<MultivariateGaussian> result = new FixedFormElbo(General).Ascend(Prior, new GradientAscentOptions { StepSize = 50 });

        result.StopReason.Should().Be(StopReason.Diverged);
        result.Elbo.Should().Be(result.ElboTrace.Max());
        result.Converged.Should().BeFalse();
    }

    [Fact]
    public void Cancellation_ReturnsTheStart()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();

        FixedFormResult<MultivariateGaussian> result = new FixedFormElbo(General).Ascend(Prior, cancellationToken: source.Token);

        result.StopReason.Should().Be(StopReason.Cancelled);
        result.Posterior.Should().BeSameAs(Prior);
        result.ToString().Should().Contain("(Cancelled)");
    }
}
