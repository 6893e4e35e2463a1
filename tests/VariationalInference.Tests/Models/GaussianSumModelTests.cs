using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.Models;

public sealed class GaussianSumModelTests
{
    [Fact]
    public void Defaults_AreTheSourceExample()
    {
        var model = new GaussianSumModel();

        model.LatentCount.Should().Be(3);
        model.ObservationCount.Should().Be(2);
        model.NoiseVariance.Should().Be(1);
        model.NoiseVariances.Should().Equal(1, 1);
        model.Offset.Should().Equal(0, 0);
        model.PriorMeans.Should().Equal(0, 0, 0);
        model.PriorVariances.Should().Equal(1, 1, 1);
        model.Loadings().Enumerate().Should().HaveCount(6).And.OnlyContain(value => value == 1);
        model.ToString().Should().Be("GaussianSumModel: 3 latents, 2 observations a row, noise variance 1");
    }

    [Fact]
    public void Posterior_OfTheSourceExample_IsKnownInClosedForm()
    {
        MultivariateGaussian posterior = new GaussianSumModel().Posterior([1.2, 0.8]);

        posterior.Means.Should().OnlyContain(mean => Math.Abs(mean - (2.0 / 7)) < 1e-15);
        posterior.Variances.Should().OnlyContain(variance => Math.Abs(variance - (5.0 / 7)) < 1e-15);
        posterior.Covariance(0, 1).Should().BeApproximately(-2.0 / 7, 1e-15);
    }

    [Fact]
    public void Priors_AreKept()
    {
        var model = new GaussianSumModel(4, 0.5, [1, 2], [3, 4]);

        model.LatentCount.Should().Be(2);
        model.ObservationCount.Should().Be(4);
        model.PriorMeans.Should().Equal(1, 2);
        model.PriorVariances.Should().Equal(3, 4);
    }

    [Fact]
    public void Sample_AddsUpTheLatents()
    {
        ModelSample sample = new GaussianSumModel(3, 2, 1e-20).Sample(50, seed: 1);

        for (int n = 0; n < 50; n++)
        {
            sample.Observations[n, 1].Should().BeApproximately(sample.Latents.Row(n).Sum(), 1e-8);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-2)]
    public void CountsBelowOne_AreRefused(int count)
    {
        Refusal.Of<ArgumentOutOfRangeException>(
            () => _ = new GaussianSumModel(latentCount: count), "latentCount", $"latentCount is {count}; it must be at least 1.");
        Refusal.Of<ArgumentOutOfRangeException>(
            () => _ = new GaussianSumModel(observationCount: count), "observationCount", $"observationCount is {count}; it must be at least 1.");
        Refusal.Of<ArgumentOutOfRangeException>(
            () => _ = new GaussianSumModel(count, 1, [0], [1]), "observationCount", $"observationCount is {count}; it must be at least 1.");
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(-0.5, "-0.5")]
    [InlineData(double.NaN, "NaN")]
    [InlineData(double.PositiveInfinity, "Infinity")]
    public void NoiseVarianceThatIsNotPositive_IsRefused(double value, string text)
    {
        string message = $"noiseVariance is {text}; it must be positive and finite.";

        Refusal.Of<ArgumentOutOfRangeException>(() => _ = new GaussianSumModel(noiseVariance: value), "noiseVariance", message);
        Refusal.Of<ArgumentOutOfRangeException>(() => _ = new GaussianSumModel(2, value, [0], [1]), "noiseVariance", message);
    }

    [Fact]
    public void BadPriors_AreRefused()
    {
        Refusal.Of<ArgumentException>(
            () => _ = new GaussianSumModel(2, 1, [], []), "priorMeans", "priorMeans is empty; a model has at least 1 latent.");
        Refusal.Of<ArgumentException>(
            () => _ = new GaussianSumModel(2, 1, [1, 2], [1]), "priorVariances", "priorVariances has 1 elements; it must have 2, one for each latent.");
        Refusal.Of<ArgumentException>(
            () => _ = new GaussianSumModel(2, 1, [1, double.NaN], [1, 1]), "priorMeans", "priorMeans[1] is NaN; it must be finite.");
        Refusal.Of<ArgumentException>(
            () => _ = new GaussianSumModel(2, 1, [1, 2], [1, 0]), "priorVariances", "priorVariances[1] is 0; it must be positive and finite.");
    }

    [Fact]
    public void BadRows_AreRefused()
    {
        var model = new GaussianSumModel();

        Refusal.Of<ArgumentException>(
            () => model.Observe([]), "row", "row has 0 elements; it must have 2, one for each observation.");
        Refusal.Of<ArgumentException>(
            () => model.Observe([double.NegativeInfinity, 1]), "row", "row[0] is -Infinity; it must be finite, or NaN when it is missing.");
        FluentActions.Invoking(() => new GaussianSumModel(3, 2, 1e-10).Observe([1e200, 1e200]))
            .Should().ThrowExactly<NonFiniteValueException>().WithMessage("*in row 0 at iteration 0*");
        FluentActions.Invoking(() => new GaussianSumModel(3, 2, 1e-10).Observe([1e200, -1e200]))
            .Should().ThrowExactly<NonFiniteValueException>("their mean is small but their spread is not");
    }
}
