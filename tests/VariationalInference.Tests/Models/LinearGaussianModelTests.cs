using FluentAssertions;
using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Models;

public sealed class LinearGaussianModelTests
{
    private static readonly double[] Offset = [0.5, -1.0];
    private static readonly double[] Noise = [0.4, 2.0];
    private static readonly double[] PriorMeans = [0.1, -0.2, 0.3];
    private static readonly double[] PriorVariances = [1.0, 0.5, 4.0];

    public static TheoryData<double, double> Rows => new()
    {
        { 1.0, -2.0 },
        { double.NaN, -2.0 },
        { 1.0, double.NaN },
        { double.NaN, double.NaN },
    };

    [Fact]
    public void Parameters_AreKept()
    {
        LinearGaussianModel model = Create();

        model.LatentCount.Should().Be(3);
        model.ObservationCount.Should().Be(2);
        model.Offset.Should().Equal(Offset);
        model.NoiseVariances.Should().Equal(Noise);
        model.PriorMeans.Should().Equal(PriorMeans);
        model.PriorVariances.Should().Equal(PriorVariances);
        model.Loadings().Equals(Loadings()).Should().BeTrue();
        model.ToString().Should().Be("LinearGaussianModel: 3 latents, 2 observations a row");
    }

    [Fact]
    public void Loadings_AreCopiedInAndOut()
    {
        Matrix<double> loadings = Loadings();
        var model = new LinearGaussianModel(loadings, Offset, Noise, PriorMeans, PriorVariances);

        loadings[0, 0] = 99;
        model.Loadings()[0, 1] = 99;

        model.Loadings().Equals(Loadings()).Should().BeTrue();
    }

