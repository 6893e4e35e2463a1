using FluentAssertions;
using VariationalInference.Samples;
using Xunit;

namespace VariationalInference.Tests.Samples;

public sealed class ReplicateTableTests
{
    [Fact]
    public void Moments_OfUnequalGroups_WeighThemAndPassOverEmptyOnes()
    {
        // Means 2 and 8 about a grand mean of 4.4; 2 + 2 over 3 within; 43.2 between; the effective group size is 5 - 13/5.
        (double mean, double within, double between) = Table([1, 2, 3], [], [7, 9]).Moments();

        mean.Should().BeApproximately(4.4, 1e-12);
        within.Should().BeApproximately(4 / 3.0, 1e-12);
        between.Should().BeApproximately((43.2 - (4 / 3.0)) / 2.4, 1e-12);
    }

    [Fact]
    public void Moments_OfGroupsCloserThanTheirNoise_HaveNoVarianceBetween() =>
        Table([0, 10], [1, 9]).Moments().Between.Should().Be(0);

    [Fact]
    public void Estimate_OfThreeLatents_GivesTheFirstTheMeanAndTheOthersAShare()
    {
        MomentEstimate estimate = Table([1, 3], [5, 7]).Estimate(latentCount: 3);

        estimate.NoiseVariance.Should().Be(2);
        estimate.PriorMeans.Should().Equal(4, 0, 0);
        estimate.PriorVariances.Should().Equal(14, 1.75, 1.75);
    }

    [Fact]
    public void Estimate_WhereGroupsDoNotDiffer_LeavesSomethingToInfer() =>
        Table([0, 10], [1, 9]).Estimate(latentCount: 1).PriorVariances.Should().OnlyContain(variance => variance > 0);

    [Fact]
    public void Estimate_WithoutReplicates_AsksForTheNoiseVariance()
    {
        ReplicateTable single = Table([1], [3]);

        single.Invoking(table => table.Estimate(latentCount: 2)).Should().Throw<UsageException>().WithMessage("*--noise-variance*");
        single.Estimate(latentCount: 2, noiseVariance: 0.5).NoiseVariance.Should().Be(0.5);
    }

    private static ReplicateTable Table(params double[][] rows) =>
        new([.. Enumerable.Range(1, rows.Length).Select(n => $"{n}")], rows);
}
