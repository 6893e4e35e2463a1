namespace VariationalInference.Samples;

/// <summary>What an axis measures, in which unit, and over which range. Without ends given, it reaches a little beyond what is drawn.</summary>
/// <param name="Title">The quantity and its unit.</param>
public sealed record Axis(string Title)
{
    private const double Largest = 1e300;
    private const double Smallest = 1e-290;
    private const double Margin = 0.04;

    /// <summary>Gets a value indicating whether equal distances are equal ratios; values that are not positive, or below 1e-290, are then left out.</summary>
    public bool IsLogarithmic { get; init; }

    /// <summary>Gets where the axis begins, or null.</summary>
    public double? From { get; init; }

    /// <summary>Gets where the axis ends, or null.</summary>
    public double? To { get; init; }

    /// <summary>Gets the names of the values 0, 1, … from the top of a vertical axis; or null for an axis of numbers.</summary>
    public IReadOnlyList<string>? Categories { get; init; }

    /// <summary>Gets how much room each category has.</summary>
    public double CategoryHeight { get; init; } = 26;

    /// <summary>Returns whether a value has a place on the axis. A value that is not finite never has.</summary>
    internal bool CanPlace(double value) => double.IsFinite(value) && (!IsLogarithmic || value > Smallest);

    /// <summary>Returns the ends of the axis for the values to be drawn; those that have no place do not count.</summary>
    internal (double Low, double High) Range(IEnumerable<double> values)
    {
        if (Categories is not null)
        {
            return (Categories.Count - 0.5, -0.5);
        }

        double[] placed = [.. values.Where(CanPlace).Where(value => !(value < From || value > To))];
        if (placed.FirstOrDefault(value => Math.Abs(value) > Largest) is not 0 and double huge)
        {
            throw new ArgumentException(FormattableString.Invariant($"{Title}: {huge} cannot be drawn; values go up to {Largest}."));
        }

        if (placed.Length == 0)
        {
            placed = [From ?? To ?? 1, To ?? From ?? 1];
        }

        (double low, double high) = Widen(From ?? placed.Min(), To ?? placed.Max());
        return (From ?? low, To ?? high);
    }

    private (double Low, double High) Widen(double low, double high)
    {
        if (IsLogarithmic)
        {
            double ratio = high / low < 1 + 1e-9 ? 10 : Math.Exp(Margin * (Math.Log(high) - Math.Log(low)));
            return (low / ratio, high * ratio);
        }

        // A range that rounding could empty is no range.
        double size = Math.Max(Math.Abs(low), Math.Abs(high));
        double margin = high - low > Math.Max(1e-12 * size, Smallest) ? Margin * (high - low) : size > Smallest ? 0.1 * size : 1;
        return (low - margin, high + margin);
    }
}
