using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.Quadratics;

public sealed class PatternCacheTests
{
    [Fact]
    public void PatternMetBefore_IsNotComputedAgain_UntilTheCacheIsFull()
    {
        int created = 0;
        SharedShape shape = new GaussianSumModel().Observe([1, 2]).Shape;
        var cache = new PatternCache(
            _ =>
            {
                created++;
                return new PatternResponse(shape, [0, 1], [1, 1]);
            },
            capacity: 2);

        PatternResponse first = Get(0);
        Get(0).Should().BeSameAs(first);
        Get(1);
        Get(0).Should().BeSameAs(first);
        created.Should().Be(2);

        Get(2);
        Get(0).Should().NotBeSameAs(first, "the third pattern emptied the cache");
        created.Should().Be(4);

        PatternResponse Get(int missing)
        {
            double[] row = new double[3];
            row[missing] = double.NaN;
            return cache[MissingPattern.OfTransient(row)];
        }
    }
}
