using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Tests.Reference;
using Xunit;

namespace VariationalInference.Tests.FixedForm;

/// <summary>Gradient ascent, through <see cref="FixedFormElbo.Maximize"/>.</summary>
public sealed class GradientAscentTests
{
    /// <summary>What rounding may do to a variance, which is kept as its logarithm: half an ulp of numbers up to 40, and 1/Λ_jj's own.</summary>
    private const double VarianceRounding = 1e-14;

    private static readonly FixedFormElbo Example = new(new GaussianSumModel().Observe([1.2, 0.8]));

    private static readonly FixedFormElbo General = new(new LinearGaussianModel(
        Matrix<double>.Build.DenseOfRowArrays([1.5, -0.5], [0.3, 2.0], [1.0, 1.0]),
        [0.5, -1.0, 0.0],
        [0.4, 2.0, 1.0],
        [0.1, -0.2],
        [1.0, 0.5]).Observe([1.0, -2.0, 0.3]));

    [Theory]
    [MemberData(nameof(ReferenceCase.Ids), MemberType = typeof(ReferenceCase))]
    public void Walk_OnEachReferenceCase_ReachesTheOptimumOrSaysThatItHasNot(string id)
    {
        ReferenceCase reference = ReferenceCase.Of(id);
        bool reachable = reference.Model.Observe(reference.Rows[0]).Precision().ConditionNumber() < 1e4;
        var options = new GradientAscentOptions { MaxSteps = reachable ? 400_000 : 1_000, PathLimit = 1 };

        for (int n = 0; n < reference.Rows.Length; n++)
        {
            GradientAscentResult walk = new FixedFormElbo(reference.Model.Observe(reference.Rows[n])).Maximize(options);

            BoundsShouldHold(walk, reference, n);
            walk.Converged.Should().Be(walk.ErrorBound <= options.Tolerance && walk.VarianceErrorBound <= options.Tolerance);
            walk.ElboTrace.All(double.IsFinite).Should().BeTrue();
            walk.Path.Should().ContainSingle();
            double allowed = Rounding(walk, reference, n, walk.ElboTrace.Max(Math.Abs));
            walk.ElboTrace.Zip(walk.ElboTrace.Skip(1), (before, after) => before - after).DefaultIfEmpty().Max()
                .Should().BeLessThanOrEqualTo(allowed, "the default steps contract, row {0}", n);
            if (reachable)
            {
                walk.StopReason.Should().BeOneOf([StopReason.CertificateMet, StopReason.RoundingFloor], "row {0}", n);
                reference.MeanError(walk.MeanField.Means, n).Should().BeLessThanOrEqualTo(1e-8, "row {0}", n);
                walk.MeanField.Variances.Should().Equal(
                    reference.MeanFieldVariances, (actual, exact) => Math.Abs(actual - exact) <= 2e-8 * exact);
                walk.Elbo.Should().BeApproximately(reference.Elbos[n], 1e-9 * Math.Abs(reference.Elbos[n]));
            }
            else
            {
                walk.StopReason.Should().BeOneOf(
                    StopReason.CertificateMet, StopReason.RoundingFloor, StopReason.IterationLimit);
                walk.Elbo.Should().BeGreaterThanOrEqualTo(walk.ElboTrace[0]);
            }
        }
    }

    [Theory]
    [MemberData(nameof(ReferenceCase.Ids), MemberType = typeof(ReferenceCase))]
    public void Bounds_AlongTheWalkOnEachReferenceCase_AreNeverBelowTheTrueErrors(string id)
    {
        ReferenceCase reference = ReferenceCase.Of(id);
        for (int n = 0; n < reference.Rows.Length; n++)
        {
            var elbo = new FixedFormElbo(reference.Model.Observe(reference.Rows[n]));
            foreach (int steps in new[] { 1, 3, 30 })
            {
                BoundsShouldHold(elbo.Maximize(new GradientAscentOptions { MaxSteps = steps, Tolerance = 0 }), reference, n);
            }
        }
    }

