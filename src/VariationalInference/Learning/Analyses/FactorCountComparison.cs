using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Serialization;

namespace VariationalInference;

/// <summary>Factor analyses of the same statistics with 1, 2, … factors, side by side.</summary>
/// <remarks><threadsafety>Immutable, hence safe to share.</threadsafety></remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// var loadings = Matrix<double>.Build.DenseOfRowArrays(
///     [0.9, 0], [0.8, 0], [0.7, 0], [0.6, 0.5], [0, 0.8], [0, 0.7], [0, 0.9]);
/// var truth = new LinearGaussianModel(loadings, new double[7], [.. Enumerable.Repeat(0.3, 7)], [0, 0], [1, 1]);
/// FactorCountComparison comparison = FactorAnalysis.Compare(SufficientStatistics.Of(truth.Sample(500, seed: 1).Observations));
/// Console.WriteLine(comparison.BestByBic.Fit.Model.LatentCount);   // 2
/// Console.WriteLine(comparison.FewestSufficient(level: 0.01)!.Fit.Model.LatentCount);   // 2
/// ]]></code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed class FactorCountComparison
{
    internal FactorCountComparison(ImmutableArray<FactorAnalysis> analyses) => Analyses = analyses;

    /// <summary>Gets the analyses, element i with i + 1 factors; fewer than asked for where the work was cancelled, but at least one.</summary>
    public ImmutableArray<FactorAnalysis> Analyses { get; }

    /// <summary>Gets the analysis with the least <see cref="FactorAnalysis.Aic"/>.</summary>
    public FactorAnalysis BestByAic => Analyses.MinBy(analysis => analysis.Aic)!;

    /// <summary>Gets the analysis with the least <see cref="FactorAnalysis.Bic"/>.</summary>
    public FactorAnalysis BestByBic => Analyses.MinBy(analysis => analysis.Bic)!;

    /// <summary>Returns the analysis with the fewest factors whose test of exact fit does not reject it.</summary>
    /// <param name="level">The level of the test. Range: 0 &lt; level &lt; 1.</param>
    /// <returns>The analysis; <see langword="null"/> where all are rejected or have no test.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="level"/> is outside its range.</exception>
    public FactorAnalysis? FewestSufficient(double level = 0.05) => level > 0 && level < 1
        ? Analyses.FirstOrDefault(analysis => analysis.ExactFit is { PValue: double p } && p >= level)
        : throw new ArgumentOutOfRangeException(nameof(level), level, Guard.Text($"{nameof(level)} is {level}; it must lie strictly between 0 and 1."));

    /// <summary>Prints the analyses as a table: factors, parameters, log evidence, AIC, BIC, the test of exact fit, and whether learning converged.</summary>
    /// <returns>The table, in lines.</returns>
    public override string ToString()
    {
        var text = new StringBuilder();
        LoadingTable.Append(
            text,
            ["parameters", "log evidence", "AIC", "BIC", "chi-square", "df", "p", "converged"],
            [.. Analyses.Select(analysis => (Wording.Count(analysis.Fit.Model.LatentCount, "factor"), Cells(analysis)))]);
        return text.ToString();
    }

    private static IEnumerable<string> Cells(FactorAnalysis analysis) =>
    [
        Guard.Text($"{analysis.ParameterCount}"),
        Guard.Text($"{analysis.Fit.LogEvidence:F2}"),
        Guard.Text($"{analysis.Aic:F2}"),
        Guard.Text($"{analysis.Bic:F2}"),
        analysis.ExactFit is FactorFitTest chiSquare ? Guard.Text($"{chiSquare.Statistic:F2}") : string.Empty,
        Guard.Text($"{analysis.DegreesOfFreedom}"),
        analysis.ExactFit is FactorFitTest fit ? Guard.Text($"{fit.PValue:G3}") : string.Empty,
        analysis.Fit.Converged ? "yes" : "no",
    ];
}
