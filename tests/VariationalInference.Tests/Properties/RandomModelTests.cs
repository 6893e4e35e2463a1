using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Properties;

/// <summary>What holds for every model and row.</summary>
public sealed class RandomModelTests
{
    [Fact]
    public void Elbo_OfAnyPosterior_IsAtMostTheLogEvidence() => ForAll(
        from model in RandomModel.General()
        from means in Gen.ArrayOf(RandomModel.Uniform(-10, 10), model.LatentCount)
        from variances in Gen.ArrayOf(RandomModel.LogUniform(-6, 6), model.LatentCount)
        select (model, means, variances),
        input =>
        {
            QuadraticLogJoint joint = input.model.Observe();

            double elbo = new FixedFormElbo(joint).Value(input.means, input.variances);

            elbo.Should().BeLessThanOrEqualTo(joint.LogEvidence + Rounding(joint));
        });

    [Fact]
    public void Elbo_OfAnyPosterior_IsAtMostThatOfTheStationaryPoint() => ForAll(
        from model in RandomModel.General()
        from shifts in Gen.ArrayOf(RandomModel.Uniform(-1, 1), model.LatentCount)
        from factors in Gen.ArrayOf(RandomModel.LogUniform(-1, 1), model.LatentCount)
        select (model, shifts, factors),
        input =>
        {
            var elbo = new FixedFormElbo(input.model.Observe());
            MeanFieldGaussian best = elbo.StationaryPoint();
            var other = new MeanFieldGaussian(
                [.. best.Means.Zip(input.shifts, (mean, shift) => mean + shift)],
                [.. best.Variances.Zip(input.factors, (variance, factor) => variance * factor)]);

            elbo.Value(other).Should().BeLessThanOrEqualTo(elbo.Value(best) + Rounding(elbo.Joint));
        });

    [Fact]
    public void ApproximationGap_IsLogEvidenceLessTheLargestElbo() => ForAll(RandomModel.General(), model =>
    {
        QuadraticLogJoint joint = model.Observe();

        double gap = joint.LogEvidence - new FixedFormElbo(joint).Value(joint.MeanFieldOptimum());

        joint.ApproximationGap.Should().BeGreaterThanOrEqualTo(0);
        joint.ApproximationGap.Should().BeApproximately(gap, Rounding(joint));
    });

    [Fact]
    public void Elbo_NeverFallsOverSweeps_AndTheBoundHolds() => ForAll(RandomModel.General(), model =>
    {
        QuadraticLogJoint joint = model.Observe();
        MultivariateGaussian exact = joint.Posterior();

        foreach (int sweeps in new[] { 1, 2, 5, 20, 100 })
        {
            CaviResult fit = new CaviSolver(new CaviOptions { Method = CaviMethod.PlainSweeps, MaxIterations = sweeps, Tolerance = 0 }).Solve(joint);

            fit.LargestElboDecrease.Should().BeLessThanOrEqualTo(1e-13 * (1 + fit.ElboTrace.Max(Math.Abs)));
            fit.MeanField.Means.Select((mean, j) => Math.Abs(mean - exact.Means[j]) / Math.Sqrt(exact.Variances[j])).Max()
                .Should().BeLessThanOrEqualTo((1 + 1e-12) * fit.ErrorBound);
        }
    });

    [Fact]
    public void GradientAscent_WithDefaultSteps_NeverLosesAgainstItsStart() => ForAll(RandomModel.General(), model =>
    {
        GradientAscentResult walk = new FixedFormElbo(model.Observe()).Maximize(new GradientAscentOptions { MaxSteps = 50 });

        walk.Elbo.Should().BeGreaterThanOrEqualTo(walk.ElboTrace[0]);
        walk.StopReason.Should().NotBe(StopReason.Diverged);
    });

