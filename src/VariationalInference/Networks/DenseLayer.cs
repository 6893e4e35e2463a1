namespace VariationalInference;

/// <summary>
/// One affine layer y = W x + b and where it stands in the flat parameters: W row-major, <paramref name="OutputWidth"/> ×
/// <paramref name="InputWidth"/>, from <paramref name="Offset"/>, then b.
/// </summary>
internal readonly record struct DenseLayer(int InputWidth, int OutputWidth, int Offset)
{
    /// <summary>Gets where the biases begin.</summary>
    public int BiasOffset => Offset + (InputWidth * OutputWidth);

    /// <summary>Gets where the parameters after this layer begin.</summary>
    public int End => BiasOffset + OutputWidth;
}
