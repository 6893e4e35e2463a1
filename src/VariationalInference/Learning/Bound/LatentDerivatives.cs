using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>
/// The derivatives of the bound along what only rescales the latents: W → W(I + B) and b → b + Wc, in nats.
/// </summary>
/// <remarks>
/// A change of W by WB is a change of the prior, so that these are Σ n (E[zzᵀ] − I) and Σ n E[z] for whitened latents: numbers of order one,
/// exact to their own rounding. Taken from the derivatives by the loadings they would be differences of numbers that are as large as the
/// signal is to the noise, squared. The mean-field family loses ½ (Σ_j log M_jj − log det M) a row, M = I + S, of which the derivative by B_aj
/// is S_aj/M_jj − (I − M⁻¹)_aj.
/// </remarks>
internal static class LatentDerivatives
{
    public static (Matrix<double> ByScale, Vector<double> ByShift) Of(IReadOnlyList<LearningBlock> blocks, LearningPoint point, bool isMeanField)
    {
        int latents = point.Latents;
        Matrix<double> byScale = Matrix<double>.Build.Dense(latents, latents);
        Vector<double> byShift = Vector<double>.Build.Dense(latents);
        Matrix<double> identity = Matrix<double>.Build.DenseIdentity(latents);
        foreach (LearningBlock block in blocks)
        {
            (Matrix<double> gain, Matrix<double> spread, Matrix<double>? information) = Gain(block, point);
            Vector<double> mean = gain * Residual(block, point);
            Matrix<double> covariance = Matrix<double>.Build.DenseOfRowMajor(block.Size, block.Size, block.Covariance);
            Matrix<double> second = (gain * covariance * gain.Transpose()) + mean.OuterProduct(mean) + spread;
            byScale += block.Count * (second - identity);
            byShift += block.Count * mean;
            if (isMeanField && information is not null)
            {
                byScale -= block.Count * Matrix<double>.Build.Dense(latents, latents, (a, j) =>
                    (((a == j ? -1 : 0) + information[a, j]) / information[j, j]) - ((a == j ? 1 : 0) - spread[a, j]));
            }
        }

        return (byScale, byShift);
    }

    private static Vector<double> Residual(LearningBlock block, LearningPoint point) => Vector<double>.Build.Dense(block.Size, i =>
    {
        int k = block.Observed[i];
        double mean = point.Offset[k];
        for (int j = 0; j < point.Latents; j++)
        {
            mean += point.Loadings[(k * point.Latents) + j] * point.Means[j];
        }

        return block.Mean[i] - (block.Weight * mean);
    });

    /// <summary>Returns WᵀC⁻¹, the posterior covariance I − WᵀC⁻¹W, and M where no noise variance is zero.</summary>
    private static (Matrix<double> Gain, Matrix<double> Spread, Matrix<double>? Information) Gain(LearningBlock block, LearningPoint point)
    {
        int latents = point.Latents;
        Matrix<double> scaled = Matrix<double>.Build.Dense(block.Size, latents, (i, j) =>
            block.Weight * point.Loadings[(block.Observed[i] * latents) + j] * point.Deviations[j]);
        double[] variances = [.. block.Observed.Select(k => point.Noise[k] * point.Noise[k])];
        Matrix<double> identity = Matrix<double>.Build.DenseIdentity(latents);
        if (variances.All(variance => variance > 0))
        {
            Matrix<double> weighted = Matrix<double>.Build.Dense(block.Size, latents, (i, j) => scaled[i, j] / variances[i]);
            Matrix<double> information = identity + scaled.TransposeThisAndMultiply(weighted);
            Matrix<double> spread = information.Inverse();
            return (spread * weighted.Transpose(), spread, information);
        }

        Matrix<double> covariance = scaled.TransposeAndMultiply(scaled) + Matrix<double>.Build.DenseOfDiagonalArray(variances);
        Matrix<double> gain = scaled.Transpose() * covariance.Inverse();
        return (gain, identity - (gain * scaled), null);
    }
}
