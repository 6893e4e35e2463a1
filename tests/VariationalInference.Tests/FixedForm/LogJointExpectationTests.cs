using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Tests.Posteriors;
using VariationalInference.Tests.Reference;
using Xunit;

namespace VariationalInference.Tests.FixedForm;

/// <summary>Expectations and ELBOs of every family by every rule.</summary>
public sealed class LogJointExpectationTests
{
    private static readonly QuadraticLogJoint General = new LinearGaussianModel(
        Matrix<double>.Build.DenseOfRowArrays([1.5, -0.5, 0.2], [0.3, 2.0, -1.0]),
        [0.5, -1.0], [0.4, 2.0], [0.1, -0.2, 0.3], [1.0, 0.5, 4.0]).Observe([1.0, -2.0]);

    /// <summary>μ = (0.4, −0.3), L = [0.9 0; −0.25 0.6].</summary>
    private static readonly MultivariateGaussian Point = new(
        [0.4, -0.3], Matrix<double>.Build.DenseOfRowArrays([0.81, -0.225], [-0.225, 0.4225]));

    public static TheoryData<string, string> FamiliesAndRules
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (string family in (string[])["mean field", "low rank", "full", "Gaussian sum", "isotropic"])
            {
                data.Add(family, "closed form");
                data.Add(family, "draws");
                if (family != "low rank")
                {
                    data.Add(family, "quadrature");
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(FamiliesAndRules))]
    public void Gradient_AgreesWithCentralDifferences(string family, string rule)
    {
        GaussianPosterior q = GaussianPosteriorTests.Family(family);
        var elbo = new FixedFormElbo(Rule(rule));

        ElboEvaluation evaluation = elbo.Evaluate(q);

        evaluation.Gradient.Should().HaveCount(q.ParameterCount);
        evaluation.MeanGradient.Should().Equal(evaluation.Gradient.Take(3));
        elbo.Value(q).Should().BeApproximately(evaluation.Elbo, 1e-13 * Math.Abs(evaluation.Elbo));
        evaluation.Entropy.Should().Be(q.Entropy);
        Differences.Of(q, elbo.Value).Should().Equal(
            evaluation.Gradient, (actual, expected) => Math.Abs(actual - expected) < 1e-7 * (1 + Math.Abs(expected)));
    }

    [Theory]
    [InlineData("mean field")]
    [InlineData("full")]
    [InlineData("Gaussian sum")]
    [InlineData("isotropic")]
    public void QuadratureOfAQuadratic_IsItsClosedForm(string family)
    {
        GaussianPosterior q = GaussianPosteriorTests.Family(family);

        double exact = LogJointExpectation.ClosedForm(General).Value(q);

        LogJointExpectation.Quadrature(General).Value(q).Should().BeApproximately(exact, 1e-12 * Math.Abs(exact));
        exact.Should().BeApproximately(
            General.Value(q.Means.AsSpan()) - (0.5 * (General.Precision() * q.CovarianceMatrix()).Trace()), 1e-12);
    }

    [Fact]
    public void DrawsOfAQuadratic_AverageToItsClosedForm()
    {
        foreach (string family in (string[])["mean field", "low rank", "full"])
        {
            GaussianPosterior q = GaussianPosteriorTests.Family(family);
            Matrix<double> product = General.Precision() * q.CovarianceMatrix();
            double error = Math.Sqrt(0.5 * (product * product).Trace() / 10_000);

            double average = LogJointExpectation.Draws(General, 20_000, seed: 3).Value(q);

            average.Should().BeApproximately(LogJointExpectation.ClosedForm(General).Value(q), 5 * error);
        }
    }

    // ELBO and gradients of each case at one point, from the reference data: Cholesky factor without logarithms.
    [Theory]
    [MemberData(nameof(ReferenceCase.IdsWithFullPoint), MemberType = typeof(ReferenceCase))]
    public void FullCovariance_AtThePointOfEachReferenceCase_IsExact(string id)
    {
        ReferenceCase reference = ReferenceCase.Of(id);
        ReferenceCase.FullElboPoint point = reference.FullPoint!;
        int count = point.Means.Length;
        double[] packed = [.. point.Means, .. Enumerable.Range(0, count).SelectMany(i => point.Factor[i].Take(i + 1))];
        reference.Model.Posterior(reference.Rows[0]).TryWithParameters(packed, out GaussianPosterior? q).Should().BeTrue();

        ElboEvaluation evaluation = new FixedFormElbo(reference.Model.Observe(reference.Rows[0])).Evaluate(q!);

        double[] expected = [.. Enumerable.Range(0, count).SelectMany(i => point.FactorGradient[i].Take(i + 1))];
        double largest = expected.Max(Math.Abs);
        evaluation.Elbo.Should().BeApproximately(point.Elbo, 1e-9 * Math.Abs(point.Elbo));
        evaluation.Gradient.Skip(count).Should().Equal(expected, (actual, exact) => Math.Abs(actual - exact) <= 1e-9 * largest);
        double largestMean = point.MeanGradient.Max(Math.Abs);
        evaluation.MeanGradient.Should().Equal(point.MeanGradient, (actual, exact) => Math.Abs(actual - exact) <= 1e-6 * largestMean);
    }

