namespace VariationalInference;

/// <summary>The mean and the standard deviation of each column over the rows that were added, leaving out missing cells (Welford, 1962).</summary>
internal sealed class InputMoments(int width)
{
    private readonly double[] _means = new double[width];
    private readonly double[] _squares = new double[width];
    private readonly long[] _counts = new long[width];

    /// <summary>Gets the means, 0 for columns without values.</summary>
    public ReadOnlySpan<double> Means => _means;

    /// <summary>Returns the standard deviations, 1 for columns that do not vary.</summary>
    public double[] Deviations() => [.. _squares.Select((sum, k) => sum > 0 ? Math.Sqrt(sum / _counts[k]) : 1)];

    public void Add(HybridRows rows)
    {
        for (int n = 0; n < rows.Count; n++)
        {
            ReadOnlySpan<double> row = rows.Observations(n);
            for (int k = 0; k < row.Length; k++)
            {
                if (!double.IsNaN(row[k]))
                {
                    double difference = row[k] - _means[k];
                    _means[k] += difference / ++_counts[k];
                    _squares[k] += difference * (row[k] - _means[k]);
                }
            }
        }
    }
}
