namespace VariationalInference;

/// <summary>The exact amortization gap of an encoder over rows. Not thread-safe.</summary>
internal sealed class HybridEvaluation
{
    private readonly HybridRows _rows;
    private readonly HybridRow _row;
    private readonly int _outputs;
    private readonly IEncoderTape _tape;
    private readonly double[] _means;
    private readonly double[] _logVariances;

    public HybridEvaluation(HybridRows rows, AmortizedBlock block, IEncoder encoder)
    {
        _rows = rows;
        _row = new HybridRow(block);
        _outputs = block.Count;
        _tape = encoder.CreateTape(HybridShard.Capacity);
        _means = new double[HybridShard.Capacity * block.Count];
        _logVariances = new double[_means.Length];
    }

    /// <summary>Returns the mean gap of a row, in nats; not finite when the encoder's outputs are not.</summary>
    public double MeanGap()
    {
        double sum = 0;
        for (int first = 0; first < _rows.Count; first += HybridShard.Capacity)
        {
            int size = Math.Min(HybridShard.Capacity, _rows.Count - first);
            int outputs = size * _outputs;
            _tape.Forward(_rows.Observations(first, size), _means.AsSpan(0, outputs), _logVariances.AsSpan(0, outputs));
            for (int n = 0; n < size; n++)
            {
                _row.Solve(_rows.Whitened(first + n), _means.AsSpan(n * _outputs, _outputs));
                sum += _row.Gap(_logVariances.AsSpan(n * _outputs, _outputs));
            }
        }

        return sum / _rows.Count;
    }
}
