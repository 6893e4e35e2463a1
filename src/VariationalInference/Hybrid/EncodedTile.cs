namespace VariationalInference;

/// <summary>Up to a fixed number of rows and what an encoder says of them. Not thread-safe.</summary>
internal sealed class EncodedTile
{
    private readonly INetworkTape _tape;
    private readonly double[] _values;
    private readonly int _latents;
    private int _length;

    /// <param name="encoder">The encoder; the caller prepares it after writing its parameters.</param>
    /// <param name="capacity">The largest number of rows at a time.</param>
    public EncodedTile(IEncoder encoder, int capacity)
    {
        _latents = encoder.LatentCount;
        _tape = encoder.CreatePreparedTape(capacity)
            ?? throw new InvalidOperationException("CreatePreparedTape of the encoder returned null; it must return a tape.");
        _values = new double[2 * capacity * _latents];
    }

    /// <param name="observations">The rows, one after another.</param>
    /// <param name="count">Their number.</param>
    public void Encode(ReadOnlySpan<double> observations, int count)
    {
        _length = 2 * count * _latents;
        _tape.Forward(observations, _values.AsSpan(0, _length));
    }

    public ReadOnlySpan<double> MeansOf(int position) => _values.AsSpan(2 * position * _latents, _latents);

    public Span<double> LogVariancesOf(int position) => _values.AsSpan(((2 * position) + 1) * _latents, _latents);

    /// <summary>Adds to the gradient in the encoder's parameters, from those in its outputs, means before log variances, for the rows that were encoded.</summary>
    public void Backward(ReadOnlySpan<double> outputGradients, Span<double> gradient) => _tape.Backward(outputGradients[.._length], gradient);
}
