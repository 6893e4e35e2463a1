using FluentAssertions;
using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Statistics;
using Xunit;

namespace VariationalInference.Tests.Models;

public sealed class LinearGaussianModelTests
{
    private static readonly Matrix<double> Loadings = Matrix<double>.Build.DenseOfArray(new[,] { { 1, 0.5 }, { -0.7, 2 }, { 0, 1 } });

    [Fact]
    public void LogJoint_IsTheSumOfNormalLogDensities()
    {
        double[] z = [0.4, -1.2];
        double[] x = [1, double.NaN, -0.5];
        double expected = Normal.PDFLn(0.5, Math.Sqrt(2), z[0]) + Normal.PDFLn(-1, Math.Sqrt(0.3), z[1])
            + Normal.PDFLn(0.1 + z[0] + (0.5 * z[1]), Math.Sqrt(0.4), x[0]) + Normal.PDFLn(0.3 + z[1], Math.Sqrt(2.5), x[2]);
        Model().LogJoint(x, z).Should().BeApproximately(expected, 1e-12);
    }

    [Fact]
    public void LogEvidence_IsTheMarginalNormalLogDensity()
    {
        double[] x = [1, 0.7, -0.5];
        Matrix<double> covariance = (Loadings * Matrix<double>.Build.DenseOfDiagonalArray([2, 0.3]) * Loadings.Transpose())
            + Matrix<double>.Build.DenseOfDiagonalArray([0.4, 0.9, 2.5]);
        Vector<double> mean = (Loadings * Vector<double>.Build.Dense([0.5, -1])) + Vector<double>.Build.Dense([0.1, -0.2, 0.3]);
        Vector<double> difference = Vector<double>.Build.Dense(x) - mean;
        double expected = -0.5 * ((3 * Math.Log(2 * Math.PI)) + Math.Log(covariance.Determinant())
            + difference.DotProduct(covariance.Solve(difference)));
        Model().LogEvidence(x).Should().BeApproximately(expected, 1e-12);
    }

    [Fact]
    public void Quadratic_ReproducesTheLogJointFromItsCoefficients()
    {
        QuadraticLogJoint joint = Model().Observe([1, 0.7, -0.5]);
        Vector<double> z = Vector<double>.Build.Dense([0.4, -1.2]);
        double value = joint.Constant + Vector<double>.Build.Dense([.. joint.Linear]).DotProduct(z)
            - (0.5 * z.DotProduct(joint.Precision() * z));
        joint.Value(z.ToArray()).Should().BeApproximately(value, 1e-12);
        joint.Precision().Diagonal().Should().Equal(joint.PrecisionDiagonal, (a, b) => Math.Abs(a - b) < 1e-12);
    }

    [Fact]
    public void Sample_ManyDraws_HasTheModelsMoments()
    {
        const int Count = 100_000;
        ModelSample sample = Model().Sample(Count, seed: 5);
        double[] latentVariances = [2, 0.3];
        double[] noise = [0.4, 0.9, 2.5];
        for (int k = 0; k < 3; k++)
        {
            double variance = noise[k] + Enumerable.Range(0, 2).Sum(j => Loadings[k, j] * Loadings[k, j] * latentVariances[j]);
            double mean = new[] { 0.1, -0.2, 0.3 }[k] + (0.5 * Loadings[k, 0]) - Loadings[k, 1];
            double[] column = sample.Observations.Column(k).ToArray();
            column.Mean().Should().BeApproximately(mean, 5 * Math.Sqrt(variance / Count));
            column.Variance().Should().BeApproximately(variance, 5 * variance * Math.Sqrt(2.0 / Count));
        }

        sample.Latents.Column(1).Variance().Should().BeApproximately(0.3, 5 * 0.3 * Math.Sqrt(2.0 / Count));
        Model().Sample(100, seed: 5).Observations.Should().Be(Model().Sample(100, seed: 5).Observations);
        Model().Sample(100, seed: 6).Observations.Should().NotBe(Model().Sample(100, seed: 5).Observations);
    }

    [Fact]
    public void LargeOffsetAndSmallSpread_KeepTheirDigits()
    {
        // Readings at 1e12 with a spread of 0.1, centred by the prior mean.
        var model = new GaussianSumModel(3, 0.01, [1e12], [1]);
        double expected = 1e12 + (3 * 0.25 / (3 + 0.01));
        model.Posterior([1e12 + 0.125, 1e12 + 0.25, 1e12 + 0.375]).Mean[0].Should().BeApproximately(expected, 1.3e-4);
        model.Observe([1e12 + 0.125, 1e12 + 0.25, 1e12 + 0.375]).Optimum[0].Should().BeApproximately(0.75 / 3.01, 1e-15);
    }

