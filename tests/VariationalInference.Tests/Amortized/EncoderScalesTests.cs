using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.Amortized;

public sealed class EncoderScalesTests
{
    [Fact]
    public void Equals_IsByTheNumbers()
    {
        EncoderScales scales = Scales();
        Scales().Should().Be(scales);
        Scales().GetHashCode().Should().Be(scales.GetHashCode());
        EncoderScales[] others =
        [
            scales with { InputMeans = [1, 3] },
            scales with { InputDeviations = [3] },
            scales with { OutputMeans = [6] },
            scales with { OutputDeviations = [7] },
            scales with { OutputVariances = [8] },
        ];
        others.Should().AllSatisfy(other => other.Should().NotBe(scales));
        scales.Equals(null).Should().BeFalse();
    }

    private static EncoderScales Scales() => new([1, 2], [3, 4], [5], [6], [7]);
}
