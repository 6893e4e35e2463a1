using FluentAssertions;
using VariationalInference.Samples;
using Xunit;

namespace VariationalInference.Tests.Samples;

public sealed class TicksTests
{
    [Theory]
    [InlineData(0, 10, 5, "0 2 4 6 8 10")]
    [InlineData(-0.4, 0.4, 5, "−0.4 −0.2 0.0 0.2 0.4")]
    [InlineData(195.87, 196.31, 5, "195.9 196.0 196.1 196.2 196.3")]
    [InlineData(0.3, 0.9, 3, "0.4 0.6 0.8")]
    [InlineData(0, 0.7, 3, "0.0 0.5")]
    [InlineData(1.0001, 1.0004, 3, "1.0001 1.0002 1.0003 1.0004")]
    public void Linear_InARange_GivesRoundNumbersWithTheDigitsTheyNeed(double low, double high, int most, string labels) =>
        Labels(Ticks.Linear(low, high, most)).Should().Be(labels);

    [Theory]
    [InlineData(0, 2e-9, 4, "0 0.5×10⁻⁹ 1.0×10⁻⁹ 1.5×10⁻⁹ 2.0×10⁻⁹")]
    [InlineData(-1e300, 1e300, 4, "−1.0×10³⁰⁰ −0.5×10³⁰⁰ 0 0.5×10³⁰⁰ 1.0×10³⁰⁰")]
    public void Linear_OfHugeOrTinyNumbers_GivesOnePowerOfTenForAll(double low, double high, int most, string labels) =>
        Labels(Ticks.Linear(low, high, most)).Should().Be(labels);

    [Fact]
    public void Linear_OfAnyRange_StaysWithinItAndIsEvenlySpaced()
    {
        var random = new Random(1);
        for (int trial = 0; trial < 2_000; trial++)
        {
            double low = (random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-12, 13));
            double high = low + Math.Pow(10, (random.NextDouble() * 24) - 12) + (1e-9 * Math.Abs(low));
            int most = random.Next(2, 10);

            double[] values = [.. Ticks.Linear(low, high, most).Select(tick => tick.Value)];

            // Steps of 1, 2 and 5 leave at least 2/5 of what would fit, and the ends may both be ticks.
            values.Length.Should().BeInRange((int)(0.4 * most), most + 1);
            double slack = 1e-8 * (high - low);
            values.Should().NotContain(value => value < low - slack || value > high + slack).And.BeInAscendingOrder().And.OnlyHaveUniqueItems();
            double[] steps = [.. values.Zip(values.Skip(1), (left, right) => right - left)];
            steps.Should().NotContain(step => !(Math.Abs(step - steps[0]) <= (1e-6 * steps[0]) + (1e-14 * Math.Abs(low))));
        }
    }

    [Theory]
    [InlineData(0.5, 2000, 8, "1 10 100 1000")]
    [InlineData(0.2, 12, 8, "0.2 0.5 1 2 5 10")]
    [InlineData(1e-13, 20, 8, "10⁻¹² 10⁻¹⁰ 10⁻⁸ 10⁻⁶ 10⁻⁴ 10⁻² 10⁰")]
    [InlineData(3e-5, 8e-4, 8, "5×10⁻⁵ 10⁻⁴ 2×10⁻⁴ 5×10⁻⁴")]
    [InlineData(2, 6, 4, "2 3 4 5 6")]
    public void Logarithmic_InARange_GivesPowersOfTenOrRoundNumbersBetween(double low, double high, int most, string labels) =>
        Labels(Ticks.Logarithmic(low, high, most)).Should().Be(labels);

    private static string Labels(IEnumerable<Tick> ticks) => string.Join(' ', ticks.Select(tick => tick.Label));
}
