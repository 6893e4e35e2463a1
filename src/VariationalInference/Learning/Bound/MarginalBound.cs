using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>
/// The largest bound that an E-step reaches at given parameters, and its gradient, from statistics: for the full family the log evidence
/// Σ log N(x | Am + b, C) with C = WWᵀ + R and W = A·diag(s); for the mean-field family less what that family loses,
/// ½ (Σ_j log M_jj − log det M) a row with M = I + WᵀR⁻¹W.
/// </summary>
/// <remarks>
/// C stays positive definite where a noise variance or a prior variance is zero, so that the boundary is a point like others. With
/// T = S/n + (x̄ − μ)(x̄ − μ)ᵀ, the derivatives of a block are −n (C⁻¹ − C⁻¹TC⁻¹)W by W, half the diagonal of −n (C⁻¹ − C⁻¹TC⁻¹) by r, and
/// n C⁻¹(x̄ − μ) by the mean. By the envelope theorem they are those of the bound with the posterior held.
/// The restricted likelihood of groups is the integral over a common mean: ½ log 2π − ½ log Σ n w²/C beside the value at the best mean.
/// </remarks>
internal sealed class MarginalBound
{
    private readonly IReadOnlyList<LearningBlock> _blocks;
    private readonly bool _meanField;
    private readonly bool _restricted;
    private readonly Dictionary<int, BlockAlgebra> _algebra = [];
    private readonly CholeskyFactor _latentFactor;

    public MarginalBound(IReadOnlyList<LearningBlock> blocks, int latents, PosteriorFamily family, bool restricted = false)
    {
        _blocks = blocks;
        _restricted = restricted;
        _meanField = family == PosteriorFamily.MeanField && latents > 1;
        _latentFactor = new CholeskyFactor(_meanField ? latents : 0);
        RowCount = blocks.Sum(block => block.Count);
    }

    /// <summary>Gets the number of rows with at least one cell.</summary>
    public double RowCount { get; }

    public IReadOnlyList<LearningBlock> Blocks => _blocks;

    public bool IsMeanField => _meanField;

    /// <summary>Returns the bound in nats, −∞ where the covariance is not positive definite.</summary>
    /// <param name="point">The parameters.</param>
    /// <param name="derivatives">Receives the derivatives by all of them.</param>
    public double Value(LearningPoint point, LearningPoint derivatives)
    {
        int latents = point.Latents;
        var byScaled = new double[point.Loadings.Length];
        Array.Clear(derivatives.Offset);
        Array.Clear(derivatives.Noise);
        double value = 0;
        foreach (LearningBlock block in _blocks)
        {
            value += Add(block, point, byScaled, derivatives);
            if (!double.IsFinite(value))
            {
                return double.NegativeInfinity;
            }
        }

        value += _restricted ? Restriction(point, byScaled, derivatives) : 0;
        Array.Clear(derivatives.Means);
        Array.Clear(derivatives.Deviations);
        for (int k = 0; k < point.Observations; k++)
        {
            derivatives.Noise[k] *= 2 * point.Noise[k];
            for (int j = 0; j < latents; j++)
            {
                int at = (k * latents) + j;
                derivatives.Loadings[at] = (byScaled[at] * point.Deviations[j]) + (derivatives.Offset[k] * point.Means[j]);
                derivatives.Means[j] += derivatives.Offset[k] * point.Loadings[at];
                derivatives.Deviations[j] += byScaled[at] * point.Loadings[at];
            }
        }

        return value;
    }

