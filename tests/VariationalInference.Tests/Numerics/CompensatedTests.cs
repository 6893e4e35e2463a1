using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.Numerics;

public sealed class CompensatedTests
{
    [Fact]
    public void SumOfCancellingTerms_KeepsWhatIsLeft()
    {
        (double high, double low) = Compensated.Sum(1e16, [1.0, -1e16, 1e-8]);

        (high + low).Should().Be(1.00000001);
    }

    [Fact]
    public void DotOfCancellingProducts_KeepsWhatIsLeft()
    {
        // (1 + ε)² − 1 − 2ε = ε², which a rounded square does not have.
        double epsilon = Math.ScaleB(1, -30);

        (double high, double low) = Compensated.Dot(-1, [1 + epsilon, -2], [1 + epsilon, epsilon]);

        (high + low).Should().Be(epsilon * epsilon);
    }
}
