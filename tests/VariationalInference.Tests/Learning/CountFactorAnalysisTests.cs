using System.Text.Json;
using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Tests.Learning.Sites;
using Xunit;

namespace VariationalInference.Tests.Learning;

public sealed class CountFactorAnalysisTests
{
    [Theory]
    [InlineData("poisson_fa_200x6_q1", 1)]
    [InlineData("poisson_fa_150x6_q2", 2)]
    public void Learn_Poisson_IsTheReferenceOptimum(string name, int factors)
    {
        JsonElement expected = SiteTables.Expected(name).GetProperty("gaussian_vi");
        double[][] reference = [.. expected.GetProperty("loadings").EnumerateArray().Select(SiteTables.Numbers)];
        double[] intercepts = SiteTables.Numbers(expected.GetProperty("intercepts"));

        CountFactorFit fit = new CountFactorAnalysis(factors).Learn(SiteTables.Read(name));

        fit.Converged.Should().BeTrue();
        fit.Warnings.Should().BeEmpty();
        fit.Elbo.Should().BeApproximately(expected.GetProperty("elbo").GetDouble(), 1e-8);
        for (int k = 0; k < 6; k++)
        {
            fit.Offsets[k].Value.Should().BeApproximately(intercepts[k], 1e-6);
            for (int i = 0; i < 6; i++)
            {
                // The reference is lower-trapezoidal, here are principal axes: products of loadings do not depend on it.
                double product = Enumerable.Range(0, factors).Sum(j => fit.Loading(k, j).Value * fit.Loading(i, j).Value);
                product.Should().BeApproximately(Enumerable.Range(0, factors).Sum(j => reference[k][j] * reference[i][j]), 1e-6);
            }
        }

        double across = factors == 1 ? 0 : Enumerable.Range(0, 6).Sum(k => fit.Loading(k, 0).Value * fit.Loading(k, 1).Value);
        across.Should().BeApproximately(0, 1e-10);
        double[][] means = [.. expected.GetProperty("q_mean_first20").EnumerateArray().Select(SiteTables.Numbers)];
        for (int n = 0; n < 20; n++)
        {
            double squares = Enumerable.Range(0, factors).Sum(j => fit.Row(n)[j].Mean * fit.Row(n)[j].Mean);
            squares.Should().BeApproximately(means[n].Sum(mean => mean * mean), 1e-6, "a rotation keeps lengths");
        }
    }

    /// <summary>How far that is from the largest marginal likelihood, which has been integrated by quadrature.</summary>
    [Theory]
    [InlineData("poisson_fa_200x6_q1", 1, 0.5)]
    [InlineData("poisson_fa_150x6_q2", 2, 1.2)]
    public void Learn_Poisson_IsCloseToMaximumLikelihood(string name, int factors, double nats)
    {
        JsonElement exact = SiteTables.Expected(name).GetProperty("marginal_ml");
        double[][] reference = [.. exact.GetProperty("loadings").EnumerateArray().Select(SiteTables.Numbers)];

        CountFactorFit fit = new CountFactorAnalysis(factors).Learn(SiteTables.Read(name));

        (exact.GetProperty("loglik").GetDouble() - fit.Elbo).Should().BeInRange(0, nats);
        for (int k = 0; k < 6; k++)
        {
            double size = Enumerable.Range(0, factors).Sum(j => fit.Loading(k, j).Value * fit.Loading(k, j).Value);
            size.Should().BeApproximately(reference[k].Sum(loading => loading * loading), 0.02);
        }
    }

    [Fact]
    public void Learn_NegativeBinomial_FindsWhatCountsWereDrawnFrom()
    {
        double[] loadings = [0.8, 0.6, -0.5, 1.0, 0.4], offsets = [1, 0.5, 1.5, 0, 2], sizes = [2, 4, 1, 3, 5];
        Matrix<double> counts = SiteTables.Draw(
            Matrix<double>.Build.DenseOfColumnArrays(loadings), offsets, [.. sizes.Select(size => Likelihood.NegativeBinomial(size))], rows: 2000, seed: 31, missing: 0.05);

        CountFactorFit fit = new CountFactorAnalysis(1, new CountFactorOptions { Overdispersed = true }).Learn(counts), poisson = new CountFactorAnalysis(1).Learn(counts);

        fit.Converged.Should().BeTrue();
        fit.ParameterCount.Should().Be(15);
        fit.Elbo.Should().BeGreaterThan(poisson.Elbo + 1000, "counts are overdispersed");
        for (int k = 0; k < 5; k++)
        {
            Near(fit.Loading(k), loadings[k]);
            Near(fit.Offsets[k], offsets[k]);
            (double lower, double upper) = fit.DispersionSizes[k].PositiveInterval(0.9999);
            sizes[k].Should().BeInRange(lower, upper);
        }

        static void Near(LearnedParameter parameter, double truth) =>
            Math.Abs(parameter.Value - truth).Should().BeLessThan(4 * parameter.StandardError);
    }

    [Fact]
    public void Learn_ExposureOfAll_IsAShiftOfTheOffsets()
    {
        Matrix<double> counts = Counts(rows: 150);

        CountFactorFit one = new CountFactorAnalysis(1).Learn(counts), three = new CountFactorAnalysis(1).Learn(counts, [.. Enumerable.Repeat(3.0, 150)]);

        three.Elbo.Should().BeApproximately(one.Elbo, 1e-8);
        for (int k = 0; k < 4; k++)
        {
            three.Loading(k).Value.Should().BeApproximately(one.Loading(k).Value, 1e-6);
            three.Offsets[k].Value.Should().BeApproximately(one.Offsets[k].Value - Math.Log(3), 1e-6);
            three.Offsets[k].StandardError.Should().BeApproximately(one.Offsets[k].StandardError, 1e-6);
        }
    }

