using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Learning;

/// <summary>Which parameters the data cannot tell apart: all of them are named and none has a standard error, and no others.</summary>
public class IdentificationTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void ColumnThatSharesNoRow_HasItsLoadingAndItsNoiseNamed(int seed)
    {
        // Of the last column only the total variance is known.
        double nan = double.NaN;
        Matrix<double> table = Matrix<double>.Build.DenseOfRowArrays(
            [1, 2, 1, nan], [2, 3, 1, nan], [3, 5, 4, nan], [4, 4, 3, nan], [5, 7, 6, nan], [6, 6, 4, nan], [7, 9, 6, nan], [8, 8, 9, nan],
            [nan, nan, nan, 1], [nan, nan, nan, 3], [nan, nan, nan, 2], [nan, nan, nan, 6]);

        VariationalEmResult result = FactorAnalysis.Learn(SufficientStatistics.Of(table), 1, seed: seed).Fit;

        result.Converged.Should().BeTrue(result.ToString());
        LearningWarning warning = result.Warnings.Should().ContainSingle().Which;
        warning.Kind.Should().Be(LearningWarningKind.Unidentified);
        warning.Message.Should().Be("The data cannot tell these parameters apart: loading 3, noise variance 3.");
        warning.Indices.Should().Equal(3);
        double loading = result.Loadings()[3, 0];
        ((loading * loading) + result.NoiseVariances[3]).Should().BeApproximately(3.5, 1e-9);
        result.StandardErrors.NoiseVariances[3].Should().Be(double.NaN);
        result.StandardErrors.Loadings()[3, 0].Should().Be(double.NaN);
        result.StandardErrors.NoiseVariances.Take(3).Should().OnlyContain(error => error > 0);
        result.StandardErrors.Offset.Should().OnlyContain(error => error > 0);
    }

    [Fact]
    public void RandomTablesWithColumnsApart_NameThoseAndNoOthers()
    {
        for (int seed = 0; seed < 30; seed++)
        {
            // Some columns share rows with nothing but themselves; the others are an ordinary factor analysis.
            var random = new Random(seed);
            int together = 3 + (seed % 3), apart = 1 + (seed % 2);
            double[] scales = [.. Enumerable.Range(0, together + apart).Select(_ => Math.Pow(10, (6 * random.NextDouble()) - 3))];
            Matrix<double> table = Matrix<double>.Build.Dense(40 + (apart * 10), together + apart, double.NaN);
            for (int n = 0; n < table.RowCount; n++)
            {
                double factor = ConvergenceTests.Normal(random);
                for (int k = 0; k < together + apart; k++)
                {
                    double cell = scales[k] * (3 + factor + ConvergenceTests.Normal(random));
                    table[n, k] = (n < 40 ? k < together : k == together + ((n - 40) / 10)) ? cell : double.NaN;
                }
            }

            VariationalEmResult result = FactorAnalysis.Learn(SufficientStatistics.Of(table), 1, starts: 2).Fit;

            int[] expected = [.. Enumerable.Range(together, apart)];
            result.Converged.Should().BeTrue("seed {0}: {1}", seed, result);
            LearningWarning warning = result.Warnings.Single(item => item.Kind == LearningWarningKind.Unidentified);
            warning.Indices.Should().Equal(expected, "seed {0}: {1}", seed, warning);
            Named(warning).Should().BeEquivalentTo(
                expected.SelectMany(k => new[] { $"loading {k}", $"noise variance {k}" }), "seed {0}", seed);
            for (int k = 0; k < together + apart; k++)
            {
                bool isZero = result.NoiseVariances[k] == 0;
                double.IsNaN(result.StandardErrors.NoiseVariances[k]).Should().Be(k >= together || isZero, "seed {0}, column {1}", seed, k);
                double.IsNaN(result.StandardErrors.Loadings()[k, 0]).Should().Be(k >= together, "seed {0}, column {1}", seed, k);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void OneCellARow_NamesEverythingButTheOffset(int seed)
    {
        // No two columns are ever seen together: of each the mean and the total variance are known, and nothing else.
        var random = new Random(seed);
        Matrix<double> table = Matrix<double>.Build.Dense(60, 4, double.NaN);
        for (int n = 0; n < table.RowCount; n++)
        {
            table[n, n % 4] = 2 + ConvergenceTests.Normal(random);
        }

        SufficientStatistics statistics = SufficientStatistics.Of(table);
        VariationalEmResult factors = FactorAnalysis.Learn(statistics, 1, starts: 2).Fit, components = ProbabilisticPca.Learn(statistics, 1, starts: 2).Fit!;

        foreach (VariationalEmResult result in new[] { factors, components })
        {
            result.Converged.Should().BeTrue(result.ToString());
            LearningWarning warning = result.Warnings.Single(item => item.Kind == LearningWarningKind.Unidentified);
            warning.Indices.Should().Equal(0, 1, 2, 3);
            IEnumerable<string> noise = result == factors ? Enumerable.Range(0, 4).Select(k => $"noise variance {k}") : ["noise variance"];
            Named(warning).Should().BeEquivalentTo(Enumerable.Range(0, 4).Select(k => $"loading {k}").Concat(noise), warning.Message);
            result.StandardErrors.NoiseVariances.Should().OnlyContain(error => double.IsNaN(error));
            result.StandardErrors.Offset.Should().OnlyContain(error => error > 0);
        }
    }

    [Fact]
    public void TwoSetsOfColumnsWithoutACommonRow_AreToldApartButForASign()
    {
        // One factor of three columns is identified in either set; which sign it has in the other no neighbour of the optimum tells.
        var random = new Random(5);
        Matrix<double> table = Matrix<double>.Build.Dense(120, 6, double.NaN);
        for (int n = 0; n < table.RowCount; n++)
        {
            double factor = ConvergenceTests.Normal(random);
            for (int k = 0; k < 3; k++)
            {
                table[n, (3 * (n % 2)) + k] = (1.5 * factor) + ConvergenceTests.Normal(random);
            }
        }

        VariationalEmResult one = FactorAnalysis.Learn(SufficientStatistics.Of(table), 1, starts: 2).Fit;
        one.Converged.Should().BeTrue(one.ToString());
        one.Warnings.Should().BeEmpty();
        one.StandardErrors.NoiseVariances.Should().OnlyContain(error => error > 0);
    }

    [Fact]
    public void NearlyAlikeColumns_AreStillToldApart()
    {
        // Two latents that move the observations almost alike: hard to tell apart, but the digits of the data do.
        foreach (double difference in new[] { 1e-1, 1e-2, 1e-3 })
        {
            Matrix<double> loadings = Matrix<double>.Build.Dense(5, 2, (k, j) => 1 + (k * 0.3) + (j * difference * k * k));
            var model = new LinearGaussianModel(loadings, new double[5], [1, 1, 1, 1, 1], [0, 0], [1, 1]);
            var options = new VariationalEmOptions { PriorMeans = true, NoiseVariances = VarianceLearning.Fixed };

            VariationalEmResult result = new VariationalEm(options).Learn(model, model.Sample(200, seed: 8).Observations);

            // The information on the means is n AᵀC⁻¹A.
            Matrix<double> covariance = (loadings * loadings.Transpose()) + Matrix<double>.Build.DenseIdentity(5);
            Matrix<double> expected = (200 * (loadings.Transpose() * covariance.Inverse() * loadings)).Inverse();
            result.Warnings.Should().BeEmpty();
            for (int j = 0; j < 2; j++)
            {
                double error = Math.Sqrt(expected[j, j]);
                result.StandardErrors.PriorMeans[j].Should().BeApproximately(error, 1e-4 * error, "difference {0}", difference);
            }
        }
    }

    [Fact]
    public void StandardErrorsOfPca_AreThoseOfTheoryAtAnySignal()
    {
        // σ̂² is the mean of K − J eigenvalues of noise; its error is σ²√(2/(n(K − J))) however strong the signal is.
        foreach (double signal in new[] { 3.0, 100, 1e4, 1e5 })
        {
            VariationalEmResult result = ProbabilisticPca.Learn(SufficientStatistics.Of(ConvergenceTests.Table(7, signal)), 2, starts: 2).Fit!;

            double noise = result.NoiseVariances[0];
            double expected = noise * Math.Sqrt(2.0 / (60 * 4));
            result.StandardErrors.NoiseVariances[0].Should().BeApproximately(expected, (signal > 10 ? 1e-4 : 1e-2) * expected, "signal {0}", signal);
        }
    }

    private static string[] Named(LearningWarning warning) => warning.Message[(warning.Message.IndexOf(':') + 2)..].TrimEnd('.').Split(", ");
}
