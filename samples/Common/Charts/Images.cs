using System.Xml.Linq;

namespace VariationalInference.Samples;

/// <summary>Small square pictures, each about a point of the panel: positive pixels in the first hue, negative ones in vermilion, missing ones left out.</summary>
/// <param name="Label">Their name in the legend, or null.</param>
/// <param name="Side">The number of pixels along a side.</param>
/// <param name="PixelSize">How large a pixel is drawn.</param>
/// <param name="Pictures">The middle of each, and its pixels row by row; 1 and −1 are full colour, and what is beyond is no fuller.</param>
public sealed record Images(string? Label, int Side, double PixelSize, IReadOnlyList<(double X, double Y, IReadOnlyList<double> Pixels)> Pictures)
    : Mark(Label, new Look(Hue.Blue))
{
    // More shades than the eye tells apart on so small a square.
    private const int Shades = 16;

    internal override IEnumerable<(double X, double Y)> Extent => Pictures.Select(picture => (picture.X, picture.Y));

    internal override IEnumerable<XElement> DrawClipped(PlotArea area) =>
        from picture in Pictures
        where area.CanPlace((picture.X, picture.Y))
        from element in Draw(area.Place((picture.X, picture.Y)), picture.Pixels)
        select element;

    private IEnumerable<XElement> Draw((double X, double Y) middle, IReadOnlyList<double> pixels)
    {
        double size = Side * PixelSize;
        (double left, double top) = (middle.X - (size / 2), middle.Y - (size / 2));
        IEnumerable<XElement> shades = pixels
            .Select((value, k) => (Place: k, Shade: double.IsNaN(value) ? 0 : (int)Math.Round(Shades * Math.Clamp(value, -1, 1))))
            .Where(pixel => pixel.Shade != 0)
            .GroupBy(pixel => pixel.Shade)
            .OrderBy(group => group.Key)
            .Select(group => Shade(group.Key, group.Select(pixel => (left + (pixel.Place % Side * PixelSize), top + (pixel.Place / Side * PixelSize)))));
        return [Svg.Rectangle("paper", left, top, size, size), .. shades, Svg.Rectangle("grid", left, top, size, size)];
    }

    /// <summary>Draws all pixels of a shade.</summary>
    private XElement Shade(int shade, IEnumerable<(double Left, double Top)> pixels)
    {
        string side = Svg.Number(PixelSize);
        XElement path = Svg.Path(
            "filled " + Palette.Class(shade > 0 ? Look.Hue : Hue.Vermilion),
            string.Concat(pixels.Select(pixel => $"M{Svg.Number(pixel.Left)} {Svg.Number(pixel.Top)}h{side}v{side}h-{side}z")));
        path.Add(Svg.Attribute("fill-opacity", Math.Abs(shade) / (double)Shades));
        return path;
    }
}
