using FluentAssertions;
using VariationalInference.Testing;
using Xunit;

namespace VariationalInference.Tests.Testing;

public sealed class ConformanceOptionsTests
{
    [Fact]
    public void Defaults_AreAsDocumented()
    {
        var options = new ConformanceOptions();

        options.GradientTolerance.Should().Be(1e-5);
        options.StepSize.Should().Be(1e-5);
        options.MaxParameters.Should().Be(200);
        options.Seed.Should().Be(0);
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(-0.1, "-0.1")]
    [InlineData(double.NaN, "NaN")]
    [InlineData(double.PositiveInfinity, "Infinity")]
    public void NumbersOutOfRange_AreRefused(double value, string text)
    {
        Refusal.Of<ArgumentOutOfRangeException>(
            () => _ = new ConformanceOptions { GradientTolerance = value },
            "GradientTolerance",
            $"GradientTolerance is {text}; it must be positive and finite.");
        Refusal.Of<ArgumentOutOfRangeException>(
            () => _ = new ConformanceOptions { StepSize = value }, "StepSize", $"StepSize is {text}; it must be positive and finite.");
    }

    [Fact]
    public void NoParameters_AreRefused() => Refusal.Of<ArgumentOutOfRangeException>(
        () => _ = new ConformanceOptions { MaxParameters = 0 }, "MaxParameters", "MaxParameters is 0; it must be at least 1.");
}
