namespace VariationalInference;

/// <summary>The statistics of rows that have the same cells, centred at the start's prediction and in standard units.</summary>
/// <remarks>
/// A block of a Gaussian sum holds rows with n cells each. Only u = Σ_k x_k/√n depends on the latents: it is one cell with the loadings and
/// the offset √n times as large, and the n − 1 cells beside it are pure noise, of which their squares are all that counts.
/// </remarks>
internal sealed class LearningBlock
{
    /// <summary>Gets the observations that the cells belong to.</summary>
    public required int[] Observed { get; init; }

    /// <summary>Gets the number of rows n.</summary>
    public required double Count { get; init; }

    /// <summary>Gets the means, one a cell.</summary>
    public required double[] Mean { get; init; }

    /// <summary>Gets the centred cross products over n, row-major.</summary>
    public required double[] Covariance { get; init; }

    /// <summary>Gets by what the loadings and the offset of these cells are multiplied.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>Gets the sum of squares of the cells that are pure noise.</summary>
    public double NoiseSquares { get; init; }

    /// <summary>Gets the number of cells that are pure noise.</summary>
    public double NoiseCells { get; init; }

    public int Size => Observed.Length;
}
