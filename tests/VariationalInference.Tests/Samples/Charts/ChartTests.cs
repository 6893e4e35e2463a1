using System.Globalization;
using System.Xml.Linq;
using FluentAssertions;
using VariationalInference.Samples;
using Xunit;

namespace VariationalInference.Tests.Samples;

public sealed class ChartTests
{
    private static readonly Look Line = new(Hue.Blue, Stroke.Solid, Marker.Dot);

    public static TheoryData<string, double[]> Awkward => new()
    {
        { "none", [] },
        { "one", [3] },
        { "equal", [5, 5, 5] },
        { "zero", [0, 0] },
        { "huge", [-1e300, 1e300] },
        { "large", [1e15, 2e15, 3e15] },
        { "close together", [1e12, 1e12 + 0.1] },
        { "indistinguishable", [1e16, 1e16 + 2] },
        { "tiny", [1e-250, 3e-250] },
        { "smaller than normal", [5e-324, 1e-323] },
        { "nothing finite", [double.NaN, double.PositiveInfinity] },
        { "some not finite", [1, double.NaN, 2, double.NegativeInfinity, 3] },
    };

    [Theory]
    [MemberData(nameof(Awkward))]
    public void Draw_OfAwkwardValues_PlacesAllThatIsFiniteWithinTheFrame(string situation, double[] values)
    {
        foreach (bool isLogarithmic in new[] { false, true })
        {
            Axis axis = new("value, nats") { IsLogarithmic = isLogarithmic };

            DrawnChart chart = DrawnChart.Of(axis, axis, new Curve("values", Line, [.. values.Select(value => (value, value))]));

            int placeable = values.Count(value => double.IsFinite(value) && (value > 1e-290 || !isLogarithmic));
            chart.Of("whole").Single().Elements().Should().HaveCount(placeable, situation);
            AllWithinFrame(chart);
            chart.Texts("tick").Should().HaveCountGreaterThanOrEqualTo(2, "each axis has a label").And.NotContain("NaN");
        }
    }

    [Fact]
    public void Draw_OfValuesBeyondWhatCanBeDrawn_NamesTheAxis()
    {
        Action draw = () => DrawnChart.Of(new Curve(null, Line, [(1, -double.MaxValue), (2, double.MaxValue)]));

        draw.Should().Throw<ArgumentException>().WithMessage("y: -1.797*E+308 cannot be drawn*1E+300*");
    }

    [Fact]
    public void Draw_OfPoints_PutsThemInProportion()
    {
        DrawnChart chart = DrawnChart.Of(
            new Axis("x"), new Axis("y") { IsLogarithmic = true }, new Curve(null, Line, [(0, 0.01), (1, 1), (4, 1000)]));

        (double X, double Y)[] places = [.. chart.Of("whole").Single().Elements().SelectMany(DrawnChart.Places)];
        ((places[1].X - places[0].X) / (places[2].X - places[0].X)).Should().BeApproximately(0.25, 1e-3);
        ((places[1].Y - places[0].Y) / (places[2].Y - places[0].Y)).Should().BeApproximately(0.4, 1e-3);
        places[2].Y.Should().BeLessThan(places[0].Y, "larger values stand higher");
        DrawnChart.Places(chart.Of("clipped").Single().Elements().Single()).Should().Equal(places, "the line goes through the markers");
    }

    [Fact]
    public void Draw_OfTicks_PutsLabelsWhereTheirValuesAre()
    {
        DrawnChart chart = DrawnChart.Of(new Axis("x") { From = 0, To = 10 }, new Axis("y"), new Curve(null, Line, [(2, 0), (6, 1)]));

        (double X, double Y)[] places = [.. chart.Of("whole").Single().Elements().SelectMany(DrawnChart.Places)];
        ((double)chart.Of("tick").Single(tick => tick.Value == "6").Attribute("x")!).Should().Be(places[1].X);
        chart.Texts("tick").Should().StartWith(["0", "2", "4"]);
    }

    [Fact]
    public void Draw_OfALineWithHoles_BreaksItThere()
    {
        (double, double)[] points = [(0, 1), (1, 2), (2, double.NaN), (3, 0), (4, 3), (5, 4)];

        DrawnChart.Of(new Curve(null, Line, points)).Of("line").Select(path => DrawnChart.Places(path).Length).Should().Equal(2, 3);
        DrawnChart.Of(new Axis("x"), new Axis("y") { IsLogarithmic = true }, new Curve(null, Line, points))
            .Of("line").Select(path => DrawnChart.Places(path).Length).Should().Equal(2, 2);
    }

