namespace VariationalInference;

/// <summary>The measurements of a one-way layout, and their analysis of variance.</summary>
internal sealed class OneWayLayout
{
    private readonly List<double> _measurements = [];
    private readonly List<int> _codes = [];
    private readonly List<int> _places = [];
    private readonly List<double> _cells = [];
    private readonly List<int> _sizes = [];

    public OneWayLayout(IEnumerable<IReadOnlyList<double>> groups, string name)
    {
        var means = new List<Moments>();
        Moments? cells = null;
        double within = 0;
        foreach (IReadOnlyList<double> group in groups)
        {
            Width = Math.Max(Width, group?.Count ?? 0);
            Moments? moments = Group(group!, Guard.Text($"{name}[{_places.Count}]"), name);
            _places.Add(moments is null ? -1 : means.Count);
            _sizes.Add(group!.Count);
            _cells.AddRange(group);
            if (moments is null)
            {
                continue;
            }

            cells = cells?.Merge(moments) ?? moments;
            within += moments.Product(0, 0);
            foreach (double value in group!.Where(value => !double.IsNaN(value)))
            {
                _measurements.Add(value);
                _codes.Add(means.Count);
            }

            means.Add(moments);
        }

        if (cells is null)
        {
            throw new ArgumentException($"{name} have no measurements; at least 2 that differ are needed.", name);
        }

        if (!double.IsFinite(cells.Mean(0) + cells.Product(0, 0)))
        {
            Guard.ThrowNonFinite("the sum of squares of the measurements", cells.Product(0, 0), row: 0, iteration: 0);
        }

        if (_measurements.TrueForAll(value => value == _measurements[0]))
        {
            throw new ArgumentException(Guard.Text($"{name} have no measurements but {_measurements[0]}; at least 2 that differ are needed."), name);
        }

        double between = means.Sum(group => group.Count * Square(group.MeanFrom(0, (cells.High[0], cells.Low[0]))));
        Anova = new AnovaTable
        {
            SumOfSquaresBetween = between,
            DegreesOfFreedomBetween = means.Count - 1,
            SumOfSquaresWithin = within,
            DegreesOfFreedomWithin = cells.Count - means.Count,
        };
    }

    /// <summary>Gets the measurements that are there, group after group.</summary>
    public double[] Measurements => [.. _measurements];

    /// <summary>Gets the place of each measurement's group among those that have any.</summary>
    public int[] Codes => [.. _codes];

    /// <summary>Gets the place of each group among those with measurements, −1 for one without.</summary>
    public IReadOnlyList<int> Places => _places;

    /// <summary>Gets all cells, group after group; NaN where missing.</summary>
    public IReadOnlyList<double> Cells => _cells;

    /// <summary>Gets the number of cells of each group.</summary>
    public IReadOnlyList<int> Sizes => _sizes;

    public AnovaTable Anova { get; }

    /// <summary>Gets the number of cells of the largest group, missing ones included.</summary>
    public int Width { get; }

    /// <summary>Centres a group twice, so that the mean and the squares keep the digits of the spread.</summary>
    private static Moments? Group(IReadOnlyList<double> group, string label, string name)
    {
        if (group is null)
        {
            throw new ArgumentException(Guard.Text($"{label} is null; it must be a list of measurements."), name);
        }

        for (int i = 0; i < group.Count; i++)
        {
            if (double.IsInfinity(group[i]))
            {
                throw new ArgumentException(Guard.Text($"{label}[{i}] is {group[i]}; it must be finite, or NaN when it is missing."), name);
            }
        }

        double[] values = [.. group.Where(value => !double.IsNaN(value))];
        if (values.Length == 0)
        {
            return null;
        }

        double centre = values.Average();
        double rest = values.Sum(value => value - centre) / values.Length;
        (double high, double low) = Compensated.Sum(centre, [rest]);
        return new Moments(values.Length, [high], [low], [values.Sum(value => Square((value - centre) - rest))]);
    }

    private static double Square(double value) => value * value;
}
