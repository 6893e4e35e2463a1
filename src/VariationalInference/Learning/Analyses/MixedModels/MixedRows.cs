namespace VariationalInference;

/// <summary>The columns and the levels of rows, those that a model was fitted to or new ones.</summary>
internal sealed class MixedRows
{
    private readonly Dictionary<string, double[]> _columns = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int[]> _levels = new(StringComparer.Ordinal);

    public MixedRows(
        MixedModel model, IReadOnlyList<(string Name, double[] Values)> columns, IReadOnlyList<(string Name, string?[] Labels)> groups)
    {
        ArgumentNullException.ThrowIfNull(columns);
        ArgumentNullException.ThrowIfNull(groups);
        Count = columns.Count > 0 ? columns[0].Values?.Length ?? 0 : groups.Count > 0 ? groups[0].Labels?.Length ?? 0 : 1;
        string[] dummies = [.. model.FixedFactors.SelectMany(factor => factor.Levels.Select(level => $"{factor.Name}[{level}]"))];
        string[] needed = [.. model.Columns.Where(column => column.Values is not null).Select(column => column.Name)
            .Concat(model.Terms.SelectMany(term => term.Effects).Where(effect => effect.Values is not null).Select(effect => effect.Name)).Except(dummies)];
        string[] factors = [.. model.FixedFactors.Select(factor => factor.Name).Concat(model.Terms.Select(term => term.Group)).Distinct()];
        foreach ((string name, double[] values) in columns)
        {
            AddColumn(name, values, needed, nameof(columns));
        }

        foreach ((string name, string?[] labels) in groups)
        {
            AddGroup(model, name, labels, factors, nameof(groups));
        }

        Require(needed, _columns.Keys, nameof(columns));
        Require(factors, groups.Select(group => group.Name), nameof(groups));
    }

    private MixedRows(MixedModel model)
    {
        Count = model.RowCount;
        foreach (FixedColumn column in model.Columns.Where(column => column.Values is not null))
        {
            _columns[column.Name] = column.Values!;
        }

        foreach (RandomTermSpec term in model.Terms)
        {
            _levels[term.Group] = [.. term.Codes];
            foreach ((string name, double[]? values) in term.Effects.Where(effect => effect.Values is not null))
            {
                _columns[name] = values!;
            }
        }
    }

    public int Count { get; }

    /// <summary>Returns the rows that a model was made of.</summary>
    public static MixedRows Of(MixedModel model) => new(model);

    /// <summary>Returns the values of a fixed column; null for the intercept.</summary>
    public double[]? Values(FixedColumn column) => column.Values is null ? null : _columns[column.Name];

    /// <summary>Returns the values that an effect multiplies; null for the intercept.</summary>
    public double[]? Values(RandomEffect effect) => effect.Values is null ? null : _columns[effect.Name];

    /// <summary>Returns the levels of a grouping factor; −1 for those that were not there.</summary>
    public int[] Levels(string group) => _levels[group];

    private static void Require(string[] needed, IEnumerable<string> given, string parameter)
    {
        string[] missing = [.. needed.Except(given).Select(name => $"\"{name}\"")];
        if (missing.Length > 0)
        {
            throw new ArgumentException($"{parameter} lack {string.Join(", ", missing)}.", parameter);
        }
    }

    private void AddColumn(string name, double[] values, string[] needed, string parameter)
    {
        if (!needed.Contains(name))
        {
            throw new ArgumentException(
                Guard.Text($"columns have \"{name}\", which the model does not; it has {(needed.Length == 0 ? "none" : string.Join(", ", needed.Select(item => $"\"{item}\"")))}."),
                parameter);
        }

        ArgumentNullException.ThrowIfNull(values, parameter);
        Guard.Length(values.Length, Count, parameter, Guard.Text($"one for each row, in \"{name}\" as in the first"));
        Guard.AllFinite(values, Guard.Text($"columns[\"{name}\"]"));
        if (!_columns.TryAdd(name, [.. values]))
        {
            throw new ArgumentException(Guard.Text($"columns have \"{name}\" twice; they must have it once."), parameter);
        }
    }

    private void AddGroup(MixedModel model, string name, string?[] labels, string[] factors, string parameter)
    {
        if (!factors.Contains(name))
        {
            throw new ArgumentException(
                Guard.Text($"groups have \"{name}\", which the model does not; it has {string.Join(", ", factors.Select(item => $"\"{item}\""))}."), parameter);
        }

        ArgumentNullException.ThrowIfNull(labels, parameter);
        Guard.Length(labels.Length, Count, parameter, Guard.Text($"one for each row, in \"{name}\" as in the first"));
        if (model.Terms.FirstOrDefault(term => term.Group == name) is RandomTermSpec known)
        {
            Dictionary<string, int> places = known.Levels.Select((label, level) => (label, level)).ToDictionary(item => item.label, item => item.level, StringComparer.Ordinal);
            int[] levels = [.. labels.Select(label => label is not null && places.TryGetValue(label, out int level) ? level : -1)];
            if (!_levels.TryAdd(name, levels))
            {
                throw new ArgumentException(Guard.Text($"groups have \"{name}\" twice; they must have it once."), parameter);
            }
        }

        if (model.FixedFactors.FirstOrDefault(factor => factor.Name == name) is FixedFactor factor)
        {
            for (int i = 0; i < labels.Length; i++)
            {
                if (labels[i] is null || !factor.Levels.Contains(labels[i]!))
                {
                    throw new ArgumentException(
                        Guard.Text($"groups[\"{name}\"][{i}] is \"{labels[i]}\"; it must be one of {string.Join(", ", factor.Levels.Select(level => $"\"{level}\""))}."),
                        parameter);
                }
            }

            foreach (string level in factor.Levels)
            {
                _columns[$"{name}[{level}]"] = [.. labels.Select(label => label == level ? 1.0 : 0.0)];
            }
        }
    }
}
