using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference.Samples;

/// <summary>Replicate measurements, one row a group; groups with fewer measurements than others are filled up with NaN.</summary>
public sealed class ReplicateTable
{
    /// <param name="groups">The label of each group.</param>
    /// <param name="measurements">The measurements of each group; NaN means missing. Range: at least one measurement in all.</param>
    public ReplicateTable(IReadOnlyList<string> groups, IReadOnlyList<IReadOnlyList<double>> measurements)
    {
        Groups = groups;
        double[][] present = [.. measurements.Select(row => row.Where(value => !double.IsNaN(value)).ToArray())];
        MissingCount = measurements.Sum(row => row.Count) - present.Sum(row => row.Length);
        int width = present.Max(row => row.Length);
        Values = Matrix<double>.Build.Dense(groups.Count, width, (n, k) => k < present[n].Length ? present[n][k] : double.NaN);
    }

    /// <summary>Gets the label of each row.</summary>
    public IReadOnlyList<string> Groups { get; }

    /// <summary>Gets the measurements, N groups × K replicates.</summary>
    public Matrix<double> Values { get; }

    /// <summary>Gets the number of measurements that were missing where one could have been.</summary>
    public int MissingCount { get; }

    /// <summary>
    /// Estimates a sum model by the moments of a one-way layout. The noise variance is the pooled variance within groups; z1 gets the grand
    /// mean and twice the variance between groups, z2 and so on mean 0 and an equal share of half of it.
    /// </summary>
    /// <param name="latentCount">The number of latents J.</param>
    /// <param name="noiseVariance">The noise variance where it is known, or null.</param>
    public MomentEstimate Estimate(int latentCount, double? noiseVariance = null)
    {
        (double mean, double within, double between) = Moments();
        double noise = noiseVariance ?? within;
        if (!(noise > 0))
        {
            throw new UsageException("the data have no variance within groups to estimate the noise from; give it by --noise-variance");
        }

        // A between-group variance of zero would leave nothing to infer: half the variance of a group's mean then stands in for it.
        double spread = between > 0 ? between : noise / Values.ColumnCount / 2;
        double[] means = new double[latentCount];
        double[] variances = [.. Enumerable.Repeat(spread / 2 / Math.Max(1, latentCount - 1), latentCount)];
        means[0] = mean;
        variances[0] = 2 * spread;
        return new MomentEstimate(noise, means, variances);
    }

    /// <summary>Returns the grand mean and the variances within groups and between groups; the latter is at least 0.</summary>
    public (double Mean, double Within, double Between) Moments()
    {
        double[][] rows =
        [
            .. Enumerable.Range(0, Groups.Count).Select(n => Values.Row(n).Where(double.IsFinite).ToArray()).Where(row => row.Length > 0),
        ];
        int count = rows.Sum(row => row.Length);
        double mean = rows.Sum(row => row.Sum()) / count;
        double[] averages = [.. rows.Select(row => row.Average())];
        double within = rows.Zip(averages).Sum(group => group.First.Sum(value => Square(value - group.Second)));
        double between = rows.Zip(averages).Sum(group => group.First.Length * Square(group.Second - mean));
        double withinVariance = within / Math.Max(1, count - rows.Length);
        double size = (count - (rows.Sum(row => Square(row.Length)) / count)) / Math.Max(1, rows.Length - 1);
        double betweenVariance = (between / Math.Max(1, rows.Length - 1)) - withinVariance;
        return (mean, withinVariance, rows.Length > 1 ? Math.Max(0, betweenVariance / size) : 0);
    }

    private static double Square(double value) => value * value;
}
