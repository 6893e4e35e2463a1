using VariationalInference.Tests.Amortized;

namespace VariationalInference.Tests.Testing;

internal delegate void ForwardPass(INetworkTape tape, ReadOnlySpan<double> inputs, Span<double> outputs);

internal delegate void BackwardPass(INetworkTape tape, ReadOnlySpan<double> outputGradients, Span<double> parameterGradient);

internal delegate void BackwardToInputs(
    INetworkTape tape, ReadOnlySpan<double> outputGradients, Span<double> parameterGradient, Span<double> inputGradients);

/// <summary>A perceptron that conforms, but for what a test replaces.</summary>
internal sealed record FaultyEncoder : IEncoder
{
    public MlpEncoder Inner { get; init; } = EncoderCases.Create([3], Activation.Tanh, linearPath: true);

    public ForwardPass Forward { get; init; } =
        (tape, inputs, outputs) => tape.Forward(inputs, outputs);

    public BackwardPass Backward { get; init; } =
        (tape, outputs, gradient) => tape.Backward(outputs, gradient);

    /// <summary>Gets the pass that gives gradients in the inputs too; without, there are none.</summary>
    public BackwardToInputs? BackwardToInputs { get; init; }

    public Func<MlpEncoder, Memory<double>> ReadParameters { get; init; } = inner => inner.Parameters;

    public Func<MlpEncoder, int, INetworkTape> MakeTape { get; init; } = (inner, capacity) => inner.CreateTape(capacity);

    public Func<FaultyEncoder, int, INetworkTape> MakePreparedTape { get; init; } = (encoder, capacity) => encoder.CreateTape(capacity);

    public Action<MlpEncoder> Prepared { get; init; } = inner => inner.Prepare();

    public Func<FaultyEncoder, IEncoder> Copy { get; init; } = encoder => encoder with { Inner = encoder.Inner.Clone() };

    public Action<MlpEncoder, ModelState> Save { get; init; } = (inner, state) => inner.Write(state);

    public Func<FaultyEncoder, ModelState, IEncoder> Load { get; init; } =
        (encoder, state) => encoder with { Inner = (MlpEncoder)((IEncoder)encoder.Inner).Read(state) };

    public Action<MlpEncoder, EncoderScales> SetScales { get; init; } = (inner, scales) => inner.Calibrate(scales);

    public int ObservationCount => Inner.ObservationCount;

    public int LatentCount { get; init; } = EncoderCases.Latents;

    public Memory<double> Parameters => ReadParameters(Inner);

    public void Calibrate(EncoderScales scales) => SetScales(Inner, scales);

    public INetworkTape CreateTape(int capacity) => MakeTape(Inner, capacity) is { } tape ? new Tape(this, tape) : null!;

    public bool HasInputGradients => BackwardToInputs is not null;

    public INetworkTape CreatePreparedTape(int capacity) => MakePreparedTape(this, capacity);

    public void Prepare() => Prepared(Inner);

    IEncoder IEncoder.Clone() => Copy(this);

    public string Kind { get; init; } = "faulty";

    public void Write(ModelState state) => Save(Inner, state);

    IEncoder IEncoder.Read(ModelState state) => Load(this, state);

    private sealed class Tape(FaultyEncoder encoder, INetworkTape inner) : INetworkTape
    {
        public void Forward(ReadOnlySpan<double> inputs, Span<double> outputs) => encoder.Forward(inner, inputs, outputs);

        public void Backward(ReadOnlySpan<double> outputGradients, Span<double> parameterGradient) =>
            encoder.Backward(inner, outputGradients, parameterGradient);

        public void Backward(ReadOnlySpan<double> outputGradients, Span<double> parameterGradient, Span<double> inputGradients)
        {
            if (encoder.BackwardToInputs is not { } backward)
            {
                throw new NotSupportedException();
            }

            backward(inner, outputGradients, parameterGradient, inputGradients);
        }
    }
}
