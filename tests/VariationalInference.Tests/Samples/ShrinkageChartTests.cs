using FluentAssertions;
using VariationalInference.Samples;
using Xunit;

namespace VariationalInference.Tests.Samples;

public class ShrinkageChartTests
{
    [Fact]
    public void Draw_OfGroups_PutsEachMeanOnTheScaleAndEscapesLabels()
    {
        DrawnChart chart = new(ShrinkageChart.Draw("y & z", "g", "group", 5, [new("<a>", 3, 0, 2, 1, 3), new("a label that is far too long to print", 2, 10, 8, 7, 9)]));

        chart.Texts("title").Should().Equal("y & z by group: own and shrunken means");
        chart.Texts("axis").Should().Equal("y & z (g)", "group");
        chart.Texts("tick").Should().Contain("<a>").And.Contain("a label that is f…");

        // Own means are 10 apart, shrunken ones 2 further in at either end; the mean of all is halfway.
        double[] own = [.. Places(chart, "open").Select(place => place.X)];
        double[] shrunken = [.. Places(chart, "filled").Select(place => place.X)];
        double length = own[1] - own[0];
        length.Should().BePositive();
        ((shrunken[0] - own[0]) / length).Should().BeApproximately(0.2, 1e-3);
        ((own[1] - shrunken[1]) / length).Should().BeApproximately(0.2, 1e-3);
        (double X, double Y)[] centre = DrawnChart.Places(chart.Of("clipped").Single().Elements().First());
        ((centre[0].X - own[0]) / length).Should().BeApproximately(0.5, 1e-3);
        centre[1].X.Should().Be(centre[0].X);
    }

    [Fact]
    public void Draw_OfOneValue_StaysWithinThePicture()
    {
        DrawnChart chart = new(ShrinkageChart.Draw("t", unit: null, "g", 1, [new("a", 1, 1, 1, 1, 1)]));

        (double left, _, double right, _) = chart.Frame();
        Places(chart, "filled").Should().HaveCount(1).And.OnlyContain(place => place.X > left && place.X < right);
    }

    private static (double X, double Y)[] Places(DrawnChart chart, string kind) =>
        [.. chart.Of("whole").Single().Elements().Where(marker => ((string)marker.Attribute("class")!).StartsWith(kind, StringComparison.Ordinal)).SelectMany(DrawnChart.Places)];
}
