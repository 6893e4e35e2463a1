namespace VariationalInference;

/// <summary>Up to a fixed number of rows and what an encoder says of them. Not thread-safe.</summary>
internal sealed class EncodedTile
{
    private readonly IEncoderTape _tape;
    private readonly double[] _means;
    private readonly double[] _logVariances;
    private readonly int _outputs;
    private int _length;

    /// <param name="encoder">The encoder; whoever writes its parameters refreshes its prepared tapes.</param>
    /// <param name="capacity">The largest number of rows at a time.</param>
    public EncodedTile(IEncoder encoder, int capacity)
    {
        _outputs = encoder.LatentCount;
        _tape = PreparedTapes.Create(encoder, capacity);
        _means = new double[capacity * _outputs];
        _logVariances = new double[_means.Length];
    }

    /// <summary>Gets the log variances of all rows that were encoded.</summary>
    public Span<double> LogVariances => _logVariances.AsSpan(0, _length);

    /// <param name="observations">The rows, one after another.</param>
    /// <param name="count">Their number.</param>
    public void Encode(ReadOnlySpan<double> observations, int count)
    {
        _length = count * _outputs;
        _tape.Forward(observations, _means.AsSpan(0, _length), LogVariances);
    }

    public ReadOnlySpan<double> MeansOf(int position) => _means.AsSpan(position * _outputs, _outputs);

    public ReadOnlySpan<double> LogVariancesOf(int position) => _logVariances.AsSpan(position * _outputs, _outputs);

    /// <summary>Adds to the gradient in the encoder's parameters, from that in its outputs for the rows that were encoded.</summary>
    public void Backward(ReadOnlySpan<double> meanGradients, ReadOnlySpan<double> logVarianceGradients, Span<double> gradient) =>
        _tape.Backward(meanGradients[.._length], logVarianceGradients[.._length], gradient);
}
