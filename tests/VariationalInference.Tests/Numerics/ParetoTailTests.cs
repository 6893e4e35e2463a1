using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.Numerics;

public sealed class ParetoTailTests
{
    [Theory]
    [InlineData(0.3)]
    [InlineData(0.7)]
    [InlineData(1.2)]
    public void Shape_OfQuantilesOfAParetoDistribution_IsTheirs(double shape)
    {
        // w = u^(−k) has a tail of shape k; its quantiles at even steps are the best sample there is.
        const int count = 4_000;
        double[] logs = [.. Enumerable.Range(0, count).Select(i => -shape * Math.Log((i + 0.5) / count))];

        // 190 weights in the tail, of which the estimate has a standard error of (1 + k)/√190, and a pull of 10/200 towards ½.
        ParetoTail.Shape(logs).Should().BeApproximately(shape, 0.1);
    }

    [Fact]
    public void Shape_OfBoundedWeights_IsNegative()
    {
        // Uniform weights: a generalised Pareto tail of shape −1.
        double[] logs = [.. Enumerable.Range(0, 4_000).Select(i => Math.Log((i + 0.5) / 4_000))];

        ParetoTail.Shape(logs).Should().BeLessThan(-0.7);
    }

    [Fact]
    public void Shape_OfEqualOrTooFewWeights_SaysSo()
    {
        ParetoTail.Shape(new double[500]).Should().Be(double.NegativeInfinity);
        ParetoTail.Shape(new double[20]).Should().Be(double.NaN);
    }
}
