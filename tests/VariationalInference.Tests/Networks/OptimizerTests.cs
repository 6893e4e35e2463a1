using System.Collections.Immutable;
using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.Networks;

public sealed class OptimizerTests
{
    public static TheoryData<Optimizer> All() => [new Adam { LearningRate = 0.5, Beta1 = 0.25 }, new Sgd { Momentum = 0.5 }, new LionDouble { Decay = 0.5 }];

    [Theory]
    [MemberData(nameof(All), DisableDiscoveryEnumeration = true)]
    public void Settings_WrittenAndReadByName_AreThoseOfTheOptimizer(Optimizer optimizer)
    {
        Optimizer read = (Optimizer)Activator.CreateInstance(optimizer.GetType())!;
        read.Should().NotBe(optimizer);
        foreach ((string name, double value) in optimizer.GetSettings())
        {
            read = read.WithSetting(name, value)!;
        }

        read.Should().Be(optimizer);
        read.WithSetting("none", 1).Should().BeNull();
    }

    [Fact]
    public void Text_ListsTheSettings() =>
        new LionDouble().ToString().Should().Be("LionDouble { LearningRate = 0.002, Blend = 0.9, Decay = 0.99 }");

    [Fact]
    public void StateWithoutSettingsOrParameters_IsRefused()
    {
        Refusal.Of<ArgumentNullException>(() => _ = new Probe(null!, 1), "settings", "Value cannot be null.");
        Refusal.Of<ArgumentOutOfRangeException>(() => _ = new Probe(new Sgd(), 0), "parameterCount", "parameterCount is 0; it must be at least 1.");
    }

    private sealed class Probe(Optimizer settings, int parameterCount) : OptimizerState(settings, parameterCount)
    {
        public override ImmutableArray<KeyValuePair<string, Memory<double>>> GetVectors() => [];

        public override void StepPart(Span<double> parameters, ReadOnlySpan<double> gradient, int first, double rateFactor)
        {
        }
    }
}
