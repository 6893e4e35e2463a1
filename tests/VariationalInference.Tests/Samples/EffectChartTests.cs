using FluentAssertions;
using VariationalInference.Samples;
using Xunit;

namespace VariationalInference.Tests.Samples;

public sealed class EffectChartTests
{
    [Fact]
    public void Draw_OfTwoEffects_PutsLevelsInTheOrderOfTheFirst()
    {
        LevelEffect[] intercepts = [new("a", 0, -1, 1), new("b", 2, 1, 3), new("c", -2, -3, -1)];
        LevelEffect[] slopes = [new("a", 10, 9, 11), new("b", 20, 19, 21), new("c", 30, 29, 31)];

        Chart chart = EffectChart.Draw("effects", "y", "g", [("effect on y", intercepts), ("effect on the slope of x", slopes)]);

        chart.Panels.Should().HaveCount(2);
        chart.Panels.Should().OnlyContain(panel => panel.Y.Categories!.SequenceEqual(new[] { "b", "a", "c" }));
        Points(chart, 0).Should().Equal((2, 0), (0, 1), (-2, 2));
        Points(chart, 1).Should().Equal((20, 0), (10, 1), (30, 2));
        chart.Panels[1].Marks.OfType<Intervals>().Single().Bars.Should().Equal((19, 21, 0), (9, 11, 1), (29, 31, 2));
        DrawnChart drawn = new(chart);
        drawn.Texts("title").Should().Equal("y: effects of g");
        drawn.Texts("axis").Should().Equal("effect on y", "g", "effect on the slope of x", string.Empty);
    }

    [Fact]
    public void Draw_OfMoreLevelsThanLines_ShowsTheLargestAndTheSmallestAndSaysSo()
    {
        int count = EffectChart.MostLevels + 5;
        LevelEffect[] levels = [.. Enumerable.Range(0, count).Select(n => new LevelEffect($"l{n}", n * 7 % count, -1, 100))];

        Chart chart = EffectChart.Draw("effects", "y", "g", [("effect", levels)]);

        double[] expected = [.. Enumerable.Range(0, count).Where(n => n < EffectChart.MostLevels / 2 || n >= count - (EffectChart.MostLevels / 2)).Select(n => (double)n).Reverse()];
        Points(chart, 0).Select(point => point.X).Should().Equal(expected);
        chart.Caption.Should().EndWith("The 30 largest and the 30 smallest of 65 are shown.");
    }

    [Fact]
    public void Draw_WithoutLevels_IsRefused()
    {
        Action draw = () => EffectChart.Draw("effects", "y", "g", [("effect", [])]);
        draw.Should().Throw<ArgumentException>().WithMessage("effects of g have no levels; at least 1 is needed.*");
    }

    private static IReadOnlyList<(double X, double Y)> Points(Chart chart, int panel) => chart.Panels[panel].Marks.OfType<Curve>().Single().Points;
}
