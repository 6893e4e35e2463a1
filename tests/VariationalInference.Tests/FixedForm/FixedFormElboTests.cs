using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Tests.Reference;
using Xunit;

namespace VariationalInference.Tests.FixedForm;

public sealed class FixedFormElboTests
{
    private const double Relative = 1e-9;

    private static readonly FixedFormElbo Example = new(new GaussianSumModel().Observe([1.2, 0.8]));

    private static readonly FixedFormElbo General = new(new LinearGaussianModel(
        Matrix<double>.Build.DenseOfRowArrays([1.5, -0.5, 0.2], [0.3, 2.0, -1.0]),
        [0.5, -1.0],
        [0.4, 2.0],
        [0.1, -0.2, 0.3],
        [1.0, 0.5, 4.0]).Observe([1.0, -2.0]));

    [Theory]
    [MemberData(nameof(ReferenceCase.Ids), MemberType = typeof(ReferenceCase))]
    public void ValueAtTheStationaryPoint_OfEachReferenceCase_IsTheLargestElbo(string id)
    {
        ReferenceCase reference = ReferenceCase.Of(id);
        double total = 0;
        for (int n = 0; n < reference.Rows.Length; n++)
        {
            var elbo = new FixedFormElbo(reference.Model.Observe(reference.Rows[n]));
            double exact = reference.Elbos[n];

            double value = elbo.Value(elbo.StationaryPoint());

            value.Should().BeApproximately(exact, Relative * Math.Abs(exact), "of row {0}", n);
            total += value;
        }

        total.Should().BeApproximately(reference.TotalElbo, Relative * Math.Abs(reference.TotalElbo));
    }

    [Theory]
    [MemberData(nameof(ReferenceCase.IdsWithPoints), MemberType = typeof(ReferenceCase))]
    public void ValueAndGradient_AtThePointsOfEachReferenceCase_AreExact(string id)
    {
        ReferenceCase reference = ReferenceCase.Of(id);
        var elbo = new FixedFormElbo(reference.Model.Observe(reference.Rows[0]));

        foreach (ReferenceCase.ElboPoint point in reference.ElboPoints)
        {
            ElboGradient gradient = elbo.Gradient(point.Means, point.Variances);

            elbo.Value(point.Means, point.Variances).Should().BeApproximately(point.Elbo, Relative * Math.Abs(point.Elbo));
            for (int j = 0; j < point.Means.Length; j++)
            {
                // The mean's gradient is what is left of pulls by the prior and by each observation, each of them a rounded difference.
                double meanTolerance = Math.Max(
                    Relative * Math.Abs(point.MeanGradient[j]), 2e-15 * SizeOfPulls(reference, point.Means, j));
                gradient.Means[j].Should().BeApproximately(point.MeanGradient[j], meanTolerance, "of latent {0}", j);

                // With respect to log variance, half of that to log standard deviation: ½(1 − Λ_jj v_j).
                double exact = 0.5 * point.LogDeviationGradient[j];
                double tolerance = Math.Max(Relative * Math.Abs(exact), 1e-14);
                gradient.LogVariances[j].Should().BeApproximately(exact, tolerance, "of latent {0}", j);
                gradient.Variances[j].Should().BeApproximately(exact / point.Variances[j], tolerance / point.Variances[j], "of latent {0}", j);
            }
        }
    }

    [Fact]
    public void Terms_OfTheSourceExample_AreThoseOfItsEquation()
    {
        double[] mu = [0.3, -0.1, 0.6];
        double[] v = [0.5, 0.2, 1.5];

        ElboTerms terms = Example.Terms(mu, v);

        // Equation (4-2) with J = 3, K = 2, σ² = 1: Λ_jj = 1 + 2.
        terms.DataFit.Should().BeApproximately(-0.5 * (Math.Pow(1.2 - 0.8, 2) + Math.Pow(0.8 - 0.8, 2)), 1e-15);
        terms.Prior.Should().BeApproximately(-0.5 * ((0.3 * 0.3) + (0.1 * 0.1) + (0.6 * 0.6)), 1e-15);
        terms.UncertaintyCost.Should().BeApproximately(-0.5 * 3 * (0.5 + 0.2 + 1.5), 1e-15);
        terms.Spread.Should().BeApproximately(0.5 * (Math.Log(0.5) + Math.Log(0.2) + Math.Log(1.5)), 1e-15);
        terms.Constant.Should().BeApproximately(-Math.Log(2 * Math.PI) + 1.5, 1e-15);
    }

