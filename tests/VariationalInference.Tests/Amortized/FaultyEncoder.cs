namespace VariationalInference.Tests.Amortized;

internal delegate void ForwardPass(IEncoderTape tape, ReadOnlySpan<double> rows, Span<double> means, Span<double> logVariances);

internal delegate void BackwardPass(
    IEncoderTape tape, ReadOnlySpan<double> meanGradients, ReadOnlySpan<double> logVarianceGradients, Span<double> parameterGradient);

/// <summary>A perceptron that conforms, but for what a test replaces.</summary>
internal sealed record FaultyEncoder : IEncoder
{
    public MlpEncoder Inner { get; init; } = EncoderCases.Create([3], Activation.Tanh, linearPath: true);

    public ForwardPass Forward { get; init; } =
        (tape, rows, means, logVariances) => tape.Forward(rows, means, logVariances);

    public BackwardPass Backward { get; init; } =
        (tape, means, logVariances, gradient) => tape.Backward(means, logVariances, gradient);

    public Func<MlpEncoder, Memory<double>> ReadParameters { get; init; } = inner => inner.Parameters;

    public Func<MlpEncoder, int, IEncoderTape> MakeTape { get; init; } = (inner, capacity) => inner.CreateTape(capacity);

    public Func<FaultyEncoder, IEncoder> Copy { get; init; } = encoder => encoder with { Inner = encoder.Inner.Clone() };

    public Action<MlpEncoder, EncoderScales> SetScales { get; init; } = (inner, scales) => inner.Calibrate(scales);

    public int ObservationCount => Inner.ObservationCount;

    public int LatentCount { get; init; } = EncoderCases.Latents;

    public Memory<double> Parameters => ReadParameters(Inner);

    public void Calibrate(EncoderScales scales) => SetScales(Inner, scales);

    public IEncoderTape CreateTape(int capacity) => new Tape(this, MakeTape(Inner, capacity));

    IEncoder IEncoder.Clone() => Copy(this);

    private sealed class Tape(FaultyEncoder encoder, IEncoderTape inner) : IEncoderTape
    {
        public void Forward(ReadOnlySpan<double> rows, Span<double> means, Span<double> logVariances) =>
            encoder.Forward(inner, rows, means, logVariances);

        public void Backward(
            ReadOnlySpan<double> meanGradients, ReadOnlySpan<double> logVarianceGradients, Span<double> parameterGradient) =>
            encoder.Backward(inner, meanGradients, logVarianceGradients, parameterGradient);
    }
}
