using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.Posteriors;

public sealed class GaussianTests
{
    [Fact]
    public void StandardDeviation_IsTheRootOfTheVariance() => new Gaussian(1, 4).StandardDeviation.Should().Be(2);

    [Fact]
    public void Interval_HoldsTheGivenProbability()
    {
        (double lower, double upper) = new Gaussian(10, 4).Interval(0.95);

        lower.Should().BeApproximately(10 - (2 * 1.959963984540054), 1e-12);
        upper.Should().BeApproximately(10 + (2 * 1.959963984540054), 1e-12);
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(1, "1")]
    [InlineData(-0.1, "-0.1")]
    [InlineData(double.NaN, "NaN")]
    public void ProbabilityOutOfRange_IsRefused(double value, string text) => Refusal.Of<ArgumentOutOfRangeException>(
        () => new Gaussian(0, 1).Interval(value), "probability", $"probability is {text}; it must lie strictly between 0 and 1.");

    [Fact]
    public void ToString_HasFiveDigits() => new Gaussian(2.0 / 7, 1.0 / 3).ToString().Should().Be("N(0.28571, 0.33333)");
}
