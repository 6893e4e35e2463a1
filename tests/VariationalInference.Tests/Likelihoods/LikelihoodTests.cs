using System.Text.Json;
using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.Likelihoods;

public sealed class LikelihoodTests
{
    public static TheoryData<string> Cases => LikelihoodCases.Theory(SiteReference.Densities().Select(item => item.Name));

    // Rounding of the terms that a log density is made of: e^η and x η may be large where it is small.
    [Theory]
    [MemberData(nameof(Cases))]
    public void LogDensityAndDerivatives_AreThe40DigitValues(string name)
    {
        (_, Likelihood likelihood, double value, double size, JsonElement item) = SiteReference.Densities().Single(x => x.Name == name);
        foreach (JsonElement point in item.GetProperty("points").EnumerateArray())
        {
            double eta = Get(point, "eta");
            (double first, double second) = likelihood.Derivatives(value, eta, size);

            Near(likelihood.LogDensity(value, eta, size), Get(point, "log"), 1e-13, 1e-13 * Math.Sqrt(Math.Abs(value * size)), name, point);
            Near(first, Get(point, "first"), 1e-13, 1e-15 * Math.Abs(value * size), name, point);
            Near(second, Get(point, "second"), 1e-12, 1e-300, name, point);
        }
    }

    // MathNet's incomplete beta function loses five digits where a parameter is 1e6. Φ(−35) is the exponential of −612, whose last digit counts 1e-13.
    [Theory]
    [MemberData(nameof(Cases))]
    public void MomentsAndProbabilities_AreThe40DigitValues(string name)
    {
        (_, Likelihood likelihood, double value, double size, JsonElement item) = SiteReference.Densities().Single(x => x.Name == name);
        foreach (JsonElement point in item.GetProperty("points").EnumerateArray())
        {
            double eta = Get(point, "eta");

            Near(likelihood.Mean(eta, size), Get(point, "mean"), 1e-13, 0, name, point);
            Near(likelihood.Variance(eta, size), Get(point, "variance"), 1e-12, 0, name, point);
            Near(likelihood.Cumulative(value, eta, size), Get(point, "cdf"), 1e-10, 1e-14, name, point);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void PredictionsOfAnUncertainPredictor_AreThe40DigitValues(string name)
    {
        (_, Likelihood likelihood, double value, double size, JsonElement item) = SiteReference.Densities().Single(x => x.Name == name);
        foreach (JsonElement belief in item.GetProperty("beliefs").EnumerateArray())
        {
            var predictor = new Gaussian(Get(belief, "mean"), Get(belief, "variance"));
            (double mean, double variance) = likelihood.PredictiveMoments(predictor, size);
            SiteExpectation site = likelihood.Expect(value, predictor.Mean, predictor.Variance, size);

            Near(site.Value, Get(belief, "expectation"), 1e-12, 1e-13, name, belief);
            Near(likelihood.PredictiveLogDensity(value, predictor, size), Get(belief, "log_predictive"), 1e-12, 1e-12, name, belief);
            Near(likelihood.PredictiveCumulative(value, predictor, size), Get(belief, "predictive_cdf"), 1e-10, 1e-12, name, belief);
            Near(mean, Get(belief, "predictive_mean"), 1e-12, 0, name, belief);
            Near(variance, Get(belief, "predictive_variance"), 1e-11, 0, name, belief);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void AddParameterGradient_AddsThe40DigitValues(string name)
    {
        (_, Likelihood likelihood, double value, double size, JsonElement item) = SiteReference.Densities().Single(x => x.Name == name);
        foreach (JsonElement belief in item.GetProperty("beliefs").EnumerateArray())
        {
            double[] expected = [.. belief.GetProperty("gradient").EnumerateArray().Select(x => x.GetDouble())], gradient = [.. expected.Select(_ => 0.0)];
            double mean = Get(belief, "mean"), variance = Get(belief, "variance");

            likelihood.AddParameterGradient([value, double.NaN], [size, size], [mean, mean], [variance, variance], gradient);

            for (int j = 0; j < expected.Length; j++)
            {
                // Where the dispersion no longer matters, what is left of terms of the size of x/r.
                double parameter = likelihood.Parameters[j].Value;
                Near(gradient[j], expected[j], 1e-10, 1e-15 * (1 + (value / Math.Max(1, Math.Abs(parameter)))), name, belief);
            }
        }
    }

    [Theory]
    [MemberData(nameof(LikelihoodCases.Names), MemberType = typeof(LikelihoodCases))]
    public void WithParameters_ReplacesThemInOrder(string name)
    {
        Likelihood likelihood = LikelihoodCases.Named(name);
        double[] values = [.. likelihood.Parameters.Select(parameter => (1.5 * parameter.Value) + 0.25)];

        Likelihood other = likelihood.WithParameters(values);

        other.Parameters.Select(parameter => parameter.Name).Should().Equal(likelihood.Parameters.Select(parameter => parameter.Name));
        foreach ((LikelihoodParameter parameter, double value) in other.Parameters.Zip(values))
        {
            parameter.Value.Should().BeApproximately(value, 1e-15 * Math.Abs(value));
        }

        other.GetType().Should().Be(likelihood.GetType());
    }

    [Theory]
    [MemberData(nameof(LikelihoodCases.Names), MemberType = typeof(LikelihoodCases))]
    public void StartingPredictor_OfEveryValue_IsFiniteAndLikelierThanFarAway(string name)
    {
        Likelihood likelihood = LikelihoodCases.Named(name);
        (double[] values, double[] sizes, _, _) = LikelihoodCases.Cells(likelihood, 100, seed: 11);
        for (int i = 0; i < values.Length; i++)
        {
            if (!double.IsNaN(values[i]))
            {
                double start = likelihood.StartingPredictor(values[i], sizes[i]), at = likelihood.LogDensity(values[i], start, sizes[i]);

                Math.Min(likelihood.LogDensity(values[i], start - 6, sizes[i]), likelihood.LogDensity(values[i], start + 6, sizes[i])).Should().BeLessThan(at);
            }
        }
    }

    [Theory]
    [InlineData(0.5, 1)]
    [InlineData(2, 1)]
    [InlineData(-1, 1)]
    [InlineData(double.PositiveInfinity, 1)]
    public void LogDensity_OfACellThatIsNot0Or1_IsRefused(double value, double size)
    {
        foreach (BinaryLink link in Enum.GetValues<BinaryLink>())
        {
            Likelihood likelihood = Likelihood.Bernoulli(link);

            Refusal.Of<ArgumentException>(() => likelihood.LogDensity(value, 0, size), "value", FormattableString.Invariant($"value is {value}; it must be 0 or 1."));
            Refusal.Of<ArgumentException>(() => likelihood.Expect(value, 0, 1, size), "value", FormattableString.Invariant($"value is {value}; it must be 0 or 1."));
        }
    }

    public static TheoryData<string, double, double, string, string> Refused => new()
    {
        { "binomial (logit)", 11, 10, "values", "values[1] is 11; it must be a whole number from 0 to the number of trials." },
        { "binomial (logit)", 0.5, 10, "values", "values[1] is 0.5; it must be a whole number from 0 to the number of trials." },
        { "binomial (logit)", 0, 0, "sizes", "sizes[1] is 0; it must be a whole number of trials from 1 to 9007199254740992." },
        { "binomial (logit)", 0, 2.5, "sizes", "sizes[1] is 2.5; it must be a whole number of trials from 1 to 9007199254740992." },
        { "Poisson (log)", -1, 1, "values", "values[1] is -1; it must be a whole number from 0 to 9007199254740992." },
        { "Poisson (log)", 1, 0, "sizes", "sizes[1] is 0; it must be an exposure, positive and finite." },
        { "Poisson (log)", 1, double.PositiveInfinity, "sizes", "sizes[1] is Infinity; it must be an exposure, positive and finite." },
        { "negative binomial (log, dispersion size 2.5)", 1.5, 1, "values", "values[1] is 1.5; it must be a whole number from 0 to 9007199254740992." },
        { "Gaussian (variance 0.3)", double.NegativeInfinity, 1, "values", "values[1] is -Infinity; it must be finite." },
        { "Gaussian (variance 0.3)", 1, 2, "sizes", "sizes[1] is 2; it must be 1, since these cells have neither trials nor an exposure." },
        { "Student's t (scale 0.7, 4 degrees of freedom)", double.PositiveInfinity, 1, "values", "values[1] is Infinity; it must be finite." },
        { "ordinal (logit, cutpoints [-1, 0.5, 2])", 4, 1, "values", "values[1] is 4; it must be a whole number from 0 to 3." },
        { "ordinal (logit, cutpoints [-1, 0.5, 2])", 1.25, 1, "values", "values[1] is 1.25; it must be a whole number from 0 to 3." },
        { "gamma (log, shape 2.5)", 0, 1, "values", "values[1] is 0; it must be positive and finite." },
        { "exponential (log)", -2, 1, "values", "values[1] is -2; it must be positive and finite." },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void CheckCells_NamesThePlaceTheValueAndWhatIsAllowed(string name, double value, double size, string parameter, string message)
    {
        Likelihood likelihood = LikelihoodCases.Named(name);

        Refusal.Of<ArgumentException>(() => likelihood.CheckCells([1, value], [1, size]), parameter, message);
        likelihood.CheckCells([1, double.NaN], [1, size]);
    }

    public static TheoryData<Action, string, string> BadArguments => new()
    {
        { () => Likelihood.Gaussian(0), "variance", "variance is 0; it must be positive and finite." },
        { () => Likelihood.Bernoulli((BinaryLink)7), "link", "link is 7; it must be a member of BinaryLink." },
        { () => Likelihood.NegativeBinomial(-1), "dispersionSize", "dispersionSize is -1; it must be positive and finite." },
        { () => Likelihood.StudentT(double.NaN), "scale", "scale is NaN; it must be positive and finite." },
        { () => Likelihood.StudentT(1, 0), "degreesOfFreedom", "degreesOfFreedom is 0; it must be positive and finite." },
        { () => Likelihood.Gamma(double.PositiveInfinity), "shape", "shape is Infinity; it must be positive and finite." },
        { () => Likelihood.Bernoulli().Expect(1, 0, -1), "variance", "variance is -1; it must be zero or positive, and finite." },
    };

    [Theory]
    [MemberData(nameof(BadArguments))]
    public void BadArguments_AreRefusedByName(Action action, string parameter, string message) =>
        Refusal.Of<ArgumentOutOfRangeException>(action, parameter, message);

    public static TheoryData<Action, string, string> BadInput => new()
    {
        { () => Likelihood.Ordinal([]), "cutpoints", "cutpoints has 0 elements; it must have at least 1." },
        { () => Likelihood.Ordinal([0, double.NaN]), "cutpoints", "cutpoints[1] is NaN; it must be finite." },
        { () => Likelihood.Ordinal([0, 1, 1]), "cutpoints", "cutpoints[2] is 1; it must be greater than the one before, 1." },
        { () => Likelihood.Bernoulli().Expect(1, double.NaN, 1), "mean", "mean[0] is NaN; it must be finite." },
        { () => Likelihood.Bernoulli().LogDensity(1, double.NaN), "predictor", "predictor[0] is NaN; it must be finite." },
        { () => Likelihood.Bernoulli().Derivatives(1, double.PositiveInfinity), "predictor", "predictor[0] is Infinity; it must be finite." },
        { () => Likelihood.Bernoulli().Mean(double.NaN), "predictor", "predictor[0] is NaN; it must be finite." },
        { () => Likelihood.Bernoulli().Mean(0, 2), "size", "size is 2; it must be 1, since these cells have neither trials nor an exposure." },
        { () => Likelihood.Bernoulli().Cumulative(double.NaN, 0), "value", "value is NaN; it must be a number." },
        { () => Likelihood.Bernoulli().PredictiveCumulative(double.NaN, new Gaussian(0, 1)), "value", "value is NaN; it must be a number." },
        { () => Likelihood.Bernoulli().StartingPredictor(3), "value", "value is 3; it must be 0 or 1." },
        { () => Likelihood.Bernoulli().PredictiveLogDensity(3, new Gaussian(0, 1)), "value", "value is 3; it must be 0 or 1." },
        { () => Likelihood.Poisson().PredictiveMoments(new Gaussian(0, 1), -1), "size", "size is -1; it must be an exposure, positive and finite." },
        { () => Likelihood.Gamma().WithParameters([1, 2]), "values", "values has 2 elements; it must have 1, one for each parameter." },
        { () => Likelihood.Gamma().WithParameters([0]), "values", "values[0], the shape, is 0; it must be greater than 0 and less than Infinity." },
        { () => Likelihood.Gamma().WithParameters([double.NaN]), "values", "values[0], the shape, is NaN; it must be greater than 0 and less than Infinity." },
        { () => Likelihood.Gamma().AddParameterGradient([1], [], [0], [1], []), "gradient", "gradient has 0 elements; it must have 1, one for each parameter." },
        { () => Likelihood.Gamma().Expect([1], [1, 1], [0], [1], new double[1], new double[1], new double[1]), "sizes", "sizes has 2 elements; it must have 1, one for each value." },
        { () => Likelihood.Gamma().Expect([1], [], [], [1], new double[1], new double[1], new double[1]), "means", "means has 0 elements; it must have 1, one for each value." },
        { () => Likelihood.Gamma().Expect([1], [], [0], [], new double[1], new double[1], new double[1]), "variances", "variances has 0 elements; it must have 1, one for each value." },
        { () => Likelihood.Gamma().Expect([1], [], [0], [1], [], new double[1], new double[1]), "expectations", "expectations has 0 elements; it must have 1, one for each value." },
        { () => Likelihood.Gamma().Expect([1], [], [0], [1], new double[1], [], new double[1]), "gradients", "gradients has 0 elements; it must have 1, one for each value." },
        { () => Likelihood.Gamma().Expect([1], [], [0], [1], new double[1], new double[1], []), "precisions", "precisions has 0 elements; it must have 1, one for each value." },
        { () => Likelihood.Gamma().CheckCells([1], [1, 1]), "sizes", "sizes has 2 elements; it must have 1, one for each value." },
        { () => Likelihood.Gamma().Sample([0], [], 0, []), "destination", "destination has 0 elements; it must have 1, one for each predictor." },
        { () => Likelihood.Gamma().Sample([double.NaN], [], 0, new double[1]), "predictors", "predictors[0] is NaN; it must be finite." },
        { () => Likelihood.Poisson().Sample([0], [1, 1], 0, new double[1]), "sizes", "sizes has 2 elements; it must have 1, one for each predictor." },
        { () => Likelihood.Poisson().Sample([0], [0], 0, new double[1]), "sizes", "sizes[0] is 0; it must be an exposure, positive and finite." },
        { () => Likelihood.Poisson().Sample([40], [], 0, new double[1]), "predictors", "predictors give a count a mean of 2.3538526683701997E+17; to be drawn, it must have one of less than 9007199254740992." },
    };

    [Theory]
    [MemberData(nameof(BadInput))]
    public void BadInput_IsRefusedByName(Action action, string parameter, string message) => Refusal.Of<ArgumentException>(action, parameter, message);

    [Fact]
    public void Exponential_IsGammaOfShapeOne()
    {
        Likelihood gamma = Likelihood.Gamma(), exponential = Likelihood.Exponential();
        foreach (double value in (double[])[1e-3, 0.5, 4])
        {
            exponential.Expect(value, 0.25, 0.5).Should().Be(gamma.Expect(value, 0.25, 0.5));
            exponential.Cumulative(value, 0.25).Should().BeApproximately(gamma.Cumulative(value, 0.25), 1e-13);
        }

        exponential.Parameters.Should().BeEmpty();
    }

    // log C(n, x) and n Bernoulli cells, x of them successes.
    [Theory]
    [InlineData(0, 5)]
    [InlineData(3, 10)]
    [InlineData(10, 10)]
    public void Binomial_IsASumOfBernoullis(int successes, int trials)
    {
        foreach ((double mean, double variance) in ((double, double)[])[(0.4, 0.01), (-2, 1.5), (7, 20)])
        {
            SiteExpectation yes = Likelihood.Bernoulli().Expect(1, mean, variance), no = Likelihood.Bernoulli().Expect(0, mean, variance);
            SiteExpectation site = Likelihood.Binomial().Expect(successes, mean, variance, trials);
            double choices = Enumerable.Range(1, successes).Sum(i => Math.Log((trials - successes + i) / (double)i));

            site.Value.Should().BeApproximately(choices + (successes * yes.Value) + ((trials - successes) * no.Value), 1e-12);
            site.Gradient.Should().BeApproximately((successes * yes.Gradient) + ((trials - successes) * no.Gradient), 1e-13);
            site.Precision.Should().BeApproximately(trials * yes.Precision, 1e-13);
        }
    }

    // The error is of first order in 1/n, 1/r and 1/ν.
    [Fact]
    public void CountsAndHeavyTails_HaveTheirLimits()
    {
        const double Limit = 1e9;
        (double mean, double variance) = (0.7, 0.4);
        SiteExpectation poisson = Likelihood.Poisson().Expect(4, mean, variance);
        SiteExpectation binomial = Likelihood.Binomial().Expect(4, mean - Math.Log(Limit), variance, Limit);
        SiteExpectation negative = Likelihood.NegativeBinomial(Limit).Expect(4, mean, variance);
        SiteExpectation gaussian = Likelihood.Gaussian(2.25).Expect(4, mean, variance), student = Likelihood.StudentT(1.5, Limit).Expect(4, mean, variance);

        foreach ((SiteExpectation near, SiteExpectation limit) in ((SiteExpectation, SiteExpectation)[])[(binomial, poisson), (negative, poisson), (student, gaussian)])
        {
            near.Value.Should().BeApproximately(limit.Value, 30 / Limit);
            near.Gradient.Should().BeApproximately(limit.Gradient, 30 / Limit);
            near.Precision.Should().BeApproximately(limit.Precision, 30 / Limit);
        }
    }

    // x counted over an exposure t is x counted over 1 with log t added to the predictor.
    [Fact]
    public void Exposure_ShiftsThePredictor()
    {
        foreach (Likelihood likelihood in (Likelihood[])[Likelihood.Poisson(), Likelihood.NegativeBinomial(1.5)])
        {
            SiteExpectation with = likelihood.Expect(3, 0.2, 0.5, size: 7.5), shifted = likelihood.Expect(3, 0.2 + Math.Log(7.5), 0.5);

            with.Value.Should().BeApproximately(shifted.Value, 1e-14);
            with.Gradient.Should().BeApproximately(shifted.Gradient, 1e-14);
            with.Precision.Should().BeApproximately(shifted.Precision, 1e-14);
        }
    }

    [Fact]
    public void Ordinal_ProbabilitiesOfItsClasses_SumToOneAndBinaryIsBernoulli()
    {
        Likelihood ordinal = Likelihood.Ordinal([-1, -0.999999, 2]);
        foreach (double eta in (double[])[-30, -1, 0.5, 30])
        {
            Enumerable.Range(0, 4).Sum(k => Math.Exp(ordinal.LogDensity(k, eta))).Should().BeApproximately(1, 1e-15 * 8);
            Likelihood.Ordinal([0]).LogDensity(1, eta).Should().Be(Likelihood.Bernoulli().LogDensity(1, eta));
        }
    }

    [Fact]
    public void StudentT_WithFewDegreesOfFreedom_HasNoMoments()
    {
        Likelihood.StudentT(1, 1).Mean(0.5).Should().Be(double.NaN);
        Likelihood.StudentT(1, 1).Variance(0.5).Should().Be(double.NaN);
        Likelihood.StudentT(1, 1.5).Mean(0.5).Should().Be(0.5);
        Likelihood.StudentT(1, 2).Variance(0.5).Should().Be(double.PositiveInfinity);
        Likelihood.StudentT().IsLogConcave.Should().BeFalse();
        LikelihoodCases.All.Count(likelihood => !likelihood.IsLogConcave).Should().Be(1);
    }

    [Theory]
    [MemberData(nameof(LikelihoodCases.Names), MemberType = typeof(LikelihoodCases))]
    public void Cumulative_BeyondAllValues_IsZeroOrOne(string name)
    {
        Likelihood likelihood = LikelihoodCases.Named(name);

        likelihood.Cumulative(double.NegativeInfinity, 0.25).Should().Be(0);
        likelihood.Cumulative(double.PositiveInfinity, 0.25).Should().Be(1);
        likelihood.PredictiveCumulative(double.PositiveInfinity, new Gaussian(0.25, 2)).Should().BeApproximately(1, 1e-13);
    }

    private static double Get(JsonElement item, string name) => item.GetProperty(name).GetDouble();

    private static void Near(double actual, double expected, double relative, double absolute, string name, JsonElement where) =>
        actual.Should().BeApproximately(expected, Math.Max(relative * Math.Abs(expected), absolute) + double.Epsilon, "{0} at {1}", name, where);
}
