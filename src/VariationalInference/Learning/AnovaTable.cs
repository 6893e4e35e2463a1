namespace VariationalInference;

/// <summary>The analysis of variance of a one-way layout.</summary>
/// <param name="SquaresBetween">The sum of squares between groups, Σ n_g (ȳ_g − ȳ)².</param>
/// <param name="FreedomBetween">Its degrees of freedom, the number of groups less 1.</param>
/// <param name="SquaresWithin">The sum of squares within groups, Σ (y − ȳ_g)².</param>
/// <param name="FreedomWithin">Its degrees of freedom, the number of measurements less that of groups.</param>
public sealed record AnovaTable(double SquaresBetween, long FreedomBetween, double SquaresWithin, long FreedomWithin)
{
    /// <summary>Gets the mean square between groups; NaN with one group.</summary>
    public double MeanSquareBetween => SquaresBetween / FreedomBetween;

    /// <summary>Gets the mean square within groups; NaN without replicates.</summary>
    public double MeanSquareWithin => SquaresWithin / FreedomWithin;

    /// <summary>Gets the F statistic, the ratio of the two.</summary>
    public double F => MeanSquareBetween / MeanSquareWithin;
}
