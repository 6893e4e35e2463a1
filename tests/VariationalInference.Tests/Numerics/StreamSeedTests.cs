using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.Numerics;

public sealed class StreamSeedTests
{
    // The first outputs for the seed 1234567 that implementations are commonly checked with.
    [Fact]
    public void GeneratorOfTheTests_GivesThePublishedNumbers()
    {
        ulong state = 1234567;

        ulong[] words = new ulong[5];
        for (int i = 0; i < words.Length; i++)
        {
            words[i] = SplitMix64.Next(ref state);
        }

        words.Should().Equal(
            6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821);
    }

    [Theory]
    [InlineData(0, 0, 0L)]
    [InlineData(1, 2, 3L)]
    [InlineData(-1, 7, 1L << 40)]
    [InlineData(int.MinValue, -2, -5L)]
    public void Seed_IsTheUpperHalfOfAHashOfAllThree(int seed, int purpose, long index)
    {
        ulong ofSeed = (uint)seed;
        ulong ofPurpose = SplitMix64.Next(ref ofSeed) ^ (uint)purpose;
        ulong ofIndex = SplitMix64.Next(ref ofPurpose) ^ (ulong)index;

        StreamSeed.Of(seed, purpose, index).Should().Be((int)(SplitMix64.Next(ref ofIndex) / (1UL << 32)));
    }
}
