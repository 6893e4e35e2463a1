namespace VariationalInference;

/// <summary>Encodes rows that are ready, and tells the exact amortization gap of each. Not thread-safe.</summary>
internal sealed class EncodedTile
{
    private readonly IEncoderTape _tape;
    private readonly HybridRow _row;
    private readonly double[] _means;
    private readonly double[] _logVariances;
    private readonly int _outputs;

    /// <param name="encoder">The encoder; whoever writes its parameters refreshes its prepared tapes.</param>
    /// <param name="complete">The block of complete rows.</param>
    /// <param name="capacity">The largest number of rows at a time.</param>
    public EncodedTile(IEncoder encoder, AmortizedBlock complete, int capacity)
    {
        _outputs = complete.Count;
        _tape = PreparedTapes.Create(encoder, capacity);
        _row = new HybridRow(complete);
        _means = new double[capacity * _outputs];
        _logVariances = new double[_means.Length];
    }

    public void Encode(ReadOnlySpan<double> observations, int count) =>
        _tape.Forward(observations, _means.AsSpan(0, count * _outputs), _logVariances.AsSpan(0, count * _outputs));

    /// <summary>Returns the amortization gap of one of the encoded rows, in nats.</summary>
    public double Gap(int position, AmortizedBlock block, ReadOnlySpan<double> whitened)
    {
        _row.Solve(block, whitened, _means.AsSpan(position * _outputs, _outputs));
        return block.VarianceGap(_logVariances.AsSpan(position * _outputs, _outputs)) + _row.MeanGap();
    }
}
