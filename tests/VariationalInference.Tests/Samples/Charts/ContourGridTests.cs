using FluentAssertions;
using VariationalInference.Samples;
using Xunit;

namespace VariationalInference.Tests.Samples;

public sealed class ContourGridTests
{
    [Fact]
    public void Segments_OfACone_LieOnACircleAndCloseIt()
    {
        var grid = new ContourGrid(60, (-3, -3), (3, 3), place => Math.Sqrt((place.X * place.X) + (place.Y * place.Y)));

        ((double X, double Y) From, (double X, double Y) To)[] segments = [.. grid.Segments(2)];

        // The height is linear along a ray, not along an edge: with cells of 0.1, the difference is at most 0.1² / (8 · 2) of a length.
        segments.SelectMany(segment => new[] { segment.From, segment.To }).Should()
            .OnlyContain(place => Math.Abs(Math.Sqrt((place.X * place.X) + (place.Y * place.Y)) - 2) < 1e-3);
        double length = segments.Sum(segment => Math.Sqrt(Square(segment.To.X - segment.From.X) + Square(segment.To.Y - segment.From.Y)));
        length.Should().BeApproximately(4 * Math.PI, 0.01);
    }

    [Fact]
    public void Segments_OfALevelThatIsNotReached_AreNone() =>
        new ContourGrid(5, (0, 0), (1, 1), place => place.X).Segments(2).Should().BeEmpty();

    [Fact]
    public void Segments_WhereTheSurfaceIsNotFinite_AreLeftOut()
    {
        var grid = new ContourGrid(10, (0, 0), (1, 1), place => place.X > 0.65 ? double.NaN : place.Y);

        grid.Segments(0.55).SelectMany(segment => new[] { segment.From, segment.To }).Should()
            .HaveCount(12).And.OnlyContain(place => place.X < 0.61 && Math.Abs(place.Y - 0.55) < 1e-12);
    }

    [Fact]
    public void Contours_OnAChart_HaveTheirLabelsOnThem()
    {
        var contours = new Contours("height", (x, y) => (x * x) + (y * y), [new ContourLevel(1, "one"), new ContourLevel(100, "never")]);

        DrawnChart chart = DrawnChart.Of(new Axis("x") { From = -2, To = 2 }, new Axis("y") { From = -2, To = 2 }, contours);

        (double X, double Y)[] places = DrawnChart.Places(chart.Of("level").First(element => element.Name.LocalName == "path"));
        (double left, double top, double right, double bottom) = chart.Frame();
        places.Min(place => place.X).Should().BeApproximately(left + (0.25 * (right - left)), 1);
        places.Max(place => place.Y).Should().BeApproximately(bottom - (0.25 * (bottom - top)), 1);
        chart.Texts("level-label").Should().Equal("one");
        ((double)chart.Of("level-label").Single().Attribute("y")!).Should().BeApproximately(places.Max(place => place.Y), 5);
    }

    [Fact]
    public void Contours_CloseToOneAnother_HaveLabelsOnlyWhereThereIsRoom()
    {
        ContourLevel[] levels = [.. Enumerable.Range(0, 30).Select(i => new ContourLevel(0.001 * i, $"level {i}"))];
        var contours = new Contours(null, (x, y) => y, levels);

        DrawnChart chart = DrawnChart.Of(new Axis("x") { From = 0, To = 1 }, new Axis("y") { From = -1, To = 1 }, contours);

        (double X, double Y)[] places = [.. chart.Of("level-label").SelectMany(DrawnChart.Places)];
        places.Length.Should().BeInRange(2, levels.Length - 1);
        for (int i = 1; i < places.Length; i++)
        {
            places[..i].Should().OnlyContain(other => Math.Abs(other.X - places[i].X) > TextSize.Width("level 1") || Math.Abs(other.Y - places[i].Y) > TextSize.Normal);
        }
    }

    private static double Square(double value) => value * value;
}
