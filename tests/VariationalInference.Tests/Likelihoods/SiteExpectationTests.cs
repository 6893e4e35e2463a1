using System.Text.Json;
using FluentAssertions;
using FluentAssertions.Execution;
using Xunit;

namespace VariationalInference.Tests.Likelihoods;

public sealed class SiteExpectationTests
{
    // 1e-11 of the value, or 1e-13 where it vanishes.
    private const double Relative = 1e-11;
    private const double Absolute = 1e-13;

    public static TheoryData<string> Cases => LikelihoodCases.Theory(SiteReference.Expectations().Select(item => item.Name));

    [Theory]
    [MemberData(nameof(Cases))]
    public void Expect_OfEachReferencePoint_IsThe240BitValue(string name)
    {
        (_, Likelihood likelihood, double value, double size, JsonElement[] points) = SiteReference.Expectations().Single(item => item.Name == name);
        foreach (JsonElement point in points)
        {
            double mean = point.GetProperty("m").GetDouble(), variance = point.GetProperty("v").GetDouble();
            SiteExpectation site = likelihood.Expect(value, mean, variance, size);
            if (point.GetProperty("E").ValueKind == JsonValueKind.Null)
            {
                site.Value.Should().Be(double.NegativeInfinity, "m = {0}, v = {1}", mean, variance);
                double.IsInfinity(site.Gradient).Should().BeTrue();
                site.Precision.Should().Be(double.PositiveInfinity);
                continue;
            }

            (double Actual, double Expected)[] pairs =
            [
                (site.Value, point.GetProperty("E").GetDouble()), (site.Gradient, point.GetProperty("dm").GetDouble()),
                (site.Precision, -2 * point.GetProperty("dv").GetDouble()),
            ];
            foreach ((double actual, double expected) in pairs)
            {
                actual.Should().BeApproximately(expected, Math.Max(Relative * Math.Abs(expected), Absolute), "m = {0}, v = {1}", mean, variance);
            }
        }
    }

    // Small expectations are good relatively, too: the exceptions are differences of two that are nearly the same.
    [Fact]
    public void Expect_OfLogisticAndProbitCells_IsGoodRelativelyInTheTails()
    {
        foreach ((string name, Likelihood likelihood, double value, double size, JsonElement[] points) in
            SiteReference.Expectations().Where(item => item.Name.Contains("bernoulli") || item.Name.Contains("binomial_logit")))
        {
            foreach (JsonElement point in points.Where(point => Math.Abs(point.GetProperty("E").GetDouble()) > 1e-280))
            {
                SiteExpectation site = likelihood.Expect(value, point.GetProperty("m").GetDouble(), point.GetProperty("v").GetDouble(), size);
                double expected = point.GetProperty("E").GetDouble(), precision = -2 * point.GetProperty("dv").GetDouble();

                site.Value.Should().BeApproximately(expected, 1e-12 * Math.Abs(expected), "{0} {1}", name, point);
                site.Precision.Should().BeApproximately(precision, 1e-12 * precision, "{0} {1}", name, point);
            }
        }
    }

    [Theory]
    [MemberData(nameof(LikelihoodCases.Names), MemberType = typeof(LikelihoodCases))]
    public void Expect_OfManyCells_HasTheBitsOfEachByItself(string name)
    {
        Likelihood likelihood = LikelihoodCases.Named(name);
        foreach (int count in (int[])[0, 1, 2, 3, 5, 31, 32, 33, 100])
        {
            (double[] values, double[] sizes, double[] means, double[] variances) = LikelihoodCases.Cells(likelihood, count, seed: count);
            double[] expectations = new double[count], gradients = new double[count], precisions = new double[count];

            likelihood.Expect(values, sizes, means, variances, expectations, gradients, precisions);

            using var scope = new AssertionScope();
            for (int i = 0; i < count; i++)
            {
                SiteExpectation expected = double.IsNaN(values[i]) ? default : likelihood.Expect(values[i], means[i], variances[i], sizes[i]);
                new SiteExpectation(expectations[i], gradients[i], precisions[i]).Should().Be(expected, "of cell {0} of {1}", i, count);
            }
        }
    }

    [Theory]
    [MemberData(nameof(LikelihoodCases.Names), MemberType = typeof(LikelihoodCases))]
    public void Expect_WithoutSizes_TakesOneForEach(string name)
    {
        Likelihood likelihood = LikelihoodCases.Named(name);
        (_, _, double[] means, double[] variances) = LikelihoodCases.Cells(likelihood, 9, seed: 1);
        double[] values = [.. means.Select(_ => 1.0)], ones = [.. values];
        double[] with = new double[9], without = new double[9], rest = new double[9];

        likelihood.Expect(values, ones, means, variances, with, rest, rest);
        likelihood.Expect(values, default, means, variances, without, rest, rest);

        without.Should().Equal(with);
    }

