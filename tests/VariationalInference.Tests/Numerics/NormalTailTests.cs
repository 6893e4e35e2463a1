using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.Numerics;

/// <summary>Values by mpmath at 50 digits.</summary>
public sealed class NormalTailTests
{
    [Theory]
    [InlineData(-100000.0, -5000000012.431864, 100000.00001, 0.9999999999)]
    [InlineData(-300.0, -45006.62273211866, 300.0033332592634, 0.999988889629561)]
    [InlineData(-37.5, -707.6689893175072, 37.526628874883656, 0.9992919051145792)]
    [InlineData(-12.0, -75.4106730015688, 12.082214175254284, 0.9933292736641541)]
    [InlineData(-5.7, -18.933112423224742, 5.8660053935830545, 0.9737885341220751)]
    [InlineData(-5.6, -18.351379495909335, 5.7686666042971355, 0.9729814074690829)]
    [InlineData(-2.0, -3.783184333682032, 2.373215532822841, 0.8857208995859187)]
    [InlineData(-0.6, -1.293703811614028, 1.2150257602375434, 0.747272141898294)]
    [InlineData(-0.3, -0.9621028181688507, 0.9981659688584833, 0.6968855107296497)]
    [InlineData(0.0, -0.6931471805599453, 0.7978845608028654, 0.6366197723675814)]
    [InlineData(0.4, -0.42247637022777607, 0.5618827037969629, 0.5404652543449706)]
    [InlineData(1.5, -0.06914345561223398, 0.13878975045885075, 0.2274472205207062)]
    [InlineData(4.0, -3.167174337748927e-05, 0.00013383446446857514, 0.0005353557695381802)]
    [InlineData(5.7, -5.990371419005809e-09, 3.513955115870334e-08, 2.0029544283939705e-07)]
    [InlineData(8.2, -1.2019351542735787e-16, 9.998378748497154e-16, 8.198670573767668e-15)]
    [InlineData(37.0, -5.725571222524577e-300, 2.1200065515246056e-298, 7.84402424064104e-297)]
    public void LogDistribution_HasTheDigitsOfItsTails(double x, double logarithm, double first, double negativeSecond) =>
        CheckTail(x, logarithm, first, negativeSecond);

    [Theory]
    [InlineData(-37.5, 4.605353009581955e-308)]
    [InlineData(-12.0, 1.776482112077679e-33)]
    [InlineData(-5.7, 5.9903714010635345e-09)]
    [InlineData(-5.6, 1.0717590258310907e-08)]
    [InlineData(-2.0, 0.02275013194817921)]
    [InlineData(-0.6, 0.2742531177500736)]
    [InlineData(-0.3, 0.3820885778110474)]
    [InlineData(0.0, 0.5)]
    [InlineData(0.4, 0.6554217416103242)]
    [InlineData(1.5, 0.9331927987311419)]
    [InlineData(4.0, 0.9999683287581669)]
    [InlineData(5.7, 0.9999999940096286)]
    [InlineData(8.2, 0.9999999999999999)]
    [InlineData(37.0, 1.0)]
    public void Distribution_HasTheDigitsOfItsTails(double x, double expected) =>
        NormalTail.Distribution(x).Should().BeApproximately(expected, 1e-15 * (1 + (x * x)) * expected);

    // e^(−x²/2) is off by as much as the rounding of its exponent; for positive x, it is all there is.
    private static void CheckTail(double x, double logarithm, double first, double negativeSecond)
    {
        (double actual, double slope, double curvature) = NormalTail.LogDistribution(x);
        double density = 4e-15 * (1 + (x > 0 ? x * x : 0));

        actual.Should().BeApproximately(logarithm, density * Math.Abs(logarithm));
        slope.Should().BeApproximately(first, density * first);
        curvature.Should().BeApproximately(negativeSecond, 1e-14 * (1 + (x > 0 ? x * x : 0)) * negativeSecond);
    }
}
