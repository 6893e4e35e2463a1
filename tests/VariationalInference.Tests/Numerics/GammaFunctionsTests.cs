using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.Numerics;

/// <summary>Values by mpmath at 50 digits.</summary>
public sealed class GammaFunctionsTests
{
    [Theory]
    [InlineData(1e-06, 5.9888309840731795)]
    [InlineData(0.05, 0.7518611447477621)]
    [InlineData(0.5, 0.15342640972002736)]
    [InlineData(1.0, 0.08106146679532726)]
    [InlineData(3.25, 0.025562157964525795)]
    [InlineData(9.999, 0.008331396020466343)]
    [InlineData(10.0, 0.00833056343336287)]
    [InlineData(47.5, 0.0017543600492871407)]
    [InlineData(10000.0, 8.333333330555555e-06)]
    [InlineData(100000000.0, 8.333333333333334e-10)]
    public void Stirling_IsWhatTheFormulaLeavesOut(double x, double expected) =>
        GammaFunctions.Stirling(x).Should().BeApproximately(expected, 1e-15 * (1 + expected));

    [Theory]
    [InlineData(1e-06, -999986.7617034621)]
    [InlineData(0.05, -17.502112717745877)]
    [InlineData(0.5, -1.2703628454614782)]
    [InlineData(1.0, -0.5772156649015329)]
    [InlineData(3.25, -0.16166408527346707)]
    [InlineData(9.999, -0.05083767078797707)]
    [InlineData(10.0, -0.05083250392732458)]
    [InlineData(47.5, -0.010563248594202039)]
    [InlineData(10000.0, -5.00008333333325e-05)]
    [InlineData(100000000.0, -5.0000000083333336e-09)]
    public void DigammaLessLog_IsThatOfTheExactFunction(double x, double expected) =>
        GammaFunctions.DigammaLessLog(x).Should().BeApproximately(expected, 2e-15 * Math.Abs(expected));

    [Theory]
    [InlineData(1e-06, -6.3353917223501535)]
    [InlineData(0.05, -0.9909822081636093)]
    [InlineData(0.5, -0.22579135264472744)]
    [InlineData(1.0, -0.12078223763524522)]
    [InlineData(3.25, -0.038313850686131364)]
    [InlineData(9.999, -0.012496055744662046)]
    [InlineData(10.0, -0.01249480717472882)]
    [InlineData(47.5, -0.0026315303558788593)]
    [InlineData(10000.0, -1.2499999994791666e-05)]
    [InlineData(100000000.0, -1.25e-09)]
    public void LogHalfStep_IsThatOfTheExactFunction(double x, double expected) =>
        GammaFunctions.LogHalfStep(x).Should().BeApproximately(expected, 1e-15 * (1 + Math.Abs(expected)));

    [Theory]
    [InlineData(0.0, 0.0)]
    [InlineData(1.0, 0.0)]
    [InlineData(2.0, 0.6931471805599453)]
    [InlineData(31.0, 78.0922235533153)]
    [InlineData(170.0, 706.5730622457874)]
    [InlineData(1023.0, 6071.28041294445)]
    [InlineData(1024.0, 6078.211884750051)]
    [InlineData(5000.0, 37591.14350887677)]
    [InlineData(1000000.0, 12815518.384658169)]
    [InlineData(9007199254740992.0, 3.2188848345802304e+17)]
    public void LogFactorial_IsThatOfTheExactOne(double k, double expected) =>
        GammaFunctions.LogFactorial(k).Should().BeApproximately(expected, 4e-16 * expected);

    [Theory]
    [InlineData(0.0, 0.0)]
    [InlineData(1.0, -1.0)]
    [InlineData(2.0, -1.3068528194400546)]
    [InlineData(31.0, -2.638620214275777)]
    [InlineData(170.0, -3.4873279472428473)]
    [InlineData(1023.0, -4.38426737593677)]
    [InlineData(1024.0, -4.384755816210146)]
    [InlineData(5000.0, -5.1775517955794355)]
    [InlineData(1000000.0, -7.826693895520143)]
    [InlineData(9007199254740992.0, -19.287338818043224)]
    public void LogPoissonPeak_IsThatOfTheExactOne(double k, double expected) =>
        GammaFunctions.LogPoissonPeak(k).Should().BeApproximately(expected, 1e-15 * (1 + Math.Abs(expected)));

    [Theory]
    [InlineData(5.0, 2.0, 2.302585092994046)]
    [InlineData(1023.0, 500.0, 705.1399601759648)]
    [InlineData(1024.0, 0.0, 0.0)]
    [InlineData(1024.0, 1024.0, 0.0)]
    [InlineData(1024.0, 500.0, 705.8099402972432)]
    [InlineData(5000.0, 4999.0, 8.517193191416238)]
    [InlineData(1000000.0, 3.0, 39.654769204662266)]
    [InlineData(1000000.0, 400000.0, 673004.5538733582)]
    [InlineData(4503599627370496.0, 2251799813685248.0, 3121657384082661.5)]
    public void LogBinomial_IsThatOfTheExactOne(double n, double k, double expected) =>
        GammaFunctions.LogBinomial(n, k).Should().BeApproximately(expected, (1e-15 * Math.Abs(expected)) + (n < 1024 ? 2e-12 : 1e-14));

    [Theory]
    [InlineData(0.5, 0.0, 0.0)]
    [InlineData(0.5, 1.0, 0.0)]
    [InlineData(0.5, 32.0, 101.42953024860792)]
    [InlineData(0.5, 33.0, 105.60391751850355)]
    [InlineData(1000000.0, 5.0, 9.999985000033334e-06)]
    [InlineData(1000000.0, 1000.0, 0.4993336663669081)]
    [InlineData(0.0001, 7.0, 61.84153843641065)]
    [InlineData(2.5, 100000.0, 959687.1334357832)]
    public void LogRising_IsThatOfTheExactOne(double x, double k, double expected) =>
        GammaFunctions.LogRising(x, k).Should().BeApproximately(expected, (2e-15 * Math.Abs(expected)) + (1e-16 * (10 + k)));

    [Theory]
    [InlineData(0.5, 0.0, 0.0)]
    [InlineData(0.5, 1.0, 2.0)]
    [InlineData(0.5, 32.0, 5.429286611975018)]
    [InlineData(0.5, 33.0, 5.460055842744249)]
    [InlineData(1000000.0, 5.0, 4.99999000003e-06)]
    [InlineData(1000000.0, 1000.0, 0.000999500832584199)]
    [InlineData(0.0001, 7.0, 10002.449850873012)]
    [InlineData(2.5, 100000.0, 10.809788824129154)]
    public void DigammaStep_IsThatOfTheExactOne(double x, double k, double expected) =>
        GammaFunctions.DigammaStep(x, k).Should().BeApproximately(expected, 2e-15 * Math.Abs(expected));
}
