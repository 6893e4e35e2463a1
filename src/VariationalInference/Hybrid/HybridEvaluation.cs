namespace VariationalInference;

/// <summary>The exact amortization gap of an encoder over rows. Not thread-safe.</summary>
internal sealed class HybridEvaluation
{
    private const int BatchRows = 256;

    private readonly HybridRows _rows;
    private readonly IEncoder _encoder;
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
        _encoder = encoder;
        _tape = PreparedTapes.Create(encoder, BatchRows);
        _means = new double[BatchRows * block.Count];
        _logVariances = new double[_means.Length];
    }

    /// <summary>Returns the mean gap of a row, in nats; not finite when the encoder's outputs are not.</summary>
    public double MeanGap()
    {
        double sum = 0;
        PreparedTapes.Refresh(_encoder);
        for (int first = 0; first < _rows.Count; first += BatchRows)
        {
            int size = Math.Min(BatchRows, _rows.Count - first);
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
