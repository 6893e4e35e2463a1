using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>What rows with many patterns of missing cells share at given parameters: B = R^−½W of all cells, and BᵀB.</summary>
/// <remarks>
/// Of a pattern M = I + BᵀB is that of all cells less those that are missing. The difference, and the squares, cost as many digits as ‖B‖² has;
/// hence this is for latents that are not much larger than the noise, and others go by <see cref="BlockAlgebra"/>.
/// </remarks>
internal sealed class SharedLoadings(int observations, int latents)
{
    /// <summary>Up to here ‖B‖² takes four of sixteen digits.</summary>
    private const double LargestSquare = 1e4;

    /// <summary>Gets the number of observations K.</summary>
    public int Observations => observations;

    /// <summary>Gets the number of latents J.</summary>
    public int Latents => latents;

    /// <summary>Gets B by columns, J×K.</summary>
    public double[] Columns { get; } = new double[latents * observations];

    /// <summary>Gets B by rows, K×J.</summary>
    public double[] Rows { get; } = new double[observations * latents];

    /// <summary>Gets I + BᵀB of all cells, J×J.</summary>
    public double[] Information { get; } = new double[latents * latents];

    /// <summary>Gets 1/√r, length K.</summary>
    public double[] Weights { get; } = new double[observations];

    /// <summary>Gets the means of the cells, length K.</summary>
    public double[] Predictions { get; } = new double[observations];

    /// <summary>Gets log r, length K.</summary>
    public double[] LogVariances { get; } = new double[observations];

    public ReadOnlySpan<double> Column(int j) => Columns.AsSpan(j * observations, observations);

    public ReadOnlySpan<double> Row(int k) => Rows.AsSpan(k * latents, latents);

    /// <summary>Works out what is shared.</summary>
    /// <returns>Whether the latents are not too large for it.</returns>
    public bool Load(LearningPoint point)
    {
        Array.Clear(Information);
        for (int j = 0; j < latents; j++)
        {
            Information[(j * latents) + j] = 1;
        }

        double square = 0;
        for (int k = 0; k < observations; k++)
        {
            double deviation = Math.Abs(point.Noise[k]);
            ReadOnlySpan<double> loadings = point.Loadings.AsSpan(k * latents, latents);
            Span<double> row = Rows.AsSpan(k * latents, latents);
            TensorPrimitives.Multiply(loadings, point.Deviations, row);
            TensorPrimitives.Divide(row, deviation, row);
            square += TensorPrimitives.Dot<double>(row, row);
            Weights[k] = 1 / deviation;
            LogVariances[k] = 2 * Math.Log(deviation);
            Predictions[k] = point.Offset[k] + TensorPrimitives.Dot(loadings, point.Means);
            AddSquare(Information, row, 1);
            for (int j = 0; j < latents; j++)
            {
                Columns[(j * observations) + k] = row[j];
            }
        }

        return square <= LargestSquare;
    }

    /// <summary>Adds a multiple of bbᵀ to a square.</summary>
    public void AddSquare(double[] square, ReadOnlySpan<double> row, double factor)
    {
        for (int j = 0; j < latents; j++)
        {
            Span<double> target = square.AsSpan(j * latents, latents);
            TensorPrimitives.MultiplyAdd(row, factor * row[j], target, target);
        }
    }
}
