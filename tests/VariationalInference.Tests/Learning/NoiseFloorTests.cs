using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Tests.Reference;
using Xunit;

namespace VariationalInference.Tests.Learning;

/// <summary>Noise that tends to zero: a limit, a floor, or none of them, and what later solvers make of it.</summary>
public class NoiseFloorTests
{
    private static readonly Matrix<double> Iris = LearningData.Table("iris.csv", "Sepal.Length", "Sepal.Width", "Petal.Length", "Petal.Width");

    [Theory]
    [InlineData(0.005)]
    [InlineData(1e-8)]
    public void HeywoodCase_WithAFloor_StaysAtItAndSaysSo(double floor)
    {
        VariationalEmResult result = Learn(Iris, 1, floor);

        result.Converged.Should().BeTrue(result.ToString());
        LearningWarning warning = result.Warnings.Should().ContainSingle().Which;
        warning.Kind.Should().Be(LearningWarningKind.NoiseVarianceAtFloor);
        warning.Indices.Should().Equal(2);
        warning.Message.Should().Be("The noise variance of column 2 is at its floor; the likelihood rises below it.");
        Vector<double> centred = Iris.Column(2) - Iris.Column(2).Average();
        result.NoiseVariances[2].Should().BeApproximately(floor * centred.DotProduct(centred) / 150, 1e-9 * floor);
        result.StandardErrors.NoiseVariances[2].Should().Be(double.NaN);
        result.StandardErrors.NoiseVariances[0].Should().BePositive();
        LearnedNoiseTests.ShouldBeOfTheModel(result, Iris, 1e-10);
        result.Elbo.Should().BeLessThan(Learn(Iris, 1, null).Elbo);
    }

    [Fact]
    public void FactorAnalysis_TakesAFloor_AndRefusesOneOutOfRange()
    {
        SufficientStatistics statistics = SufficientStatistics.Of(Iris);

        FactorAnalysis.Learn(statistics, 1, noiseFloor: 0.005).Uniquenesses.Min().Should().BeApproximately(0.005, 1e-3);
        FactorAnalysis.Learn(statistics, 1, noiseFloor: 0.005).Fit.Elbo.Should().Be(Learn(Iris, 1, 0.005).Elbo);
        FactorAnalysis.Compare(statistics, noiseFloor: 0.005).Analyses[0].Fit.Warnings.Should().ContainSingle()
            .Which.Kind.Should().Be(LearningWarningKind.NoiseVarianceAtFloor);
        foreach (double floor in new[] { -1e-9, 1, double.NaN })
        {
            string message = FormattableString.Invariant($"noiseFloor is {floor}; it must be at least 0 and less than 1, or null.");
            Refusal.Of<ArgumentOutOfRangeException>(() => FactorAnalysis.Learn(statistics, 1, noiseFloor: floor), "noiseFloor", message);
            Refusal.Of<ArgumentOutOfRangeException>(() => FactorAnalysis.Compare(statistics, noiseFloor: floor), "noiseFloor", message);
        }
    }

    [Fact]
    public void FloorThatDoesNotBind_ChangesNothing()
    {
        Matrix<double> table = ConvergenceTests.Table(6, 1);
        VariationalEmResult free = Learn(table, 1, null);

        VariationalEmResult result = Learn(table, 1, 1e-3);

        result.Warnings.Should().BeEmpty();
        result.Elbo.Should().BeApproximately(free.Elbo, 1e-9);
        for (int k = 0; k < 6; k++)
        {
            result.NoiseVariances[k].Should().BeApproximately(free.NoiseVariances[k], 1e-7 * free.NoiseVariances[k]);
            double error = free.StandardErrors.NoiseVariances[k];
            result.StandardErrors.NoiseVariances[k].Should().BeApproximately(error, 1e-5 * error);
        }
    }

    [Fact]
    public void HeywoodCase_WithoutAFloor_IsExactlyZeroAndHasALimit()
    {
        VariationalEmResult result = Learn(Iris, 1, null);

        result.Converged.Should().BeTrue(result.ToString());
        result.NoiseVariances[2].Should().Be(0);
        result.Warnings.Should().ContainSingle().Which.Kind.Should().Be(LearningWarningKind.HeywoodCase);
    }