    [Fact]
    public void PermutingLatents_PermutesTheAnswer() => ForAll(
        from model in RandomModel.General()
        from order in Gen.Shuffle(Enumerable.Range(0, model.LatentCount).ToArray())
        select (model, order),
        input =>
        {
            (RandomModel model, int[] order) = input;
            QuadraticLogJoint original = model.Observe();
            QuadraticLogJoint permuted = (model with
            {
                Loadings = [.. model.Loadings.Select(row => order.Select(j => row[j]).ToArray())],
                PriorMeans = [.. order.Select(j => model.PriorMeans[j])],
                PriorVariances = [.. order.Select(j => model.PriorVariances[j])],
            }).Observe();

            PosteriorsShouldAgree(permuted.Posterior(), original.Posterior(), order, scale: 1);
            permuted.LogEvidence.Should().BeApproximately(original.LogEvidence, Rounding(original));
            permuted.ApproximationGap.Should().BeApproximately(original.ApproximationGap, 1e-10 * (1 + original.ApproximationGap));

            CaviResult fit = new CaviSolver(new CaviOptions { Tolerance = 1e-7, MaxIterations = 20_000 }).Solve(permuted);
            for (int j = 0; fit.Converged && j < order.Length; j++)
            {
                double exact = original.MeanFieldOptimum().Means[order[j]];
                fit.MeanField.Means[j].Should().BeApproximately(exact, 1e-7 * Math.Sqrt(original.Posterior().Variances[order[j]]) + 1e-13);
            }
        });

    [Fact]
    public void ScalingDataAndModel_ScalesTheAnswer() => ForAll(
        from model in RandomModel.General()
        from factor in RandomModel.LogUniform(-6, 6)
        select (model, factor),
        input =>
        {
            (RandomModel model, double c) = input;
            QuadraticLogJoint original = model.Observe();
            QuadraticLogJoint scaled = (model with
            {
                Offset = [.. model.Offset.Select(value => c * value)],
                Noise = [.. model.Noise.Select(value => c * c * value)],
                PriorMeans = [.. model.PriorMeans.Select(value => c * value)],
                PriorVariances = [.. model.PriorVariances.Select(value => c * c * value)],
                Row = [.. model.Row.Select(value => c * value)],
            }).Observe();

            PosteriorsShouldAgree(scaled.Posterior(), original.Posterior(), [.. Enumerable.Range(0, model.LatentCount)], c);
            scaled.LogEvidence.Should().BeApproximately(
                original.LogEvidence - (original.ObservedCount * Math.Log(c)), Rounding(original) + 1e-11);
            scaled.ApproximationGap.Should().BeApproximately(original.ApproximationGap, 1e-10 * (1 + original.ApproximationGap));
            var options = new CaviOptions { Method = CaviMethod.PlainSweeps, MaxIterations = 10, Tolerance = 0 };
            CaviResult fit = new CaviSolver(options).Solve(scaled);
            CaviResult reference = new CaviSolver(options).Solve(original);
            fit.ErrorBound.Should().BeApproximately(reference.ErrorBound, (1e-6 * reference.ErrorBound) + 1e-8);
        });

    [Fact]
    public void RowOfAllMissingValues_ReturnsThePrior() => ForAll(RandomModel.General(), model =>
    {
        QuadraticLogJoint joint = (model with { Row = [.. model.Row.Select(_ => double.NaN)] }).Observe();
        MultivariateGaussian posterior = joint.Posterior();

        posterior.Means.Should().Equal(model.PriorMeans, (actual, expected) => Math.Abs(actual - expected) <= 1e-15 * Math.Abs(expected));
        posterior.Variances.Should().Equal(model.PriorVariances, (actual, expected) => Math.Abs(actual - expected) <= 1e-14 * expected);
        joint.ObservedCount.Should().Be(0);
        joint.LogEvidence.Should().BeApproximately(0, 1e-15);
        joint.ApproximationGap.Should().Be(0);
        CaviResult fit = new CaviSolver().Solve(joint);
        fit.Converged.Should().BeTrue();
        fit.Elbo.Should().BeApproximately(0, 1e-15);
    });

    [Fact]
    public void MissingCells_EqualTheModelWithoutThem() => ForAll(
        RandomModel.General().Where(model => model.Row.Any(double.IsFinite)),
        model =>
        {
            int[] observed = [.. Enumerable.Range(0, model.ObservationCount).Where(k => double.IsFinite(model.Row[k]))];
            QuadraticLogJoint full = model.Observe();
            QuadraticLogJoint reduced = (model with
            {
                Loadings = [.. observed.Select(k => model.Loadings[k])],
                Offset = [.. observed.Select(k => model.Offset[k])],
                Noise = [.. observed.Select(k => model.Noise[k])],
                Row = [.. observed.Select(k => model.Row[k])],
            }).Observe();

            PosteriorsShouldAgree(full.Posterior(), reduced.Posterior(), [.. Enumerable.Range(0, model.LatentCount)], scale: 1);
            full.LogEvidence.Should().BeApproximately(reduced.LogEvidence, Rounding(reduced));
            full.ObservedCount.Should().Be(observed.Length);
        });

