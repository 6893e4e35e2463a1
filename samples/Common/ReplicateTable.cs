using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference.Samples;

/// <summary>Replicate measurements, one row a group; groups with fewer measurements than others are filled up with NaN.</summary>
public sealed class ReplicateTable
{
    public ReplicateTable(IReadOnlyList<string> groups, IReadOnlyList<IReadOnlyList<double>> measurements)
    {
        Groups = groups;
        int width = measurements.Max(row => row.Count);
        Values = Matrix<double>.Build.Dense(
            groups.Count, width, (n, k) => k < measurements[n].Count ? measurements[n][k] : double.NaN);
    }

    /// <summary>Gets the label of each row.</summary>
    public IReadOnlyList<string> Groups { get; }

    /// <summary>Gets the measurements, N groups × K replicates.</summary>
    public Matrix<double> Values { get; }

    /// <summary>Estimates the variances of a one-way layout by moments: within groups, and between groups (at least 0).</summary>
    public (double Mean, double Within, double Between) Moments()
    {
        double[][] rows = [.. Enumerable.Range(0, Groups.Count).Select(n => Values.Row(n).Where(double.IsFinite).ToArray())];
        int count = rows.Sum(row => row.Length);
        double mean = rows.Sum(row => row.Sum()) / count;
        double within = rows.Sum(row => row.Sum(value => Square(value - row.Average())));
        double between = rows.Sum(row => row.Length * Square(row.Average() - mean));
        double withinVariance = within / Math.Max(1, count - rows.Length);
        double size = (count - (rows.Sum(row => Square(row.Length)) / count)) / Math.Max(1, rows.Length - 1);
        double betweenVariance = (between / Math.Max(1, rows.Length - 1)) - withinVariance;
        return (mean, withinVariance, Math.Max(0, betweenVariance / size));
    }

    private static double Square(double value) => value * value;
}