    [Fact]
    public void PredictionBeyondDoublePrecision_IsRefused()
    {
        Action create = () => _ = new LinearGaussianModel(Matrix<double>.Build.Dense(1, 2, 1e200), [0], [1e200], [1e200, 1], [1, 1]);

        create.Should().Throw<ArgumentException>().WithMessage("The observations that the prior means predict are beyond double precision;*");
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void LogJoint_IsTheSumOfItsNormalLogDensities(double first, double second)
    {
        double[] row = [first, second];
        double[] z = [0.7, -1.1, 2.3];
        Vector<double> prediction = Loadings() * Vector<double>.Build.Dense(z);
        double expected = 0;
        for (int k = 0; k < 2; k++)
        {
            expected += double.IsNaN(row[k]) ? 0 : Normal.PDFLn(Offset[k] + prediction[k], Math.Sqrt(Noise[k]), row[k]);
        }

        for (int j = 0; j < 3; j++)
        {
            expected += Normal.PDFLn(PriorMeans[j], Math.Sqrt(PriorVariances[j]), z[j]);
        }

        Create().LogJoint(row, z).Should().BeApproximately(expected, 1e-12);
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void LogEvidence_IsTheLogDensityOfTheMarginalNormal(double first, double second)
    {
        double[] row = [first, second];
        int[] observed = [.. Enumerable.Range(0, 2).Where(k => !double.IsNaN(row[k]))];
        double expected = 0;
        if (observed.Length > 0)
        {
            Matrix<double> a = Matrix<double>.Build.DenseOfRowVectors(observed.Select(k => Loadings().Row(k)));
            Matrix<double> covariance = (a * Matrix<double>.Build.DenseOfDiagonalArray(PriorVariances) * a.Transpose())
                + Matrix<double>.Build.DenseOfDiagonalArray([.. observed.Select(k => Noise[k])]);
            Vector<double> centred = Vector<double>.Build.DenseOfEnumerable(observed.Select(k => row[k] - Offset[k]))
                - (a * Vector<double>.Build.Dense(PriorMeans));
            expected = -0.5 * ((observed.Length * Math.Log(2 * Math.PI)) + Math.Log(covariance.Determinant())
                + (centred * covariance.Solve(centred)));
        }

        Create().LogEvidence(row).Should().BeApproximately(expected, 1e-12);
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Posterior_TimesTheEvidence_IsTheJoint(double first, double second)
    {
        double[] row = [first, second];
        double[] z = [0.7, -1.1, 2.3];
        MultivariateGaussian posterior = Create().Posterior(row);
        Vector<double> centred = Vector<double>.Build.Dense(z) - Vector<double>.Build.Dense([.. posterior.Means]);
        Matrix<double> covariance = posterior.CovarianceMatrix();

        double logDensity = -0.5 * ((3 * Math.Log(2 * Math.PI)) + Math.Log(covariance.Determinant()) + (centred * covariance.Solve(centred)));

        Create().LogJoint(row, z).Should().BeApproximately(Create().LogEvidence(row) + logDensity, 1e-12);
    }

    [Fact]
    public void Sample_HasTheMomentsOfTheModel()
    {
        const int count = 20_000;
        LinearGaussianModel model = Create();
        ModelSample sample = model.Sample(count, seed: 7);
        Matrix<double> a = Loadings();
        Matrix<double> prior = Matrix<double>.Build.DenseOfDiagonalArray(PriorVariances);
        Matrix<double> cross = prior * a.Transpose();
        Matrix<double> marginal = (a * cross) + Matrix<double>.Build.DenseOfDiagonalArray(Noise);
        Matrix<double> covariance = prior.Append(cross).Stack(cross.Transpose().Append(marginal));
        Vector<double> predicted = Vector<double>.Build.Dense(Offset) + (a * Vector<double>.Build.Dense(PriorMeans));
        double[] means = [.. PriorMeans, .. predicted];

        Matrix<double> draws = sample.Latents.Append(sample.Observations);

        draws.RowCount.Should().Be(count);
        for (int i = 0; i < means.Length; i++)
        {
            Vector<double> centred = draws.Column(i) - means[i];
            double standardError = Math.Sqrt(covariance[i, i] / count);
            centred.Average().Should().BeInRange(-5 * standardError, 5 * standardError, "of column {0}", i);
            for (int j = 0; j <= i; j++)
            {
                double moment = centred * (draws.Column(j) - means[j]) / count;
                double variance = (covariance[i, i] * covariance[j, j]) + (covariance[i, j] * covariance[i, j]);
                moment.Should().BeApproximately(covariance[i, j], 5 * Math.Sqrt(variance / count), "of columns {0} and {1}", i, j);
            }
        }
    }

    [Fact]
    public void Sample_WithTheSameSeed_IsTheSame()
    {
        ModelSample first = Create().Sample(10, seed: 3);
        ModelSample second = Create().Sample(10, seed: 3);
        ModelSample other = Create().Sample(10, seed: 4);

        second.Latents.Equals(first.Latents).Should().BeTrue();
        second.Observations.Equals(first.Observations).Should().BeTrue();
        other.Latents.Equals(first.Latents).Should().BeFalse();
    }

    [Fact]
    public void Sample_OfNone_IsRefused() => Refusal.Of<ArgumentOutOfRangeException>(
        () => Create().Sample(0, seed: 1), "count", "count is 0; it must be at least 1.");

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public void RowOfAnotherLength_IsRefused(int length)
    {
        string message = $"row has {length} elements; it must have 2, one for each observation.";

        Refusal.Of<ArgumentException>(() => Create().Observe(new double[length]), "row", message);
        Refusal.Of<ArgumentException>(() => Create().LogEvidence(new double[length]), "row", message);
        Refusal.Of<ArgumentException>(() => Create().Posterior(new double[length]), "row", message);
        Refusal.Of<ArgumentException>(() => Create().LogJoint(new double[length], [1, 2, 3]), "row", message);
    }

    [Theory]
    [InlineData(double.PositiveInfinity, "Infinity")]
    [InlineData(double.NegativeInfinity, "-Infinity")]
    public void InfiniteObservation_IsRefused(double value, string text) => Refusal.Of<ArgumentException>(
        () => Create().Observe([1, value]), "row", $"row[1] is {text}; it must be finite, or NaN when it is missing.");

    [Fact]
    public void RowWhoseSquareOverflows_IsNamed()
    {
        var model = new LinearGaussianModel(Loadings(), Offset, [1e-10, 1e-10], PriorMeans, PriorVariances);

        NonFiniteValueException exception = FluentActions.Invoking(() => model.Observe([1e200, 0]))
            .Should().ThrowExactly<NonFiniteValueException>().Which;

        exception.Quantity.Should().Be("the squared residual of the prior prediction");
        exception.Row.Should().Be(0);
        exception.Message.Should().Be("the squared residual of the prior prediction is Infinity in row 0 at iteration 0; "
            + "the row's values and the model's variances are too far apart for double precision.");
    }

    [Fact]
    public void VariancesTooFarApart_AreRefused() => FluentActions
        .Invoking(() => new LinearGaussianModel(Loadings(), Offset, [1e-300, 1], PriorMeans, [1e300, 1, 1]))
        .Should().Throw<ArgumentException>().WithMessage("The ratios of prior variances to noise variances are beyond double precision*");

    [Fact]
    public void EmptyPrior_IsRefused() => Refusal.Of<ArgumentException>(
        () => _ = new LinearGaussianModel(Loadings(), Offset, Noise, [], []), "priorMeans", "priorMeans is empty; a model has at least 1 latent.");

    [Fact]
    public void NoObservations_AreRefused() => Refusal.Of<ArgumentException>(
        () => _ = new LinearGaussianModel(Matrix<double>.Build.Dense(0, 3), [], [], PriorMeans, PriorVariances),
        "loadings",
        "loadings has no rows; it must have at least 1, one for each observation.");

    [Fact]
    public void LengthsThatDiffer_AreRefused()
    {
        Refusal.Of<ArgumentException>(
            () => _ = new LinearGaussianModel(Loadings(), Offset, Noise, PriorMeans, [1, 1]),
            "priorVariances",
            "priorVariances has 2 elements; it must have 3, one for each latent.");
        Refusal.Of<ArgumentException>(
            () => _ = new LinearGaussianModel(Loadings(), Offset, Noise, [1, 1], [1, 1]),
            "loadings",
            "loadings has 3 elements; it must have 2, one column for each latent.");
        Refusal.Of<ArgumentException>(
            () => _ = new LinearGaussianModel(Loadings(), [1], Noise, PriorMeans, PriorVariances),
            "offset",
            "offset has 1 elements; it must have 2, one for each row of loadings.");
        Refusal.Of<ArgumentException>(
            () => _ = new LinearGaussianModel(Loadings(), Offset, [1, 1, 1], PriorMeans, PriorVariances),
            "noiseVariances",
            "noiseVariances has 3 elements; it must have 2, one for each row of loadings.");
        FluentActions.Invoking(() => new LinearGaussianModel(null!, Offset, Noise, PriorMeans, PriorVariances))
            .Should().Throw<ArgumentNullException>().WithParameterName("loadings");
    }

    [Theory]
    [InlineData(double.NaN, "NaN")]
    [InlineData(double.PositiveInfinity, "Infinity")]
    [InlineData(double.NegativeInfinity, "-Infinity")]
    public void ParametersThatAreNotFinite_AreRefused(double value, string text)
    {
        Matrix<double> loadings = Loadings();
        loadings[1, 0] = value;

        Refusal.Of<ArgumentException>(
            () => _ = new LinearGaussianModel(loadings, Offset, Noise, PriorMeans, PriorVariances), "loadings", $"loadings[1] is {text}; it must be finite.");
        Refusal.Of<ArgumentException>(
            () => _ = new LinearGaussianModel(Loadings(), [0, value], Noise, PriorMeans, PriorVariances),
            "offset",
            $"offset[1] is {text}; it must be finite.");
        Refusal.Of<ArgumentException>(
            () => _ = new LinearGaussianModel(Loadings(), Offset, Noise, [0, 0, value], PriorVariances),
            "priorMeans",
            $"priorMeans[2] is {text}; it must be finite.");
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(-1.5, "-1.5")]
    [InlineData(double.NaN, "NaN")]
    [InlineData(double.PositiveInfinity, "Infinity")]
    public void VariancesThatAreNotPositive_AreRefused(double value, string text)
    {
        Refusal.Of<ArgumentException>(
            () => _ = new LinearGaussianModel(Loadings(), Offset, [1, value], PriorMeans, PriorVariances),
            "noiseVariances",
            $"noiseVariances[1] is {text}; it must be positive and finite.");
        Refusal.Of<ArgumentException>(
            () => _ = new LinearGaussianModel(Loadings(), Offset, Noise, PriorMeans, [value, 1, 1]),
            "priorVariances",
            $"priorVariances[0] is {text}; it must be positive and finite.");
    }

    private static Matrix<double> Loadings() => Matrix<double>.Build.DenseOfRowArrays([1.5, -0.5, 0.2], [0.3, 2.0, -1.0]);

    private static LinearGaussianModel Create() => new(Loadings(), Offset, Noise, PriorMeans, PriorVariances);
}
