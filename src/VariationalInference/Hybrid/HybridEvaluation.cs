namespace VariationalInference;

/// <summary>The exact amortization gap of an encoder over rows. Not thread-safe.</summary>
internal sealed class HybridEvaluation
{
    private readonly HybridRows _rows;
    private readonly AmortizedBlock _block;
    private readonly IEncoderTape _tape;
    private readonly double[] _means;
    private readonly double[] _logVariances;

    public HybridEvaluation(HybridRows rows, AmortizedBlock block, IEncoder encoder)
    {
        _rows = rows;
        _block = block;
        _tape = encoder.CreateTape(HybridShard.Capacity);
        _means = new double[HybridShard.Capacity * block.Count];
        _logVariances = new double[_means.Length];
    }

    /// <summary>Returns the mean gap of a row, in nats; not finite when the encoder's outputs are not.</summary>
    public double MeanGap()
    {
        int count = _block.Count;
        var amortized = new double[count];
        var gradient = new double[count];
        var coordinates = new double[_block.Coordinate.Length];
        var residual = new double[_block.Shape.Rank];
        double sum = 0;
        for (int first = 0; first < _rows.Count; first += HybridShard.Capacity)
        {
            int size = Math.Min(HybridShard.Capacity, _rows.Count - first);
            _tape.Forward(_rows.Observations(first, size), _means.AsSpan(0, size * count), _logVariances.AsSpan(0, size * count));
            for (int n = 0; n < size; n++)
            {
                for (int i = 0; i < count; i++)
                {
                    amortized[i] = _block.Whiten(i, _means[(n * count) + i]);
                }

                _block.Residual(_rows.Whitened(first + n), amortized, residual);
                _block.Solve(residual, coordinates);
                _block.Gradient(amortized, residual, gradient);
                sum += _block.Gap(gradient, _logVariances.AsSpan(n * count, count));
            }
        }

        return sum / _rows.Count;
    }
}