    [Fact]
    public void CovarianceGradient_OfAQuadratic_IsHalfTheDifferenceOfPrecisions()
    {
        var q = (MultivariateGaussian)GaussianPosteriorTests.Family("full");
        Matrix<double> expected = 0.5 * (q.CovarianceMatrix().Inverse() - General.Precision());

        foreach (LogJointExpectation rule in (LogJointExpectation[])[Rule("closed form"), Rule("quadrature")])
        {
            (new FixedFormElbo(rule).CovarianceGradient(q) - expected).Enumerate().Should().OnlyContain(error => Math.Abs(error) < 1e-10);
        }
    }

    // Computed with 40 digits by one-dimensional trapezoid rules, since each outcome depends on one predictor: expectation, entropy, and the
    // gradient in μ and L by central differences of 1e-10.
    [Fact]
    public void LogisticRegression_ByQuadrature_IsThatOfManyDigits()
    {
        ElboEvaluation evaluation = new FixedFormElbo(LogJointExpectation.Quadrature(new LogisticLogJoint(), 41)).Evaluate(Point);

        double[] gradient = [0.688641839770317, -0.369938634030543, 0.363117795930651, 0.507919039181915, 0.724415925403026];
        evaluation.Expectation.Should().BeApproximately(-4.508596163148524, 1e-12);
        evaluation.Entropy.Should().BeApproximately(2.2216909269855285, 1e-14);
        evaluation.Gradient.Should().Equal(gradient, (actual, exact) => Math.Abs(actual - exact) < 1e-12);
    }

    [Fact]
    public void LogisticRegression_ByDraws_IsNearThatOfManyDigits()
    {
        ElboEvaluation evaluation = new FixedFormElbo(LogJointExpectation.Draws(new LogisticLogJoint(), 40_000, seed: 1)).Evaluate(Point);

        evaluation.Expectation.Should().BeApproximately(-4.508596163148524, 0.03);
        evaluation.MeanGradient[0].Should().BeApproximately(0.688641839770317, 0.01);
        evaluation.MeanGradient[1].Should().BeApproximately(-0.369938634030543, 0.01);
    }

    [Fact]
    public void TooFewDraws_AreRefused()
    {
        LogJointExpectation draws = LogJointExpectation.Draws(General, 10);

        Refusal.Of<ArgumentException>(
            () => draws.Value(GaussianPosteriorTests.Family("full")),
            "q",
            "q has 3 free directions a latent, and there are 5 independent ones among the draws; drawCount must be at least 12, or the family of lower rank.");
        LogJointExpectation.Draws(General, 12).Value(GaussianPosteriorTests.Family("full")).Should().BeLessThan(0);
        double.IsFinite(draws.Value(GaussianPosteriorTests.Family("mean field"))).Should().BeTrue();
    }

    [Fact]
    public void BadRules_AreRefused()
    {
        Refusal.Of<ArgumentOutOfRangeException>(
            () => LogJointExpectation.Draws(General, 7), "drawCount", "drawCount is 7; it must be even, since draws come in antithetic pairs.");
        Refusal.Of<ArgumentOutOfRangeException>(
            () => LogJointExpectation.Quadrature(General, 20), "pointsPerDimension", "pointsPerDimension is 20; it must be at least 21.");
        Refusal.Of<ArgumentException>(
            () => Rule("quadrature").Value(GaussianPosteriorTests.Family("low rank")),
            "q", "q has 5 dimensions of noise; quadrature takes at most 3. Take draws.");
        Refusal.Of<ArgumentException>(
            () => Rule("closed form").Value(Point), "q", "q has 2 elements; it must have 3, one for each latent.");
        FluentActions.Invoking(() => new FixedFormElbo(new LogisticLogJoint()).Joint).Should().Throw<InvalidOperationException>();
    }

    private static LogJointExpectation Rule(string name) => name switch
    {
        "closed form" => LogJointExpectation.ClosedForm(General),
        "draws" => LogJointExpectation.Draws(General, 64, seed: 5),
        _ => LogJointExpectation.Quadrature(General),
    };
}
