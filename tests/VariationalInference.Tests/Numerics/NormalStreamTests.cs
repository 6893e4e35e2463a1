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

    // Box and Muller written out: in blocks of 256, the cosines first and then the sines, of which an odd count lacks the last.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(256)]
    [InlineData(601)]
    public void Draws_AreThoseOfBoxAndMullerFromSplitMix(int count)
    {
        var expected = new List<double>();
        ulong state = unchecked((uint)-3);
        for (int left = count; left > 0; left -= Math.Min(256, left))
        {
            int pairs = (Math.Min(256, left) + 1) / 2;
            var sines = new List<double>();
            for (int i = 0; i < pairs; i++)
            {
                double radius = Math.Sqrt(-2 * Math.Log(((SplitMix64.Next(ref state) / 2048) + 1) * Math.ScaleB(1, -53)));
                double angle = 2 * Math.PI * Math.ScaleB(SplitMix64.Next(ref state) / 2048, -53);
                expected.Add(radius * Math.Cos(angle));
                sines.Add(radius * Math.Sin(angle));
            }

            expected.AddRange(sines.Take(Math.Min(256, left) - pairs));
        }

        var draws = new double[count];
        NormalStream.Fill(-3, draws);

        for (int i = 0; i < count; i++)
        {
            draws[i].Should().BeApproximately(expected[i], 1e-14);
        }
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

    // The bits are those of the formulas in another language, operation by operation in IEEE doubles. After 300 calls the compiler has optimised all of it.
    [Fact]
    public void Streams_InTheFirstAndInTheThreeHundredthCall_HaveTheSamePinnedBits()
    {
        string[] hashes = [.. Enumerable.Range(0, 300).Select(_ => Hash(5, 301)).Distinct()];

        hashes.Should().Equal("5E15EC710943B90F");
        Hash(-7, 4096).Should().Be("FABB0822EED96199");
    }

    private static string Hash(int seed, int count)
    {
        var draws = new double[count];
        NormalStream.Fill(seed, draws);
        ulong hash = 14695981039346656037;
        foreach (double draw in draws)
        {
            hash = (hash ^ BitConverter.DoubleToUInt64Bits(draw)) * 1099511628211;
        }

        return hash.ToString("X16", System.Globalization.CultureInfo.InvariantCulture);
    }
}
