using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Learning;

/// <summary>Bounds with several optima, one of them at a variance of zero: the highest is found, and the others are reported.</summary>
public class LearningOptimaTests
{
    [Theory]
    [InlineData("2 -1 1 0 0 -1 0|1 1 0 -2 -1 2 -1|4|-2", 0, 2.40234, -29.71458)]
    public void UnbalancedGroups_HaveTheirHighestOptimumAtZero(string groups, double between, double within, double logLikelihood)
    {
        Matrix<double> table = Rows([.. groups.Split('|').Select(group => group.Split(' ').Select(double.Parse).ToArray())]);

        VariationalEmResult result = Learn(table);

        result.Converged.Should().BeTrue(result.ToString());
        result.PriorVariances[0].Should().Be(between);
        result.NoiseVariances[0].Should().BeApproximately(within, 1e-5);
        result.Elbo.Should().BeApproximately(logLikelihood, 1e-5);
        result.Optima.Should().HaveCount(2);
        result.Optima[1].Elbo.Should().BeApproximately(-30.06997, 1e-5);
        result.Optima.Should().OnlyContain(optimum => optimum.Converged);
        result.Warnings.Should().ContainSingle().Which.Kind.Should().Be(LearningWarningKind.PriorVarianceAtZero);
    }

    [Fact]
    public void RandomUnbalancedGroups_AreLearnedToTheHighestPointOfAFineGrid()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            // Small integers, groups of very different sizes: the kind of data that has two optima.
            var random = new Random(seed);
            double[][] groups = [.. Enumerable.Range(0, 3 + random.Next(4)).Select(_ =>
            {
                int level = random.Next(-2, 3), size = random.Next(3) == 0 ? 1 : 1 + random.Next(8);
                return Enumerable.Range(0, size).Select(_ => (double)(level + random.Next(-2, 3))).ToArray();
            })];
            if (groups.SelectMany(group => group).Distinct().Count() < 3 || groups.All(group => group.Distinct().Count() == 1))
            {
                groups[0] = [0, 1, 3];
            }

            VariationalEmResult result = Learn(Rows(groups));

            double best = GridMaximum(groups);
            result.Elbo.Should().BeGreaterThan(best - 1e-8, "seed {0}: {1}", seed, result);
            result.Converged.Should().BeTrue("seed {0}: {1}", seed, result);
        }
    }

    [Fact]
    public void MeanField_OfTwoLatentsThatShareTheirObservations_GivesOneOfThemAllTheVariance()
    {
        Matrix<double> table = Matrix<double>.Build.Dense(50, 3, (n, k) => (2 * Math.Sin(n)) + Math.Cos((n * (k + 2)) + k));
        var options = new VariationalEmOptions { Family = PosteriorFamily.MeanField, PriorVariances = VarianceLearning.Each, Starts = 1 };

        VariationalEmResult result = new VariationalEm(options).Learn(new GaussianSumModel(2, 3), table);
        VariationalEmResult exact = new VariationalEm(new VariationalEmOptions { PriorVariances = VarianceLearning.Each })
            .Learn(new GaussianSumModel(2, 3), table);

        // With one latent the family is exact.
        result.Converged.Should().BeTrue(result.ToString());
        result.PriorVariances.Should().Contain(0);
        result.Elbo.Should().BeApproximately(exact.Elbo, 1e-9);
    }

    [Fact]
    public void Starts_ThatEndElsewhere_AreReportedBelowTheBest()
    {
        // Factor analysis of three factors on seven columns of thirty rows: starts end in several Heywood cases.
        SufficientStatistics statistics = FactorAnalysisTests.Statistics("attitude", "raw");

        VariationalEmResult result = FactorAnalysis.Learn(statistics, 3).Fit;

        result.Optima.Sum(optimum => optimum.Starts).Should().Be(8);
        result.Optima.Length.Should().BeGreaterThan(1);
        result.Optima.Should().BeInDescendingOrder(optimum => optimum.Elbo);
        result.Optima[0].Elbo.Should().BeApproximately(result.Elbo, 1e-6);
        result.Optima[0].Converged.Should().Be(result.Converged);
    }

    private static VariationalEmResult Learn(Matrix<double> table) =>
        new VariationalEm(new VariationalEmOptions { PriorMeans = true, PriorVariances = VarianceLearning.Shared })
            .Learn(new GaussianSumModel(1, table.ColumnCount), table);

    private static Matrix<double> Rows(double[][] groups)
    {
        int width = groups.Max(group => group.Length);
        return Matrix<double>.Build.Dense(groups.Length, width, (n, k) => k < groups[n].Length ? groups[n][k] : double.NaN);
    }

    /// <summary>Maximises over mean and noise in closed form, and over the ratio of the variances on a grid.</summary>
    private static double GridMaximum(double[][] groups)
    {
        double cells = groups.Sum(group => group.Length);
        double within = groups.Sum(group => group.Sum(value => (value - group.Average()) * (value - group.Average())));
        double At(double ratio)
        {
            double[] weights = [.. groups.Select(group => group.Length / (1 + (group.Length * ratio)))];
            double mean = weights.Zip(groups, (weight, group) => weight * group.Average()).Sum() / weights.Sum();
            double squares = within + weights.Zip(groups, (weight, group) => weight * (group.Average() - mean) * (group.Average() - mean)).Sum();
            return -0.5 * ((cells * (Math.Log(2 * Math.PI * squares / cells) + 1)) + groups.Sum(group => Math.Log(1 + (group.Length * ratio))));
        }

        return Enumerable.Range(0, 2001).Max(i => At(i == 0 ? 0 : Math.Pow(10, -5 + (9.0 * i / 2000))));
    }
}
