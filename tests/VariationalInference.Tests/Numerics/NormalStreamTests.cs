using FluentAssertions;
using MathNet.Numerics.Statistics;
using Xunit;

namespace VariationalInference.Tests.Numerics;

public sealed class NormalStreamTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(-7)]
    public void Draws_AreStandardNormal(int seed)
    {
        const int count = 200_001;
        var draws = new double[count];

        NormalStream.Fill(seed, draws);

        var statistics = new DescriptiveStatistics(draws);
        double error = 5 / Math.Sqrt(count);
        statistics.Mean.Should().BeApproximately(0, error);
        statistics.Variance.Should().BeApproximately(1, Math.Sqrt(2) * error);
        statistics.Skewness.Should().BeApproximately(0, Math.Sqrt(6) * error);
        statistics.Kurtosis.Should().BeApproximately(0, Math.Sqrt(24) * error);
        draws.Count(draw => Math.Abs(draw) > 1.959963984540054).Should().BeInRange((int)(0.0475 * count), (int)(0.0525 * count));
        double neighbours = draws.Zip(draws.Skip(1), (a, b) => a * b).Average();
        neighbours.Should().BeApproximately(0, error);
    }

    [Fact]
    public void Streams_DependOnTheSeedAlone()
    {
        double[] first = new double[301], again = new double[301], other = new double[301];

        NormalStream.Fill(5, first);
        NormalStream.Fill(5, again);
        NormalStream.Fill(6, other);

        again.Should().Equal(first);
        first.Zip(other, (a, b) => a * b).Average().Should().BeApproximately(0, 0.3);
        other.Should().NotEqual(first);
    }
}