    [Theory]
    [MemberData(nameof(ReferenceCase.Ids), MemberType = typeof(ReferenceCase))]
    public void StepTooLarge_OnEachReferenceCase_KeepsTheBestPointAndItsBounds(string id)
    {
        ReferenceCase reference = ReferenceCase.Of(id);
        var options = new GradientAscentOptions { StepSize = 10, MaxSteps = 200, PathLimit = 1 };

        for (int n = 0; n < reference.Rows.Length; n++)
        {
            GradientAscentResult walk = new FixedFormElbo(reference.Model.Observe(reference.Rows[n])).Maximize(options);

            walk.Elbo.Should().BeGreaterThanOrEqualTo(walk.ElboTrace.Max() - Rounding(walk, reference, n, walk.ElboTrace[0]));
            BoundsShouldHold(walk, reference, n);
        }
    }

    [Fact]
    public void OwnStep_FollowsTheGradientByHand()
    {
        const double step = 0.05;
        double[] mu = [0.1, -0.2];
        double[] rho = [Math.Log(1.0), Math.Log(0.5)];

        GradientAscentResult walk = General.Maximize(new GradientAscentOptions { StepSize = step, MaxSteps = 20, Tolerance = 0 });

        walk.Steps.Should().Be(20);
        walk.Path.Should().HaveCount(21);
        walk.ElboTrace.Should().HaveCount(21);
        foreach ((MeanFieldGaussian point, double elbo) in walk.Path.Zip(walk.ElboTrace))
        {
            double[] v = [.. rho.Select(Math.Exp)];
            point.Means.Should().Equal(mu, (actual, expected) => Math.Abs(actual - expected) < 1e-13);
            point.Variances.Should().Equal(v, (actual, expected) => Math.Abs(actual - expected) < 1e-13);
            elbo.Should().BeApproximately(General.Value(mu, v), 1e-12);

            ElboGradient gradient = General.Gradient(mu, v);
            mu = [.. mu.Zip(gradient.Means, (value, slope) => value + (step * slope))];
            rho = [.. rho.Zip(gradient.LogVariances, (value, slope) => value + (step * slope))];
        }
    }

    [Fact]
    public void DefaultSteps_WalkToTheStationaryPoint()
    {
        GradientAscentResult walk = Example.Maximize();

        walk.Converged.Should().BeTrue();
        walk.StopReason.Should().Be(StopReason.CertificateMet);
        walk.MeanField.Means.Should().OnlyContain(mean => Math.Abs(mean - (2.0 / 7)) < 1e-8);
        walk.MeanField.Variances.Should().OnlyContain(variance => Math.Abs((3 * variance) - 1) <= 1.01e-8);
        walk.LogEvidence.Should().Be(Example.Joint.LogEvidence);
        walk.ApproximationGap.Should().Be(Example.Joint.ApproximationGap);
        walk.Exact.Covariance(0, 1).Should().BeApproximately(-2.0 / 7, 1e-14);
        walk.Path[0].Variances.Should().Equal(1, 1, 1);
        walk.ToString().Should().Contain("(CertificateMet)").And.EndWith(" posterior sd");
    }

    [Theory]
    [InlineData(1e-200)]
    [InlineData(1e-8)]
    [InlineData(1e8)]
    [InlineData(1e200)]
    public void StartWithAnyVariance_ReachesTheOptimum(double variance)
    {
        var start = new MeanFieldGaussian([5, -5, 0], [variance, variance, variance]);

        GradientAscentResult walk = Example.Maximize(start: start);

        walk.Converged.Should().BeTrue();
        walk.Path[0].Means.Should().Equal(start.Means);
    }

    [Fact]
    public void StepTooLarge_DivergesAndKeepsTheBestPoint()
    {
        GradientAscentResult walk = Example.Maximize(new GradientAscentOptions { StepSize = 10 });

        walk.StopReason.Should().Be(StopReason.Diverged);
        walk.Converged.Should().BeFalse();
        walk.Elbo.Should().Be(walk.ElboTrace.Max());
        walk.Elbo.Should().Be(Example.Value(walk.MeanField));
        walk.ErrorBound.Should().BeGreaterThan(1e-8);
    }

