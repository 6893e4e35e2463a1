using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.Tables;

/// <summary>Rows of fewer cells than a word has bits, of as many, and of more.</summary>
public sealed class MissingPatternTests
{
    public static TheoryData<int> Lengths => [1, 63, 64, 65, 128, 129, 200];

    [Theory]
    [MemberData(nameof(Lengths))]
    public void EachCell_IsTheOnlyOneMissing(int length)
    {
        for (int missing = 0; missing < length; missing++)
        {
            double[] row = Row(length, missing);

            foreach (MissingPattern pattern in new[] { MissingPattern.Of(row), MissingPattern.OfTransient(row), MissingPattern.OfTransient(row).Copy() })
            {
                Enumerable.Range(0, length).Where(pattern.IsMissing).Should().Equal(missing);
                pattern.MissingCount.Should().Be(1);
                pattern.IsComplete.Should().BeFalse();
            }
        }

        MissingPattern.Of(new double[length]).IsComplete.Should().BeTrue();
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void PatternsOfDifferentCells_DifferAndHashApart(int length)
    {
        MissingPattern[] patterns = [.. Enumerable.Range(0, length).Select(missing => MissingPattern.Of(Row(length, missing)))];

        patterns.Distinct().Should().HaveCount(length);
        patterns.Select(pattern => pattern.GetHashCode()).Distinct().Count().Should().BeGreaterThan((int)(0.95 * length) - 1, "hardly any hash is that of another pattern");
        patterns.Should().Equal(Enumerable.Range(0, length).Select(missing => MissingPattern.OfTransient(Row(length, missing)).Copy()));
        patterns[0].Equals((object)patterns[0]).Should().BeTrue();
        patterns[0].Equals("a text").Should().BeFalse();
    }

    [Fact]
    public void TransientPattern_LastsUntilTheNext_AndItsCopyLonger()
    {
        MissingPattern transient = MissingPattern.OfTransient(Row(100, 99));
        MissingPattern copy = transient.Copy();

        MissingPattern.OfTransient(Row(100, 80)).IsMissing(99).Should().BeFalse();
        copy.IsMissing(99).Should().BeTrue();
        MissingPattern.OfTransient(Row(30, 3)).Should().Be(MissingPattern.Of(Row(30, 3)), "another length follows");
        MissingPattern.OfTransient(Row(300, 299)).Should().Be(MissingPattern.Of(Row(300, 299)), "another length follows");
    }

    private static double[] Row(int length, int missing)
    {
        double[] row = new double[length];
        row[missing] = double.NaN;
        return row;
    }
}