    [Fact]
    public void Constructor_BadParameters_AreRefusedByName()
    {
        double[] two = [1, 1];
        double[] three = [1, 1, 1];
        Refused(() => new LinearGaussianModel(Loadings, two, three, two, two), "offset", "*2 elements*must have 3*");
        Refused(() => new LinearGaussianModel(Loadings, three, two, two, two), "noiseVariances", "*2 elements*must have 3*");
        Refused(() => new LinearGaussianModel(Loadings, three, three, three, three), "loadings", "*2 elements*must have 3*");
        Refused(() => new LinearGaussianModel(Loadings, three, three, two, three), "priorVariances", "*3 elements*must have 2*");
        Refused(() => new LinearGaussianModel(Loadings, three, three, [], []), "priorMeans", "*at least 1 latent*");
        Refused(() => new LinearGaussianModel(Loadings, [1, double.NaN, 1], three, two, two), "offset", "*offset[1] is NaN*");
        Refused(() => new LinearGaussianModel(Loadings, three, [1, 0, 1], two, two), "noiseVariances", "*[1] is 0*positive*");
        Refused(() => new LinearGaussianModel(Loadings, three, three, [1, double.NaN], two), "priorMeans", "*[1] is NaN*");
        Refused(() => new LinearGaussianModel(Loadings, three, three, two, [1, -2]), "priorVariances", "*[1] is -2*positive*");
        Matrix<double> broken = Loadings.Clone();
        broken[0, 1] = double.PositiveInfinity;
        Refused(() => new LinearGaussianModel(broken, three, three, two, two), "loadings", "*finite*");
    }

    [Fact]
    public void SumConstructor_BadParameters_AreRefusedByName()
    {
        Refused(() => new GaussianSumModel(latentCount: 0), "latentCount", "*latentCount is 0*at least 1*");
        Refused(() => new GaussianSumModel(observationCount: 0), "observationCount", "*observationCount is 0*at least 1*");
        Refused(() => new GaussianSumModel(noiseVariance: 0), "noiseVariance", "*noiseVariance is 0*positive*");
        Refused(() => new GaussianSumModel(noiseVariance: double.NaN), "noiseVariance", "*noiseVariance is NaN*positive*");
        Refused(() => new GaussianSumModel(2, 1, [1, 2], [1]), "priorVariances", "*1 elements*must have 2*");
        Refused(() => new GaussianSumModel(2, 1, [1], [double.PositiveInfinity]), "priorVariances", "*finite*");
    }

    [Fact]
    public void Observe_BadRows_AreRefusedByName()
    {
        Refused(() => Model().Observe([]), "row", "*0 elements*must have 3*");
        Refused(() => Model().Observe([1, 2]), "row", "*2 elements*must have 3*");
        Refused(() => Model().Observe([1, double.PositiveInfinity, 2]), "row", "*row[1]*must be finite, or NaN when it is missing*");
        Refused(() => Model().LogJoint([1, 2, 3], [1]), "latents", "*1 elements*must have 2*");
        Refused(() => Model().Sample(0, 1), "count", "*count is 0*at least 1*");
    }

    [Fact]
    public void Extremes_OverflowByName_OrARightAnswer()
    {
        var sharp = new GaussianSumModel(2, 1, 1e-10);
        FluentActions.Invoking(() => new CaviSolver().Solve(sharp, Matrix<double>.Build.DenseOfArray(new[,] { { 1.0 }, { 1e200 } })))
            .Should().Throw<NonFiniteValueException>().Which.Row.Should().Be(1);
        FluentActions.Invoking(() => new GaussianSumModel(1, 1e-300, [0], [1e300])).Should().Throw<ArgumentException>().WithMessage("*rescale*");
        sharp.Posterior([1e100]).Mean[0].Should().BeApproximately(0.5e100, 1e90);
        new GaussianSumModel(2, 1, 1e300).Posterior([5]).Variances[0].Should().Be(1);
    }

    [Fact]
    public void CaviOptions_OutOfRange_AreRefusedByName()
    {
        Refused(() => new CaviOptions { Tolerance = -1 }, "Tolerance", "*Tolerance is -1*");
        Refused(() => new CaviOptions { MaxSweeps = 0 }, "MaxSweeps", "*MaxSweeps is 0*at least 1*");
        Refused(() => new CaviOptions { MeanChangeTolerance = 0 }, "MeanChangeTolerance", "*is 0*positive*");
        Refused(() => new CaviOptions { ElboTolerance = double.NaN }, "ElboTolerance", "*is NaN*");
        Refused(() => new Gaussian(0, 1).Interval(1), "probability", "*probability is 1*between 0 and 1*");
        Refused(() => new MeanFieldGaussian([1], [-1]), "variances", "*[0] is -1*positive*");
    }

    [Fact]
    public void Interval_Of95Percent_IsTheTextbooks()
    {
        (double lower, double upper) = new Gaussian(10, 4).Interval(0.95);
        lower.Should().BeApproximately(10 - (2 * 1.959963984540054), 1e-9);
        upper.Should().BeApproximately(10 + (2 * 1.959963984540054), 1e-9);
    }

    private static LinearGaussianModel Model() => new(Loadings, [0.1, -0.2, 0.3], [0.4, 0.9, 2.5], [0.5, -1], [2, 0.3]);

    private static void Refused<T>(Func<T> work, string parameter, string message) =>
        work.Should().Throw<ArgumentException>().WithMessage(message).WithParameterName(parameter);
}
