using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>The mean of each column and the covariance matrix of rows; a missing cell counts as its column's mean, and in no variance.</summary>
internal sealed class RowMoments
{
    /// <param name="parts">The rows, in parts, which are read twice.</param>
    /// <param name="width">The number of columns.</param>
    public RowMoments(IEnumerable<DecoderRows> parts, int width)
    {
        Means = new double[width];
        var counts = new long[width];
        long rowCount = 0;
        foreach (DecoderRows rows in parts)
        {
            rowCount += rows.Count;
            AddMeans(rows, counts);
        }

        double[] products = Products(parts, width);
        Variances = new double[width];
        for (int k = 0; k < width; k++)
        {
            Variances[k] = counts[k] == 0 ? 0 : products[(k * width) + k] / counts[k];
        }

        Covariance = Matrix<double>.Build.Dense(
            width, width, (k, j) => k == j ? Variances[k] : products[(Math.Max(k, j) * width) + Math.Min(k, j)] / rowCount);
    }

    public double[] Means { get; }

    public double[] Variances { get; }

    public Matrix<double> Covariance { get; }

    private void AddMeans(DecoderRows rows, long[] counts)
    {
        for (int n = 0; n < rows.Count; n++)
        {
            ReadOnlySpan<double> row = rows.Observations(n);
            for (int k = 0; k < row.Length; k++)
            {
                if (!double.IsNaN(row[k]))
                {
                    counts[k]++;
                    Means[k] += (row[k] - Means[k]) / counts[k];
                }
            }
        }
    }

    private double[] Products(IEnumerable<DecoderRows> parts, int width)
    {
        var products = new double[width * width];
        var centred = new double[width];
        foreach (DecoderRows rows in parts)
        {
            for (int n = 0; n < rows.Count; n++)
            {
                ReadOnlySpan<double> row = rows.Observations(n);
                for (int k = 0; k < width; k++)
                {
                    centred[k] = double.IsNaN(row[k]) ? 0 : row[k] - Means[k];
                    for (int j = 0; j <= k; j++)
                    {
                        products[(k * width) + j] += centred[k] * centred[j];
                    }
                }
            }
        }

        return products;
    }
}