    [Fact]
    public void Draw_OfPointsBeyondTheEndsGiven_LeavesMarkersOutAndCutsLinesAtTheFrame()
    {
        DrawnChart chart = DrawnChart.Of(
            new Axis("x"), new Axis("y") { From = 0, To = 1 }, new Curve(null, Line, [(0, 0.5), (1, 7), (2, 0.25)]), new Rule(null, Line, 3));

        chart.Of("whole").Single().Elements().Should().HaveCount(2);
        chart.Of("clipped").Single().Elements().Should().HaveCount(1, "a rule beyond the end is not there");
        AllClippedAtTheFrame(chart);
    }

    [Fact]
    public void Draw_OfALongLine_HasMarkersAtSomeOfItsPointsOnly()
    {
        (double, double)[] points = [.. Enumerable.Range(0, 500).Select(i => ((double)i, (double)i))];

        DrawnChart.Of(new Curve(null, Line, points)).Of("whole").Single().Elements().Count().Should().BeInRange(10, 15);
        DrawnChart.Of(new Curve(null, Line with { Stroke = Stroke.None }, points)).Of("whole").Single().Elements().Should().HaveCount(500);
    }

    [Fact]
    public void Draw_OfMarkupInTexts_EscapesIt()
    {
        const string Text = "<&\">'";
        var chart = new Chart("test", Text, Text + "2", [new Panel(new Axis(Text), new Axis(Text), [new Curve(Text, Line, [(1, 1)])]) { Title = Text }]);

        XElement svg = new DrawnChart(chart).Root;

        svg.Descendants().Where(element => element.Name.LocalName == "text" && element.Value == Text).Should().HaveCount(5);
        svg.Descendants().Single(element => element.Name.LocalName == "desc").Value.Should().Be(Text + "2");
    }