    /// <summary>Adds a block's derivatives by W, by the mean (in the place of the offset's) and by r (in the place of the noise's).</summary>
    private double Add(LearningBlock block, LearningPoint point, double[] byScaled, LearningPoint derivatives)
    {
        int size = block.Size, latents = point.Latents;
        BlockAlgebra algebra = AlgebraOf(size, latents);
        algebra.Load(block, point);
        double value = 0;
        if (block.NoiseCells > 0)
        {
            double variance = point.Noise[0] * point.Noise[0];
            value -= 0.5 * ((block.NoiseCells * Math.Log(2 * Math.PI * variance)) + (block.NoiseSquares / variance));
            derivatives.Noise[0] -= 0.5 * (block.NoiseCells - (block.NoiseSquares / variance)) / variance;
        }

        if (!algebra.Factor.Factor(algebra.Covariance))
        {
            return double.NegativeInfinity;
        }

        algebra.Solve(latents);
        value -= 0.5 * block.Count * ((size * Math.Log(2 * Math.PI)) + algebra.Factor.LogDeterminant + algebra.Trace());
        for (int i = 0; i < size; i++)
        {
            int k = block.Observed[i];
            Span<double> row = byScaled.AsSpan(k * latents, latents);
            TensorPrimitives.MultiplyAdd(algebra.ByScaled.AsSpan(i * latents, latents), -block.Count * block.Weight, row, row);
            derivatives.Offset[k] += block.Count * block.Weight * algebra.ByMean[i];
            derivatives.Noise[k] -= 0.5 * block.Count * algebra.ByNoise(i);
        }

        return _meanField ? value - Gap(block, point, algebra, byScaled, derivatives) : value;
    }

    /// <summary>Returns what integrating over the common mean adds, for blocks of one cell, and adds its derivatives.</summary>
    private double Restriction(LearningPoint point, double[] byScaled, LearningPoint derivatives)
    {
        double Variance(LearningBlock block) => Square(point.Noise[0]) + Square(block.Weight * point.Loadings[0] * point.Deviations[0]);
        double information = _blocks.Sum(block => block.Count * Square(block.Weight) / Variance(block));
        foreach (LearningBlock block in _blocks)
        {
            double byVariance = 0.5 * block.Count * Square(block.Weight / Variance(block)) / information;
            byScaled[0] += 2 * byVariance * Square(block.Weight) * point.Loadings[0] * point.Deviations[0];
            derivatives.Noise[0] += byVariance;
        }

        return 0.5 * Math.Log(2 * Math.PI / information);
    }

    private static double Square(double value) => value * value;

    /// <summary>Returns what the mean-field family loses of a block, and takes its derivatives off.</summary>
    private double Gap(LearningBlock block, LearningPoint point, BlockAlgebra algebra, double[] byScaled, LearningPoint derivatives)
    {
        int latents = point.Latents;
        double[] information = algebra.Information(block, point);
        if (!_latentFactor.Factor(information))
        {
            return double.PositiveInfinity;
        }

        double gap = -_latentFactor.LogDeterminant;
        double[] inverse = _latentFactor.Inverse;
        for (int j = 0; j < latents; j++)
        {
            gap += Math.Log(information[(j * latents) + j]);
        }

        for (int i = 0; i < block.Size; i++)
        {
            int k = block.Observed[i];
            double variance = point.Noise[k] * point.Noise[k];
            ReadOnlySpan<double> loadings = algebra.Scaled.AsSpan(i * latents, latents);
            double byVariance = 0;
            for (int j = 0; j < latents; j++)
            {
                double difference = (loadings[j] / information[(j * latents) + j])
                    - TensorPrimitives.Dot(loadings, inverse.AsSpan(j * latents, latents));
                byScaled[(k * latents) + j] -= block.Count * block.Weight * difference / variance;
                byVariance += loadings[j] * difference;
            }

            derivatives.Noise[k] += 0.5 * block.Count * byVariance / (variance * variance);
        }

        return 0.5 * block.Count * gap;
    }

    private BlockAlgebra AlgebraOf(int size, int latents)
    {
        if (!_algebra.TryGetValue(size, out BlockAlgebra? algebra))
        {
            _algebra[size] = algebra = new BlockAlgebra(size, latents);
        }

        return algebra;
    }
}
