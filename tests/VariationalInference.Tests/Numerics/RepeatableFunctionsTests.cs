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
}
