namespace VariationalInference;

/// <summary>What a column of numbers, one a row of a table, comes to.</summary>
internal static class ColumnSummary
{
    public static readonly string[] Columns = ["mean", "sd", "least", "largest"];

    /// <summary>Returns the mean, the standard deviation about it (of the rows, divisor N), the least and the largest number.</summary>
    public static double[] Of(IReadOnlyCollection<double> values)
    {
        double mean = values.Average();
        double square = values.Sum(value => (value - mean) * (value - mean)) / values.Count;
        return [mean, Math.Sqrt(square), values.Min(), values.Max()];
    }

    /// <summary>Returns the root of the mean of variances.</summary>
    public static double TypicalDeviation(IReadOnlyCollection<double> variances) => Math.Sqrt(variances.Average());
}
