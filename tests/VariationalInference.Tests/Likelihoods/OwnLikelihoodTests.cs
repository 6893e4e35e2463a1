using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.Likelihoods;

/// <summary>A likelihood that says its log density only, and what the library makes of that.</summary>
public sealed class OwnLikelihoodTests
{
    // As documented: 1e-12 of the log density's size for ℓ, 1e-10 of that for g and λ (in units of the predictor's deviation, where
    // that is small), and as much as ten of a hundred where a log density is large somewhere within nine deviations.
    [Theory]
    [MemberData(nameof(LikelihoodCases.Names), MemberType = typeof(LikelihoodCases))]
    public void Expect_ByDefaultQuadrature_IsWhatTheClosedOrTabulatedFormGives(string name)
    {
        Likelihood known = LikelihoodCases.Named(name), own = new LogDensityOnly(known);
        (double[] values, double[] sizes, double[] means, double[] variances) = LikelihoodCases.Cells(known, 200, seed: 17);
        for (int i = 0; i < values.Length; i++)
        {
            if (double.IsNaN(values[i]))
            {
                continue;
            }

            double variance = Math.Min(variances[i], 4), deviation = Math.Sqrt(variance);
            SiteExpectation expected = known.Expect(values[i], means[i], variance, sizes[i]), site = own.Expect(values[i], means[i], variance, sizes[i]);
            double size = 1 + Math.Abs(known.LogDensity(values[i], means[i], sizes[i])) + Math.Abs(expected.Value) + Math.Abs(expected.Precision);

            string what = FormattableString.Invariant($"x = {values[i]}, η ~ N({means[i]}, {variance}): {site} for {expected}");
            site.Value.Should().BeApproximately(expected.Value, 1e-12 * size, what);
            site.Gradient.Should().BeApproximately(expected.Gradient, 1e-10 * size, what);
            site.Precision.Should().BeApproximately(expected.Precision, 1e-10 * size, what);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1e-16)]
    [InlineData(1e-8)]
    [InlineData(8e-6)]
    [InlineData(1e-5)]
    [InlineData(1e-3)]
    public void Expect_ByDefaultQuadrature_WithANarrowPredictor_KeepsItsDigits(double variance)
    {
        foreach (Likelihood known in LikelihoodCases.All)
        {
            SiteExpectation expected = known.Expect(1, 0.4, variance), site = new LogDensityOnly(known).Expect(1, 0.4, variance);

            site.Value.Should().BeApproximately(expected.Value, 1e-12, "{0}", known);
            site.Gradient.Should().BeApproximately(expected.Gradient, 1e-10, "{0}", known);
            site.Precision.Should().BeApproximately(expected.Precision, 1e-9, "{0}", known);
        }
    }

    // A noise a thousand times narrower than 1 is as narrow as the predictor: differences over the predictor's range would not see it.
    [Fact]
    public void Expect_ByDefaultQuadrature_OfANarrowLikelihood_IsTheClosedForm()
    {
        Likelihood known = Likelihood.Gaussian(1e-6), own = new LogDensityOnly(known);
        foreach (double variance in (double[])[1e-12, 1e-7, 1e-6, 4e-6, 1e-4])
        {
            SiteExpectation expected = known.Expect(1, 1.0005, variance), site = own.Expect(1, 1.0005, variance);

            site.Value.Should().BeApproximately(expected.Value, 1e-11 * Math.Abs(expected.Value));
            site.Gradient.Should().BeApproximately(expected.Gradient, 1e-9 * Math.Abs(expected.Gradient));
            site.Precision.Should().BeApproximately(expected.Precision, 1e-9 * expected.Precision);
        }
    }

