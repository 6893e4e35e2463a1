using System.Numerics;
using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>The values and derivatives of each <see cref="Activation"/>, a span of units at a time.</summary>
internal static class ActivationFunctions
{
    /// <summary>Gets the name used in <see cref="Perceptron.ToString"/>.</summary>
    public static string Name(Activation activation) => activation switch
    {
        Activation.Tanh => "tanh",
        Activation.Relu => "relu",
        Activation.Silu => "silu",
        _ => throw Unknown(activation),
    };

    /// <summary>Writes g(u) for every input u.</summary>
    public static void Evaluate<T>(Activation activation, ReadOnlySpan<T> inputs, Span<T> outputs)
        where T : IBinaryFloatingPointIeee754<T>
    {
        switch (activation)
        {
            case Activation.Tanh:
                TensorPrimitives.Tanh(inputs, outputs);
                break;
            case Activation.Relu:
                TensorPrimitives.Max(inputs, T.Zero, outputs);
                break;
            case Activation.Silu:
                Sigmoid(inputs, outputs);
                TensorPrimitives.Multiply<T>(outputs, inputs, outputs);
                break;
            default:
                throw Unknown(activation);
        }
    }

    /// <summary>Writes g′(u) for every input u, given the outputs g(u) of <see cref="Evaluate"/>.</summary>
    public static void Differentiate<T>(
        Activation activation, ReadOnlySpan<T> inputs, ReadOnlySpan<T> outputs, Span<T> derivatives)
        where T : IBinaryFloatingPointIeee754<T>
    {
        switch (activation)
        {
            case Activation.Tanh:
                TensorPrimitives.Multiply(outputs, outputs, derivatives);
                TensorPrimitives.Subtract(T.One, derivatives, derivatives);
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

    private static void DifferentiateRelu<T>(ReadOnlySpan<T> inputs, Span<T> derivatives)
        where T : IBinaryFloatingPointIeee754<T>
    {
        for (int i = 0; i < inputs.Length; i++)
        {
            derivatives[i] = inputs[i] > T.Zero ? T.One : T.Zero;
        }
    }

    /// <summary>A batch of no rows has no units, which TensorPrimitives.Sigmoid refuses, alone among its kind.</summary>
    private static void Sigmoid<T>(ReadOnlySpan<T> inputs, Span<T> outputs)
        where T : IBinaryFloatingPointIeee754<T>
    {
        if (!inputs.IsEmpty)
        {
            TensorPrimitives.Sigmoid(inputs, outputs);
        }
    }

    private static void DifferentiateSilu<T>(ReadOnlySpan<T> inputs, ReadOnlySpan<T> outputs, Span<T> derivatives)
        where T : IBinaryFloatingPointIeee754<T>
    {
        // With s = sigmoid(u) and y = u s: y' = s + u s (1 - s) = s + y (1 - s).
        Sigmoid(inputs, derivatives);
        for (int i = 0; i < inputs.Length; i++)
        {
            T sigmoid = derivatives[i];
            derivatives[i] = sigmoid + (outputs[i] * (T.One - sigmoid));
        }
    }

    private static ArgumentOutOfRangeException Unknown(Activation activation) =>
        new(nameof(activation), activation, $"activation is {activation}; it must be Tanh, Relu or Silu.");
}
