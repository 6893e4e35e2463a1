namespace VariationalInference;

/// <summary>The labels that divide the rows into groups, and the effects that vary between them.</summary>
/// <param name="Name">What the groups are.</param>
/// <param name="Labels">The levels' labels, in the order of their first row.</param>
/// <param name="Codes">The level of each row.</param>
/// <param name="Effects">The effects, those of a term together.</param>
internal sealed record GroupingFactor(string Name, IReadOnlyList<string> Labels, int[] Codes, IReadOnlyList<RandomEffect> Effects)
{
    public int Width => Effects.Count;

    /// <summary>Tells whether element (i, j) of the factor Λ of the effects' covariance is free: in its lower triangle, and within a term.</summary>
    public bool IsFree(int i, int j) => j <= i && Effects[i].Term == Effects[j].Term;
}

/// <summary>An effect that varies between groups.</summary>
/// <param name="Name">Its name: that of the column, or (Intercept).</param>
/// <param name="Values">The column that it multiplies; null for the intercept.</param>
/// <param name="Term">The term that it belongs to: effects of different terms are independent.</param>
internal sealed record RandomEffect(string Name, double[]? Values, int Term);