    [Fact]
    public void EqualColumns_HaveNoLimitWhereTheyShareTheirNoise()
    {
        for (int seed = 0; seed < 10; seed++)
        {
            var random = new Random(seed);
            double scale = Math.Pow(10, seed - 5);
            double[] values = seed == 0 ? [.. Enumerable.Range(0, 50).Select(i => (double)i)] : [.. Enumerable.Range(0, 50).Select(_ => scale * random.NextDouble())];
            Matrix<double> table = Matrix<double>.Build.Dense(50, 2, (n, _) => values[n]);

            VariationalEmResult result = ProbabilisticPca.Learn(SufficientStatistics.Of(table), 1, starts: 2).Fit!;

            result.StopReason.Should().Be(StopReason.Unbounded, "seed {0}: {1}", seed, result);
            result.Converged.Should().BeFalse();
            result.Warnings.Select(warning => warning.Kind).Should().Equal(
                LearningWarningKind.NoiseVarianceAtZero, LearningWarningKind.NoiseVarianceAtFloor);
        }
    }

    [Fact]
    public void EqualColumns_WithOwnNoise_StayAtTheRoundingOfTheData()
    {
        Matrix<double> table = Matrix<double>.Build.Dense(50, 2, (n, _) => n);

        VariationalEmResult floored = Learn(table, 1, null), unlimited = Learn(table, 1, 0);

        floored.Converged.Should().BeTrue(floored.ToString());
        floored.Warnings.Select(warning => warning.Kind).Should().Equal(LearningWarningKind.HeywoodCase, LearningWarningKind.NoiseVarianceAtFloor);
        floored.NoiseVariances.Should().OnlyContain(variance => variance > 0 && variance < 1e-11);
        unlimited.StopReason.Should().Be(StopReason.Unbounded);
        Learn(table, 1, 1e-4).Converged.Should().BeTrue();
    }

    [Fact]
    public void SharedNoise_HasAFloorToo()
    {
        Matrix<double> table = Matrix<double>.Build.Dense(20, 3, (n, _) => Math.Sin(n));
        var options = new VariationalEmOptions { PriorVariances = VarianceLearning.Shared, NoiseFloor = 1e-6 };

        VariationalEmResult result = new VariationalEm(options).Learn(new GaussianSumModel(1, 3), table);

        result.Converged.Should().BeTrue(result.ToString());
        result.Warnings.Should().ContainSingle().Which.Kind.Should().Be(LearningWarningKind.NoiseVarianceAtFloor);
        result.NoiseVariances[0].Should().BeInRange(1e-7, 1e-6);
    }

    [Fact]
    public void ModelWithoutNoise_IsRefusedByTheHybridAndWithAFloorIsInferredWell()
    {
        VariationalEmResult silent = Learn(Iris, 1, null), floored = Learn(Iris, 1, 0.005);
        var solver = new HybridSolver(new HybridOptions { MaxEpochs = 60 });
        var encoder = new MlpEncoder(4, 1, [8], seed: 1);

        Action act = () => solver.Fit(silent.Model, encoder, Iris);
        HybridResult hybrid = solver.Fit(floored.Model, encoder, Iris);

        act.Should().Throw<ArgumentException>().WithParameterName("model").Which.Message.Should()
            .StartWith("model determines latent 0 to 1E-06 of its prior standard deviation; an encoder can follow to 1E-05.");
        hybrid.ValidationElbo.Should().BeInRange(hybrid.ValidationLogEvidence - 2, hybrid.ValidationLogEvidence);
    }

    [Fact]
    public void Floors_OutsideTheirRange_AreRefused()
    {
        foreach (double floor in new[] { -1e-9, 1, double.NaN, double.PositiveInfinity })
        {
            Refusal.Of<ArgumentOutOfRangeException>(
                () => _ = new VariationalEmOptions { NoiseFloor = floor },
                "NoiseFloor",
                FormattableString.Invariant($"NoiseFloor is {floor}; it must be at least 0 and less than 1, or null."));
        }

        Refusal.Of<ArgumentException>(
            () => _ = new VariationalEm(new VariationalEmOptions { NoiseVariances = VarianceLearning.Fixed, Offset = true, NoiseFloor = 0.1 }),
            "options",
            "NoiseFloor is 0.1, but no noise variance is learned; it must be null then.");
        Refusal.Of<ArgumentOutOfRangeException>(() => _ = new VariationalEmOptions { Tolerance = 0 }, "Tolerance", "Tolerance is 0; it must be positive");
    }

    private static VariationalEmResult Learn(Matrix<double> table, int factors, double? floor)
    {
        SufficientStatistics statistics = SufficientStatistics.Of(table);
        return new VariationalEm(new VariationalEmOptions
        {
            Loadings = true,
            Offset = true,
            NoiseVariances = VarianceLearning.Each,
            NoiseFloor = floor,
        }).Learn(FactorAnalysis.Start(statistics, factors, "factors"), statistics);
    }
}
