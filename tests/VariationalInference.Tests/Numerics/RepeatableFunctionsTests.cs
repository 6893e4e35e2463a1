using System.Numerics;
using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.Numerics;

public sealed class RepeatableFunctionsTests
{
    // Near 1 the logarithm is as small as what an error of its argument makes of it, hence the relative measure.
    [Fact]
    public void Log_OfUniformNumbersAndThoseNearOneAndZero_IsGoodToItsLastDigit()
    {
        ulong state = 11;
        IEnumerable<double> spread = Enumerable.Range(0, 4_000).Select(_ => ((SplitMix64.Next(ref state) / 2048) + 1) * Math.ScaleB(1, -53));
        double[] all =
        [
            .. spread.ToArray(), .. Enumerable.Range(0, 54).Select(k => Math.ScaleB(1, -k)), .. Enumerable.Range(1, 53).Select(k => 1 - Math.ScaleB(1, -k)),
            Math.Sqrt(0.5), Math.BitDecrement(Math.Sqrt(0.5)),
        ];

        foreach (double x in all)
        {
            double expected = Math.Log(x);
            RepeatableFunctions.Log(new Vector<double>(x))[0].Should().BeApproximately(expected, 4e-16 * Math.Abs(expected), "of {0:R}", x);
        }
    }

    // An angle of up to a quarter of π is rounded once, which moves sine and cosine by up to 1e-16; 2πx in the expectation is off by up to 4e-16.
    [Fact]
    public void SinCosOfTurns_OfAllQuadrantsAndTheirEnds_IsGoodToItsLastDigit()
    {
        ulong state = 12;
        IEnumerable<double> spread = Enumerable.Range(0, 4_000).Select(_ => SplitMix64.Next(ref state) / 2048 * Math.ScaleB(1, -53));
        foreach (double turn in (double[])[.. spread.ToArray(), .. Enumerable.Range(0, 64).Select(k => k / 64.0), Math.BitDecrement(1.0), double.Epsilon])
        {
            (Vector<double> sine, Vector<double> cosine) = RepeatableFunctions.SinCosOfTurns(new Vector<double>(turn));

            (double expectedSine, double expectedCosine) = Math.SinCos(2 * Math.PI * turn);
            sine[0].Should().BeApproximately(expectedSine, 8e-16, "of {0:R}", turn);
            cosine[0].Should().BeApproximately(expectedCosine, 8e-16, "of {0:R}", turn);
        }
    }

    [Theory]
    [InlineData(0, 0, 1)]
    [InlineData(0.25, 1, 0)]
    [InlineData(0.5, 0, -1)]
    [InlineData(0.75, -1, 0)]
    public void SinCosOfTurns_OfWholeQuarters_AreExact(double turn, double sine, double cosine)
    {
        (Vector<double> up, Vector<double> along) = RepeatableFunctions.SinCosOfTurns(new Vector<double>(turn));

        up[0].Should().Be(sine);
        along[0].Should().Be(cosine);
    }

    [Fact]
    public void Exp_IsGoodToAUnitInTheLastPlace()
    {
        for (int i = -7_080; i <= 7_090; i++)
        {
            double x = 0.1 * i;
            double exact = Math.Exp(x);

            RepeatableFunctions.Exp(new Vector<double>(x))[0].Should().BeApproximately(exact, 4e-16 * exact, "of {0:R}", x);
        }
    }

    [Fact]
    public void Exp_BeyondDoublePrecision_IsZeroOrInfinite()
    {
        RepeatableFunctions.Exp(Vector<double>.Zero)[0].Should().Be(1);
        RepeatableFunctions.Exp(new Vector<double>(709.79))[0].Should().Be(double.PositiveInfinity);
        RepeatableFunctions.Exp(new Vector<double>(double.PositiveInfinity))[0].Should().Be(double.PositiveInfinity);
        RepeatableFunctions.Exp(new Vector<double>(-744))[0].Should().BeInRange(double.Epsilon, 3 * double.Epsilon);
        RepeatableFunctions.Exp(new Vector<double>(-746))[0].Should().Be(0);
        RepeatableFunctions.Exp(new Vector<double>(double.NegativeInfinity))[0].Should().Be(0);
        RepeatableFunctions.Exp(new Vector<double>(double.NaN))[0].Should().Be(double.NaN);
    }

    [Fact]
    public void Log_OfAnyPositiveNumber_IsGoodToItsLastDigit()
    {
        foreach (double x in (double[])[double.Epsilon, 3 * double.Epsilon, 1e-310, 2.2250738585072014e-308, 1e-300, 2e-292, 2.1e-292, 1e-100, 7e99, 1.7e308, double.MaxValue])
        {
            RepeatableFunctions.Log(x).Should().BeApproximately(Math.Log(x), 4e-16 * Math.Abs(Math.Log(x)), "of {0:R}", x);
        }

        RepeatableFunctions.Log(0.0).Should().Be(double.NegativeInfinity);
        RepeatableFunctions.Log(double.PositiveInfinity).Should().Be(double.PositiveInfinity);
        RepeatableFunctions.Log(-1.0).Should().Be(double.NaN);
    }

    // By mpmath at 50 digits.
    [Theory]
    [InlineData(1e-300, 1e-300)]
    [InlineData(-1e-17, -1e-17)]
    [InlineData(3e-9, 3.0000000044999999845e-9)]
    [InlineData(0.34, 0.40494759056359383)]
    [InlineData(-0.35, -0.29531191028128658)]
    [InlineData(1.5, 3.4816890703380648)]
    [InlineData(-40, -1)]
    [InlineData(700, 1.0142320547350045e304)]
    [InlineData(709.7, 1.6549840276802644e308)]
    [InlineData(710, double.PositiveInfinity)]
    [InlineData(-800, -1)]
    public void ExpMinusOne_KeepsTheDigitsOfSmallNumbers(double x, double expected)
    {
        double actual = RepeatableFunctions.ExpMinusOne(x);

        (actual == expected || Math.Abs(actual - expected) <= 1e-14 * Math.Abs(expected)).Should().BeTrue("{0:R} for {1:R}", actual, expected);
        RepeatableFunctions.ExpAndExcess(new Vector<double>(x)).Power.Should().Be(RepeatableFunctions.Exp(new Vector<double>(x)));
    }

    [Theory]
    [InlineData(1e-20, 1e-20)]
    [InlineData(1e-8, 9.99999995e-9)]
    [InlineData(-0.5, -0.69314718055994531)]
    [InlineData(3, 1.3862943611198906)]
    [InlineData(double.PositiveInfinity, double.PositiveInfinity)]
    public void LogOnePlus_KeepsTheDigitsOfSmallNumbers(double x, double expected) =>
        (RepeatableFunctions.LogOnePlus(x) == expected || Math.Abs(RepeatableFunctions.LogOnePlus(x) - expected) <= 4e-16 * Math.Abs(expected)).Should().BeTrue();

    [Theory]
    [InlineData(1e-9, -20.723265837446411)]
    [InlineData(0.6, -0.79587036834632)]
    [InlineData(0.7, -0.68634100280838515)]
    [InlineData(50, -1.9287498479639178e-22)]
    public void LogOneMinusExp_KeepsItsDigitsOnBothSides(double x, double expected) =>
        RepeatableFunctions.LogOneMinusExp(x).Should().BeApproximately(expected, 1e-13 * Math.Abs(expected));
}
