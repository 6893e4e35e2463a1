using System.Numerics.Tensors;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>
/// The derivatives of the bound along what only rescales the latents: W → W(I + B) and b → b + Wc, in nats.
/// </summary>
/// <remarks>
/// A change of W by WB is a change of the prior, so that these are Σ n (E[ttᵀ] − I) and Σ n E[t] for whitened latents t: numbers of order one,
/// exact to their own rounding. Taken from the derivatives by the loadings they would be differences of numbers that are as large as the
/// signal is to the noise, squared. The mean-field family loses ½ (Σ_j log M_jj − log det M) a row, M = I + S = V⁻¹, of which the derivative by
/// B_aj is S_aj/M_jj − (I − V)_aj.
/// </remarks>
internal sealed class LatentDerivatives(int latents)
{
    private readonly double[] _byScale = new double[latents * latents];
    private readonly double[] _byShift = new double[latents];

    /// <summary>Sums the derivatives over the blocks of a bound.</summary>
    public static (Matrix<double> ByScale, Vector<double> ByShift) Of(MarginalBound bound, LearningPoint point)
    {
        var sums = new LatentDerivatives[bound.Shards.Count];
        bound.Shards.ForEach((shard, first, end) =>
        {
            BlockAlgebra algebra = bound.Shards.Rent();
            sums[shard] = new LatentDerivatives(point.Latents);
            for (int i = first; i < end; i++)
            {
                sums[shard].Add(bound.Blocks[i], point, bound.IsMeanField, algebra);
            }

            bound.Shards.Return(algebra);
        });
        for (int shard = 1; shard < sums.Length; shard++)
        {
            TensorPrimitives.Add(sums[0]._byScale, sums[shard]._byScale, sums[0]._byScale);
            TensorPrimitives.Add(sums[0]._byShift, sums[shard]._byShift, sums[0]._byShift);
        }

        return (
            Matrix<double>.Build.DenseOfRowMajor(point.Latents, point.Latents, sums[0]._byScale),
            Vector<double>.Build.DenseOfArray(sums[0]._byShift));
    }

    private void Add(LearningBlock block, LearningPoint point, bool isMeanField, BlockAlgebra algebra)
    {
        if (!algebra.Condition(block, point, meanField: false, withCovariance: true))
        {
            Array.Fill(_byScale, double.NaN);
            return;
        }

        double n = block.Count;
        TensorPrimitives.MultiplyAdd(algebra.Latents.AsSpan(0, latents), n, _byShift, _byShift);
        TensorPrimitives.MultiplyAdd(algebra.Covariance, n, _byScale, _byScale);
        for (int a = 0; a < latents; a++)
        {
            Span<double> row = _byScale.AsSpan(a * latents, latents);
            row[a] -= n;
            for (int column = 0; column <= block.Rank; column++)
            {
                ReadOnlySpan<double> mean = algebra.Latents.AsSpan(column * latents, latents);
                TensorPrimitives.MultiplyAdd(mean, n * mean[a], row, row);
            }
        }

        if (isMeanField)
        {
            SubtractGap(block, algebra);
        }
    }

    private void SubtractGap(LearningBlock block, BlockAlgebra algebra)
    {
        for (int a = 0; a < latents; a++)
        {
            for (int j = 0; j < latents; j++)
            {
                double product = 0, square = 0;
                for (int i = 0; i < block.Size; i++)
                {
                    double ratio = algebra.Scaled[(i * latents) + j] / algebra.Deviations[i];
                    product += algebra.Scaled[(i * latents) + a] / algebra.Deviations[i] * ratio;
                    square += ratio * ratio;
                }

                double identity = a == j ? 1 : 0;
                _byScale[(a * latents) + j] -= block.Count * ((product / (1 + square)) - identity + algebra.Covariance[(a * latents) + j]);
            }
        }
    }
}
