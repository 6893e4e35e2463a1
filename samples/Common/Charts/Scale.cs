namespace VariationalInference.Samples;

/// <summary>An axis laid along pixels.</summary>
internal sealed class Scale
{
    private const double LeastTickSpace = 34;
    private const int MostTicks = 9;
    private const double MostLabelWidth = 130;

    private readonly Axis _axis;
    private readonly double _low;
    private readonly double _high;

    /// <param name="axis">The axis.</param>
    /// <param name="range">The values at its ends, from <see cref="Axis.Range"/>.</param>
    /// <param name="start">The pixel of the first end.</param>
    /// <param name="end">The pixel of the other end.</param>
    public Scale(Axis axis, (double Low, double High) range, double start, double end)
    {
        _axis = axis;
        (_low, _high) = range;
        Start = start;
        End = end;
    }

    public double Start { get; }

    public double End { get; }

    /// <summary>Returns whether a value has a place between the ends.</summary>
    public bool Shows(double value) => _axis.CanPlace(value) && value >= Math.Min(_low, _high) && value <= Math.Max(_low, _high);

    /// <summary>Returns whether a value has a place, which may lie beyond the ends.</summary>
    public bool CanPlace(double value) => _axis.CanPlace(value);

    /// <summary>Returns the pixel of a value.</summary>
    public double Place(double value) => Start + ((End - Start) * (Measure(value) - Measure(_low)) / (Measure(_high) - Measure(_low)));

    /// <summary>Returns the value at a pixel.</summary>
    public double ValueAt(double pixel)
    {
        double measure = Measure(_low) + ((pixel - Start) / (End - Start) * (Measure(_high) - Measure(_low)));
        return _axis.IsLogarithmic ? Math.Pow(10, measure) : measure;
    }

    /// <summary>Returns the labels of a horizontal axis: as many as fit beside one another.</summary>
    public IReadOnlyList<Tick> HorizontalTicks()
    {
        double length = Math.Abs(End - Start);
        for (int most = MostTicks; most > 1; most--)
        {
            IReadOnlyList<Tick> ticks = AtMost(most);
            if (ticks.Count * (ticks.Select(tick => TextSize.Width(tick.Label)).DefaultIfEmpty().Max() + TextSize.Space) <= length)
            {
                return ticks;
            }
        }

        return AtMost(1);
    }

    /// <summary>Returns the labels of a vertical axis.</summary>
    public IReadOnlyList<Tick> VerticalTicks() => AtMost(Math.Clamp((int)(Math.Abs(End - Start) / LeastTickSpace), 2, MostTicks));

    private double Measure(double value) => _axis.IsLogarithmic ? Math.Log10(value) : value;

    private IReadOnlyList<Tick> AtMost(int most) => _axis switch
    {
        { Categories: { } names } => [.. names.Select((name, i) => new Tick(i, TextSize.Fit(name, MostLabelWidth)))],
        { IsLogarithmic: true } => Ticks.Logarithmic(_low, _high, most),
        _ => Ticks.Linear(_low, _high, most),
    };
}
