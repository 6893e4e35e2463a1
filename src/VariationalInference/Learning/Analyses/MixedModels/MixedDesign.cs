namespace VariationalInference;

/// <summary>
/// The rows that have a response, in units of their own: y = y₀ + d ỹ, x_j = x_j0 + d_j x̃_j and z_e = z_e0 + d_e z̃_e, with powers of two for d, so
/// that neither level nor scale costs digits. Origins are there where something takes them up: y₀ and x_j0, the first row's values, where there is a
/// fixed intercept; z_e0, a value near the mean, where the term has an intercept, with which a slope far from zero would be all but collinear.
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
        Codes = [.. Factors.Select(factor => Rows.Select(i => factor.Codes[i]).ToArray())];
        Effects = [.. Factors.Select(factor => factor.Effects.Select(effect => Select(factor, effect)).ToArray())];
        Transforms = [.. Factors.Select((factor, f) => TransformOf(factor, Effects[f]))];
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

    /// <summary>Gets the level of each row, by factor.</summary>
    public int[][] Codes { get; }

    /// <summary>Gets z̃ by factor and effect; without values for an intercept.</summary>
    public (double[]? Values, double Origin, double Scale)[][] Effects { get; }

    /// <summary>Gets by factor the matrix, row by row, that takes effects of z̃ to those of z, but for the response's scale.</summary>
    public double[][] Transforms { get; }

    /// <summary>Gets Σ log of the fixed columns' units, which takes det X̃ᵀV⁻¹X̃ to det XᵀV⁻¹X.</summary>
    public double LogFixedScales => FixedScales.Sum(Math.Log);

    /// <summary>Returns the power of two at or below the largest magnitude.</summary>
    public static double ScaleOf(IEnumerable<double> values)
    {
        double largest = values.Select(Math.Abs).DefaultIfEmpty(0).Max();
        return largest > 0 ? Math.ScaleB(1, Math.ILogB(largest)) : 1;
    }

    private (double[]? Values, double Origin, double Scale) Select(GroupingFactor factor, RandomEffect effect)
    {
        if (effect.Values is null)
        {
            return (null, 0, 1);
        }

        double[] values = [.. Rows.Select(i => effect.Values[i])];
        double origin = 0;
        if (factor.Effects.Any(other => other.Values is null && other.Term == effect.Term))
        {
            // A value that occurs: differences of numbers of like size are exact.
            double mean = values.Select(value => value / values.Length).Sum();
            origin = values.MinBy(value => Math.Abs((value / 2) - (mean / 2)));
        }

        double[] halves = [.. values.Select(value => (value / 2) - (origin / 2))];
        double half = ScaleOf(halves);
        return ([.. halves.Select(value => value / half)], origin, 2 * half);
    }

    private static double[] TransformOf(GroupingFactor factor, (double[]? Values, double Origin, double Scale)[] effects)
    {
        int width = factor.Width;
        var transform = new double[width * width];
        for (int e = 0; e < width; e++)
        {
            transform[(e * width) + e] = 1 / effects[e].Scale;
            for (int i = 0; i < width && effects[e].Origin != 0; i++)
            {
                if (effects[i].Values is null && factor.Effects[i].Term == factor.Effects[e].Term)
                {
                    transform[(i * width) + e] = -effects[e].Origin / effects[e].Scale;
                }
            }
        }

        return transform;
    }

    private static (double Origin, double Scale, double[] Values) Standardise(int[] rows, double[] values, bool centres)
    {
        // Halves, because a difference of two finite numbers may leave the range.
        double origin = centres && rows.Length > 0 ? values[rows[0]] : 0;
        double[] halves = [.. rows.Select(i => (values[i] / 2) - (origin / 2))];
        double half = ScaleOf(halves);
        return (origin, 2 * half, [.. halves.Select(value => value / half)]);
    }
}

/// <summary>A column of the fixed effects.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Values">Its values, one a row; null for the intercept.</param>
internal sealed record FixedColumn(string Name, double[]? Values);
