using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Learning.Sites;

public sealed class SiteLearnerTests
{
    /// <summary>Gaussian cells with a variance each are factor analysis, which another part of the library learns from moments.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Learn_GaussianCells_IsFactorAnalysis(int factors)
    {
        Matrix<double> loadings = Matrix<double>.Build.Dense(6, factors, (k, j) => 0.5 + (0.4 * (((k + 1) * (j + 2)) % 3)) - (j == 1 && k > 2 ? 1.4 : 0));
        Likelihood[] likelihoods = [.. Enumerable.Repeat(Likelihood.Gaussian(0.5), 6)];
        Matrix<double> table = SiteTables.Draw(loadings, [1, 2, 3, 4, 5, 6], likelihoods, rows: 300, seed: 3);
        FactorAnalysis exact = FactorAnalysis.Learn(SufficientStatistics.Of(table), factors);

        SiteLearned learned = Learn([.. likelihoods.Select(SiteColumn.Of)], factors, table);

        learned.StopReason.Should().Be(StopReason.CertificateMet);
        learned.Elbo.Should().BeApproximately(exact.Fit.LogEvidence, 1e-8);
        ParameterStandardErrors errors = exact.Fit.StandardErrors;
        Matrix<double> products = exact.Fit.Loadings() * exact.Fit.Loadings().Transpose();
        for (int k = 0; k < 6; k++)
        {
            learned.Point.Likelihoods[k].Parameters[0].Value.Should().BeApproximately(exact.Fit.NoiseVariances[k], 1e-5 * errors.NoiseVariances[k]);
            learned.Offset(k).Value.Should().BeApproximately(exact.Fit.Offset[k], 1e-6);
            learned.Offset(k).StandardError.Should().BeApproximately(errors.Offset[k], 1e-5 * errors.Offset[k]);

            // Rotations differ: products of loadings do not.
            for (int i = 0; i < 6; i++)
            {
                double product = Enumerable.Range(0, factors).Sum(j => learned.Loading(k, j).Value * learned.Loading(i, j).Value);
                product.Should().BeApproximately(products[k, i], 1e-6);
            }

            if (factors == 1)
            {
                double error = errors.Loadings()[k, 0];
                learned.Loading(k, 0).StandardError.Should().BeApproximately(error, 1e-4 * error);
            }
        }
    }

    /// <summary>In principal axes the errors of loadings are those of the constrained problem: against draws, whose spread has an error of 5 %.</summary>
    [Fact]
    public void Learn_TwoLatents_StandardErrorsAreTheSpreadOfEstimates()
    {
        Matrix<double> loadings = Matrix<double>.Build.DenseOfRowArrays([1.5, 0.2], [1.4, -0.4], [1.2, 0.5], [1.0, -1.0], [0.9, 0.8], [1.3, -0.2]);
        Likelihood[] likelihoods = [.. Enumerable.Repeat(Likelihood.Poisson(), 6)];
        var estimates = new List<double[]>();
        double[] errors = new double[12];
        const int tables = 200;
        for (int seed = 0; seed < tables; seed++)
        {
            SiteLearned learned = Learn(
                [.. likelihoods.Select(SiteColumn.Of)], 2, SiteTables.Draw(loadings, new double[6], likelihoods, rows: 200, seed: 100 + seed), starts: 1);
            estimates.Add([.. Enumerable.Range(0, 12).Select(i => learned.Loading(i / 2, i % 2).Value)]);
            for (int i = 0; i < 12; i++)
            {
                errors[i] += learned.Loading(i / 2, i % 2).StandardError / tables;
            }
        }

        for (int i = 0; i < 12; i++)
        {
            // The second latent's sign is a matter of its sum, which is near 0: only what has a sign for sure.
            if (i % 2 == 0)
            {
                double mean = estimates.Average(estimate => estimate[i]);
                double spread = Math.Sqrt(estimates.Sum(estimate => Math.Pow(estimate[i] - mean, 2)) / (tables - 1));
                (errors[i] / spread).Should().BeInRange(0.8, 1.25, $"loading {i}");
            }
        }
    }

    /// <summary>Two columns have three moments, a factor model of them four parameters.</summary>
    [Fact]
    public void Learn_TwoGaussianColumns_SaysWhichParametersTheDataCannotTellApart()
    {
        Likelihood[] likelihoods = [Likelihood.Gaussian(0.5), Likelihood.Gaussian(0.5)];
        Matrix<double> table = SiteTables.Draw(Matrix<double>.Build.Dense(2, 1, 1), [1, 2], likelihoods, rows: 100, seed: 4);

        SiteLearned learned = Learn([.. likelihoods.Select(SiteColumn.Of)], 1, table);

        LearningWarning warning = learned.Warnings(["left", "right"], "column").Should().ContainSingle().Which;
        warning.Kind.Should().Be(LearningWarningKind.Unidentified);
        warning.Message.Should().Be("The data cannot tell apart parameters of columns 'left', 'right': others give the same ELBO.");
        warning.Indices.Should().Equal(0, 1);
        learned.Loading(0, 0).StandardError.Should().Be(double.NaN);
        learned.Offset(1).StandardError.Should().BeInRange(0.1, 0.15, "the mean of 100 rows of variance 1.5");
    }

    /// <summary>Counts that vary less than Poisson ones: their dispersion sizes have no end, and it is said.</summary>
    [Fact]
    public void Learn_CountsOfLittleSpread_WarnsOfUnlimitedParameters()
    {
        Matrix<double> table = Matrix<double>.Build.Dense(60, 4, (n, k) => 5 + (((n * (k + 3)) % 7) / 3) + (n % 5));

        SiteLearned learned = Learn([.. Enumerable.Repeat(SiteColumn.Of(Likelihood.NegativeBinomial()), 4)], 1, table);
        SiteLearned poisson = Learn([.. Enumerable.Repeat(SiteColumn.Of(Likelihood.Poisson()), 4)], 1, table);

        learned.Elbo.Should().BeApproximately(poisson.Elbo, 1e-6, "that is the limit");
        learned.Warnings(["a", "b", "c", "d"], "column")[0].Kind.Should().Be(LearningWarningKind.UnlimitedParameter);
        learned.Warnings(["a", "b", "c", "d"], "column")[0].Message.Should().Be("A parameter of column 'a' grows without limit: the data set no end to it.");
    }

    private static SiteLearned Learn(SiteColumn[] columns, int latents, Matrix<double> table, int starts = 4) =>
        new SiteLearner(SiteParameters.Of(columns, latents, shared: false), SiteTables.Rows(table))
        {
            MaxIterations = 100,
            Tolerance = 1e-7,
            Starts = starts,
            Seed = 0,
            MaxThreads = 2,
        }.Learn(null, CancellationToken.None);
}
