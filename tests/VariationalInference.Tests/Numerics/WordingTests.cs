using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.Numerics;

public sealed class WordingTests
{
    [Theory]
    [InlineData(0, "0 rows")]
    [InlineData(1, "1 row")]
    [InlineData(1_000_000, "1000000 rows")]
    public void Count_TakesThePlural_UnlessThereIsOne(long number, string text) => Wording.Count(number, "row").Should().Be(text);

    [Fact]
    public void List_OfEight_ShowsAll() => Wording.List([1, 2.5, 1e-9, 4, 5, 6, 7, 1234567.0]).Should().Be("[1, 2.5, 1E-09, 4, 5, 6, 7, 1.2346E+06]");

    [Fact]
    public void List_OfMore_ShowsSixAndCountsTheRest()
    {
        Wording.List([.. Enumerable.Range(0, 9)]).Should().Be("[0, 1, 2, 3, 4, 5, 3 more]");
        Wording.List([.. new double[50]]).Should().Be("[0, 0, 0, 0, 0, 0, 44 more]");
    }

    [Fact]
    public void OrNull_OfNothing_SaysNull()
    {
        Wording.OrNull(null).Should().Be("null");
        Wording.OrNull(0.5).Should().Be("0.5");
    }
}
