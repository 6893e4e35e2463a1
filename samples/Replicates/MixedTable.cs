using System.Collections.Immutable;

namespace VariationalInference.Samples;

/// <summary>The columns of a file that a mixed model is made of.</summary>
internal sealed class MixedTable
{
    private readonly MixedFormula _formula;
    private readonly ColumnTable _columns;
    private readonly ImmutableArray<double> _measured;

    /// <exception cref="CsvFormatException">The file cannot be read, or a column is not what it must be; the message has the file, the line and the column.</exception>
    /// <exception cref="UsageException">A column is the response and something else as well.</exception>
    public MixedTable(string path, MixedFormula formula, CsvDialect dialect)
    {
        _formula = formula;
        _columns = ColumnTable.Read(path, formula.Columns, dialect);
        _measured = _columns.Numbers(formula.Measured);
    }

    /// <summary>Gets the number of measurements that are missing.</summary>
    public int MissingCount => _measured.Count(double.IsNaN);

    /// <summary>Makes the model.</summary>
    public MixedModel Model()
    {
        var model = new MixedModel(_formula.Measured, _measured.AsSpan(), _formula.Weights is string weights ? _columns.Numbers(weights).AsSpan() : default);
        foreach (string name in _formula.Covariates)
        {
            model = model.Fixed(name, _columns.Numbers(name).AsSpan());
        }

        foreach (string name in _formula.Factors)
        {
            model = model.FixedFactor(name, _columns.Labels(name).AsSpan());
        }

        foreach (string group in _formula.Groups)
        {
            (string Name, double[] Values)[] slopes =
                [.. _formula.Slopes.Where(slope => slope.Group == group).Select(slope => (slope.Column, _columns.Numbers(slope.Column).ToArray()))];
            model = model.Random(group, Labels(group), slopes, correlated: _formula.IsCorrelated);
        }

        return model;
    }

    /// <summary>Counts the measurements of each group of a grouping; a group that has none is not there.</summary>
    public IReadOnlyDictionary<string, int> CountBy(string group) =>
        Labels(group).Where((_, i) => !double.IsNaN(_measured[i])).CountBy(label => label).ToDictionary();

    /// <summary>Returns the label that a row to be predicted has of a grouping, or null when it is not given whole.</summary>
    public static string? LabelOf(PredictionRow row, string group)
    {
        string?[] labels = [.. MixedFormula.Parts(group).Select(row.Label)];
        return labels.Contains(null) ? null : labels.Aggregate((first, second) => Cross(first!, second!));
    }

    /// <summary>Requires that rows to be predicted have labels of fixed effects that the data have.</summary>
    /// <exception cref="UsageException">They do not.</exception>
    public void RequireKnownFactors(IEnumerable<PredictionRow> rows)
    {
        foreach (PredictionRow row in rows)
        {
            foreach (string factor in _formula.Factors)
            {
                string[] known = [.. _columns.Labels(factor).Distinct()];
                if (!known.Contains(row.Label(factor)))
                {
                    throw new UsageException($"--{PredictionRow.Option} has {factor}={row.Label(factor)}; it must be one of {string.Join(", ", known)}");
                }
            }
        }
    }

    private static string Cross(string first, string second) => MixedModel.Cross([first], [second])[0];

    private string[] Labels(string group) =>
        MixedFormula.Parts(group).Select(part => _columns.Labels(part).ToArray()).Aggregate((first, second) => MixedModel.Cross(first, second));
}
