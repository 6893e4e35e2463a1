using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>The bound of some blocks and its derivatives by what the blocks see: W, the mean, and r.</summary>
internal sealed class BoundSums(int observations, int latents)
{
    private readonly double[] _byMeans = new double[latents];
    private readonly double[] _byDeviations = new double[latents];
    private double[] _products = [];
    private readonly double[] _row = new double[latents];

    /// <summary>Gets or sets the bound in nats.</summary>
    public double Value { get; set; }

    /// <summary>Gets the derivatives by W, K×J, row-major.</summary>
    public double[] ByScaled { get; } = new double[observations * latents];

    /// <summary>Gets the derivatives by the mean, length K.</summary>
    public double[] ByMean { get; } = new double[observations];

    /// <summary>Gets the derivatives by r, length K.</summary>
    public double[] ByNoise { get; } = new double[observations];

    public void Clear()
    {
        Value = 0;
        Array.Clear(ByScaled);
        Array.Clear(ByMean);
        Array.Clear(ByNoise);
        Array.Clear(_byMeans);
        Array.Clear(_byDeviations);
    }

    public void Add(BoundSums other)
    {
        Value += other.Value;
        TensorPrimitives.Add(ByScaled, other.ByScaled, ByScaled);
        TensorPrimitives.Add(ByMean, other.ByMean, ByMean);
        TensorPrimitives.Add(ByNoise, other.ByNoise, ByNoise);
        TensorPrimitives.Add(_byMeans, other._byMeans, _byMeans);
        TensorPrimitives.Add(_byDeviations, other._byDeviations, _byDeviations);
    }

    /// <summary>Adds a block, whose value is −∞ where it has no density.</summary>
    public void Add(LearningBlock block, LearningPoint point, bool meanField, BlockAlgebra algebra)
    {
        if (block.NoiseCells > 0)
        {
            double variance = point.Noise[0] * point.Noise[0];
            Value -= 0.5 * ((block.NoiseCells * Math.Log(2 * Math.PI * variance)) + (block.NoiseSquares / variance));
            ByNoise[0] -= 0.5 * (block.NoiseCells - (block.NoiseSquares / variance)) / variance;
        }

        if (!algebra.Condition(block, point, meanField, withCovariance: false))
        {
            Value = double.NegativeInfinity;
            return;
        }

        Value -= 0.5 * block.Count * ((block.Size * Math.Log(2 * Math.PI)) + algebra.LogDeterminant + algebra.Square);
        AddDerivatives(block, point, algebra);
    }

    /// <summary>Adds blocks with shared loadings.</summary>
    public void Add(SharedSums sums, SharedLoadings loadings)
    {
        Value += sums.Value;
        var covariance = new double[latents * latents];
        var solved = new double[latents];
        for (int k = 0; k < observations; k++)
        {
            double weight = loadings.Weights[k];
            double left = sums.CountOf(k) - sums.Leverage(k, loadings, covariance, solved);
            ByMean[k] += weight * sums.Residuals[k];
            ByNoise[k] -= 0.5 * weight * weight * (left - sums.Squares[k]);
            for (int j = 0; j < latents; j++)
            {
                ByScaled[(k * latents) + j] += weight * (sums.Products[(j * observations) + k] - solved[j]);
            }
        }
    }

    /// <summary>Writes the derivatives by the parameters.</summary>
    public void WriteDerivatives(LearningPoint point, LearningPoint derivatives)
    {
        _byMeans.CopyTo(derivatives.Means, 0);
        _byDeviations.CopyTo(derivatives.Deviations, 0);
        for (int k = 0; k < observations; k++)
        {
            derivatives.Offset[k] = ByMean[k];
            derivatives.Noise[k] = ByNoise[k] * 2 * point.Noise[k];
            for (int j = 0; j < latents; j++)
            {
                int at = (k * latents) + j;
                derivatives.Loadings[at] = (ByScaled[at] * point.Deviations[j]) + (ByMean[k] * point.Means[j]);
                derivatives.Means[j] += ByMean[k] * point.Loadings[at];
                derivatives.Deviations[j] += ByScaled[at] * point.Loadings[at];
            }
        }
    }

    private void AddDerivatives(LearningBlock block, LearningPoint point, BlockAlgebra algebra)
    {
        int size = block.Size;
        double n = block.Count, weight = block.Weight;
        WriteProducts(block, algebra);
        for (int i = 0; i < size; i++)
        {
            int k = block.Observed[i];
            double square = 0;
            for (int at = i; at < (block.Rank + 1) * size; at += size)
            {
                square += algebra.Solved[at] * algebra.Solved[at];
            }

            ByNoise[k] -= 0.5 * n * (algebra.Precision[i] - square);
            Span<double> row = _row;
            for (int j = 0; j < latents; j++)
            {
                row[j] = n * weight * (_products[(j * size) + i] - algebra.SolvedLoadings[(i * latents) + j]);
            }

            double byMean = n * weight * algebra.Solved[i];
            if (block.Loadings is null)
            {
                TensorPrimitives.Add(ByScaled.AsSpan(k * latents, latents), row, ByScaled.AsSpan(k * latents, latents));
                ByMean[k] += byMean;
                continue;
            }

            ReadOnlySpan<double> loadings = block.LoadingsOf(i, point);
            TensorPrimitives.MultiplyAdd(loadings, byMean, _byMeans, _byMeans);
            TensorPrimitives.MultiplyAdd(row, loadings, _byDeviations, _byDeviations);
        }
    }

    /// <summary>Writes C⁻¹TC⁻¹W, one column after another.</summary>
    private void WriteProducts(LearningBlock block, BlockAlgebra algebra)
    {
        int size = block.Size;
        if (_products.Length < size * latents)
        {
            _products = new double[size * latents];
        }

        Array.Clear(_products, 0, size * latents);
        for (int c = 0; c <= block.Rank; c++)
        {
            ReadOnlySpan<double> solved = algebra.Solved.AsSpan(c * size, size);
            for (int j = 0; j < latents; j++)
            {
                Span<double> product = _products.AsSpan(j * size, size);
                TensorPrimitives.MultiplyAdd(solved, algebra.Latents[(c * latents) + j], product, product);
            }
        }
    }
}
