using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>
/// One affine layer y = W x + b and where it stands in the flat parameters: W row-major, <paramref name="OutputWidth"/> ×
/// <paramref name="InputWidth"/>, from <paramref name="Offset"/>, then b. Batches are row-major and their row count follows from the
/// lengths of the spans.
/// </summary>
internal readonly record struct DenseLayer(int InputWidth, int OutputWidth, int Offset)
{
    /// <summary>Gets where the biases begin.</summary>
    public int BiasOffset => Offset + (InputWidth * OutputWidth);

    /// <summary>Gets where the parameters after this layer begin.</summary>
    public int End => BiasOffset + OutputWidth;

    /// <summary>Writes W x + b for every row x.</summary>
    public void Forward(ReadOnlySpan<double> parameters, ReadOnlySpan<double> inputs, Span<double> outputs)
    {
        ReadOnlySpan<double> weights = parameters[Offset..BiasOffset];
        ReadOnlySpan<double> biases = parameters[BiasOffset..End];
        for (; !inputs.IsEmpty; inputs = inputs[InputWidth..], outputs = outputs[OutputWidth..])
        {
            ReadOnlySpan<double> input = inputs[..InputWidth];
            for (int unit = 0; unit < OutputWidth; unit++)
            {
                outputs[unit] = biases[unit] + TensorPrimitives.Dot(weights.Slice(unit * InputWidth, InputWidth), input);
            }
        }
    }

    /// <summary>Adds to the gradient of this layer's parameters: δ xᵀ to that of W and δ to that of b, for every row.</summary>
    public void AddParameterGradient(ReadOnlySpan<double> inputs, ReadOnlySpan<double> outputGradients, Span<double> parameterGradient)
    {
        Span<double> weightGradient = parameterGradient[Offset..BiasOffset];
        Span<double> biasGradient = parameterGradient[BiasOffset..End];
        for (; !inputs.IsEmpty; inputs = inputs[InputWidth..], outputGradients = outputGradients[OutputWidth..])
        {
            ReadOnlySpan<double> input = inputs[..InputWidth];
            for (int unit = 0; unit < OutputWidth; unit++)
            {
                Span<double> unitGradient = weightGradient.Slice(unit * InputWidth, InputWidth);
                TensorPrimitives.MultiplyAdd(input, outputGradients[unit], unitGradient, unitGradient);
                biasGradient[unit] += outputGradients[unit];
            }
        }
    }

    /// <summary>Writes Wᵀ δ for every row δ of output gradients.</summary>
    public void InputGradient(ReadOnlySpan<double> parameters, ReadOnlySpan<double> outputGradients, Span<double> inputGradients)
    {
        ReadOnlySpan<double> weights = parameters[Offset..BiasOffset];
        inputGradients.Clear();
        for (; !inputGradients.IsEmpty; inputGradients = inputGradients[InputWidth..], outputGradients = outputGradients[OutputWidth..])
        {
            Span<double> input = inputGradients[..InputWidth];
            for (int unit = 0; unit < OutputWidth; unit++)
            {
                TensorPrimitives.MultiplyAdd(weights.Slice(unit * InputWidth, InputWidth), outputGradients[unit], input, input);
            }
        }
    }
}
