using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.CoordinateAscent;

public sealed class CaviOptionsTests
{
    [Fact]
    public void Defaults_AreAsDocumented()
    {
        var options = new CaviOptions();

        options.Tolerance.Should().Be(1e-8);
        options.MeanChangeTolerance.Should().BeNull();
        options.ElboChangeTolerance.Should().BeNull();
        options.MaxIterations.Should().Be(100_000);
        options.Method.Should().Be(CaviMethod.Accelerated);
        options.MaxThreads.Should().Be(Environment.ProcessorCount);
        new CaviOptions { MeanChangeTolerance = null, ElboChangeTolerance = 0, Tolerance = 0 }.ElboChangeTolerance.Should().Be(0);
    }

    [Theory]
    [InlineData(-1e-9, "-1E-09")]
    [InlineData(double.NaN, "NaN")]
    [InlineData(double.PositiveInfinity, "Infinity")]
    public void ToleranceOutOfRange_IsRefused(double value, string text)
    {
        Refusal.Of<ArgumentOutOfRangeException>(
            () => _ = new CaviOptions { Tolerance = value }, "Tolerance", $"Tolerance is {text}; it must be zero or positive, and finite.");
        Refusal.Of<ArgumentOutOfRangeException>(
            () => _ = new CaviOptions { ElboChangeTolerance = value },
            "ElboChangeTolerance",
            $"ElboChangeTolerance is {text}; it must be zero or positive, and finite.");
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(-1, "-1")]
    [InlineData(double.NaN, "NaN")]
    [InlineData(double.PositiveInfinity, "Infinity")]
    public void MeanChangeToleranceOutOfRange_IsRefused(double value, string text) => Refusal.Of<ArgumentOutOfRangeException>(
        () => _ = new CaviOptions { MeanChangeTolerance = value },
        "MeanChangeTolerance",
        $"MeanChangeTolerance is {text}; it must be positive and finite.");

    [Theory]
    [InlineData(0)]
    [InlineData(-3)]
    public void MaxIterationsOutOfRange_IsRefused(int value) => Refusal.Of<ArgumentOutOfRangeException>(
        () => _ = new CaviOptions { MaxIterations = value }, "MaxIterations", $"MaxIterations is {value}; it must be at least 1.");

    [Fact]
    public void UnknownMethod_IsRefused() => Refusal.Of<ArgumentOutOfRangeException>(
        () => _ = new CaviOptions { Method = (CaviMethod)7 }, "Method", "Method is 7; it must be a member of CaviMethod.");

    [Fact]
    public void NoThreads_AreRefused() => Refusal.Of<ArgumentOutOfRangeException>(
        () => _ = new CaviOptions { MaxThreads = 0 }, "MaxThreads", "MaxThreads is 0; it must be at least 1.");
}
