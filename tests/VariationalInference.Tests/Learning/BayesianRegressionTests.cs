using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Tests.Reference;
using Xunit;

namespace VariationalInference.Tests.Learning;

/// <summary>Noise and prior variances of regressions learned from triangles, against 60 digits and dense likelihoods.</summary>
public class BayesianRegressionTests
{
    [Theory]
    [InlineData("norris", 1e12, 0.78286466263008373, -82.972845442123985, 1.0021168180204544, 1.8472533072259699e-7)]
    [InlineData("norris", 1e10, 0.78286466262996017, -78.367675256191693, 1.0021168180204523, 1.8472533072197424e-7)]
    [InlineData("norris", 1e8, 0.78286466261760415, -73.762505075783519, 1.0021168180202494, 1.8472533065969964e-7)]
    [InlineData("kidiq", 1e4, 328.89993574174746, -1888.0423310415461, 5.947353436725002, 4.8896786070323125)]
    [InlineData("kidiq", 100, 329.64842590792811, -1883.9018521911594, 5.6824850904204316, 4.6739925672872319)]
    public void Learn_OfTheNoise_IsRightUnderVaguePriors(
        string set, double priorVariance, double noise, double logEvidence, double second, double secondVariance)
    {
        // The maximum of the log evidence over σ², in 60 digits (mpmath); the certified residual deviation of Norris is 0.8848.
        RegressionStatistics statistics = Statistics(set);
        double[] variances = [.. Enumerable.Repeat(priorVariance, statistics.LatentCount)];

        BayesianRegression fit = BayesianRegression.Learn(statistics, new double[variances.Length], variances);

        fit.Converged.Should().BeTrue(fit.Fit!.ToString());
        fit.Warnings.Should().BeEmpty();
        fit.NoiseVariance.Should().BeApproximately(noise, 1e-8 * noise);
        fit.LogEvidence.Should().BeApproximately(logEvidence, 1e-10 * Math.Abs(logEvidence));
        fit.Coefficients.Means[1].Should().BeApproximately(second, 1e-8 * second);
        fit.Coefficients.Variances[1].Should().BeApproximately(secondVariance, 1e-7 * secondVariance);
        fit.Fit!.Elbo.Should().BeApproximately(fit.LogEvidence, 1e-10 * Math.Abs(logEvidence));

        BayesianRegression at = BayesianRegression.Solve(statistics, new double[variances.Length], variances, fit.NoiseVariance);
        at.LogEvidence.Should().BeApproximately(logEvidence, 1e-10 * Math.Abs(logEvidence));
        at.Fit.Should().BeNull();
    }

    [Theory]
    [InlineData("norris", 0.78105863175223609, 0.55526553551152453, -55.760721097600975)]
    [InlineData("kidiq", 329.1509498712376, 177.13070376676349, -1883.7206852295592)]
    public void Learn_OfNoiseAndOnePriorVariance_IsTheMaximum(string set, double noise, double prior, double logEvidence)
    {
        RegressionStatistics statistics = Statistics(set);
        int latents = statistics.LatentCount;

        BayesianRegression fit = BayesianRegression.Learn(
            statistics, new double[latents], Ones(latents), options: new() { PriorVariances = VarianceLearning.Shared });

        fit.Converged.Should().BeTrue(fit.Fit!.ToString());
        fit.Warnings.Should().BeEmpty();
        fit.LogEvidence.Should().BeApproximately(logEvidence, 1e-10 * Math.Abs(logEvidence));
        fit.NoiseVariance.Should().BeApproximately(noise, 1e-5 * noise);
        fit.PriorVariances.Should().AllSatisfy(variance => variance.Should().BeApproximately(prior, 1e-5 * prior));
    }

