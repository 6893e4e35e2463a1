namespace VariationalInference;

/// <summary>The exact posterior as a table, with what mean field makes of its standard deviations.</summary>
internal static class MeanFieldSummary
{
    public static SummaryTable Of(MultivariateGaussian exact, MeanFieldGaussian meanField, IReadOnlyList<string>? names, double probability)
    {
        SummaryTable marginals = exact.Summary(names, probability);
        return new SummaryTable(
            [.. marginals.Columns, "mean-field sd"],
            [.. marginals.Names.Select((name, j) => (
                name, (double[])[.. Enumerable.Range(0, marginals.Columns.Length).Select(c => marginals[j, c]), meanField[j].StandardDeviation]))]);
    }
}
