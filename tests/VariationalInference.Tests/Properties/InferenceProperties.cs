using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Properties;

public sealed class InferenceProperties
{
    private static readonly CaviSolver Short = new(new CaviOptions { MaxSweeps = 200 });

    [Fact]
    public void Elbo_AnyPosterior_IsAtMostTheLogEvidence() => RandomProblem.ForAll(problem =>
    {
        QuadraticLogJoint joint = problem.Model.Observe(problem.Row);
        double[] means = problem.Draw(problem.LatentCount, 0, 5);
        double elbo = new FixedFormElbo(joint).Value(means, problem.Variances(problem.LatentCount));
        elbo.Should().BeLessThanOrEqualTo(joint.LogEvidence + (1e-12 * Math.Abs(elbo)));
        double best = new FixedFormElbo(joint).Value(joint.MeanFieldOptimum());
        best.Should().BeGreaterThanOrEqualTo(elbo - (1e-12 * Math.Abs(elbo)));
        (joint.LogEvidence - best).Should().BeApproximately(joint.ApproximationGap, 1e-9 * (1 + Math.Abs(best)));
    });

    [Fact]
    public void Elbo_SweepBySweep_NeverDecreases() => RandomProblem.ForAll(problem =>
    {
        CaviResult fit = Short.Solve(problem.Model, problem.Row, problem.Draw(problem.LatentCount, 0, 5));
        fit.LargestElboDecrease.Should().BeLessThanOrEqualTo(1e-13 * fit.ElboTrace.Max(Math.Abs));
    });

    [Fact]
    public void PermutedLatents_PermuteTheAnswer() => RandomProblem.ForAll(problem =>
    {
        int count = problem.LatentCount;
        int[] order = [.. Enumerable.Range(0, count).Reverse()];
        var permuted = new LinearGaussianModel(
            Matrix<double>.Build.Dense(problem.Loadings.RowCount, count, (k, j) => problem.Loadings[k, order[j]]),
            problem.Offset,
            problem.NoiseVariances,
            [.. order.Select(j => problem.PriorMeans[j])],
            [.. order.Select(j => problem.PriorVariances[j])]);
        MultivariateGaussian expected = problem.Model.Posterior(problem.Row);
        MultivariateGaussian actual = permuted.Posterior(problem.Row);
        for (int j = 0; j < count; j++)
        {
            Near(actual[j], expected[order[j]]);
        }
    });

    [Fact]
    public void ScaledDataAndModel_ScaleTheAnswer() => RandomProblem.ForAll(problem =>
    {
        const double Scale = 1e-4;
        var scaled = new LinearGaussianModel(
            problem.Loadings,
            [.. problem.Offset.Select(value => Scale * value)],
            [.. problem.NoiseVariances.Select(value => Scale * Scale * value)],
            [.. problem.PriorMeans.Select(value => Scale * value)],
            [.. problem.PriorVariances.Select(value => Scale * Scale * value)]);
        double[] row = [.. problem.Row.Select(value => Scale * value)];
        CaviResult expected = Short.Solve(problem.Model, problem.Row);
        CaviResult actual = Short.Solve(scaled, row);
        actual.Sweeps.Should().Be(expected.Sweeps);
        for (int j = 0; j < problem.LatentCount; j++)
        {
            Gaussian q = actual.Posterior[j];
            Near(new Gaussian(q.Mean / Scale, q.Variance / (Scale * Scale)), expected.Posterior[j]);
        }
    });

    [Fact]
    public void RowOfMissingValues_ReturnsThePrior() => RandomProblem.ForAll(problem =>
    {
        foreach (LinearGaussianModel model in new[] { problem.Model, problem.Sum })
        {
            double[] missing = [.. Enumerable.Repeat(double.NaN, model.ObservationCount)];
            CaviResult fit = new CaviSolver().Solve(model, missing);
            model.LogEvidence(missing).Should().BeApproximately(0, 1e-12);
            for (int j = 0; j < problem.LatentCount; j++)
            {
                var prior = new Gaussian(problem.PriorMeans[j], problem.PriorVariances[j]);
                Near(model.Posterior(missing)[j], prior);
                Near(fit.Posterior[j], prior);
            }
        }
    });

    [Fact]
    public void RepeatedObservations_EqualOneWithTheirShareOfTheNoise() => RandomProblem.ForAll(problem =>
    {
        GaussianSumModel several = problem.Sum;
        var one = new GaussianSumModel(
            1, several.NoiseVariance / several.ObservationCount, problem.PriorMeans, problem.PriorVariances);
        MultivariateGaussian expected = one.Posterior([problem.Row.Average()]);
        MultivariateGaussian actual = several.Posterior(problem.Row);
        for (int j = 0; j < problem.LatentCount; j++)
        {
            Near(actual[j], expected[j]);
        }
    });

    [Fact]
    public void SumModel_EqualsTheGeneralModelWithLoadingsOfOne() => RandomProblem.ForAll(problem =>
    {
        GaussianSumModel sum = problem.Sum;
        var general = new LinearGaussianModel(
            sum.Loadings(), sum.Offset.AsSpan(), sum.NoiseVariances.AsSpan(), problem.PriorMeans, problem.PriorVariances);
        double[] row = [.. problem.Row.Select((value, k) => k % 3 == 2 ? double.NaN : value)];
        general.LogEvidence(row).Should().BeApproximately(sum.LogEvidence(row), 1e-9 * (1 + Math.Abs(sum.LogEvidence(row))));
        double gap = sum.Observe(row).ApproximationGap;
        general.Observe(row).ApproximationGap.Should().BeApproximately(gap, 1e-9 * (1 + gap));
        general.Observe(row).ParetoShape.Should().BeApproximately(sum.Observe(row).ParetoShape, 1e-9);
        CaviResult expected = Short.Solve(sum, row);
        CaviResult actual = Short.Solve(general, row);
        for (int j = 0; j < problem.LatentCount; j++)
        {
            Near(actual.Posterior[j], expected.Posterior[j], tolerance: 1e-6);
            Near(general.Posterior(row)[j], sum.Posterior(row)[j]);
        }
    });

    [Fact]
    public void MissingCells_EqualTheModelWithoutThem() => RandomProblem.ForAll(problem =>
    {
        int kept = problem.Row.Length - 1;
        if (kept == 0)
        {
            return;
        }

        var smaller = new LinearGaussianModel(
            problem.Loadings.SubMatrix(0, kept, 0, problem.LatentCount),
            problem.Offset.AsSpan(0, kept),
            problem.NoiseVariances.AsSpan(0, kept),
            problem.PriorMeans,
            problem.PriorVariances);
        double[] row = [.. problem.Row[..kept], double.NaN];
        double evidence = smaller.LogEvidence(problem.Row.AsSpan(0, kept));
        problem.Model.LogEvidence(row).Should().BeApproximately(evidence, 1e-12 * (1 + Math.Abs(evidence)));
        problem.Model.Observe(row).ObservedCount.Should().Be(kept);
        for (int j = 0; j < problem.LatentCount; j++)
        {
            Near(problem.Model.Posterior(row)[j], smaller.Posterior(problem.Row.AsSpan(0, kept))[j]);
        }
    });

    private static void Near(Gaussian actual, Gaussian expected, double tolerance = 1e-8)
    {
        actual.Mean.Should().BeApproximately(expected.Mean, tolerance * (expected.StandardDeviation + Math.Abs(expected.Mean)));
        actual.Variance.Should().BeApproximately(expected.Variance, tolerance * expected.Variance);
    }
}
