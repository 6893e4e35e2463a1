using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>The mean of each column and the covariance matrix of rows; a missing cell counts as its column's mean, and in no variance.</summary>
internal sealed class RowMoments
{
    public RowMoments(DecoderRows rows, int width)
    {
        Means = new double[width];
        var counts = new long[width];
        for (int n = 0; n < rows.Count; n++)
        {
            ReadOnlySpan<double> row = rows.Observations(n);
            for (int k = 0; k < width; k++)
            {
                if (!double.IsNaN(row[k]))
                {
                    counts[k]++;
                    Means[k] += (row[k] - Means[k]) / counts[k];
                }
            }
        }

        double[] products = Products(rows, width);
        Variances = new double[width];
        for (int k = 0; k < width; k++)
        {
            Variances[k] = counts[k] == 0 ? 0 : products[(k * width) + k] / counts[k];
        }

        Covariance = Matrix<double>.Build.Dense(
            width, width, (k, j) => k == j ? Variances[k] : products[(Math.Max(k, j) * width) + Math.Min(k, j)] / rows.Count);
    }

    public double[] Means { get; }

    public double[] Variances { get; }

    public Matrix<double> Covariance { get; }

    private double[] Products(DecoderRows rows, int width)
    {
        var products = new double[width * width];
        var centred = new double[width];
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

        return products;
    }
}
