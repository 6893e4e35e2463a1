using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>The values and derivatives of each <see cref="Activation"/>, a span of units at a time.</summary>
internal static class ActivationFunctions
{
    /// <summary>Gets the name used in <see cref="MlpEncoder.ToString"/>.</summary>
    public static string Name(Activation activation) => activation switch
    {
        Activation.Tanh => "tanh",
        Activation.Relu => "relu",
        Activation.Silu => "silu",
        _ => throw Unknown(activation),
    };

    /// <summary>Writes g(u) for every input u.</summary>
    public static void Evaluate(Activation activation, ReadOnlySpan<double> inputs, Span<double> outputs)
    {
        switch (activation)
        {
            case Activation.Tanh:
                TensorPrimitives.Tanh(inputs, outputs);
                break;
            case Activation.Relu:
                TensorPrimitives.Max(inputs, 0.0, outputs);
                break;
            case Activation.Silu:
                TensorPrimitives.Sigmoid(inputs, outputs);
                TensorPrimitives.Multiply(outputs, inputs, outputs);
                break;
            default:
                throw Unknown(activation);
        }
    }

    /// <summary>Writes g′(u) for every input u, given the outputs g(u) of <see cref="Evaluate"/>.</summary>
    public static void Differentiate(
        Activation activation, ReadOnlySpan<double> inputs, ReadOnlySpan<double> outputs, Span<double> derivatives)
    {
        switch (activation)
        {
            case Activation.Tanh:
                TensorPrimitives.Multiply(outputs, outputs, derivatives);
                TensorPrimitives.Subtract(1.0, derivatives, derivatives);
                break;
            case Activation.Relu:
                DifferentiateRelu(inputs, derivatives);
                break;
            case Activation.Silu:
                DifferentiateSilu(inputs, outputs, derivatives);
                break;
            default:
                throw Unknown(activation);
        }
    }

    private static void DifferentiateRelu(ReadOnlySpan<double> inputs, Span<double> derivatives)
    {
        for (int i = 0; i < inputs.Length; i++)
        {
            derivatives[i] = inputs[i] > 0 ? 1.0 : 0.0;
        }
    }

    private static void DifferentiateSilu(ReadOnlySpan<double> inputs, ReadOnlySpan<double> outputs, Span<double> derivatives)
    {
        // With s = sigmoid(u) and y = u s: y' = s + u s (1 - s) = s + y (1 - s).
        TensorPrimitives.Sigmoid(inputs, derivatives);
        for (int i = 0; i < inputs.Length; i++)
        {
            double sigmoid = derivatives[i];
            derivatives[i] = sigmoid + (outputs[i] * (1.0 - sigmoid));
        }
    }

    private static ArgumentOutOfRangeException Unknown(Activation activation) =>
        new(nameof(activation), activation, $"activation is {activation}; it must be Tanh, Relu or Silu.");
}
