namespace VariationalInference;

/// <summary>The moments of a one-way layout: of all measurements, and of the groups by size.</summary>
internal sealed class OneWayLayout
{
    private readonly List<Moments?> _groups = [];

    public OneWayLayout(IEnumerable<IReadOnlyList<double>> groups, string name)
    {
        var sizes = new SortedDictionary<int, GroupMoments>();
        Moments? cells = null;
        double within = 0;
        foreach (IReadOnlyList<double> group in groups)
        {
            Width = Math.Max(Width, group?.Count ?? 0);
            Moments? moments = Group(group!, Guard.Text($"{name}[{_groups.Count}]"), name);
            _groups.Add(moments);
            if (moments is null)
            {
                continue;
            }

            cells = cells?.Merge(moments) ?? moments;
            within += moments.Product(0, 0);
            int count = (int)moments.Count;
            var mean = new Moments(1, [moments.High[0]], [moments.Low[0]], null);
            sizes[count] = sizes.TryGetValue(count, out GroupMoments? known)
                ? new GroupMoments(count, known.Means.Merge(mean), known.WithinSquares + moments.Product(0, 0))
                : new GroupMoments(count, mean, moments.Product(0, 0));
        }

        Cells = cells ?? throw new ArgumentException($"{name} have no measurements; at least 1 is needed.", name);
        Sizes = [.. sizes.Values];
        if (!double.IsFinite(Cells.Mean(0) + Cells.Product(0, 0)))
        {
            Guard.ThrowNonFinite("the sum of squares of the measurements", Cells.Product(0, 0), row: 0, iteration: 0);
        }

        long present = _groups.Count(group => group is not null);
        double between = _groups.Sum(group => group is null ? 0 : group.Count * Square(group.MeanFrom(0, (Cells.High[0], Cells.Low[0]))));
        Anova = new AnovaTable(between, present - 1, within, Cells.Count - present);
    }

    /// <summary>Gets the moments of all measurements.</summary>
    public Moments Cells { get; }

    /// <summary>Gets the groups of each size, in ascending order.</summary>
    public IReadOnlyList<GroupMoments> Sizes { get; }

    public AnovaTable Anova { get; }

    /// <summary>Gets the number of cells of the largest group, missing ones included.</summary>
    public int Width { get; }

    /// <summary>Returns the size of each group and how far its mean is from an origin.</summary>
    public (int Cells, double Mean)[] MeansFrom((double High, double Low) origin) =>
        [.. _groups.Select(group => group is null ? (0, double.NaN) : ((int)group.Count, group.MeanFrom(0, origin)))];

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
