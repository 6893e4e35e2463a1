using FluentAssertions;
using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Random;
using VariationalInference.Tests.CoordinateAscent;
using Xunit;

namespace VariationalInference.Tests.Quadratics;

/// <summary>Priors that say next to nothing beside the noise: ‖B‖² is their ratio, up to 1e24 here and more, so that I is lost in I + BᵀB.</summary>
public sealed class VaguePriorTests
{
    public static TheoryData<int, int, double, double> Cases()
    {
        var cases = new TheoryData<int, int, double, double>();
        foreach ((int latents, int observations) in new[] { (0, 2), (0, 20), (2, 1), (3, 2), (8, 3), (3, 3), (2, 5) })
        {
            foreach (double noise in new[] { 1e-3, 1e-6, 1e-12 })
            {
                foreach (double prior in new[] { 1.0, 1e6, 1e12 })
                {
                    cases.Add(latents, observations, noise, prior);
                }
            }
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Posterior_IsExact(int latents, int observations, double noise, double prior)
    {
        (LinearGaussianModel model, double[] row) = Case(latents, observations, noise, prior);
        ExactPosterior truth = ExactPosterior.Of(model, row);

        truth.ErrorOf([.. model.Posterior(row).Means]).Should().BeLessThan(1e-9);
        foreach (CaviMethod method in new[] { CaviMethod.Direct, CaviMethod.Accelerated })
        {
            CaviResult fit = new CaviSolver(new CaviOptions { Method = method }).Solve(model, row);
            truth.ErrorOf([.. fit.MeanField.Means]).Should().BeLessThan(1e-9, "{0}", method);
        }
    }

    /// <summary>With S = Σ(x − x̄)² and c = σ² + KΣs², −2 log p(x) = K log 2π + (K − 1) log σ² + log c + S/σ² + K x̄²/c, for prior means of 0.</summary>
    [Theory]
    [InlineData(1e-3, 1e12)]
    [InlineData(1e-6, 1e12)]
    [InlineData(1e-12, 1e12)]
    public void LogEvidenceOfASum_IsExact_AndAboveTheElbo(double noise, double prior)
    {
        double[] row = [1e6, 2e6];
        var model = new GaussianSumModel(row.Length, noise, [0, 0], [prior, prior]);
        QuadraticLogJoint joint = model.Observe(row);
        double total = noise + (row.Length * 2 * prior);
        double squares = (5e11 / noise) + (row.Length * 1.5e6 * 1.5e6 / total);
        double expected = -0.5 * ((row.Length * Math.Log(2 * Math.PI)) + Math.Log(noise) + Math.Log(total) + squares);

        joint.LogEvidence.Should().BeApproximately(expected, 1e-14 * Math.Abs(expected));
        new CaviSolver().Solve(joint).Elbo.Should().BeLessThanOrEqualTo(joint.LogEvidence);
    }

    private static (LinearGaussianModel Model, double[] Row) Case(int latents, int observations, double noise, double prior)
    {
        var random = new MersenneTwister(latents + (100 * observations));
        var row = new double[observations];
        Normal.Samples(random, row, 0, 1);
        if (latents == 0)
        {
            return (new GaussianSumModel(observations, noise, [0, 0, 0], [prior, prior, prior]), row);
        }

        Matrix<double> loadings = Matrix<double>.Build.Random(observations, latents, new Normal(0, 1, random));
        double[] Repeated(double value, int count) => [.. Enumerable.Repeat(value, count)];
        var model = new LinearGaussianModel(
            loadings, new double[observations], Repeated(noise, observations), new double[latents], Repeated(prior, latents));
        return (model, row);
    }
}
