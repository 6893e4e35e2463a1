using System.Numerics;

namespace VariationalInference;

/// <summary>
/// A perceptron's parameters in the precision and the layout that its passes work with: each layer's weights by inputs for the way forward
/// and by outputs for the way back, with rows padded for vectors.
/// </summary>
internal sealed unsafe class PerceptronWeights<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Weights are transposed in square blocks, whose rows and columns fit into the nearest cache.</summary>
    private const int Block = 16;

    private readonly Perceptron _network;

    public PerceptronWeights(Perceptron network)
    {
        _network = network;
        ByInput = [.. network.Layers.Select(layer => new AlignedBuffer<T>(layer.InputWidth * DenseKernels.Pad(layer.OutputWidth)))];
        ByOutput = [.. network.Layers.Select(layer => new AlignedBuffer<T>(layer.OutputWidth * DenseKernels.Pad(layer.InputWidth)))];
        Biases = [.. network.Layers.Select(layer => new AlignedBuffer<T>(DenseKernels.Pad(layer.OutputWidth)))];
        PathByInput = new AlignedBuffer<T>(network.InputWidth * DenseKernels.Pad(network.OutputCount));
        PathByOutput = new AlignedBuffer<T>(network.PathOutputs * DenseKernels.Pad(network.InputWidth));
    }

    /// <summary>Gets each layer's weights, inputs × padded outputs.</summary>
    public AlignedBuffer<T>[] ByInput { get; }

    /// <summary>Gets each layer's weights, outputs × padded inputs.</summary>
    public AlignedBuffer<T>[] ByOutput { get; }

    /// <summary>Gets each layer's biases, padded.</summary>
    public AlignedBuffer<T>[] Biases { get; }

    /// <summary>Gets the linear path, inputs × padded outputs: zero for the outputs that it does not lead to.</summary>
    public AlignedBuffer<T> PathByInput { get; }

    /// <summary>Gets the linear path, its outputs × padded inputs.</summary>
    public AlignedBuffer<T> PathByOutput { get; }

    /// <summary>Takes over the perceptron's parameters as they are now.</summary>
    public void Refresh()
    {
        ReadOnlySpan<double> parameters = _network.Parameters.Span;
        for (int l = 0; l < _network.Layers.Length; l++)
        {
            DenseLayer layer = _network.Layers[l];
            int outputWidth = DenseKernels.Pad(layer.OutputWidth);
            int inputWidth = DenseKernels.Pad(layer.InputWidth);
            T* byInput = ByInput[l].Pointer;
            T* byOutput = ByOutput[l].Pointer;
            ReadOnlySpan<double> weights = parameters[layer.Offset..layer.BiasOffset];
            for (int unit = 0; unit < layer.OutputWidth; unit += Block)
            {
                for (int input = 0; input < layer.InputWidth; input += Block)
                {
                    int lastUnit = Math.Min(unit + Block, layer.OutputWidth);
                    int lastInput = Math.Min(input + Block, layer.InputWidth);
                    for (int u = unit; u < lastUnit; u++)
                    {
                        for (int k = input; k < lastInput; k++)
                        {
                            T weight = T.CreateTruncating(weights[(u * layer.InputWidth) + k]);
                            byInput[(k * outputWidth) + u] = weight;
                            byOutput[(u * inputWidth) + k] = weight;
                        }
                    }
                }
            }

            for (int unit = 0; unit < layer.OutputWidth; unit++)
            {
                Biases[l].Pointer[unit] = T.CreateTruncating(parameters[layer.BiasOffset + unit]);
            }
        }

        int outputs = DenseKernels.Pad(_network.OutputCount);
        int inputs = DenseKernels.Pad(_network.InputWidth);
        ReadOnlySpan<double> path = parameters[_network.LinearPathOffset..];
        for (int o = 0; o < _network.PathOutputs; o++)
        {
            for (int k = 0; k < _network.InputWidth; k++)
            {
                T weight = T.CreateTruncating(path[(o * _network.InputWidth) + k]);
                PathByInput.Pointer[(k * outputs) + o] = weight;
                PathByOutput.Pointer[(o * inputs) + k] = weight;
            }
        }
    }
}