    [Fact]
    public void Draw_TwiceAndInAnotherCulture_GivesTheSameText()
    {
        Chart chart = new("test", "Title", "Caption", [new Panel(new Axis("x"), new Axis("y"), [new Curve("c", Line, [(0.5, 1.25), (1234.5, -0.001)])])]);
        string first = chart.ToSvg();
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = new CultureInfo(string.Empty) { NumberFormat = { NumberDecimalSeparator = ",", NegativeSign = "~" } };
            chart.ToSvg().Should().Be(first);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void Draw_ForThoseWhoCannotSee_NamesAndDescribesThePicture()
    {
        XElement svg = DrawnChart.Of(new Curve("c", Line, [(0, 0)])).Root;

        ((string)svg.Attribute("role")!).Should().Be("img");
        string[] ids = ((string)svg.Attribute("aria-labelledby")!).Split(' ');
        ids.Select(id => svg.Descendants().Single(element => (string?)element.Attribute("id") == id).Value).Should().Equal("Title", "Caption");
    }

    [Fact]
    public void Draw_OfLongTexts_CutsThemAtTheEdges()
    {
        string text = string.Join(' ', Enumerable.Repeat("words", 60));
        string word = new('m', 300);
        foreach (string label in new[] { text, word })
        {
            Panel panel = new(
                new Axis(label), new Axis(label) { Categories = [label, "b"] }, [new Curve(label, Line, [(0, 0), (1e9, 1)]), new Curve("next", Line, [])]);
            DrawnChart chart = new(new Chart("test", label, label, [panel with { Title = label }, panel]));

            chart.RoomOfTexts().Should().OnlyContain(room => room.Left >= 0 && room.Right <= chart.Width);
            double[] height = [.. chart.Of("axis").Where(title => title.Attribute("transform") is not null).Select(title => TextSize.Width(title.Value))];
            height.Should().OnlyContain(length => length <= chart.Frame().Bottom - chart.Frame().Top);
        }
    }

    [Fact]
    public void Draw_OfManyMarks_KeepsTheLegendAboveTheData()
    {
        Mark[] marks = [.. Enumerable.Range(0, 20).Select(i => new Curve($"a rather long name, {i % 19}", Line, [(i, i)]))];

        DrawnChart chart = DrawnChart.Of(marks);

        XElement[] keys = chart.Of("key");
        keys.Select(key => key.Value).Should().OnlyHaveUniqueItems().And.HaveCount(19);
        keys.Select(key => (double)key.Attribute("y")!).Should().OnlyContain(y => y < chart.Frame().Top);
        var rows = keys.GroupBy(key => (double)key.Attribute("y")!).ToArray();
        rows.Length.Should().BeGreaterThan(1);
        chart.RoomOfTexts().Should().OnlyContain(room => room.Right <= chart.Width);
    }

    [Fact]
    public void Draw_OfTicksWithManyDigits_LeavesRoomBetweenThem()
    {
        DrawnChart chart = DrawnChart.Of(new Curve(null, Line, [(1e12, 0), (1e12 + 1, 1)]));

        (string Text, double Left, double Right)[] labels = [.. chart.RoomOfTexts().Where(room => room.Text.Contains("10¹²", StringComparison.Ordinal))];
        labels.Should().HaveCountGreaterThan(1);
        labels.Zip(labels.Skip(1), (left, right) => right.Left - left.Right).Should().OnlyContain(room => room > 0);
    }

    [Fact]
    public void Draw_OfSeveralPanels_PutsThemSideBySideWithAreasOfTheirOwn()
    {
        Panel panel = new(new Axis("x"), new Axis("y"), [new Curve("c", Line, [(0, 0), (1, 1e5)])]);

        DrawnChart chart = new(new Chart("test", "t", "c", [panel, panel, panel]));

        for (int i = 1; i < 3; i++)
        {
            chart.Frame(i).Left.Should().BeGreaterThan(chart.Frame(i - 1).Right);
        }

        chart.Frame(2).Right.Should().BeLessThan(chart.Width);
        chart.Texts("key").Should().Equal("c");
        AllClippedAtTheFrame(chart);
    }

    [Fact]
    public void Density_OfANormal_HasItsHeightAndWidth()
    {
        DrawnChart chart = DrawnChart.Of(
            new Axis("x"), new Axis("y") { From = 0, To = 1 }, new Density("d", Line, 2, 0.5), new Rule(null, new Look(Hue.Green), 2.5, IsUpright: true));

        (double X, double Y)[] curve = DrawnChart.Places(chart.Of("line blue").First(element => element.Name.LocalName == "path"));
        (double Left, double Top, double Right, double Bottom) frame = chart.Frame();
        double peak = (frame.Bottom - curve.Min(place => place.Y)) / (frame.Bottom - frame.Top);
        peak.Should().BeApproximately(1 / (Math.Sqrt(2 * Math.PI) * 0.5), 1e-3);

        // One standard deviation from the mean the density is e^(−1/2) of its peak.
        double rule = DrawnChart.Places(chart.Of("line green").Single())[0].X;
        double there = curve.MinBy(place => Math.Abs(place.X - rule)).Y;
        ((frame.Bottom - there) / (frame.Bottom - frame.Top) / peak).Should().BeApproximately(Math.Exp(-0.5), 0.02);
    }

    [Fact]
    public void Intervals_OfCategories_GoFromTheTopWithTheirNames()
    {
        DrawnChart chart = DrawnChart.Of(
            new Axis("x"), new Axis("y") { Categories = ["first", "second"] }, new Intervals("i", Line, [(1, 3, 0), (2, double.NaN, 1), (2, 4, 1)]));

        XElement[] bars = [.. chart.Of("clipped").Single().Elements()];
        bars.Should().HaveCount(2, "a bar without an end is left out");
        bars.Select(bar => DrawnChart.Places(bar)[0].Y).Should().BeInAscendingOrder();
        (double Y, string Name)[] names = [.. chart.Of("tick").Where(tick => tick.Value is "first" or "second").Select(tick => ((double)tick.Attribute("y")!, tick.Value))];
        names.OrderBy(name => name.Y).Select(name => name.Name).Should().Equal("first", "second");
        (double X, double Y)[][] ends = [.. bars.Select(DrawnChart.Places)];
        (ends[0][1].X - ends[0][0].X).Should().BeApproximately(ends[1][1].X - ends[1][0].X, 0.02);
        AllWithinFrame(chart);
    }

    private static void AllWithinFrame(DrawnChart chart)
    {
        (double left, double top, double right, double bottom) = chart.Frame();
        chart.PlacesOfMarks().Should().NotContain(place => !(place.X >= left && place.X <= right && place.Y >= top && place.Y <= bottom));
        chart.Root.Descendants().Attributes().Should().NotContain(attribute => attribute.Value.Contains("NaN", StringComparison.Ordinal));
    }

    private static void AllClippedAtTheFrame(DrawnChart chart)
    {
        XElement[] clipped = chart.Of("clipped");
        for (int i = 0; i < clipped.Length; i++)
        {
            string id = ((string)clipped[i].Attribute("clip-path")!)["url(#".Length..^1];
            XElement clip = chart.Root.Descendants().Single(element => (string?)element.Attribute("id") == id);
            DrawnChart.Rectangle(clip.Elements().Single()).Should().Be(chart.Frame(i));
        }
    }
}
