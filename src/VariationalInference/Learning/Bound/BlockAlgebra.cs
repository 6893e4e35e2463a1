using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>The matrices of blocks of one size, whose memory serves one block after another.</summary>
internal sealed class BlockAlgebra(int size, int latents)
{
    private readonly double[] _second = new double[size * size];
    private readonly double[] _explained = new double[size * size];
    private readonly double[] _solved = new double[size * latents];
    private readonly double[] _residual = new double[size];
    private readonly double[] _information = new double[latents * latents];

    /// <summary>Gets W of the block's cells, row-major.</summary>
    public double[] Scaled { get; } = new double[size * latents];

    public double[] Covariance { get; } = new double[size * size];

    public CholeskyFactor Factor { get; } = new(size);

    /// <summary>Gets (C⁻¹ − C⁻¹TC⁻¹)W.</summary>
    public double[] ByScaled { get; } = new double[size * latents];

    /// <summary>Gets C⁻¹(x̄ − μ).</summary>
    public double[] ByMean { get; } = new double[size];

    /// <summary>Writes W, C and T.</summary>
    public void Load(LearningBlock block, LearningPoint point)
    {
        for (int i = 0; i < size; i++)
        {
            int k = block.Observed[i];
            ReadOnlySpan<double> loadings = point.Loadings.AsSpan(k * latents, latents);
            TensorPrimitives.Multiply(loadings, point.Deviations, Scaled.AsSpan(i * latents, latents));
            TensorPrimitives.Multiply(Scaled.AsSpan(i * latents, latents), block.Weight, Scaled.AsSpan(i * latents, latents));
            _residual[i] = block.Mean[i] - (block.Weight * (point.Offset[k] + TensorPrimitives.Dot(loadings, point.Means)));
        }

        for (int i = 0; i < size; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                Covariance[(i * size) + j] =
                    TensorPrimitives.Dot<double>(Scaled.AsSpan(i * latents, latents), Scaled.AsSpan(j * latents, latents));
                _second[(i * size) + j] = _second[(j * size) + i] = block.Covariance[(i * size) + j] + (_residual[i] * _residual[j]);
            }

            double deviation = point.Noise[block.Observed[i]];
            Covariance[(i * size) + i] += deviation * deviation;
        }
    }

    /// <summary>Writes C⁻¹T and the derivatives.</summary>
    public void Solve(int latentCount)
    {
        Multiply(Factor.Inverse, _second, _explained, size);
        Multiply(Factor.Inverse, Scaled, _solved, latentCount);
        Multiply(_explained, _solved, ByScaled, latentCount);
        TensorPrimitives.Subtract(_solved, ByScaled, ByScaled);
        Multiply(Factor.Inverse, _residual, ByMean, 1);
    }

    /// <summary>Returns tr C⁻¹T.</summary>
    public double Trace()
    {
        double trace = 0;
        for (int i = 0; i < size; i++)
        {
            trace += _explained[(i * size) + i];
        }

        return trace;
    }

    /// <summary>Returns element (i, i) of C⁻¹ − C⁻¹TC⁻¹.</summary>
    public double ByNoise(int i) =>
        Factor.Inverse[(i * size) + i]
        - TensorPrimitives.Dot<double>(_explained.AsSpan(i * size, size), Factor.Inverse.AsSpan(i * size, size));

    /// <summary>Returns M = I + WᵀR⁻¹W.</summary>
    public double[] Information(LearningBlock block, LearningPoint point)
    {
        Array.Clear(_information);
        for (int j = 0; j < latents; j++)
        {
            _information[(j * latents) + j] = 1;
        }

        for (int i = 0; i < size; i++)
        {
            double deviation = point.Noise[block.Observed[i]];
            ReadOnlySpan<double> loadings = Scaled.AsSpan(i * latents, latents);
            for (int j = 0; j < latents; j++)
            {
                Span<double> row = _information.AsSpan(j * latents, latents);
                TensorPrimitives.MultiplyAdd(loadings, loadings[j] / (deviation * deviation), row, row);
            }
        }

        return _information;
    }

    /// <summary>Writes the product of a square and a matrix with some columns, both row-major.</summary>
    private void Multiply(double[] square, double[] matrix, double[] product, int columns)
    {
        for (int i = 0; i < size; i++)
        {
            Span<double> row = product.AsSpan(i * columns, columns);
            row.Clear();
            for (int k = 0; k < size; k++)
            {
                TensorPrimitives.MultiplyAdd(matrix.AsSpan(k * columns, columns), square[(i * size) + k], row, row);
            }
        }
    }
}