    [Fact]
    public void Learn_OfRandomRegressions_IsTheModelsEvidence_AndNoNeighbourIsBetter()
    {
        var random = new Random(8);
        for (int trial = 0; trial < 30; trial++)
        {
            // More observations than latents and fewer, groups of latents with a variance of their own, scales of any size.
            int latents = 1 + random.Next(6), rows = 3 + random.Next(25);
            double scale = Math.Pow(10, random.Next(-8, 9)), unit = Math.Pow(10, random.Next(-8, 9));
            int[] groups = [.. Enumerable.Range(0, latents).Select(j => j % 2 == 0 ? 0 : j % 3 == 0 ? -1 : 1)];
            groups = latents == 1 ? [0] : groups;
            Matrix<double> design = Matrix<double>.Build.Dense(rows, latents, (_, _) => unit * (random.NextDouble() - 0.4));
            double[] means = [.. Enumerable.Range(0, latents).Select(_ => scale / unit * random.NextDouble())];
            double[] truth = [.. means.Select(mean => mean + (scale / unit * 3 * (random.NextDouble() - 0.5)))];
            double[] observations = [.. Enumerable.Range(0, rows).Select(
                n => design.Row(n).DotProduct(Vector<double>.Build.Dense(truth)) + (scale * (random.NextDouble() - 0.5)))];
            double[] variances = [.. Enumerable.Range(0, latents).Select(j => scale / unit * scale / unit * (1 + j))];

            BayesianRegression fit = BayesianRegression.Learn(
                RegressionStatistics.Of(design, observations), means, variances, options: new() { PriorVarianceGroups = [.. groups] });

            if (fit.NoiseVariance == 0)
            {
                // As many latents as observations can explain them all.
                fit.Warnings.Should().NotBeEmpty("of trial {0}", trial);
                continue;
            }

            double reached = Dense(design, observations, means, fit.PriorVariances, fit.NoiseVariance);
            fit.LogEvidence.Should().BeApproximately(reached, 1e-9 * (1 + Math.Abs(reached)) * rows, "of trial {0}: {1}", trial, fit);
            foreach (double factor in new[] { 0.9, 0.999, 1.001, 1.1 })
            {
                Dense(design, observations, means, fit.PriorVariances, fit.NoiseVariance * factor).Should().BeLessThan(reached + 1e-8, "of trial {0}", trial);
                for (int group = 0; group <= groups.Max(); group++)
                {
                    double[] others = [.. fit.PriorVariances.Select((variance, j) => groups[j] == group ? variance * factor : variance)];
                    Dense(design, observations, means, others, fit.NoiseVariance).Should().BeLessThan(reached + 1e-8, "of trial {0}", trial);
                }
            }

            for (int j = 0; j < latents; j++)
            {
                if (groups[j] == -1)
                {
                    fit.PriorVariances[j].Should().Be(variances[j]);
                }
            }
        }
    }

    [Fact]
    public void Learn_OfEachPriorVariance_LeavesAnOptimumWithoutAny()
    {
        // Without any latent the bound has an optimum of −18.927, from which no variance rises by itself, only together with others.
        Matrix<double> design = Matrix<double>.Build.DenseOfRowArrays(
            [-2, -2, 3.2, 0, 0.8, -0.1],
            [-0.5, -0.6, -0.4, 4.6, 4, -0.6],
            [3.8, 3.7, 0.1, 0.4, 4.2, -0.5],
            [0, 0, -0.9, 3.7, 0.5, -1.3]);

        BayesianRegression fit = BayesianRegression.Learn(
            RegressionStatistics.Of(design, [19.3, 52.5, 20, -23.3]), new double[6], Ones(6), options: new() { PriorVariances = VarianceLearning.Each });

        fit.Converged.Should().BeTrue(fit.Fit!.ToString());
        fit.LogEvidence.Should().BeApproximately(-18.662606687639556, 1e-9);
        fit.Fit!.Optima[^1].Elbo.Should().BeApproximately(-18.926597331681535, 1e-9);
    }

    [Fact]
    public void Solve_IsTheEvidenceAndPosteriorOfTheLongRow()
    {
        var random = new Random(9);
        for (int trial = 0; trial < 50; trial++)
        {
            int latents = 1 + random.Next(5), rows = 1 + random.Next(12);
            Matrix<double> design = Matrix<double>.Build.Dense(rows, latents, (_, _) => random.NextDouble() - 0.4);
            double[] observations = [.. Enumerable.Range(0, rows).Select(_ => random.NextDouble())];
            double[] means = [.. Enumerable.Range(0, latents).Select(_ => random.NextDouble())];
            double[] variances = [.. Enumerable.Range(0, latents).Select(_ => 0.1 + random.NextDouble())];

            BayesianRegression fit = BayesianRegression.Solve(RegressionStatistics.Of(design, observations), means, variances, 0.3);

            var model = new LinearGaussianModel(design, new double[rows], [.. Enumerable.Repeat(0.3, rows)], means, variances);
            fit.LogEvidence.Should().BeApproximately(model.LogEvidence(observations), 1e-11);
            MultivariateGaussian posterior = model.Posterior(observations);
            (fit.Coefficients.CovarianceMatrix() - posterior.CovarianceMatrix()).FrobeniusNorm().Should().BeLessThan(1e-12);
            fit.Coefficients.Means.Should().Equal(posterior.Means, (a, b) => Math.Abs(a - b) < 1e-11);
        }
    }