    [Fact]
    public void MeansThatDiverge_AreReported()
    {
        // Λ has the eigenvalue 7: every step beyond 2/7 diverges along it, while log variances still settle.
        GradientAscentResult walk = Example.Maximize(
            new GradientAscentOptions { StepSize = 0.35 }, new MeanFieldGaussian([1, 1, 1], [0.3, 0.3, 0.3]));

        walk.StopReason.Should().Be(StopReason.Diverged);
        walk.MeanField.Means.Should().Equal(1, 1, 1);
        walk.Elbo.Should().Be(walk.ElboTrace[0]);
    }

    [Fact]
    public void IterationLimit_StopsTheWalk()
    {
        GradientAscentResult walk = Example.Maximize(new GradientAscentOptions { MaxSteps = 3, PathLimit = 2 });

        walk.StopReason.Should().Be(StopReason.IterationLimit);
        walk.Steps.Should().Be(3);
        walk.Path.Should().HaveCount(2);
        walk.Converged.Should().BeFalse();
    }

    [Fact]
    public void Cancellation_ReturnsTheBestPoint()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();

        GradientAscentResult walk = Example.Maximize(cancellationToken: source.Token);

        walk.StopReason.Should().Be(StopReason.Cancelled);
        walk.Converged.Should().BeFalse();
        walk.MeanField.Means.Should().Equal(0, 0, 0);
        walk.Elbo.Should().Be(Example.Value([0, 0, 0], [1, 1, 1]));
    }

    [Fact]
    public void StartAtTheOptimum_StopsThere()
    {
        GradientAscentResult walk = Example.Maximize(start: Example.StationaryPoint());

        walk.Steps.Should().Be(0);
        walk.Converged.Should().BeTrue();
    }

    [Fact]
    public void StartOfAnotherLength_IsRefused() => Refusal.Of<ArgumentException>(
        () => Example.Maximize(start: new MeanFieldGaussian([1, 2], [1, 1])), "start", "start has 2 elements; it must have 3, one for each latent.");

    private static void BoundsShouldHold(GradientAscentResult walk, ReferenceCase reference, int row)
    {
        reference.MeanError(walk.MeanField.Means, row)
            .Should().BeLessThanOrEqualTo(walk.ErrorBound, "row {0}, step {1}", row, walk.Steps);

        walk.MeanField.Variances.Zip(reference.MeanFieldVariances, (actual, exact) => Math.Abs(actual - exact) / exact).Max()
            .Should().BeLessThanOrEqualTo((1 + 1e-14) * (walk.VarianceErrorBound + VarianceRounding), "row {0}, step {1}", row, walk.Steps);
        (reference.Elbos[row] - walk.Elbo).Should().BeLessThanOrEqualTo(
            walk.ElboGapBound + Rounding(walk, reference, row, walk.Elbo), "row {0}, step {1}", row, walk.Steps);
    }

    /// <summary>As in the tests of coordinate ascent: what no evaluation of the ELBO escapes.</summary>
    private static double Rounding(GradientAscentResult walk, ReferenceCase reference, int row, double size) =>
        (1e-15 * (8 + reference.Model.LatentCount + reference.Model.ObservationCount) * (1 + Math.Max(Math.Abs(size), Math.Abs(walk.Elbo))))
            + (4.5e-16 * reference.ResidualSensitivity(row));

    // The scaled precision of the sum model has the eigenvalues 1/Λ_jj and (1 + JK/σ²)/Λ_jj, so that the default step in a mean is 2/(2 + JK/σ²).
    [Fact]
    public void FirstDefaultStep_IsTwoOverTheSumOfTheExtremeCurvatures()
    {
        var elbo = new FixedFormElbo(new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 0.5).Observe([1.2, 0.8]));

        GradientAscentResult result = elbo.Maximize();

        result.Path[1].Means.Should().AllSatisfy(mean => mean.Should().BeApproximately(4.0 * 2 / (2 + 12), 1e-14));
    }
}
