using System.Xml.Linq;

namespace VariationalInference.Samples;

/// <summary>The names of marks with a sample of each, in as many rows as they need.</summary>
internal sealed class Legend
{
    private const double RowHeight = 20;
    private const double SampleWidth = 36;

    private readonly List<(Mark Mark, string Label, double X, double Y)> _entries = [];

    public Legend(IEnumerable<Mark> marks, double width)
    {
        double x = 0;
        double y = 0;
        foreach (Mark mark in marks.Where(mark => mark.Label is not null).DistinctBy(mark => mark.Label))
        {
            string label = TextSize.Fit(mark.Label!, width - SampleWidth);
            double entryWidth = SampleWidth + TextSize.Width(label);
            if (x > 0 && x + entryWidth > width)
            {
                x = 0;
                y += RowHeight;
            }

            _entries.Add((mark, label, x, y));
            x += entryWidth + TextSize.Space;
        }
    }

    public double Height => _entries.Count == 0 ? 0 : _entries[^1].Y + RowHeight;

    public IEnumerable<XElement> Draw(double left, double top) => _entries.SelectMany(entry => entry.Mark
        .DrawKey(left + entry.X, top + entry.Y + (RowHeight / 2))
        .Append(Svg.Text("key", left + entry.X + SampleWidth, top + entry.Y + (RowHeight / 2) + 4, "start", entry.Label)));
}