    [Theory]
    [MemberData(nameof(LikelihoodCases.Names), MemberType = typeof(LikelihoodCases))]
    public void Derivatives_ByDifferences_AreTheKnownOnes(string name)
    {
        Likelihood known = LikelihoodCases.Named(name), own = new LogDensityOnly(known);
        (double[] values, double[] sizes, double[] means, _) = LikelihoodCases.Cells(known, 200, seed: 19);
        for (int i = 0; i < values.Length; i++)
        {
            if (!double.IsNaN(values[i]))
            {
                (double first, double second) = known.Derivatives(values[i], means[i], sizes[i]);
                (double slope, double curvature) = own.Derivatives(values[i], means[i], sizes[i]);
                double size = 1 + Math.Abs(known.LogDensity(values[i], means[i], sizes[i])) + Math.Abs(second);

                slope.Should().BeApproximately(first, 1e-12 * size, "at {0}, {1}", values[i], means[i]);
                curvature.Should().BeApproximately(second, 1e-9 * size, "at {0}, {1}", values[i], means[i]);
            }
        }
    }

    [Fact]
    public void Expect_WhereTheLogDensityOverflows_IsMinusInfinity()
    {
        var own = new LogDensityOnly(Likelihood.Poisson());

        own.Expect(1, 800, 1).Should().Be(new SiteExpectation(double.NegativeInfinity, 0, double.PositiveInfinity));
        own.Expect(1, 700, 400).Value.Should().Be(double.NegativeInfinity);
    }

    [Fact]
    public void PredictiveLogDensity_NeedsTheLogDensityAlone()
    {
        var predictor = new Gaussian(0.4, 0.8);

        new LogDensityOnly(Likelihood.Gaussian(0.3)).PredictiveLogDensity(1, predictor)
            .Should().BeApproximately((-0.5 * Math.Log(2 * Math.PI * 1.1)) - (0.36 / 2.2), 1e-13);
    }

    [Fact]
    public void WhatAnOwnLikelihoodDoesNotSay_IsNotSupportedByName()
    {
        var own = new LogDensityOnly(Likelihood.Gaussian());

        Unsupported(() => own.Mean(0), "EvaluateMean");
        Unsupported(() => own.Variance(0), "EvaluateVariance");
        Unsupported(() => own.Cumulative(0, 0), "EvaluateCumulative");
        Unsupported(() => own.PredictiveMoments(new Gaussian(0, 1)), "EvaluateMean");
        Unsupported(() => own.Sample([0], [], 1, new double[1]), "Draw");
        Unsupported(() => new Learnable().WithParameters([2]), "Replace");
        Unsupported(() => new Learnable().AddParameterGradient([1], [], [0], [1], new double[1]), "AddToParameterGradient");
        own.Parameters.Should().BeEmpty();
        own.IsLogConcave.Should().BeFalse();
        own.Size.Should().Be(CellSize.None);
        own.AllowedValues.Should().Be("finite");
        own.StartingPredictor(3).Should().Be(0);
        own.WithParameters([]).Should().BeSameAs(own);
        own.AddParameterGradient([1], [], [0], [1], []);
    }

    // The moments of what it does say, by quadrature.
    [Fact]
    public void PredictiveMoments_OfAnOwnLikelihood_AreTheTotalOnes()
    {
        (double mean, double variance) = new Learnable().PredictiveMoments(new Gaussian(0.5, 0.25));

        // E e^η and E e^η + Var e^η.
        double centre = Math.Exp(0.625);
        mean.Should().BeApproximately(centre, 1e-13);
        variance.Should().BeApproximately(centre + (centre * centre * (Math.Exp(0.25) - 1)), 1e-12);
    }

    private static void Unsupported(Action action, string member) =>
        action.Should().ThrowExactly<NotSupportedException>().Which.Message.Should().EndWith($"does not override {member}.");

    private sealed class LogDensityOnly(Likelihood inner) : Likelihood
    {
        public override CellSize Size => inner.Size;

        public override bool Accepts(double value, double size = 1) => inner.Accepts(value, size);

        protected override double EvaluateLogDensity(double value, double predictor, double size) => inner.LogDensity(value, predictor, size);
    }

    private sealed class Learnable : Likelihood
    {
        public override System.Collections.Immutable.ImmutableArray<LikelihoodParameter> Parameters => [new("rate", 1, 0, 10)];

        protected override double EvaluateLogDensity(double value, double predictor, double size) => (value * predictor) - Math.Exp(predictor);

        protected override double EvaluateMean(double predictor, double size) => Math.Exp(predictor);

        protected override double EvaluateVariance(double predictor, double size) => Math.Exp(predictor);
    }
}
