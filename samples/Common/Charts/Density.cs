using System.Xml.Linq;

namespace VariationalInference.Samples;

/// <summary>The density of a normal distribution: a line with the area below it filled faintly.</summary>
/// <param name="Label">Its name in the legend, or null.</param>
/// <param name="Look">How it looks.</param>
/// <param name="Mean">The mean.</param>
/// <param name="StandardDeviation">The standard deviation, positive.</param>
public sealed record Density(string? Label, Look Look, double Mean, double StandardDeviation) : Mark(Label, Look)
{
    private const int Points = 120;
    private const double Reach = 4;

    internal override IEnumerable<(double X, double Y)> Extent => Curve().Prepend((double.NaN, 0));

    internal override IEnumerable<XElement> DrawClipped(PlotArea area)
    {
        (double X, double Y)[] curve = [.. Curve().Where(area.CanPlace).Select(area.Place)];
        if (curve.Length > 1)
        {
            yield return Svg.Path(
                "area " + Palette.Class(Look.Hue), Svg.Through([(curve[0].X, area.Bottom), .. curve, (curve[^1].X, area.Bottom)]) + "Z");
            yield return Svg.Path(LineClass, Svg.Through(curve));
        }
    }

    private IEnumerable<(double X, double Y)> Curve() =>
        from i in Enumerable.Range(0, Points + 1)
        let z = Reach * ((2.0 * i / Points) - 1)
        select (Mean + (z * StandardDeviation), Math.Exp(-0.5 * z * z) / (Math.Sqrt(2 * Math.PI) * StandardDeviation));
}
