using System.Text.Json.Serialization;

namespace VariationalInference;

/// <summary>
/// The likelihood-ratio test of a factor model against any covariance matrix, with Bartlett's correction: is this number of factors sufficient?
/// </summary>
/// <remarks>
/// One of <see cref="FactorAnalysis.ExactFit"/>. The statistic is (N − 1 − (2K + 5)/6 − 2J/3)(log det Σ − log det S + tr Σ⁻¹S − K), which for many rows has a
/// χ² distribution if the model is true.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// var correlations = Matrix<double>.Build.DenseOfRowArrays(
///     [1.0, 0.56, 0.48, 0.4], [0.56, 1.0, 0.42, 0.35], [0.48, 0.42, 1.0, 0.5], [0.4, 0.35, 0.5, 1.0]);
/// FactorAnalysis analysis = FactorAnalysis.Learn(SufficientStatistics.OfMoments(200, [0, 0, 0, 0], correlations), factorCount: 1);
/// Console.WriteLine(analysis.ExactFit);   // chi-square 11.27 on 2 degrees of freedom, p = 0.00357
/// ]]></code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed record FactorFitTest
{
    /// <summary>Gets the statistic χ²; ≥ 0 but for rounding.</summary>
    public required double Statistic { get; init; }

    /// <summary>Gets ((K − J)² − K − J)/2, the number of restrictions.</summary>
    public required int DegreesOfFreedom { get; init; }

    /// <summary>Gets the probability of so large a statistic if the model is true.</summary>
    public required double PValue { get; init; }

    /// <summary>Returns the test in words.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text($"chi-square {Statistic:F2} on {Wording.Count(DegreesOfFreedom, "degree")} of freedom, p = {PValue:G3}");
}
