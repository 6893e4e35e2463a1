using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Learning;

/// <summary>Whether learning says that it is there when it is, whatever the ratio of signal to noise, and how far it is when it is not.</summary>
public class ConvergenceTests
{
    private const int Tables = 40;

    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    [InlineData(30)]
    [InlineData(100)]
    [InlineData(1e4)]
    [InlineData(1e6)]
    public void Pca_OfRandomTables_ConvergesToTheClosedFormFromEveryStart(double signal)
    {
        // Cross products hold the noise to signal² roundings.
        double lost = 1e-9 + (5e-15 * signal * signal);
        for (int seed = 0; seed < Tables; seed++)
        {
            SufficientStatistics statistics = SufficientStatistics.Of(Table(seed, signal));
            ProbabilisticPca exact = ProbabilisticPca.Solve(statistics, 2);

            VariationalEmResult result = ProbabilisticPca.Learn(statistics, 2, starts: 2).Fit!;

            result.Converged.Should().BeTrue("seed {0}: {1}, {2} nats are missing", seed, result, result.RemainingNats);
            result.Warnings.Should().BeEmpty();
            result.Optima.Should().OnlyContain(optimum => optimum.Converged);
            result.NoiseVariances[0].Should().BeApproximately(exact.NoiseVariance, lost * exact.NoiseVariance, "seed {0}", seed);
            result.Elbo.Should().BeApproximately(exact.LogEvidence, 1e-8 + (60 * 6 * lost), "seed {0}", seed);
            Matrix<double> loadings = result.Loadings(), closed = exact.Model.Loadings();
            ((loadings * loadings.Transpose()) - (closed * closed.Transpose())).FrobeniusNorm()
                .Should().BeLessThan(1e-6 * (closed * closed.Transpose()).FrobeniusNorm(), "seed {0}", seed);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    [InlineData(30)]
    [InlineData(100)]
    [InlineData(1e4)]
    [InlineData(1e5)]
    [InlineData(1e6)]
    public void FactorAnalysis_OfRandomTables_ConvergesAndItsOptimumIsStationary(double signal)
    {
        for (int seed = 0; seed < Tables; seed++)
        {
            VariationalEmResult result = FactorAnalysis.Learn(SufficientStatistics.Of(Table(seed, signal)), 2, starts: 2).Fit;

            result.Converged.Should().BeTrue("seed {0}: {1}, {2} nats are missing", seed, result, result.RemainingNats);
            result.StopReason.Should().NotBe(StopReason.Unbounded);
            result.Optima[0].Elbo.Should().BeApproximately(result.Elbo, 1e-6);
            result.Optima.Sum(optimum => optimum.Starts).Should().Be(2);

            // At 1e6 a noise variance may be as small as the rounding of the cross products.
            LearningWarningKind[] allowed = signal < 1e6
                ? [LearningWarningKind.HeywoodCase]
                : [LearningWarningKind.HeywoodCase, LearningWarningKind.NoiseVarianceAtFloor];
            result.Warnings.Select(warning => warning.Kind).Except(allowed).Should().BeEmpty("seed {0}", seed);
        }
    }

    [Fact]
    public void Pca_OfASteepLine_ConvergesAtAnySlope()
    {
        foreach (double slope in new[] { 1.0, 100, 1e4, 1e6 })
        {
            Matrix<double> table = Matrix<double>.Build.Dense(100, 3, (i, j) => (slope * (i - 49.5) / 50) + (((i >> j) & 1) == 1 ? 1 : -1));

            VariationalEmResult result = ProbabilisticPca.Learn(SufficientStatistics.Of(table), 1).Fit!;

            result.Converged.Should().BeTrue("{0}: {1}", slope, result);
            result.Warnings.Should().BeEmpty();
            if (slope >= 100)
            {
                result.NoiseVariances[0].Should().BeApproximately(0.9991666, 1e-5 + (1e-16 * slope * slope));
            }
        }
    }

    [Theory]
    [InlineData("attitude", "raw", 2)]
    [InlineData("attitude", "raw", 3)]
    [InlineData("mtcars", "raw", 2)]
    [InlineData("iris", "raw", 1)]
    public void FactorAnalysis_FromEverySeed_ConvergesToTheSameOptimum(string set, string variant, int factors)
    {
        SufficientStatistics statistics = FactorAnalysisTests.Statistics(set, variant);

        VariationalEmResult[] results = [.. new[] { 1, 2, 3 }.Select(seed => FactorAnalysis.Learn(statistics, factors, seed: seed).Fit)];

        results.Should().OnlyContain(result => result.Converged);
        results.Should().OnlyContain(result => Math.Abs(result.Elbo - results[0].Elbo) < 1e-7);
    }

    [Fact]
    public void WhatIsMissing_IsWhatFurtherIterationsGain()
    {
        // EM that was stopped early: the second order tells how far the top is.
        Matrix<double> table = Matrix<double>.Build.Dense(40, 3, (n, k) => 1 + Math.Sin(n) + (1.5 * Math.Cos((n * (k + 2)) + k)));
        VariationalEmResult Learn(VariationalEmMethod method, int iterations) => new VariationalEm(new VariationalEmOptions
        {
            PriorMeans = true,
            PriorVariances = VarianceLearning.Shared,
            Method = method,
            MaxIterations = iterations,
        }).Learn(new GaussianSumModel(1, 3), table);
        double top = Learn(VariationalEmMethod.Accelerated, 10_000).Elbo;

        VariationalEmResult early = Enumerable.Range(1, 200)
            .Select(iterations => Learn(VariationalEmMethod.Plain, iterations)).First(result => top - result.Elbo < 0.01);

        double missing = top - early.Elbo;
        missing.Should().BeGreaterThan(1e-9);
        early.RemainingNats.Should().BeApproximately(missing, 0.05 * missing);
        early.RemainingStandardErrors.Should().BeApproximately(Math.Sqrt(2 * missing), 0.05 * Math.Sqrt(2 * missing));
        early.StopReason.Should().Be(early.RemainingStandardErrors <= 1e-3 ? StopReason.CertificateMet : StopReason.IterationLimit);
    }

    [Fact]
    public void WhatIsMissing_AtASaddle_IsNotKnown()
    {
        // Equal prior variances under mean field: EM stays between the optima at which either is zero.
        Matrix<double> table = Matrix<double>.Build.Dense(50, 3, (n, k) => (2 * Math.Sin(n)) + Math.Cos((n * (k + 2)) + k));
        var options = new VariationalEmOptions
        {
            Method = VariationalEmMethod.Plain,
            Family = PosteriorFamily.MeanField,
            PriorVariances = VarianceLearning.Each,
            GradientTolerance = 1e-10,
        };

        VariationalEmResult result = new VariationalEm(options).Learn(new GaussianSumModel(2, 3), table);

        result.GradientNorm.Should().BeLessThan(1e-8);
        result.PriorVariances[0].Should().BeApproximately(result.PriorVariances[1], 1e-9);
        result.RemainingNats.Should().Be(double.PositiveInfinity);
        result.Converged.Should().BeFalse();
    }

    [Fact]
    public void ManyParameters_AreFinishedByConjugateGradientsAndSaySo()
    {
        var random = new Random(4);
        Matrix<double> loadings = Matrix<double>.Build.Dense(60, 4, (_, _) => Normal(random));
        Matrix<double> table = (Matrix<double>.Build.Dense(300, 4, (_, _) => Normal(random)) * loadings.Transpose())
            + Matrix<double>.Build.Dense(300, 60, (_, _) => 0.5 * Normal(random));
        SufficientStatistics statistics = SufficientStatistics.Of(table);
        ProbabilisticPca exact = ProbabilisticPca.Solve(statistics, 4);

        VariationalEmResult result = ProbabilisticPca.Learn(statistics, 4, starts: 2).Fit!;

        result.Converged.Should().BeTrue("{0}: {1} nats are missing", result, result.RemainingNats);
        result.RemainingNats.Should().BeLessThan(1e-8);
        result.Elbo.Should().BeApproximately(exact.LogEvidence, 1e-7);
        result.NoiseVariances[0].Should().BeApproximately(exact.NoiseVariance, 1e-5 * exact.NoiseVariance);
        result.StandardErrors.NoiseVariances[0].Should().BePositive();
    }

    [Theory]
    [InlineData(1e150)]
    [InlineData(1e-150)]
    [InlineData(1e8)]
    public void ColumnsInOtherUnits_GiveTheSameAnalysis(double scale)
    {
        Matrix<double> table = Table(7, 3);
        double[] scales = [scale, 1, 1 / scale, scale, 1, 1];
        FactorAnalysis plain = FactorAnalysis.Learn(SufficientStatistics.Of(table), 1, starts: 2);

        FactorAnalysis scaled = FactorAnalysis.Learn(
            SufficientStatistics.Of(table.MapIndexed((_, k, value) => value * scales[k])), 1, starts: 2);

        scaled.Fit.Converged.Should().BeTrue(scaled.Fit.ToString());
        scaled.Fit.Elbo.Should().BeApproximately(plain.Fit.Elbo - (60 * scales.Sum(Math.Log)), 1e-7);
        for (int k = 0; k < 6; k++)
        {
            scaled.Uniquenesses[k].Should().BeApproximately(plain.Uniquenesses[k], 1e-8);
            double error = plain.Fit.StandardErrors.NoiseVariances[k];
            (scaled.Fit.StandardErrors.NoiseVariances[k] / scales[k] / scales[k]).Should().BeApproximately(error, 1e-5 * error);
        }
    }

    internal static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    /// <summary>Two factors with loadings of the signal's size, and noise of variance one.</summary>
    internal static Matrix<double> Table(int seed, double signal)
    {
        var random = new Random(seed);
        Matrix<double> loadings = Matrix<double>.Build.Dense(6, 2, (_, _) => signal * Normal(random));
        Matrix<double> factors = Matrix<double>.Build.Dense(60, 2, (_, _) => Normal(random));
        return (factors * loadings.Transpose()) + Matrix<double>.Build.Dense(60, 6, (_, _) => Normal(random));
    }
}