    [Fact]
    public void SumModel_EqualsTheGeneralModelWithLoadingsOfOne() => ForAll(RandomModel.Sum(), model =>
    {
        QuadraticLogJoint general = model.Observe();
        QuadraticLogJoint sum = new GaussianSumModel(model.ObservationCount, model.Noise[0], model.PriorMeans, model.PriorVariances)
            .Observe(model.Row);
        double[] z = [.. model.PriorMeans.Select(mean => (2 * mean) + 1)];

        PosteriorsShouldAgree(sum.Posterior(), general.Posterior(), [.. Enumerable.Range(0, model.LatentCount)], scale: 1);
        sum.LogEvidence.Should().BeApproximately(general.LogEvidence, Rounding(general));
        sum.Value(z).Should().BeApproximately(general.Value(z), 1e-12 * (1 + Math.Abs(general.Value(z))));
        sum.ApproximationGap.Should().BeApproximately(general.ApproximationGap, 1e-10 * (1 + general.ApproximationGap));
        sum.ParetoShape.Should().BeApproximately(general.ParetoShape, 1e-10);
    });

    [Fact]
    public void ObservationsOfTheSameSum_EqualTheirMeanWithLessNoise() => ForAll(
        RandomModel.Sum().Where(model => model.Row.All(double.IsFinite)),
        model =>
        {
            int count = model.ObservationCount;
            MultivariateGaussian all = new GaussianSumModel(count, model.Noise[0], model.PriorMeans, model.PriorVariances).Posterior(model.Row);
            MultivariateGaussian one = new GaussianSumModel(1, model.Noise[0] / count, model.PriorMeans, model.PriorVariances)
                .Posterior([model.Row.Average()]);

            PosteriorsShouldAgree(all, one, [.. Enumerable.Range(0, model.LatentCount)], scale: 1);
        });

    [Fact]
    public void Posterior_SolvesItsNormalEquations() => ForAll(RandomModel.General(), model =>
    {
        QuadraticLogJoint joint = model.Observe();
        MultivariateGaussian posterior = joint.Posterior();
        Matrix<double> identity = joint.Precision() * posterior.CovarianceMatrix();
        var gradient = new double[model.LatentCount];

        joint.Gradient(posterior.Means.AsSpan(), gradient);

        for (int j = 0; j < model.LatentCount; j++)
        {
            gradient[j].Should().BeApproximately(0, 1e-9 * joint.PrecisionDiagonal[j] * (1 + Math.Abs(posterior.Means[j])));
            for (int i = 0; i < model.LatentCount; i++)
            {
                double scale = Math.Sqrt(joint.PrecisionDiagonal[i] / joint.PrecisionDiagonal[j]) * joint.PrecisionDiagonal[j]
                    * Math.Sqrt(posterior.Variances.Zip(joint.PrecisionDiagonal, (v, p) => v * p).Max()) * posterior.Variances.Max();
                identity[i, j].Should().BeApproximately(i == j ? 1 : 0, 1e-10 * (1 + scale));
            }
        }
    });

    private static void ForAll<T>(Gen<T> generator, Action<T> check) => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(200).WithReplay(new Replay(new Rnd(20_240_229, 1_879), null)),
        Prop.ForAll(generator.ToArbitrary(), check));

    /// <summary>What rounding may do to a log density whose terms are far larger than their sum.</summary>
    private static double Rounding(QuadraticLogJoint joint) => 1e-11 * (10 + Math.Abs(joint.LogEvidence));

    /// <summary>Compares, to 1e-9 posterior standard deviations, a posterior whose latent j is latent order[j] of another, times a scale.</summary>
    private static void PosteriorsShouldAgree(MultivariateGaussian actual, MultivariateGaussian expected, int[] order, double scale)
    {
        actual.Count.Should().Be(order.Length);
        for (int i = 0; i < order.Length; i++)
        {
            double deviation = Math.Sqrt(expected.Variances[order[i]]);
            (actual.Means[i] / scale).Should().BeApproximately(
                expected.Means[order[i]], 1e-9 * (deviation + Math.Abs(expected.Means[order[i]])), "mean {0}", i);
            for (int j = 0; j < order.Length; j++)
            {
                double other = Math.Sqrt(expected.Variances[order[j]]);
                (actual.Covariance(i, j) / (scale * scale)).Should().BeApproximately(
                    expected.Covariance(order[i], order[j]), 1e-9 * deviation * other, "covariance {0}, {1}", i, j);
            }
        }
    }
}