    [Theory]
    [MemberData(nameof(LikelihoodCases.Names), MemberType = typeof(LikelihoodCases))]
    public void Expect_OfManyCells_AllocatesNothing(string name)
    {
        Likelihood likelihood = LikelihoodCases.Named(name);
        (double[] values, double[] sizes, double[] means, double[] variances) = LikelihoodCases.Cells(likelihood, 100, seed: 3);
        double[] expectations = new double[100], gradients = new double[100], precisions = new double[100];
        likelihood.Expect(values, sizes, means, variances, expectations, gradients, precisions);

        long before = GC.GetAllocatedBytesForCurrentThread();
        likelihood.Expect(values, sizes, means, variances, expectations, gradients, precisions);

        (GC.GetAllocatedBytesForCurrentThread() - before).Should().Be(0);
    }

    // With variance 0 the expectation is the value itself. What the table leaves is 1e-12 of λ in the corners of its cells.
    [Theory]
    [MemberData(nameof(LikelihoodCases.Names), MemberType = typeof(LikelihoodCases))]
    public void Expect_OfCertainPredictors_IsTheLogDensity(string name)
    {
        Likelihood likelihood = LikelihoodCases.Named(name);
        (double[] values, double[] sizes, double[] means, _) = LikelihoodCases.Cells(likelihood, 200, seed: 5);
        for (int i = 0; i < values.Length; i++)
        {
            if (!double.IsNaN(values[i]))
            {
                SiteExpectation site = likelihood.Expect(values[i], means[i], 0, sizes[i]);
                double expected = likelihood.LogDensity(values[i], means[i], sizes[i]);
                (double first, double second) = likelihood.Derivatives(values[i], means[i], sizes[i]);

                site.Value.Should().BeApproximately(expected, 1e-12 * (1 + Math.Abs(expected)));
                site.Gradient.Should().BeApproximately(first, 1e-12 * (1 + Math.Abs(first)));
                site.Precision.Should().BeApproximately(-second, 1e-11 * (1 + Math.Abs(second)));
            }
        }
    }

    // Across the borders between the table, even steps and steps in the logarithm the function must not jump: 2ε apart,
    // values differ by their slope and by what rounding and truncation leave.
    [Theory]
    [InlineData(1, 15)]
    [InlineData(1, 39.478417604357434)]
    [InlineData(1, 1)]
    [InlineData(1, 0.0625)]
    [InlineData(-16.25, 3)]
    [InlineData(-37, 40)]
    public void Expect_OnBothSidesOfABorder_IsTheSame(double mean, double variance)
    {
        Likelihood likelihood = Likelihood.Bernoulli();
        SiteExpectation below = likelihood.Expect(1, mean, variance * (1 - 1e-15)), above = likelihood.Expect(1, mean, variance * (1 + 1e-15));

        above.Value.Should().BeApproximately(below.Value, 2e-14 * Math.Abs(below.Value));
        above.Gradient.Should().BeApproximately(below.Gradient, 4e-14 * Math.Abs(below.Gradient));
        above.Precision.Should().BeApproximately(below.Precision, 1e-12 * below.Precision);
    }

    // ℓ ≤ log E[p], by Jensen; g and λ are derivatives of ℓ; λ ≥ 0 where log p is concave.
    [Theory]
    [MemberData(nameof(LikelihoodCases.Names), MemberType = typeof(LikelihoodCases))]
    public void Expect_OfRandomCells_IsBelowThePredictiveDensity(string name)
    {
        Likelihood likelihood = LikelihoodCases.Named(name);
        (double[] values, double[] sizes, double[] means, double[] variances) = LikelihoodCases.Cells(likelihood, 60, seed: 7);
        for (int i = 0; i < values.Length; i++)
        {
            if (!double.IsNaN(values[i]))
            {
                double bound = likelihood.PredictiveLogDensity(values[i], new Gaussian(means[i], variances[i]), sizes[i]);

                likelihood.Expect(values[i], means[i], variances[i], sizes[i]).Value.Should().BeLessThanOrEqualTo(bound + (1e-12 * (1 + Math.Abs(bound))));
            }
        }
    }

    [Theory]
    [MemberData(nameof(LikelihoodCases.Names), MemberType = typeof(LikelihoodCases))]
    public void Expect_HasTheDerivativesThatDifferencesShow(string name)
    {
        Likelihood likelihood = LikelihoodCases.Named(name);
        (double[] values, double[] sizes, double[] means, double[] variances) = LikelihoodCases.Cells(likelihood, 60, seed: 9);
        for (int i = 0; i < values.Length; i++)
        {
            if (double.IsNaN(values[i]))
            {
                continue;
            }

            double variance = Math.Min(variances[i], 30) + 0.01, h = 1e-4 * Math.Sqrt(Math.Min(variance, 1)), k = 1e-4 * Math.Min(variance, 1);
            SiteExpectation At(double mean, double w) => likelihood.Expect(values[i], mean, w, sizes[i]);
            SiteExpectation site = At(means[i], variance);
            double slope = (At(means[i] + h, variance).Value - At(means[i] - h, variance).Value) / (2 * h);
            double precision = -(At(means[i], variance + k).Value - At(means[i], variance - k).Value) / k;

            // Rounding leaves 1e-16/1e-4 of the value, truncation 1e-8 of the third derivative.
            double scale = Math.Abs(site.Value) + Math.Abs(site.Gradient) + Math.Abs(site.Precision);
            slope.Should().BeApproximately(site.Gradient, 1e-7 * (scale + (Math.Abs(site.Value) / Math.Sqrt(Math.Min(variance, 1)))));
            precision.Should().BeApproximately(site.Precision, 1e-7 * (scale + (Math.Abs(site.Value) / Math.Min(variance, 1))));
        }
    }

