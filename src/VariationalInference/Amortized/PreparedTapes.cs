namespace VariationalInference;

/// <summary>
/// Tapes for who owns an encoder and says when its parameters change: the perceptron then reads its parameters once for all tapes.
/// </summary>
internal static class PreparedTapes
{
    public static IEncoderTape Create(IEncoder encoder, int capacity) => encoder is MlpEncoder perceptron
        ? perceptron.CreateTape(capacity, prepared: true, Lanes.Widest)
        : encoder.CreateTape(capacity);

    /// <summary>To be called after parameters were written and before the next pass.</summary>
    public static void Refresh(IEncoder encoder) => (encoder as MlpEncoder)?.Prepare();
}
