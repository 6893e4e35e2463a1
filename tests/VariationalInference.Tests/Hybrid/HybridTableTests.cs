using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Hybrid;

public sealed class HybridTableTests
{
    private static readonly HybridTable Table = new(Matrix<double>.Build.Dense(3, 1), Matrix<double>.Build.Dense(3, 1, 1.0))
    {
        Elbos = [-1, -2, -6],
        LogEvidences = [-0.5, -1, -5],
        ApproximationGaps = [0.25, 0.25, 0.25],
        AmortizationGaps = [0.1, 0.2, 0.6],
        OptimizationGaps = [0.01, 0.02, 0.06],
        GapLimit = 0.2,
    };

    [Fact]
    public void FlaggedRows_AreThoseAboveTheLimit_NotAtIt() => Table.FlaggedRows.Should().Equal(2);

    [Fact]
    public void ToString_HasAveragesAndTheLargestGap() => Table.ToString().Should().Be(
        "3 rows, 1 flagged; ELBO -3 nats a row, approximation gap 0.25, amortization gap 0.3 (at most 0.6), optimization gap 0.03");

    [Theory]
    [InlineData(-1)]
    [InlineData(3)]
    public void RowThatIsNotThere_IsRefused(int row) => Refusal.Of<ArgumentOutOfRangeException>(
        () => _ = Table.MeanField(row), "row", $"row is {row}; it must be at least 0 and less than 3.");
}
