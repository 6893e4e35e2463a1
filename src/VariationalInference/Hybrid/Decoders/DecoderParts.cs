namespace VariationalInference;

/// <summary>All that a row's bound depends on, as it is trained: the networks, the linear part with what complete rows share, and the prior.</summary>
internal sealed class DecoderParts
{
    public DecoderParts(IEncoder encoder, IDecoder decoder, LinearPart linear, GaussianPrior prior)
    {
        Encoder = encoder;
        Decoder = decoder;
        Linear = linear;
        Prior = new AmortizedPrior(prior);
        Complete = new ConditionalShape(linear);
        Prepare();
    }

    public IEncoder Encoder { get; }

    public IDecoder Decoder { get; }

    public LinearPart Linear { get; }

    public AmortizedPrior Prior { get; }

    /// <summary>Gets what all complete rows share.</summary>
    public ConditionalShape Complete { get; }

    /// <summary>Takes over parameters that were written.</summary>
    public void Prepare()
    {
        Encoder.Prepare();
        Decoder.Prepare();
        Linear.Refresh();
        Complete.Compute(missing: []);
    }
}
