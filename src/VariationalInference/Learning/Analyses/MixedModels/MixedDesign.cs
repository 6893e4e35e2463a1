namespace VariationalInference;

/// <summary>
/// The rows that have a response, in units of their own: y = y₀ + d ỹ, x_j = x_j0 + d_j x̃_j and z_e = d_e z̃_e, with powers of two for d, and
/// the first row's values for y₀ and x_j0 where there is a fixed intercept to take them up, so that neither level nor scale costs digits.
/// </summary>
internal sealed class MixedDesign
{
    public MixedDesign(double[] response, double[]? weights, IReadOnlyList<FixedColumn> columns, IReadOnlyList<GroupingFactor> factors)
    {
        Rows = [.. Enumerable.Range(0, response.Length).Where(i => !double.IsNaN(response[i]))];
        Columns = columns;
        HasIntercept = columns.Any(column => column.Values is null);
        RootWeights = [.. Rows.Select(i => weights is null ? 1 : Math.Sqrt(weights[i]))];
        LogWeights = weights is null ? 0 : Rows.Sum(i => Math.Log(weights[i]));
        (ResponseOrigin, ResponseScale, Response) = Standardise(Rows, response, HasIntercept);
        Fixed = new double[columns.Count][];
        FixedOrigins = new double[columns.Count];
        FixedScales = new double[columns.Count];
        for (int j = 0; j < columns.Count; j++)
        {
            (FixedOrigins[j], FixedScales[j], Fixed[j]) = columns[j].Values is double[] values
                ? Standardise(Rows, values, HasIntercept)
                : (0, 1, [.. Enumerable.Repeat(1.0, Rows.Length)]);
        }

        // The factor with the most effects comes first: it is eliminated level by level, whatever its size.
        Factors = [.. factors.OrderByDescending(factor => (long)factor.Labels.Count * factor.Width)];
        Order = [.. Factors.Select(factor => IndexOf(factors, factor))];
        Codes = [.. Factors.Select(factor => Rows.Select(i => factor.Codes[i]).ToArray())];
        Effects = [.. Factors.Select(factor => factor.Effects.Select(effect => Select(effect)).ToArray())];
        EffectScales = [.. Effects.Select(effects => effects.Select(effect => effect.Scale).ToArray())];
    }

    /// <summary>Gets the rows with a response, among those given.</summary>
    public int[] Rows { get; }

    public IReadOnlyList<FixedColumn> Columns { get; }

    public bool HasIntercept { get; }

    /// <summary>Gets ỹ.</summary>
    public double[] Response { get; }

    public double ResponseOrigin { get; }

    public double ResponseScale { get; }

    /// <summary>Gets x̃, by column.</summary>
    public double[][] Fixed { get; }

    public double[] FixedOrigins { get; }

    public double[] FixedScales { get; }

    public double[] RootWeights { get; }

    /// <summary>Gets Σ log w.</summary>
    public double LogWeights { get; }

    /// <summary>Gets the grouping factors, the one with the most effects first.</summary>
    public IReadOnlyList<GroupingFactor> Factors { get; }

    /// <summary>Gets the place of each of <see cref="Factors"/> in the order in which the user named them.</summary>
    public int[] Order { get; }

    /// <summary>Gets the level of each row, by factor.</summary>
    public int[][] Codes { get; }

    /// <summary>Gets z̃ by factor and effect; without values for an intercept.</summary>
    public (double[]? Values, double Scale)[][] Effects { get; }

    public double[][] EffectScales { get; }

    /// <summary>Gets Σ log of the fixed columns' units, which takes det X̃ᵀV⁻¹X̃ to det XᵀV⁻¹X.</summary>
    public double LogFixedScales => FixedScales.Sum(Math.Log);

    /// <summary>Returns the power of two at or below the largest magnitude.</summary>
    public static double ScaleOf(IEnumerable<double> values)
    {
        double largest = values.Select(Math.Abs).DefaultIfEmpty(0).Max();
        return largest > 0 ? Math.ScaleB(1, Math.ILogB(largest)) : 1;
    }

    private (double[]? Values, double Scale) Select(RandomEffect effect)
    {
        if (effect.Values is null)
        {
            return (null, 1);
        }

        double[] values = [.. Rows.Select(i => effect.Values[i])];
        double scale = ScaleOf(values);
        return ([.. values.Select(value => value / scale)], scale);
    }

    private static (double Origin, double Scale, double[] Values) Standardise(int[] rows, double[] values, bool centres)
    {
        // Halves, because a difference of two finite numbers may leave the range.
        double origin = centres && rows.Length > 0 ? values[rows[0]] : 0;
        double[] halves = [.. rows.Select(i => (values[i] / 2) - (origin / 2))];
        double half = ScaleOf(halves);
        return (origin, 2 * half, [.. halves.Select(value => value / half)]);
    }

    private static int IndexOf(IReadOnlyList<GroupingFactor> factors, GroupingFactor factor)
    {
        for (int i = 0; ; i++)
        {
            if (ReferenceEquals(factors[i], factor))
            {
                return i;
            }
        }
    }
}

/// <summary>A column of the fixed effects.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Values">Its values, one a row; null for the intercept.</param>
internal sealed record FixedColumn(string Name, double[]? Values);