    [Fact]
    public void Learn_OfFarAwayObservations_KeepsTheNoise()
    {
        // About 1000000.2 with a deviation of 0.1, certified: the noise is 1e-7 of the observations.
        double[] observations = LearningData.Table("nist_numacc3.csv", "y").Column(0).ToArray();

        BayesianRegression fit = BayesianRegression.Learn(
            RegressionStatistics.Of(RegressionStatisticsTests.Ones(observations.Length), observations), [0], [1e14]);

        fit.Converged.Should().BeTrue(fit.Fit!.ToString());
        fit.Warnings.Should().BeEmpty();
        Math.Sqrt(fit.NoiseVariance).Should().BeApproximately(0.1, 1e-8);
        fit.Coefficients.Means[0].Should().BeApproximately(1000000.2, 1e-7);
    }

    [Fact]
    public void BadInput_IsRefusedByName()
    {
        RegressionStatistics statistics = Statistics("norris");
        RegressionStatistics none = RegressionStatistics.Of(RegressionStatisticsTests.Ones(1), [double.NaN]);

        Refusal.Of<ArgumentException>(() => BayesianRegression.Learn(statistics, [0], [1, 1]), "priorMeans", "priorMeans has 1 elements; it must have 2");
        Refusal.Of<ArgumentException>(() => BayesianRegression.Learn(statistics, [0, 0], [1]), "priorVariances", "priorVariances has 1 elements; it must have 2");
        Refusal.Of<ArgumentException>(() => BayesianRegression.Learn(statistics, [0, 0], [1, 0]), "priorVariances", "priorVariances[1] is 0; it must be positive");
        Refusal.Of<ArgumentOutOfRangeException>(() => BayesianRegression.Solve(statistics, [0, 0], [1, 1], 0), "noiseVariance", "noiseVariance is 0;");
        Refusal.Of<ArgumentOutOfRangeException>(() => BayesianRegression.Learn(statistics, [0, 0], [1, 1], -1), "noiseVariance", "noiseVariance is -1;");
        Refusal.Of<ArgumentException>(() => BayesianRegression.Learn(none, [0], [1]), "statistics", "statistics have no observations; at least 1 must be there.");
        foreach (VariationalEmOptions options in new VariationalEmOptions[]
        {
            new() { Loadings = true }, new() { Offset = true }, new() { NoiseVariances = VarianceLearning.Each },
        })
        {
            Refusal.Of<ArgumentException>(() => BayesianRegression.Learn(statistics, [0, 0], [1, 1], options: options), "options", "options learn loadings");
        }

        Refusal.Of<ArgumentNullException>(
            () => BayesianRegression.Learn(
                statistics, [0, 0], [1, 1], options: new() { NoiseVariances = VarianceLearning.Fixed, PriorVariances = VarianceLearning.Each }),
            "noiseVariance",
            "noiseVariance is null; it must be given where it is fixed.");
    }

    private static double[] Ones(int count) => [.. Enumerable.Repeat(1.0, count)];

    private static RegressionStatistics Statistics(string set)
    {
        Matrix<double> table = set == "norris"
            ? LearningData.Table("nist_norris.csv", "x", "y")
            : LearningData.Table("kidiq.csv", "mom_hs", "mom_iq", "kid_score");
        int latents = table.ColumnCount - 1;
        Matrix<double> design = RegressionStatisticsTests.Ones(table.RowCount).Append(table.SubMatrix(0, table.RowCount, 0, latents));
        return RegressionStatistics.Of(design, table.Column(latents).ToArray());
    }

    /// <summary>log N(x | Am, σ²I + A S Aᵀ), as it stands.</summary>
    private static double Dense(Matrix<double> design, double[] observations, double[] means, IReadOnlyList<double> variances, double noise)
    {
        Matrix<double> covariance = (design * Matrix<double>.Build.DenseOfDiagonalArray([.. variances]) * design.Transpose())
            + (Matrix<double>.Build.DenseIdentity(observations.Length) * noise);
        Vector<double> rest = Vector<double>.Build.Dense(observations) - (design * Vector<double>.Build.Dense(means));
        double unit = covariance[0, 0];
        var cholesky = (covariance / unit).Cholesky();
        double square = rest.DotProduct(cholesky.Solve(rest / unit));
        return -0.5 * ((observations.Length * (Math.Log(2 * Math.PI) + Math.Log(unit))) + cholesky.DeterminantLn + square);
    }
}
