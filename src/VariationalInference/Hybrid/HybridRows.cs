using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>Complete rows made ready for training and evaluation: as they are for the encoder, whitened for inference.</summary>
internal sealed class HybridRows
{
    private readonly double[] _observations;
    private readonly double[] _whitened;
    private readonly double[] _likelihoodBase;
    private readonly int _width;
    private readonly int _rank;

    public HybridRows(LinearGaussianModel model, Matrix<double> table, ReadOnlySpan<int> indices)
    {
        _width = model.ObservationCount;
        _rank = model.Structure.Complete.Rank;
        Count = indices.Length;
        _observations = new double[Count * _width];
        _whitened = new double[Count * _rank];
        _likelihoodBase = new double[Count];
        for (int n = 0; n < Count; n++)
        {
            Span<double> row = _observations.AsSpan(n * _width, _width);
            RowTable.CopyRow(table, indices[n], row);
            QuadraticLogJoint joint = RowTable.Observe(model, row, indices[n]);
            joint.Whitened.CopyTo(_whitened.AsSpan(n * _rank, _rank));
            _likelihoodBase[n] = joint.LogLikelihoodBase;
            LogEvidence += joint.LogEvidence / Count;
        }
    }

    public int Count { get; }

    /// <summary>Gets the mean of the rows' log evidences, in nats.</summary>
    public double LogEvidence { get; }

    public ReadOnlySpan<double> Observations(int row) => _observations.AsSpan(row * _width, _width);

    public ReadOnlySpan<double> Observations(int first, int count) => _observations.AsSpan(first * _width, count * _width);

    public ReadOnlySpan<double> Whitened(int row) => _whitened.AsSpan(row * _rank, _rank);

    public double LikelihoodBase(int row) => _likelihoodBase[row];
}
