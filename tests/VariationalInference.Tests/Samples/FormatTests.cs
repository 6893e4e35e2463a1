using FluentAssertions;
using VariationalInference.Samples;
using Xunit;

namespace VariationalInference.Tests.Samples;

public sealed class FormatTests
{
    [Theory]
    [InlineData(196.240159, 0.10961, "196.240 ± 0.110")]
    [InlineData(1000000.41, 0.064, "1000000.4100 ± 0.0640")]
    [InlineData(892.771, 22.79, "892.8 ± 22.8")]
    [InlineData(0.0024, 0.0995, "0.0024 ± 0.0995")]
    [InlineData(-123456.7, 4321.0, "-123457 ± 4321")]
    public void PlusMinus_ShowsTheMeanAsFinelyAsItsStandardDeviation(double mean, double standardDeviation, string expected) =>
        Format.PlusMinus(mean, standardDeviation).Should().Be(expected);

    [Theory]
    [InlineData(1e-12, "< 1E-09")]
    [InlineData(-1e-12, "< 1E-09")]
    [InlineData(0.00024123, "0.00024")]
    public void Small_OfRoundingSize_IsOnlySaidToBeSmall(double gap, string expected) => Format.Small(gap).Should().Be(expected);
}
