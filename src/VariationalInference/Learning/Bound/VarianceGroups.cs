namespace VariationalInference;

/// <summary>Which standard deviations are learned, and which of them are one and the same.</summary>
internal sealed class VarianceGroups
{
    private readonly int[] _groups;

    private VarianceGroups(int[] groups)
    {
        _groups = groups;
        Count = groups.Length == 0 ? 0 : Math.Max(groups.Max() + 1, 0);
    }

    /// <summary>Gets the number of groups.</summary>
    public int Count { get; }

    public static VarianceGroups Of(VarianceLearning learning, int members) => new([.. Enumerable.Range(0, members).Select(i => learning switch
    {
        VarianceLearning.Fixed => -1,
        VarianceLearning.Shared => 0,
        _ => i,
    })]);

    /// <summary>Takes a group's number for each member, −1 where it is fixed.</summary>
    public static VarianceGroups Of(ReadOnlySpan<int> groups) => new([.. groups]);

    /// <summary>Returns the group of a member, −1 where it is fixed.</summary>
    public int this[int member] => _groups[member];

    /// <summary>Writes the value of each group, which is that of any of its members.</summary>
    public void Pack(ReadOnlySpan<double> values, Span<double> groups)
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (_groups[i] >= 0)
            {
                groups[_groups[i]] = values[i];
            }
        }
    }

    /// <summary>Gives every member that is learned the value of its group.</summary>
    public void Spread(ReadOnlySpan<double> groups, Span<double> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (_groups[i] >= 0)
            {
                values[i] = groups[_groups[i]];
            }
        }
    }

    /// <summary>Writes the sum over the members of each group.</summary>
    public void Gather(ReadOnlySpan<double> values, Span<double> groups)
    {
        groups.Clear();
        for (int i = 0; i < values.Length; i++)
        {
            if (_groups[i] >= 0)
            {
                groups[_groups[i]] += values[i];
            }
        }
    }

    /// <summary>Gives every member that is learned the root of its group's mean square.</summary>
    /// <param name="deviations">Receives the standard deviations.</param>
    /// <param name="squares">Sums of squares.</param>
    /// <param name="counts">Over how many they are.</param>
    public void Assign(Span<double> deviations, ReadOnlySpan<double> squares, ReadOnlySpan<double> counts)
    {
        var sums = new double[Count];
        var totals = new double[Count];
        Gather(squares, sums);
        Gather(counts, totals);
        for (int g = 0; g < Count; g++)
        {
            sums[g] = Math.Sqrt(sums[g] / totals[g]);
        }

        Spread(sums, deviations);
    }

    /// <summary>Tells whether a group has one member only, so that one row says nothing of its variance.</summary>
    public bool HasSingle => Enumerable.Range(0, Count).Any(group => _groups.Count(other => other == group) == 1);

    /// <summary>Gives every member the mean over its group, those that are fixed apart.</summary>
    public double[] Averages(double[] values) =>
        [.. values.Select((value, i) => _groups[i] < 0 ? value : values.Where((_, other) => _groups[other] == _groups[i]).Average())];
}
