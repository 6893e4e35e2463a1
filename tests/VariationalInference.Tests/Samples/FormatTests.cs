using System.Globalization;
using FluentAssertions;
using MathNet.Numerics.Random;
using VariationalInference.Samples;
using Xunit;

namespace VariationalInference.Tests.Samples;

public sealed class FormatTests
{
    private const int Trials = 20_000;

    [Theory]
    [InlineData(196.240159, 0.10961, "196.240 ± 0.110")]
    [InlineData(1000000.41, 0.064, "1000000.4100 ± 0.0640")]
    [InlineData(892.771, 22.79, "892.8 ± 22.8")]
    [InlineData(0.0024, 0.0995, "0.0024 ± 0.0995")]
    [InlineData(-123456.7, 4321.0, "-123457 ± 4321")]
    public void PlusMinus_ShowsTheMeanAsFinelyAsItsStandardDeviation(double mean, double standardDeviation, string expected) =>
        Format.PlusMinus(mean, standardDeviation).Should().Be(expected);

    [Theory]
    [InlineData(1763950000.1234, 0.0998, "1763950000.1234 ± 0.0998")]
    [InlineData(-1763950000.1234, 0.1, "-1763950000.123 ± 0.100")]
    [InlineData(0, 0.1, "0.000 ± 0.100")]
    [InlineData(-0.0001, 0.1, "0.000 ± 0.100")]
    [InlineData(1.5, 0.09996, "1.500 ± 0.100")]
    [InlineData(5, 999.96, "5 ± 1000")]
    [InlineData(5, 1e20, "5 ± 1.00E+20")]
    [InlineData(1.76395e20, 1e10, "1.763950000000E+20 ± 10000000000")]
    [InlineData(1.5e-20, 1e-21, "1.500E-20 ± 1.00E-21")]
    [InlineData(-2.5e-320, 5e-321, "-2.500E-320 ± 5.00E-321")]
    [InlineData(1.5e308, 1e307, "1.500E+308 ± 1.00E+307")]
    [InlineData(0, 1e-21, "0 ± 1.00E-21")]
    [InlineData(0, 1e20, "0 ± 1.00E+20")]
    [InlineData(1e-30, 1e-20, "1E-30 ± 1.00E-20")]
    public void PlusMinus_OfTinyHugeAndZero_HasDigitsThatMatterAndNoOthers(double mean, double standardDeviation, string expected) =>
        Format.PlusMinus(mean, standardDeviation).Should().Be(expected);

    [Theory]
    [InlineData(0.1, 0, "0.1")]
    [InlineData(1763950000.12, 1e-12, "1763950000.12")]
    [InlineData(1763950000.123456, double.NaN, "1.764E+09")]
    [InlineData(1.23456789, double.PositiveInfinity, "1.2346")]
    [InlineData(double.NaN, 1, "NaN")]
    [InlineData(double.NegativeInfinity, 1, "-Infinity")]
    [InlineData(double.NaN, double.NaN, "NaN")]
    public void Mean_WithoutASpreadToGoBy_HasAllDigitsOrFive(double mean, double standardDeviation, string expected) =>
        Format.Mean(mean, standardDeviation).Should().Be(expected);

    [Theory]
    [InlineData(1527.5, 19.383, "1527.5")]
    [InlineData(1764.05, 1432.8, "1764")]
    [InlineData(1763950000.12346, 0.034721, "1763950000.1235")]
    [InlineData(1.76395e9, 1e6, "1.76395E+09")]
    [InlineData(0.0055798123, 0.0045994, "0.0055798")]
    [InlineData(0.0024, 100, "0.0024")]
    [InlineData(0, 0.1, "0")]
    [InlineData(-0.0, 0.1, "0")]
    [InlineData(-0.0, 0, "0")]
    [InlineData(1763950000.123456, double.NaN, "1.764E+09")]
    [InlineData(1763950000.123456, 0, "1763950000.123456")]
    [InlineData(double.NaN, 1, "NaN")]
    public void Number_BesideASpread_HasFiveDigitsOrMore(double value, double spread, string expected) =>
        Format.Number(value, spread).Should().Be(expected);

    [Theory]
    [InlineData(1763949999.9618, 1763950000.0979, "1763949999.9618 to 1763950000.0979")]
    [InlineData(-1763950000.0979, -1763949999.9618, "-1763950000.0979 to -1763949999.9618")]
    [InlineData(359.0649, 8666.71, "359.06 to 8666.7")]
    [InlineData(-0.5, 0.5, "-0.5 to 0.5")]
    [InlineData(0, 1e-300, "0 to 1E-300")]
    [InlineData(-1.7e308, 1.7e308, "-1.7E+308 to 1.7E+308")]
    [InlineData(1.5, 1.5, "1.5 to 1.5")]
    [InlineData(double.NaN, double.NaN, "NaN to NaN")]
    public void Interval_ShowsItsWidth(double lower, double upper, string expected) => Format.Interval(lower, upper).Should().Be(expected);

    [Theory]
    [InlineData(0)]
    [InlineData(16)]
    public void Mean_WithDigitsThatNoDoubleHas_IsRefused(int count)
    {
        Action format = () => Format.Mean(1, 1, count);
        format.Should().Throw<ArgumentOutOfRangeException>().WithParameterName("digits");
    }

    [Theory]
    [InlineData(-1234567.891, "-1234567.89")]
    [InlineData(-159.8267, "-159.83")]
    [InlineData(0.0960934, "0.096093")]
    [InlineData(double.NegativeInfinity, "-Infinity")]
    public void Nats_ShowHundredths(double value, string expected) => Format.Nats(value).Should().Be(expected);

    [Fact]
    public void Mean_OfAnySize_IsOffByLessThanAHundredthOfItsSpread()
    {
        var random = new Xoshiro256StarStar(3, false);
        for (int trial = 0; trial < Trials; trial++)
        {
            double mean = Any(random, -280, 280);
            double spread = Math.Abs(mean * Any(random, -19, 19));
            string text = Format.Mean(mean, spread);
            double printed = double.Parse(text, CultureInfo.InvariantCulture);
            bool isRight = Math.Abs(printed - mean) <= 0.01 * spread && text.Length <= 30;
            isRight.Should().BeTrue($"{mean:R} with a spread of {spread:R} is printed as {text}");
        }
    }

    [Fact]
    public void Interval_OfAnySizeAndPlace_ShowsItsWidthToAHundredth()
    {
        var random = new Xoshiro256StarStar(5, false);
        for (int trial = 0; trial < Trials; trial++)
        {
            double lower = Any(random, -280, 280);
            double upper = lower + Math.Abs(lower * Any(random, -15, 15));
            string text = Format.Interval(lower, upper);
            double[] printed = [.. text.Split(" to ").Select(end => double.Parse(end, CultureInfo.InvariantCulture))];
            bool isRight = Math.Abs(printed[1] - printed[0] - (upper - lower)) <= 0.01 * (upper - lower) && text.Length <= 60;
            isRight.Should().BeTrue($"{lower:R} to {upper:R} is printed as {text}");
        }
    }

    [Theory]
    [InlineData(1e-12, "< 1E-09")]
    [InlineData(-1e-12, "< 1E-09")]
    [InlineData(0.00024123, "0.00024")]
    public void Small_OfRoundingSize_IsOnlySaidToBeSmall(double gap, string expected) => Format.Small(gap).Should().Be(expected);

    private static double Any(Xoshiro256StarStar random, int lowest, int highest) =>
        (random.Next(2) == 0 ? -1 : 1) * (1 + (9 * random.NextDouble())) * Math.Pow(10, random.Next(lowest, highest));
}
