namespace VariationalInference;

/// <summary>Responses of any likelihood with the fixed columns and random effects of their rows: η = Xβ + Σ a_f·u_f, with a_f = Λᵀz_f of the row's level of each factor.</summary>
/// <remarks>The factor with the most effects comes first: its levels are eliminated one by one, the others together.</remarks>
internal sealed class MixedSiteDesign
{
    /// <param name="model">The model.</param>
    /// <param name="sizes">Trials or exposures of the rows; empty for 1 each.</param>
    public MixedSiteDesign(MixedModel model, ReadOnlySpan<double> sizes)
    {
        Rows = [.. Enumerable.Range(0, model.RowCount).Where(i => !double.IsNaN(model.Response[i]))];
        Responses = [.. Rows.Select(i => model.Response[i])];
        AllSizes = sizes.ToArray();
        Sizes = AllSizes.Length == 0 ? [] : [.. Rows.Select(i => AllSizes[i])];
        FixedNames = [.. model.Columns.Select(column => column.Name)];
        Intercept = Array.FindIndex([.. model.Columns], column => column.Values is null);
        Fixed = [.. model.Columns.Select(column => column.Values is double[] values ? Rows.Select(i => values[i]).ToArray() : [.. Rows.Select(_ => 1.0)])];
        Factors =
        [
            .. model.Terms.Select((term, index) => (term, index)).GroupBy(item => item.term.Group).Select(group =>
            {
                RandomTermSpec first = group.First().term;
                return new GroupingFactor(
                    first.Group,
                    first.Levels,
                    [.. Rows.Select(i => first.Codes[i])],
                    [.. group.SelectMany(item => item.term.Effects.Select(effect => new RandomEffect(
                        effect.Name, effect.Values is double[] values ? [.. Rows.Select(i => values[i])] : null, item.index)))]);
            }).OrderByDescending(factor => (long)factor.Labels.Count * factor.Width),
        ];
        Scales = [.. Factors.Select(factor => factor.Effects.Select(ScaleOf).ToArray())];
        Starts = new int[Factors.Length];
        for (int f = 1; f < Factors.Length; f++)
        {
            Starts[f] = f == 1 ? 0 : Starts[f - 1] + (Factors[f - 1].Labels.Count * Factors[f - 1].Width);
        }

        RestCount = Factors.Length == 1 ? 0 : Starts[^1] + (Factors[^1].Labels.Count * Factors[^1].Width);
    }

    /// <summary>Gets the rows with a response, among all.</summary>
    public int[] Rows { get; }

    public double[] Responses { get; }

    /// <summary>Gets the sizes of the rows with a response; empty for 1 each.</summary>
    public double[] Sizes { get; }

    /// <summary>Gets the sizes of all rows, as they were given.</summary>
    public double[] AllSizes { get; }

    public string[] FixedNames { get; }

    /// <summary>Gets which fixed column is the intercept; −1 where there is none.</summary>
    public int Intercept { get; }

    /// <summary>Gets the fixed columns.</summary>
    public double[][] Fixed { get; }

    public GroupingFactor[] Factors { get; }

    /// <summary>Gets the root mean square of each effect's column, in whose inverse its standard deviation is learned.</summary>
    public double[][] Scales { get; }

    /// <summary>Gets where the effects of each factor but the first begin among those of all but the first.</summary>
    public int[] Starts { get; }

    /// <summary>Gets the number of effects of all factors but the first.</summary>
    public int RestCount { get; }

    public double SizeOf(int row) => Sizes.Length == 0 ? 1 : Sizes[row];

    private static double ScaleOf(RandomEffect effect)
    {
        double scale = effect.Values is double[] values ? Math.Sqrt(values.Sum(value => value * value) / values.Length) : 1;
        return scale > 0 ? scale : 1;
    }
}
