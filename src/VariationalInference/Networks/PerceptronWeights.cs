using System.Numerics;
using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>
/// A perceptron's parameters in the precision and the layout that its passes work with: each layer's weights by inputs for the way forward
/// and by outputs for the way back, with rows padded for vectors.
/// </summary>
internal sealed unsafe class PerceptronWeights<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
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
            for (int unit = 0; unit < layer.OutputWidth; unit++)
            {
                TensorPrimitives.ConvertTruncating<double, T>(
                    weights.Slice(unit * layer.InputWidth, layer.InputWidth), new Span<T>(byOutput + (unit * inputWidth), layer.InputWidth));
            }

            Transpose(byOutput, inputWidth, byInput, outputWidth, layer.OutputWidth, layer.InputWidth);
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

    /// <summary>Writes a matrix by columns, four rows at a time, in blocks of columns that fit into the nearest cache.</summary>
    private static void Transpose(T* source, int sourceWidth, T* destination, int destinationWidth, int rows, int columns)
    {
        for (int first = 0; first < columns; first += Block)
        {
            int last = Math.Min(first + Block, columns);
            int row = 0;
            for (; row + 4 <= rows; row += 4)
            {
                T* a = source + (row * sourceWidth), b = a + sourceWidth, c = b + sourceWidth, d = c + sourceWidth;
                T* to = destination + (first * destinationWidth) + row;
                for (int column = first; column < last; column++, to += destinationWidth)
                {
                    to[0] = a[column];
                    to[1] = b[column];
                    to[2] = c[column];
                    to[3] = d[column];
                }
            }

            for (; row < rows; row++)
            {
                for (int column = first; column < last; column++)
                {
                    destination[(column * destinationWidth) + row] = source[(row * sourceWidth) + column];
                }
            }
        }
    }
}
