using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>The statistics of rows that have the same cells, centred at the start's prediction and in standard units.</summary>
/// <remarks>
/// <para>
/// A block of a Gaussian sum holds rows with n cells each. Only u = Σ_k x_k/√n depends on the latents: it is one cell with the loadings and
/// the offset √n times as large, and the n − 1 cells beside it are pure noise, of which their squares are all that counts.
/// </para>
/// <para>
/// In the same way rows of more cells than latents, with fixed loadings A and one noise variance, are turned by Qᵀ of A = QR: there are J cells
/// with the loadings R, and the rest is pure noise.
/// </para>
/// </remarks>
internal sealed class LearningBlock
{
    /// <summary>Gets the observations that the cells belong to.</summary>
    public required int[] Observed { get; init; }

    /// <summary>Gets the number of rows n.</summary>
    public required double Count { get; init; }

    /// <summary>Gets the means, one a cell.</summary>
    public required double[] Mean { get; init; }

    /// <summary>Gets a root F of the centred cross products over n, FᵀF = S/n, row-major; it has as many rows as they have rank.</summary>
    public required double[] Root { get; init; }

    /// <summary>Gets by what the loadings and the offset of these cells are multiplied.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>Gets the loadings of cells that have some of their own and no offset, row-major; null where they are the observations'.</summary>
    public double[]? Loadings { get; init; }

    /// <summary>Gets the sum of squares of the cells that are pure noise.</summary>
    public double NoiseSquares { get; init; }

    /// <summary>Gets the number of cells that are pure noise.</summary>
    public double NoiseCells { get; init; }

    public int Size => Observed.Length;

    public int Rank => Size == 0 ? 0 : Root.Length / Size;

    /// <summary>Returns the loadings of a cell, before its weight.</summary>
    public ReadOnlySpan<double> LoadingsOf(int cell, LearningPoint point) => Loadings is null
        ? point.Loadings.AsSpan(Observed[cell] * point.Latents, point.Latents)
        : Loadings.AsSpan(cell * point.Latents, point.Latents);

    /// <summary>Returns how far a cell's mean is from its prediction.</summary>
    public double Residual(int cell, LearningPoint point)
    {
        double offset = Loadings is null ? point.Offset[Observed[cell]] : 0;
        return Mean[cell] - (Weight * (offset + TensorPrimitives.Dot(LoadingsOf(cell, point), point.Means)));
    }

    /// <summary>Returns a cell's mean square about its mean.</summary>
    public double Variance(int cell)
    {
        double sum = 0;
        for (int at = cell; at < Root.Length; at += Size)
        {
            sum += Root[at] * Root[at];
        }

        return sum;
    }
}