    [Fact]
    public void Terms_OfAGeneralModel_AreThoseOfTheirFormulas()
    {
        double[] mu = [0.7, -1.1, 2.3];
        double[] v = [0.5, 0.2, 1.5];
        double[] prediction = [0.5 + (1.5 * 0.7) + (0.5 * 1.1) + (0.2 * 2.3), -1.0 + (0.3 * 0.7) - (2 * 1.1) - 2.3];
        double[] precisions = [1 + (2.25 / 0.4) + (0.09 / 2), 2 + (0.25 / 0.4) + (4 / 2.0), 0.25 + (0.04 / 0.4) + (1 / 2.0)];

        ElboTerms terms = General.Terms(mu, v);

        terms.DataFit.Should().BeApproximately(
            -0.5 * ((Math.Pow(1 - prediction[0], 2) / 0.4) + (Math.Pow(-2 - prediction[1], 2) / 2)), 1e-13);
        terms.Prior.Should().BeApproximately(-0.5 * (Math.Pow(0.6, 2) + (Math.Pow(0.9, 2) / 0.5) + (Math.Pow(2.0, 2) / 4)), 1e-13);
        terms.UncertaintyCost.Should().BeApproximately(-0.5 * precisions.Zip(v, (a, b) => a * b).Sum(), 1e-13);
        terms.Spread.Should().BeApproximately(0.5 * v.Sum(Math.Log), 1e-13);
        terms.Constant.Should().BeApproximately(
            -(0.5 * Math.Log(2 * Math.PI * 0.4)) - (0.5 * Math.Log(2 * Math.PI * 2)) - (0.5 * Math.Log(0.5 * 4)) + 1.5, 1e-13);
    }

