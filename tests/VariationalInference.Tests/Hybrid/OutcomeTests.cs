using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Hybrid;

/// <summary>The default options reach a gap of 1e-3 nats a row on rows never seen, for easy and stiff models, in any units.</summary>
public sealed class OutcomeTests
{
    public static TheoryData<int, int, int, double, int> Configurations
    {
        get
        {
            var data = new TheoryData<int, int, int, double, int>();
            foreach ((int latents, int observations, int amortized) in new[] { (3, 2, 1), (5, 4, 2), (10, 20, 9) })
            {
                foreach (double noise in new[] { 1e-4, 0.01, 1, 100 })
                {
                    for (int seed = 1; seed <= 3; seed++)
                    {
                        data.Add(latents, observations, amortized, noise, seed);
                    }
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Configurations))]
    public void DefaultOptions_GapOnUnseenRows_AtMostAThousandthNat(int latents, int observations, int amortized, double noise, int seed) =>
        Gap(new GaussianSumModel(latents, observations, noise), amortized, seed).Should().BeLessThan(1e-3);

    [Theory]
    [InlineData(3, 2, 1, 1e-4)]
    [InlineData(5, 4, 2, 0.01)]
    [InlineData(10, 20, 9, 1)]
    public void DefaultOptions_OffsetAThousandScaleAThousandth_TheSame(int latents, int observations, int amortized, double noise)
    {
        const double Square = 1e-6;
        var model = new LinearGaussianModel(
            Matrix<double>.Build.Dense(observations, latents, 1),
            [.. Enumerable.Repeat(1e3, observations)],
            [.. Enumerable.Repeat(noise * Square, observations)],
            new double[latents],
            [.. Enumerable.Repeat(Square, latents)]);
        Gap(model, amortized, seed: 1).Should().BeLessThan(1e-3);
    }

    private static double Gap(LinearGaussianModel model, int amortized, int seed)
    {
        var options = new HybridOptions { AmortizedLatents = [.. Enumerable.Range(0, amortized)], Seed = seed };
        var encoder = new MlpEncoder(model.ObservationCount, amortized, [32, 32], seed: seed);
        HybridResult result = new HybridSolver(options).Fit(model, encoder, model.Sample(20_000, seed).Observations);
        result.Converged.Should().BeTrue();
        return result.Infer(model.Sample(5_000, 1000 + seed).Observations).AmortizationGaps.Average();
    }
}
