using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.Networks;

public sealed class PerceptronOptionsTests
{
    [Fact]
    public void Defaults_AreThoseOfALinearMap() => new PerceptronOptions().ToString().Should().Be(
        "PerceptronOptions { HiddenWidths = [], Activation = Tanh, Seed = 0, LinearPath = True, Precision = Bits32, AcceptsMissing = False }");

    [Fact]
    public void Equality_IsByEveryOption()
    {
        var options = new PerceptronOptions { HiddenWidths = [3, 4] };
        var same = new PerceptronOptions { HiddenWidths = [3, 4] };
        same.Should().Be(options);
        same.GetHashCode().Should().Be(options.GetHashCode());
        PerceptronOptions[] others =
        [
            options with { HiddenWidths = [4, 3] },
            options with { Activation = Activation.Relu },
            options with { Seed = 1 },
            options with { LinearPath = false },
            options with { Precision = NetworkPrecision.Bits64 },
            options with { AcceptsMissing = true },
        ];
        others.Should().HaveCount(typeof(PerceptronOptions).GetProperties().Length).And.NotContain(options);
        options.Equals(null).Should().BeFalse();
    }

    [Fact]
    public void BadOption_IsRefusedByName()
    {
        Refusal.Of<ArgumentOutOfRangeException>(
            () => _ = new PerceptronOptions { HiddenWidths = [4, 0] }, "HiddenWidths", "HiddenWidths is 0; it must be at least 1.");
        Refusal.Of<ArgumentOutOfRangeException>(
            () => _ = new PerceptronOptions { Activation = (Activation)9 }, "Activation", "Activation is 9; it must be a member of Activation.");
        Refusal.Of<ArgumentOutOfRangeException>(
            () => _ = new PerceptronOptions { Precision = (NetworkPrecision)7 }, "Precision", "Precision is 7; it must be a member of NetworkPrecision.");
        new PerceptronOptions { HiddenWidths = default }.HiddenWidths.Should().BeEmpty();
    }
}
