using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Posteriors;

/// <summary>What every family owes, held against the formulas of a dense covariance.</summary>
public sealed class GaussianPosteriorTests
{
    private static readonly double[] Z = [0.9, -1.4, 0.3];

    public static TheoryData<string> Families => ["mean field", "low rank", "full", "Gaussian sum", "general model", "isotropic"];

    internal static GaussianPosterior Family(string name) => name switch
    {
        "mean field" => new MeanFieldGaussian([0.5, -1, 2], [0.3, 1.7, 0.9]),
        "low rank" => new LowRankGaussian(
            [0.5, -1, 2], [0.3, 1.7, 0.9], Matrix<double>.Build.DenseOfRowArrays([0.4, 1.1], [-0.7, 0.2], [1.5, -0.3])),
        "full" => new MultivariateGaussian(
            [0.5, -1, 2], Matrix<double>.Build.DenseOfRowArrays([1.2, 0.3, -0.5], [0.3, 0.8, 0.1], [-0.5, 0.1, 2.0])),
        "Gaussian sum" => new GaussianSumModel(2, 0.3, [0.5, -1, 2], [1.5, 0.7, 2.1]).Posterior([1.2, 0.8]),
        "general model" => new LinearGaussianModel(
            Matrix<double>.Build.DenseOfRowArrays([1.5, -0.5, 0.2], [0.3, 2.0, -1.0]),
            [0.5, -1.0], [0.4, 2.0], [0.1, -0.2, 0.3], [1.0, 0.5, 4.0]).Posterior([1.0, -2.0]),
        _ => new IsotropicGaussian([0.5, -1, 2], 0.2),
    };

