using System.Globalization;
using FluentAssertions;
using VariationalInference.Samples;
using Xunit;

namespace VariationalInference.Tests.Samples;

public sealed class PaletteTests
{
    public static TheoryData<bool> Papers => new(false, true);

    /// <summary>WCAG 2.2 asks for 4.5 between text and paper (1.4.3), and for 3 between paper and what must be seen (1.4.11).</summary>
    [Theory]
    [MemberData(nameof(Papers))]
    public void Colours_OnTheirPaper_HaveTheContrastThatIsAskedFor(bool isDark)
    {
        Palette.Shades shades = isDark ? Palette.Dark : Palette.Light;

        Contrast(shades.Ink, shades.Paper).Should().BeGreaterThan(7);
        Contrast(shades.Faint, shades.Paper).Should().BeGreaterThan(4.5);
        foreach (Hue hue in Enum.GetValues<Hue>())
        {
            Contrast(shades[hue], shades.Paper).Should().BeGreaterThan(3, "{0} must be seen", hue);
        }
    }

    /// <summary>What a deuteranope sees of two hues (Viénot, Brettel and Mollon, 1999) differs still: by 20 in CIELAB, where 2.3 is just noticeable.</summary>
    [Theory]
    [MemberData(nameof(Papers))]
    public void Hues_ToThoseWithoutGreenCones_Differ(bool isDark)
    {
        Palette.Shades shades = isDark ? Palette.Dark : Palette.Light;
        double[][] seen = [.. new[] { Hue.Blue, Hue.Vermilion, Hue.Green, Hue.Purple }.Select(hue => Lab(Deuteranope(Linear(shades[hue]))))];
        for (int i = 0; i < seen.Length; i++)
        {
            for (int j = 0; j < i; j++)
            {
                Math.Sqrt(seen[i].Zip(seen[j], (left, right) => (left - right) * (left - right)).Sum()).Should().BeGreaterThan(20);
            }
        }
    }

    [Fact]
    public void Style_ForDarkScreens_IsThere()
    {
        string[] parts = Palette.ChartStyle.Split(Palette.DarkQuery);

        parts.Should().HaveCount(2);
        parts[0].Should().Contain(Palette.Light.Ink).And.Contain(Palette.Light.Paper).And.NotContain(Palette.Dark.Ink);
        parts[1].Should().Contain(Palette.Dark.Ink).And.Contain(Palette.Dark.Paper).And.NotContain(Palette.Light.Ink);
    }

    private static double Contrast(string first, string second)
    {
        double[] luminances = [.. new[] { first, second }.Select(colour => Linear(colour).Zip([0.2126, 0.7152, 0.0722], (part, weight) => part * weight).Sum())];
        return (luminances.Max() + 0.05) / (luminances.Min() + 0.05);
    }

    /// <summary>Returns red, green and blue in proportion to light.</summary>
    private static double[] Linear(string colour) =>
    [
        .. Enumerable.Range(0, 3)
            .Select(i => int.Parse(colour.AsSpan(1 + (2 * i), 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) / 255.0)
            .Select(part => part <= 0.04045 ? part / 12.92 : Math.Pow((part + 0.055) / 1.055, 2.4)),
    ];

    private static double[] Deuteranope(double[] light) =>
    [
        (0.29275 * light[0]) + (0.70725 * light[1]),
        (0.29275 * light[0]) + (0.70725 * light[1]),
        (-0.02234 * light[0]) + (0.02234 * light[1]) + light[2],
    ];

    private static double[] Lab(double[] light)
    {
        double x = Compress(((0.4124 * light[0]) + (0.3576 * light[1]) + (0.1805 * light[2])) / 0.9505);
        double y = Compress((0.2126 * light[0]) + (0.7152 * light[1]) + (0.0722 * light[2]));
        double z = Compress(((0.0193 * light[0]) + (0.1192 * light[1]) + (0.9505 * light[2])) / 1.089);
        return [(116 * y) - 16, 500 * (x - y), 200 * (y - z)];

        static double Compress(double value) => value > 0.008856 ? Math.Cbrt(value) : ((903.3 * value) + 16) / 116;
    }
}
