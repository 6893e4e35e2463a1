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

    [Fact]
    public void ProductOver_KeepsWhatTheProductAndTheQuotientLose()
    {
        double epsilon = Math.ScaleB(1, -30);

        // (1 + ε)² loses ε²; the double next to 1/3 is 2⁻⁵⁴/3 below it.
        Compensated.ProductOver(1 + epsilon, 1 + epsilon, 1).Should().Be((1 + (2 * epsilon), epsilon * epsilon));
        Compensated.ProductOver(1, 1, 3).Should().Be((1.0 / 3, Math.ScaleB(1, -54) / 3));
        Compensated.ProductOver(1e308, 10, 1).Should().Be((double.PositiveInfinity, 0), "there is no low part of what is not finite");
    }
}
