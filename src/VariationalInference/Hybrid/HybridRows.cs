using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>Rows for training and evaluation, checked, in the order in which they are used.</summary>
internal sealed class HybridRows : ITrainingRows
{
    private readonly AmortizedBlocks _blocks;
    private readonly double[] _observations;
    private readonly int _width;

    /// <param name="model">The model.</param>
    /// <param name="blocks">The model's split into amortized and coordinate latents.</param>
    /// <param name="table">A table that has been checked.</param>
    /// <param name="indices">Which of its rows, and in which order.</param>
    /// <param name="first">The number of the first of these rows among all of their kind, counted from 0.</param>
    /// <exception cref="NonFiniteValueException">A row is so far from the prior prediction that its square overflows.</exception>
    public HybridRows(LinearGaussianModel model, AmortizedBlocks blocks, Matrix<double> table, ReadOnlySpan<int> indices, long first)
    {
        _blocks = blocks;
        _width = model.ObservationCount;
        Count = indices.Length;
        First = first;
        _observations = new double[Count * _width];
        var whitened = new double[_width];
        for (int n = 0; n < Count; n++)
        {
            Span<double> row = _observations.AsSpan(n * _width, _width);
            RowTable.CopyRow(table, indices[n], row);
            RowTable.Condition(model, row, whitened, first + indices[n]);
        }
    }

    public int Count { get; }

    /// <summary>Gets the number of the first row among all of their kind, counted from 0.</summary>
    public long First { get; }

    public ReadOnlySpan<double> Observations(int row) => _observations.AsSpan(row * _width, _width);

    public ReadOnlySpan<double> Observations(int first, int count) => _observations.AsSpan(first * _width, count * _width);

    /// <summary>Whitens a row.</summary>
    /// <param name="row">The observations of the row.</param>
    /// <param name="whitened">Receives w in its first elements. Length: at least K.</param>
    /// <returns>The split of the row's latents, and the log joint's part that does not depend on them.</returns>
    public (AmortizedBlock Block, double LikelihoodBase) Condition(ReadOnlySpan<double> row, Span<double> whitened)
    {
        ConditionedRow conditioned = _blocks.Structure.Condition(row, whitened);
        return (_blocks.Of(conditioned.Shape), conditioned.LogLikelihoodBase);
    }

    public void AddTo(BitFingerprint fingerprint) => fingerprint.Add(_observations);
}
