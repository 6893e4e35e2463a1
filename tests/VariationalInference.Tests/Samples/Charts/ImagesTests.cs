using System.Globalization;
using System.Xml.Linq;
using FluentAssertions;
using VariationalInference.Samples;
using Xunit;

namespace VariationalInference.Tests.Samples.Charts;

public sealed class ImagesTests
{
    [Fact]
    public void Pixels_StandWhereTheyBelong_InTheShadeOfTheirValue()
    {
        var drawn = DrawnChart.Of(
            new Axis("x") { From = -1, To = 1 },
            new Axis("y") { From = -1, To = 1 },
            new Images(null, Side: 2, PixelSize: 10, [(0, 0, [1, -0.5, double.NaN, 3])]));

        (double left, double top, double right, double bottom) = drawn.Frame();
        (double x, double y) = ((left + right) / 2, (top + bottom) / 2);
        XElement[] paths = [.. drawn.Of("filled").Where(element => element.Name.LocalName == "path")];
        paths.Should().HaveCount(2, "the missing pixel is left out, and both full ones are of one shade");
        Shade(paths, "vermilion").Should().Be(0.5);
        Shade(paths, "blue").Should().Be(1);
        Path(paths, "vermilion").Should().Be(Square(x, y - 10));
        Path(paths, "blue").Should().Be(Square(x - 10, y - 10) + Square(x, y));
    }

    [Fact]
    public void Categories_HaveTheRoomThatTheAxisAsksFor()
    {
        DrawnChart Of(double height) => DrawnChart.Of(
            new Axis("x"), new Axis("y") { Categories = ["a", "b"], CategoryHeight = height }, new Images(null, 1, 10, [(0, 0, [1]), (0, 1, [1])]));

        (Of(60).Height - Of(40).Height).Should().Be(40);
    }

    private static double Shade(XElement[] paths, string hue) =>
        double.Parse((string)Of(paths, hue).Attribute("fill-opacity")!, CultureInfo.InvariantCulture);

    private static string Path(XElement[] paths, string hue) => (string)Of(paths, hue).Attribute("d")!;

    private static XElement Of(XElement[] paths, string hue) => paths.Single(path => ((string)path.Attribute("class")!).EndsWith(hue, StringComparison.Ordinal));

    private static string Square(double left, double top) => FormattableString.Invariant($"M{left:0.##} {top:0.##}h10v10h-10z");
}
