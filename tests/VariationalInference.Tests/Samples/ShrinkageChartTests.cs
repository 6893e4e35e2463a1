using System.Xml.Linq;
using FluentAssertions;
using VariationalInference.Samples;
using Xunit;

namespace VariationalInference.Tests.Samples;

public class ShrinkageChartTests
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    [Fact]
    public void Draw_OfGroups_PutsEachMeanOnTheScaleAndEscapesLabels()
    {
        XDocument chart = ShrinkageChart.Draw("y & z", 5, [new("<a>", 3, 0, 2, 1, 3), new("a label that is far too long to print", 2, 10, 8, 7, 9)]);

        XElement[] groups = [.. chart.Descendants(Svg + "g")];
        groups.Should().HaveCount(2);
        groups.Select(group => group.Element(Svg + "text")!.Value).Should().Equal("<a>", "a label that is f…");
        chart.ToString().Should().Contain("&lt;a&gt;").And.Contain("y &amp; z");

        // The scale runs from 0, the smallest mean, to 10: own means at its ends, shrunken ones a fifth of it further in.
        double[] places = [.. groups.SelectMany(group => group.Elements(Svg + "circle")).Select(circle => (double)circle.Attribute("cx")!)];
        double length = places[2] - places[0];
        length.Should().BePositive();
        ((places[1] - places[0]) / length).Should().BeApproximately(0.2, 1e-3);
        ((places[2] - places[3]) / length).Should().BeApproximately(0.2, 1e-3);
    }

    [Fact]
    public void Draw_OfOneValue_StaysWithinThePicture()
    {
        XDocument chart = ShrinkageChart.Draw("t", 1, [new("a", 1, 1, 1, 1, 1)]);

        chart.Descendants(Svg + "circle").Select(circle => (double)circle.Attribute("cx")!).Should().OnlyContain(place => place > 0 && place < 720);
    }
}