    // Scales from 1e-6 to 1e6 of everything that has one.
    [Fact]
    public void Expect_OfTwentyThousandRandomCells_IsNeverNaNAndConcaveWhereItSaysSo()
    {
        var random = new Random(13);
        double Scale() => Math.Pow(10, (12 * random.NextDouble()) - 6);
        for (int i = 0; i < 20_000; i++)
        {
            Likelihood likelihood = (i % 10) switch
            {
                0 => Likelihood.Gaussian(Scale()),
                1 => Likelihood.Bernoulli(),
                2 => Likelihood.Bernoulli(BinaryLink.Probit),
                3 => Likelihood.Binomial(),
                4 => Likelihood.Poisson(),
                5 => Likelihood.NegativeBinomial(Scale()),
                6 => Likelihood.StudentT(Scale(), Scale()),
                7 => Ordinal(Scale(), Scale()),
                8 => Likelihood.Gamma(Scale()),
                _ => Likelihood.Exponential(),
            };
            double size = likelihood.Size switch
            {
                CellSize.Trials => Math.Ceiling(Scale()),
                CellSize.Exposure => Scale(),
                _ => 1,
            };
            double value = likelihood.AllowedValues switch
            {
                "0 or 1" => random.Next(2),
                "a whole number from 0 to the number of trials" => Math.Floor(size * random.NextDouble()),
                "a whole number from 0 to 2" => random.Next(3),
                "positive and finite" => Scale(),
                "finite" => Scale() * (random.Next(2) - 0.5),
                _ => Math.Floor(Scale()),
            };
            double mean = Scale() * (random.Next(2) - 0.5), variance = Math.Pow(Scale(), 2);

            SiteExpectation site = likelihood.Expect(value, mean, variance, size);

            string what = FormattableString.Invariant($"{likelihood}, x = {value:R}, η ~ N({mean:R}, {variance:R}), size {size:R}: {site}");
            double.IsNaN(site.Value).Should().BeFalse(what);
            double.IsNaN(site.Gradient).Should().BeFalse(what);
            double.IsNaN(site.Precision).Should().BeFalse(what);
            (site.Value < double.PositiveInfinity).Should().BeTrue(what);
            (site.Precision >= 0 || !likelihood.IsLogConcave).Should().BeTrue(what);
            (site.Value <= 1e-9 || likelihood.AllowedValues is "finite" or "positive and finite").Should().BeTrue("a probability is at most 1: " + what);
        }

        Likelihood Ordinal(double first, double gap) => Likelihood.Ordinal([first, first + gap]);
    }

    [Theory]
    [InlineData(0, 0.0)]
    [InlineData(1, 0.0)]
    [InlineData(-1, 1e-300)]
    [InlineData(1e300, 1e-300)]
    [InlineData(-1e300, 1e300)]
    [InlineData(-1e5, 1e300)]
    [InlineData(1e-300, 1e10)]
    public void Expect_AtTheEndsOfDoublePrecision_IsNeverNaN(double mean, double variance)
    {
        foreach (Likelihood likelihood in LikelihoodCases.All)
        {
            SiteExpectation site = likelihood.Expect(1, mean, variance);

            double.IsNaN(site.Value + 0).Should().BeFalse("{0}", likelihood);
            double.IsNaN(site.Gradient).Should().BeFalse("{0}", likelihood);
            double.IsNaN(site.Precision).Should().BeFalse("{0}", likelihood);
        }
    }

    // Many cells are not checked one by one; what a table is asked for outside it must not be read from somewhere else.
    [Theory]
    [InlineData(-0.5)]
    [InlineData(-1e-3)]
    [InlineData(-1e300)]
    [InlineData(double.NaN)]
    [InlineData(double.NegativeInfinity)]
    public void Expect_OfManyCells_WithAVarianceThatIsNone_IsNotANumber(double variance)
    {
        double[] expectations = new double[2], gradients = new double[2], precisions = new double[2];

        Likelihood.Bernoulli().Expect([1, 1], [], [0.5, 0.5], [variance, 1], expectations, gradients, precisions);

        expectations[0].Should().Be(double.NaN);
        expectations[1].Should().Be(Likelihood.Bernoulli().Expect(1, 0.5, 1).Value);
    }
}
