using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>Sums of vectors over the blocks that have an observation, for each observation.</summary>
internal sealed class CellSums(int observations, int length)
{
    private readonly double[] _total = new double[length];
    private readonly double[] _cells = new double[observations * length];

    /// <summary>Adds a multiple of a vector to the observations that a block has.</summary>
    /// <param name="vector">The vector.</param>
    /// <param name="factor">The factor.</param>
    /// <param name="observed">The observations that the block has.</param>
    /// <param name="missing">The others.</param>
    /// <param name="fewMissing">Whether to add it to all and take it from those that are missing.</param>
    public void Add(ReadOnlySpan<double> vector, double factor, int[] observed, int[] missing, bool fewMissing)
    {
        if (fewMissing)
        {
            TensorPrimitives.MultiplyAdd(vector, factor, _total, _total);
        }

        double sign = fewMissing ? -factor : factor;
        foreach (int k in fewMissing ? missing : observed)
        {
            Span<double> cell = _cells.AsSpan(k * length, length);
            TensorPrimitives.MultiplyAdd(vector, sign, cell, cell);
        }
    }

    public void Add(CellSums other)
    {
        TensorPrimitives.Add(_total, other._total, _total);
        TensorPrimitives.Add(_cells, other._cells, _cells);
    }

    public void Clear()
    {
        Array.Clear(_total);
        Array.Clear(_cells);
    }

    /// <summary>Writes the sum of an observation.</summary>
    public void Write(int observation, Span<double> sum) => TensorPrimitives.Add(_total, _cells.AsSpan(observation * length, length), sum);
}