    [Theory]
    [MemberData(nameof(Families))]
    public void DensityAndEntropy_AreThoseOfTheCovariance(string name)
    {
        GaussianPosterior q = Family(name);
        Matrix<double> covariance = q.CovarianceMatrix();
        Vector<double> deviation = Vector<double>.Build.DenseOfArray(Z) - Vector<double>.Build.DenseOfEnumerable(q.Means);
        double logDeterminant = Math.Log(covariance.Determinant());

        q.LogDeterminant.Should().BeApproximately(logDeterminant, 1e-13);
        q.Entropy.Should().BeApproximately(0.5 * ((3 * (1 + Math.Log(2 * Math.PI))) + logDeterminant), 1e-13);
        q.LogDensity(Z).Should().BeApproximately(
            -0.5 * ((3 * Math.Log(2 * Math.PI)) + logDeterminant + (deviation * covariance.Solve(deviation))), 1e-12);
        covariance.Diagonal().Should().Equal(q.Variances, (actual, expected) => Math.Abs(actual - expected) < 1e-15);
        q[1].Should().Be(new Gaussian(q.Means[1], q.Variances[1]));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void ColumnsOfTheScale_MakeTheCovariance(string name)
    {
        GaussianPosterior q = Family(name);
        var square = Matrix<double>.Build.Dense(3, 3);
        for (int k = 0; k < q.NoiseCount; k++)
        {
            var noise = new double[q.NoiseCount];
            noise[k] = 1;
            var column = new double[3];
            q.Scale(noise, column);
            square += Vector<double>.Build.Dense(column).OuterProduct(Vector<double>.Build.Dense(column));
        }

        (square - q.CovarianceMatrix()).Enumerate().Should().OnlyContain(error => Math.Abs(error) < 1e-14);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Draws_HaveTheMomentsAndTheSeed(string name)
    {
        const int count = 40_000;
        GaussianPosterior q = Family(name);

        Matrix<double> draws = q.Draws(count, seed: 7);

        q.Draws(count, seed: 7).Enumerate().Should().Equal(draws.Enumerate());
        q.Draw(3).Should().Equal(q.Draw(3)).And.NotEqual(q.Draw(4));
        Vector<double> mean = draws.ColumnSums() / count;
        for (int i = 0; i < 3; i++)
        {
            mean[i].Should().BeApproximately(q.Means[i], 5 * Math.Sqrt(q.Variances[i] / count));
            for (int j = 0; j < 3; j++)
            {
                double moment = (draws.Column(i) - q.Means[i]) * (draws.Column(j) - q.Means[j]) / count;
                double spread = Math.Sqrt(((q.Variances[i] * q.Variances[j]) + Math.Pow(q.Covariance(i, j), 2)) / count);
                moment.Should().BeApproximately(q.Covariance(i, j), 5 * spread);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Parameters_ComeBack(string name)
    {
        GaussianPosterior q = Family(name);
        var parameters = new double[q.ParameterCount];
        q.CopyParameters(parameters);

        q.TryWithParameters(parameters, out GaussianPosterior? same).Should().BeTrue();

        same!.GetType().Should().Be(q.GetType());
        same.Means.Should().Equal(q.Means);
        (same.CovarianceMatrix() - q.CovarianceMatrix()).Enumerate().Should().OnlyContain(error => Math.Abs(error) < 1e-14);
        parameters[0] = double.NaN;
        if (name != "isotropic")
        {
            q.TryWithParameters(parameters, out _).Should().BeFalse();
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void ScaleAndEntropyGradients_AgreeWithCentralDifferences(string name)
    {
        GaussianPosterior q = Family(name);
        double[] noise = [.. Enumerable.Range(0, q.NoiseCount).Select(k => Math.Sin(k + 1.0))];
        var entropy = new double[q.ParameterCount];
        var scale = new double[q.ParameterCount];

        q.AddEntropyGradient(entropy.AsSpan(3));
        q.AddScaleGradient(noise, Z, scale.AsSpan(3));

        Differences.Of(q, other => other.Entropy).Should().Equal(entropy, (actual, expected) => Math.Abs(actual - expected) < 1e-8);
        Differences.Of(q, other => Projection(other, noise)).Should().Equal(scale, (actual, expected) => Math.Abs(actual - expected) < 1e-8);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Divergence_IsThatOfTheFormula(string name)
    {
        GaussianPosterior q = Family(name);
        GaussianPosterior p = Family("full");
        Matrix<double> inverse = p.CovarianceMatrix().Inverse();
        Vector<double> shift = Vector<double>.Build.Dense([.. q.Means.Zip(p.Means, (a, b) => a - b)]);
        double expected = 0.5 * ((inverse * q.CovarianceMatrix()).Trace() + (shift * inverse * shift) - 3
            + Math.Log(p.CovarianceMatrix().Determinant() / q.CovarianceMatrix().Determinant()));

        q.DivergenceFrom(p).Should().BeApproximately(expected, 1e-12);
        q.DivergenceFrom(q).Should().BeApproximately(0, 1e-14);
    }

    [Fact]
    public void GaussianSumOfTinyNoise_KeepsItsDigits()
    {
        // log det Σ = −log det Λ with Λ = I + k·11ᵀ, k = 1/σ²: log(1 + Jk).
        const int count = 100_000;
        var model = new GaussianSumModel(count, 1, 1e-20);

        MultivariateGaussian q = model.Posterior([1.0]);

        q.LogDeterminant.Should().BeApproximately(-Math.Log(1 + (count * 1e20)), 1e-11);
        q.LogDensity(q.Means.AsSpan()).Should().BeApproximately(
            -0.5 * ((count * Math.Log(2 * Math.PI)) + q.LogDeterminant), 1e-7);
        q.Draw(1).Sum().Should().BeApproximately(1, 1e-8, "the sum is observed to 1e-10");
    }

    [Fact]
    public void BadCovariances_AreRefused()
    {
        Refusal.Of<ArgumentException>(
            () => _ = new MultivariateGaussian([0, 0], Matrix<double>.Build.Dense(2, 3)),
            "covariance", "covariance is 2×3; it must be 2×2, one row and column for each mean.");
        Refusal.Of<ArgumentException>(
            () => _ = new MultivariateGaussian([0, 0], Matrix<double>.Build.DenseOfRowArrays([1, 0.5], [0.4, 1])),
            "covariance", "covariance[1, 0] is 0.4 and covariance[0, 1] is 0.5; the matrix must be finite and symmetric.");
        Refusal.Of<ArgumentException>(
            () => _ = new MultivariateGaussian([0, 0], Matrix<double>.Build.DenseOfRowArrays([1, double.NaN], [double.NaN, 1])),
            "covariance", "covariance[1, 0] is NaN and covariance[0, 1] is NaN; the matrix must be finite and symmetric.");
        Refusal.Of<ArgumentException>(
            () => _ = new MultivariateGaussian([0, 0], Matrix<double>.Build.DenseOfRowArrays([1, 2], [2, 1])),
            "covariance", "covariance is not positive definite; all its eigenvalues must be positive and finite.");
        Refusal.Of<ArgumentException>(
            () => _ = new LowRankGaussian([0, 0], [1, 1], Matrix<double>.Build.Dense(3, 1)),
            "factors", "factors is 3×1; it must have 2 rows, one for each mean, and 1 to 2 columns.");
        Refusal.Of<ArgumentException>(
            () => _ = new LowRankGaussian([0, 0], [1, 0], Matrix<double>.Build.Dense(2, 1)),
            "variances", "variances[1] is 0; it must be positive and finite.");
    }

    [Fact]
    public void ParametersWithoutAMember_AreToldApart()
    {
        Family("full").TryWithParameters([0, 0, 0, 1, 0, -1, 0, 0, 1], out _).Should().BeFalse();
        Family("mean field").TryWithParameters([0, 0, 0, 1000, 0, 0], out _).Should().BeFalse();
        Family("low rank").TryWithParameters([0, 0, 0, -2000, 0, 0, 1, 1, 1, 1, 1, 1], out _).Should().BeFalse();
    }

    [Fact]
    public void LatentsOfAnotherLength_AreRefused() => Refusal.Of<ArgumentException>(
        () => Family("low rank").LogDensity([1.0]), "latents", "latents has 1 elements; it must have 3, one for each latent.");

    private static double Projection(GaussianPosterior q, double[] noise)
    {
        var deviations = new double[q.Count];
        q.Scale(noise, deviations);
        return deviations.Zip(Z, (a, b) => a * b).Sum();
    }
}
