using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.FixedForm;

public sealed class GradientAscentOptionsTests
{
    [Fact]
    public void Defaults_AreAsDocumented()
    {
        var options = new GradientAscentOptions();

        options.StepSize.Should().BeNull();
        options.Tolerance.Should().Be(1e-8);
        options.MaxSteps.Should().Be(100_000);
        options.PathLimit.Should().Be(1_000);
        new GradientAscentOptions { StepSize = null }.StepSize.Should().BeNull();
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(-0.1, "-0.1")]
    [InlineData(double.NaN, "NaN")]
    [InlineData(double.PositiveInfinity, "Infinity")]
    public void StepSizeOutOfRange_IsRefused(double value, string text) => Refusal.Of<ArgumentOutOfRangeException>(
        () => _ = new GradientAscentOptions { StepSize = value }, "StepSize", $"StepSize is {text}; it must be positive and finite.");

    [Theory]
    [InlineData(-1e-9, "-1E-09")]
    [InlineData(double.NaN, "NaN")]
    [InlineData(double.PositiveInfinity, "Infinity")]
    public void ToleranceOutOfRange_IsRefused(double value, string text) => Refusal.Of<ArgumentOutOfRangeException>(
        () => _ = new GradientAscentOptions { Tolerance = value },
        "Tolerance",
        $"Tolerance is {text}; it must be zero or positive, and finite.");

    [Fact]
    public void CountsOutOfRange_AreRefused()
    {
        Refusal.Of<ArgumentOutOfRangeException>(
            () => _ = new GradientAscentOptions { MaxSteps = 0 }, "MaxSteps", "MaxSteps is 0; it must be at least 1.");
        Refusal.Of<ArgumentOutOfRangeException>(
            () => _ = new GradientAscentOptions { PathLimit = -1 }, "PathLimit", "PathLimit is -1; it must be at least 1.");
    }
}