    [Fact]
    public void Factors_OfARow_AreTheBestGaussianOfTheModel()
    {
        double[] exposures = [.. Enumerable.Range(0, 150).Select(n => 0.5 + (n % 4))];
        CountFactorFit fit = new CountFactorAnalysis(2, new CountFactorOptions { Overdispersed = true }).Learn(Counts(rows: 150), exposures, ["a", "b", "c", "d"]);
        double[] row = [3, double.NaN, 0, 7];

        MultivariateGaussian factors = fit.Factors(row, exposure: 2.5);
        GaussianFit solved = new FixedFormSolver().Solve(fit.Model(), row, sizes: [2.5, 2.5, 2.5, 2.5]);

        for (int i = 0; i < 2; i++)
        {
            factors[i].Mean.Should().BeApproximately(solved.Posterior[i].Mean, 1e-7);
            factors.Covariance(i, 1).Should().BeApproximately(solved.Posterior.Covariance(i, 1), 1e-7);
        }

        // Log-normal means, and the variance of a negative binomial count with such a mean.
        double mean = fit.Offsets[1].Value, variance = 0, size = fit.DispersionSizes[1].Value;
        for (int i = 0; i < 2; i++)
        {
            mean += fit.Loading(1, i).Value * factors[i].Mean;
            variance += Enumerable.Range(0, 2).Sum(j => fit.Loading(1, i).Value * factors.Covariance(i, j) * fit.Loading(1, j).Value);
        }

        double centre = 2.5 * Math.Exp(mean + (variance / 2)), between = centre * centre * (Math.Exp(variance) - 1);
        (double predicted, double deviation) = fit.Predict("b", row, exposure: 2.5);
        predicted.Should().BeApproximately(centre, 1e-9 * centre);
        deviation.Should().BeApproximately(Math.Sqrt(centre + between + (((centre * centre) + between) / size)), 1e-9 * deviation);
    }

    [Fact]
    public void Learn_RowsOfAnyExposure_HasTheSameBitsForAnyNumberOfThreads()
    {
        double[] exposures = [.. Enumerable.Range(0, 400).Select(n => 0.5 + (n % 4))];
        CountFactorFit Learn(int threads) =>
            new CountFactorAnalysis(2, new CountFactorOptions { MaxThreads = threads, Starts = 2 }).Learn(Counts(rows: 400), exposures);

        Learn(3).Summary().ToCsv().Should().Be(Learn(1).Summary().ToCsv());
    }

    [Fact]
    public void Learn_BadCounts_AreRefusedByName()
    {
        var model = new CountFactorAnalysis(1);
        Matrix<double> Table(double[,] values) => Matrix<double>.Build.DenseOfArray(values);

        Refusal.Of<ArgumentException>(() => model.Learn(Table(new[,] { { 0, 1 }, { 1, 0.5 } })), "counts", "counts[1, 1] is 0.5; it must be ");
        Refusal.Of<ArgumentException>(
            () => model.Learn(Table(new[,] { { 0.0, 1 }, { 0, 1 } }), columnNames: ["a", "b"]), "counts", "counts of 'a', column 0, have none above 0; at least 1 is needed for its mean.");
        Refusal.Of<ArgumentException>(
            () => new CountFactorAnalysis(3).Learn(Table(new[,] { { 0.0, 0 }, { 1, 1 } })), "counts", "counts have 2 columns; they must have at least 3, the number of factors.");
        Refusal.Of<ArgumentException>(() => model.Learn(Counts(10), [1, 2]), "exposures", "exposures has 2 elements; it must have 10, one for each row.");
        Refusal.Of<ArgumentException>(() => model.Learn(Table(new[,] { { 0.0, 0 }, { 1, 1 } }), [1, 0]), "exposures", "exposures[1] is 0; it must be positive and finite.");
    }

    [Fact]
    public void Texts_AreWhole()
    {
        CountFactorFit fit = new CountFactorAnalysis(1, new CountFactorOptions { Overdispersed = true }).Learn(Counts(rows: 300), columnNames: ["a", "b", "c", "d"]);

        new CountFactorAnalysis(2).ToString().Should().Be("factor analysis of counts, 2 factors, Poisson");
        fit.ToString().Should().MatchRegex("^4 columns, 1 factor, 300 rows: ELBO -[0-9.]+, 12 parameters, converged \\(CertificateMet\\)$");
        fit.Summary().Names.Should().Equal(
            "loading a", "loading b", "loading c", "loading d", "offset a", "offset b", "offset c", "offset d", "dispersion size a", "dispersion size b", "dispersion size c", "dispersion size d");
    }

    private static Matrix<double> Counts(int rows) => SiteTables.Draw(
        Matrix<double>.Build.DenseOfRowArrays([0.8, 0.2], [0.7, -0.4], [-0.6, 0.5], [0.5, 0.6]),
        [1, 0.5, 1, 0],
        [.. Enumerable.Repeat(Likelihood.NegativeBinomial(3), 4)],
        rows,
        seed: 41);
}
