using System.Text.Json.Serialization;

namespace VariationalInference;

/// <summary>The analysis of variance of a one-way layout.</summary>
/// <remarks>
/// From <see cref="OneWayRandomEffects.Anova"/>.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// OneWayRandomEffects effects = OneWayRandomEffects.Learn([[1.0, 3.0], [5.0, 7.0], [2.0, 6.0]]);
/// Console.WriteLine(effects.Anova);   // sum of squares between 16 on 2 df, within 12 on 3 df, F 2
/// </code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed record AnovaTable
{
    /// <summary>Gets the sum of squares between groups, Σ n_g (ȳ_g − ȳ)².</summary>
    public required double SumOfSquaresBetween { get; init; }

    /// <summary>Gets its degrees of freedom, the number of groups less 1.</summary>
    public required long DegreesOfFreedomBetween { get; init; }

    /// <summary>Gets the sum of squares within groups, Σ (y − ȳ_g)².</summary>
    public required double SumOfSquaresWithin { get; init; }

    /// <summary>Gets its degrees of freedom, the number of measurements less that of groups.</summary>
    public required long DegreesOfFreedomWithin { get; init; }

    /// <summary>Gets the mean square between groups; NaN with one group.</summary>
    public double MeanSquareBetween => SumOfSquaresBetween / DegreesOfFreedomBetween;

    /// <summary>Gets the mean square within groups; NaN without replicates.</summary>
    public double MeanSquareWithin => SumOfSquaresWithin / DegreesOfFreedomWithin;

    /// <summary>Gets the F statistic, the ratio of the two.</summary>
    public double F => MeanSquareBetween / MeanSquareWithin;

    /// <summary>Sums up the table in one line, with five significant digits.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text(
        $"sum of squares between {SumOfSquaresBetween:G5} on {DegreesOfFreedomBetween} df, within {SumOfSquaresWithin:G5} on {DegreesOfFreedomWithin} df, F {F:G5}");
}
