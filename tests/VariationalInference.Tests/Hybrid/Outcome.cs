using FluentAssertions;

namespace VariationalInference.Tests.Hybrid;

/// <summary>Holds two training runs against each other, bit by bit, leaving out the time that they took.</summary>
internal static class Outcome
{
    public static void ShouldBeTheSameAs(this HybridResult result, HybridResult other)
    {
        result.Encoder.Parameters.ToArray().Should().Equal(other.Encoder.Parameters.ToArray());
        result.StopReason.Should().Be(other.StopReason);
        result.AmortizationGap.Should().Be(other.AmortizationGap);
        result.LargestAmortizationGap.Should().Be(other.LargestAmortizationGap);
        result.BestEpoch.Should().Be(other.BestEpoch);
        result.History.Select(Timeless).Should().Equal(other.History.Select(Timeless));
    }

    private static HybridProgress Timeless(HybridProgress progress) => progress with { Elapsed = TimeSpan.Zero, MaxEpochs = 0 };
}
