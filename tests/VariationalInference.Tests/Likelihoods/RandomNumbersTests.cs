using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.Likelihoods;

public sealed class RandomNumbersTests
{
    private const int Count = 200_000;

    [Fact]
    public void NextUniform_IsInHalfOpenUnitIntervalAndEven()
    {
        var random = new RandomNumbers(3);
        double[] draws = [.. Enumerable.Range(0, Count).Select(_ => random.NextUniform())];

        draws.Should().OnlyContain(x => x > 0 && x <= 1);
        CheckMoments(draws, 0.5, 1.0 / 12);
        draws.Count(x => x < 0.1).Should().BeInRange((int)(0.1 * Count) - 900, (int)(0.1 * Count) + 900);
    }

    [Fact]
    public void NextNormal_HasTheMomentsAndTailsOfTheNormalDistribution()
    {
        var random = new RandomNumbers(4);
        double[] draws = [.. Enumerable.Range(0, Count).Select(_ => random.NextNormal())];

        CheckMoments(draws, 0, 1);
        draws.Average(x => x * x * x * x).Should().BeApproximately(3, 6 * Math.Sqrt(96.0 / Count));
        draws.Count(x => x > 3).Should().BeInRange(170, 370);
    }

    [Theory]
    [InlineData(0.05)]
    [InlineData(0.6)]
    [InlineData(1)]
    [InlineData(17)]
    [InlineData(1e6)]
    public void NextGamma_HasItsShapeForMeanAndVariance(double shape)
    {
        var random = new RandomNumbers(5);
        double[] draws = [.. Enumerable.Range(0, Count).Select(_ => random.NextGamma(shape))];

        draws.Should().OnlyContain(x => x >= 0);
        CheckMoments(draws, shape, shape, kurtosis: 3 + (6 / shape));
    }

    [Fact]
    public void SameSeed_GivesTheSameNumbersAndAnotherOneOthers()
    {
        static double[] Draws(int seed)
        {
            var random = new RandomNumbers(seed);
            return [random.NextUniform(), random.NextNormal(), random.NextGamma(0.3)];
        }

        Draws(7).Should().Equal(Draws(7));
        Draws(7).Should().NotIntersectWith(Draws(8));
        Draws(-1).Should().NotIntersectWith(Draws(1));
    }

    [Fact]
    public void NextGamma_OfNoShape_IsRefused() =>
        Refusal.Of<ArgumentOutOfRangeException>(() => new RandomNumbers(1).NextGamma(0), "shape", "shape is 0; it must be positive and finite.");

    // Six standard errors: one in a billion by chance.
    private static void CheckMoments(double[] draws, double mean, double variance, double kurtosis = 3)
    {
        draws.Average().Should().BeApproximately(mean, 6 * Math.Sqrt(variance / draws.Length));
        draws.Average(x => (x - mean) * (x - mean)).Should().BeApproximately(variance, 6 * variance * Math.Sqrt(kurtosis / draws.Length));
    }
}
