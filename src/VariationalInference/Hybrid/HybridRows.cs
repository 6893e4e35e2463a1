using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>Rows made ready for training and evaluation: as they are for the encoder, whitened for inference.</summary>
internal sealed class HybridRows
{
    private readonly AmortizedBlocks _blocks;
    private readonly double[] _observations;
    private readonly double[] _whitened;
    private readonly double[] _likelihoodBase;
    private readonly int _width;
    private readonly int _rank;
    private readonly bool[]? _isIncomplete;

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
        _rank = blocks.Complete.Shape.Rank;
        Count = indices.Length;
        First = first;
        _observations = new double[Count * _width];
        _whitened = new double[Count * _rank];
        _likelihoodBase = new double[Count];
        var whitened = new double[_width];
        for (int n = 0; n < Count; n++)
        {
            Span<double> row = _observations.AsSpan(n * _width, _width);
            RowTable.CopyRow(table, indices[n], row);
            ConditionedRow conditioned = RowTable.Condition(model, row, whitened, first + indices[n]);
            whitened.AsSpan(0, _rank).CopyTo(_whitened.AsSpan(n * _rank, _rank));
            _likelihoodBase[n] = conditioned.LogLikelihoodBase;
            if (!ReferenceEquals(conditioned.Shape, blocks.Complete.Shape))
            {
                _isIncomplete ??= new bool[Count];
                _isIncomplete[n] = true;
            }
        }
    }

    public int Count { get; }

    /// <summary>Gets the number of the first row among all of their kind, counted from 0.</summary>
    public long First { get; }

    public ReadOnlySpan<double> Observations(int row) => _observations.AsSpan(row * _width, _width);

    public ReadOnlySpan<double> Observations(int first, int count) => _observations.AsSpan(first * _width, count * _width);

    /// <summary>Returns the split of a row's latents.</summary>
    public AmortizedBlock Block(int row) => _isIncomplete is not null && _isIncomplete[row] ? _blocks.Of(Observations(row)) : _blocks.Complete;

    /// <summary>Returns w of a row whose block is known.</summary>
    public ReadOnlySpan<double> Whitened(int row, AmortizedBlock block) => _whitened.AsSpan(row * _rank, block.Shape.Rank);

    public double LikelihoodBase(int row) => _likelihoodBase[row];
}