    [Fact]
    public void Terms_SumToTheValue()
    {
        var q = new MeanFieldGaussian([0.7, -1.1, 2.3], [0.5, 0.2, 1.5]);

        ElboTerms terms = General.Terms(q);

        General.Value(q).Should().Be(terms.Total);
        General.Value(q.Means.AsSpan(), q.Variances.AsSpan()).Should().Be(terms.Total);
        terms.Total.Should().BeApproximately(
            terms.DataFit + terms.Prior + terms.UncertaintyCost + terms.Spread + terms.Constant, 1e-14);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Gradient_AgreesWithCentralDifferences(bool sum)
    {
        FixedFormElbo elbo = sum ? Example : General;
        double[] mu = [0.7, -1.1, 2.3];
        double[] v = [0.5, 0.2, 1.5];

        ElboGradient gradient = elbo.Gradient(mu, v);

        for (int j = 0; j < 3; j++)
        {
            int latent = j;
            Differentiate(mu[j], x => elbo.Value(With(mu, latent, x), v))
                .Should().BeApproximately(gradient.Means[j], 1e-6 * Math.Abs(gradient.Means[j]));
            Differentiate(v[j], x => elbo.Value(mu, With(v, latent, x)))
                .Should().BeApproximately(gradient.Variances[j], 1e-6 * Math.Abs(gradient.Variances[j]));
            Differentiate(Math.Log(v[j]), x => elbo.Value(mu, With(v, latent, Math.Exp(x))))
                .Should().BeApproximately(gradient.LogVariances[j], 1e-6 * Math.Abs(gradient.LogVariances[j]));
        }

        elbo.Gradient(new MeanFieldGaussian(mu, v)).Means.Should().Equal(gradient.Means);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void StationaryPoint_HasZeroGradient(bool sum)
    {
        FixedFormElbo elbo = sum ? Example : General;

        ElboGradient gradient = elbo.Gradient(elbo.StationaryPoint());

        gradient.Means.Should().OnlyContain(value => Math.Abs(value) < 1e-14);
        gradient.Variances.Should().OnlyContain(value => Math.Abs(value) < 1e-14);
        gradient.LogVariances.Should().OnlyContain(value => Math.Abs(value) < 1e-14);
    }

    [Fact]
    public void StationaryPoint_IsWhereCoordinateAscentEnds()
    {
        CaviResult fit = new CaviSolver(new CaviOptions { Tolerance = 1e-12 }).Solve(General.Joint);
        MeanFieldGaussian point = General.StationaryPoint();

        fit.MeanField.Means.Should().Equal(point.Means, (actual, expected) => Math.Abs(actual - expected) < 1e-11);
        fit.MeanField.Variances.Should().Equal(point.Variances);
    }

    [Fact]
    public void MeansOfAnotherLength_AreRefused() => Refusal.Of<ArgumentException>(
        () => Example.Value([1.0], [1, 1, 1]), "means", "means has 1 elements; it must have 3, one for each latent.");

    [Fact]
    public void VariancesOfAnotherLength_AreRefused() => Refusal.Of<ArgumentException>(
        () => Example.Gradient([1, 1, 1], [1.0]), "variances", "variances has 1 elements; it must have 3, one for each latent.");

    [Fact]
    public void MeanThatIsNotFinite_IsRefused() => Refusal.Of<ArgumentException>(
        () => Example.Terms([1, 1, double.NaN], [1, 1, 1]), "means", "means[2] is NaN; it must be finite.");

    [Theory]
    [InlineData(0, "0")]
    [InlineData(-0.5, "-0.5")]
    [InlineData(double.NaN, "NaN")]
    [InlineData(double.PositiveInfinity, "Infinity")]
    public void VarianceThatIsNotPositive_IsRefused(double value, string text) => Refusal.Of<ArgumentException>(
        () => Example.Value([1, 1, 1], [1, value, 1]), "variances", $"variances[1] is {text}; it must be positive and finite.");

    [Fact]
    public void Nulls_AreRefused()
    {
        FluentActions.Invoking(() => new FixedFormElbo((ILogJoint)null!)).Should().Throw<ArgumentNullException>().WithParameterName("joint");
        FluentActions.Invoking(() => new FixedFormElbo((LogJointExpectation)null!)).Should().Throw<ArgumentNullException>().WithParameterName("expectation");
        FluentActions.Invoking(() => Example.Value(null!)).Should().Throw<ArgumentNullException>().WithParameterName("q");
        FluentActions.Invoking(() => Example.Gradient(null!)).Should().Throw<ArgumentNullException>().WithParameterName("q");
    }

    private static double SizeOfPulls(ReferenceCase reference, double[] means, int latent)
    {
        LinearGaussianModel model = reference.Model;
        Matrix<double> loadings = model.Loadings();
        double size = (Math.Abs(means[latent]) + Math.Abs(model.PriorMeans[latent])) / model.PriorVariances[latent];
        for (int k = 0; k < model.ObservationCount; k++)
        {
            double terms = Math.Abs(reference.Rows[0][k]) + Math.Abs(model.Offset[k]);
            for (int j = 0; j < means.Length; j++)
            {
                terms += Math.Abs(loadings[k, j]) * (Math.Abs(means[j]) + Math.Abs(model.PriorMeans[j]));
            }

            size += Math.Abs(loadings[k, latent]) * terms / model.NoiseVariances[k];
        }

        return size;
    }

    private static double Differentiate(double x, Func<double, double> f)
    {
        const double step = 1e-5;
        return (f(x + step) - f(x - step)) / (2 * step);
    }

    private static double[] With(double[] values, int index, double value) => [.. values.Select((old, i) => i == index ? value : old)];
}
