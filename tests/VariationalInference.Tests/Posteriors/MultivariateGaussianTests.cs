using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.Posteriors;

public sealed class MultivariateGaussianTests
{
    private static readonly MultivariateGaussian Posterior = new GaussianSumModel(2, 1, 1.0).Posterior([3.0]);

    [Fact]
    public void Elements_AgreeWithEachOther()
    {
        // Λ = [2 1; 1 2].
        Posterior.Count.Should().Be(2);
        Posterior.Means.Should().OnlyContain(mean => Math.Abs(mean - 1) < 1e-15);
        Posterior.Variances.Should().OnlyContain(variance => Math.Abs(variance - (2.0 / 3)) < 1e-15);
        Posterior.Covariance(0, 1).Should().BeApproximately(-1.0 / 3, 1e-15);
        Posterior.CovarianceMatrix()[1, 0].Should().Be(Posterior.Covariance(1, 0));
        Posterior[1].Should().Be(new Gaussian(Posterior.Means[1], Posterior.Variances[1]));
        Posterior.ToString().Should().Be("marginals N(1, 0.66667), N(1, 0.66667)");
    }

    [Theory]
    [InlineData(-1, 0, "i")]
    [InlineData(2, 0, "i")]
    [InlineData(0, -1, "j")]
    [InlineData(0, 2, "j")]
    public void IndexOutOfRange_IsRefused(int i, int j, string parameter) => FluentActions
        .Invoking(() => Posterior.Covariance(i, j)).Should().Throw<ArgumentOutOfRangeException>().WithParameterName(parameter);
}
