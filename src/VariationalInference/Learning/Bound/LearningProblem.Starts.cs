using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Factorization;
using MathNet.Numerics.Random;

namespace VariationalInference;

/// <content>Where to start.</content>
internal sealed partial class LearningProblem
{
    private const int StartPurpose = 0x454D;

    private Matrix<double>? _pairwise;

    /// <summary>Returns a start on the data's own scale: the first is always the same, the second is the given model, others are drawn.</summary>
    public LearningPoint Start(int index)
    {
        LearningPoint point = Given;
        if (index == 1)
        {
            return point;
        }

        // The origin is near the data, the given model need not be.
        point.Offset.AsSpan(0, Layout.OffsetCount).Clear();
        point.Means.AsSpan(0, Layout.MeanCount).Clear();
        var random = new Xoshiro256StarStar(StreamSeed.Of(_options.Seed, StartPurpose, index), threadSafe: false);
        var deviations = new double[Layout.DeviationCount];
        for (int g = 0; g < deviations.Length; g++)
        {
            double factor = index == 0 || deviations.Length == 1 ? 1 : Math.Exp(Normal.Sample(random, 0, 1));
            deviations[g] = Math.Sqrt(0.5 / point.Latents) * factor;
        }

        Layout.Deviations.Spread(deviations, point.Deviations);

        if (Layout.LoadingCount > 0)
        {
            StartLoadings(point, index == 0 ? null : random);
        }
        else if (Layout.NoiseCount > 0)
        {
            point.Noise.AsSpan().Fill(Math.Sqrt(0.5) * (index == 0 ? 1 : Math.Exp(Normal.Sample(random, 0, 1))));
        }

        return point;
    }

    /// <summary>
    /// Starts from noise variances, drawn or as Jöreskog (1967) has them, (1 − J/2K) over the diagonal of the inverse covariance, and the loadings that
    /// maximise the likelihood for them: with the eigenvalues λ and vectors u of Ψ^-½ S Ψ^-½, the columns √(λ − 1) Ψ^½ u.
    /// </summary>
    private void StartLoadings(LearningPoint point, Xoshiro256StarStar? random)
    {
        int size = point.Observations, latents = point.Latents;
        Matrix<double> covariance = _pairwise ??= PairwiseCovariance(size);
        if (Layout.NoiseCount > 0)
        {
            double[] variances = random is null
                ? Uniquenesses(covariance, latents)
                : [.. Enumerable.Range(0, size).Select(k => covariance[k, k] * (0.05 + (0.95 * random.NextDouble())))];
            double shared = variances.Average();
            for (int k = 0; k < size; k++)
            {
                point.Noise[k] = Math.Sqrt(Layout.NoiseCount == 1 ? shared : variances[k]);
            }
        }

        double[] noise = point.Noise;
        Matrix<double> scaled = Matrix<double>.Build.Dense(size, size, (i, j) => covariance[i, j] / (noise[i] * noise[j]));
        Evd<double> spectrum = scaled.Evd(Symmetricity.Symmetric);
        for (int j = 0; j < latents; j++)
        {
            int place = size - 1 - j;
            double excess = place >= 0 ? Math.Max(spectrum.EigenValues[place].Real - 1, 0.05) : 0.05;
            for (int k = 0; k < size; k++)
            {
                double vector = place >= 0 ? spectrum.EigenVectors[k, place] : 1 / Math.Sqrt(size);
                point.Loadings[(k * latents) + j] = Math.Sqrt(excess) * noise[k] * vector / point.Deviations[j];
            }
        }
    }

    private static double[] Uniquenesses(Matrix<double> covariance, int latents)
    {
        int size = covariance.RowCount;
        Matrix<double> inverse = (covariance + Matrix<double>.Build.DenseDiagonal(size, size, 1e-6)).PseudoInverse();
        double factor = Math.Max(1 - (0.5 * latents / size), 0.1);
        return [.. Enumerable.Range(0, size).Select(
            k => Math.Clamp(factor / Math.Max(inverse[k, k], 1e-300), 0.005 * covariance[k, k], covariance[k, k]))];
    }

    /// <summary>Returns the covariances of the columns over the rows that have both cells.</summary>
    private Matrix<double> PairwiseCovariance(int size)
    {
        var counts = new double[size * size];
        var means = new double[size];
        var sums = new double[size * size];
        var columnCounts = new double[size];
        foreach (LearningBlock block in Blocks)
        {
            for (int i = 0; i < block.Size; i++)
            {
                means[block.Observed[i]] += block.Count * block.Mean[i];
                columnCounts[block.Observed[i]] += block.Count;
            }
        }

        for (int k = 0; k < size; k++)
        {
            means[k] /= columnCounts[k];
        }

        foreach (LearningBlock block in Blocks)
        {
            for (int i = 0; i < block.Size; i++)
            {
                for (int j = 0; j < block.Size; j++)
                {
                    int a = block.Observed[i], b = block.Observed[j];
                    counts[(a * size) + b] += block.Count;
                    double product = (block.Mean[i] - means[a]) * (block.Mean[j] - means[b]);
                    for (int row = 0; row < block.Root.Length; row += block.Size)
                    {
                        product += block.Root[row + i] * block.Root[row + j];
                    }

                    sums[(a * size) + b] += block.Count * product;
                }
            }
        }

        return Matrix<double>.Build.Dense(size, size, (a, b) =>
        {
            double floor = a == b ? 1e-3 : 0;
            double count = counts[(a * size) + b];
            return Math.Max(count > 0 ? sums[(a * size) + b] / count : 0, a == b ? floor : double.NegativeInfinity);
        });
    }
}
