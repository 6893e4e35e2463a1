using System.Numerics;

namespace VariationalInference;

/// <summary>
/// An encoder's parameters in the precision and the layout that its passes work with: each layer's weights by inputs for the way forward
/// and by outputs for the way back, with rows padded for vectors.
/// </summary>
internal sealed unsafe class MlpWeights<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Weights are turned over in square blocks, whose rows and columns fit into the nearest cache.</summary>
    private const int Block = 16;

    private readonly MlpEncoder _encoder;

    public MlpWeights(MlpEncoder encoder)
    {
        _encoder = encoder;
        ByInput = [.. encoder.Layers.Select(layer => new AlignedBuffer<T>(layer.InputWidth * DenseKernels.Pad(layer.OutputWidth)))];
        ByOutput = [.. encoder.Layers.Select(layer => new AlignedBuffer<T>(layer.OutputWidth * DenseKernels.Pad(layer.InputWidth)))];
        Biases = [.. encoder.Layers.Select(layer => new AlignedBuffer<T>(DenseKernels.Pad(layer.OutputWidth)))];
        Path = new AlignedBuffer<T>(encoder.InputWidth * DenseKernels.Pad(2 * encoder.LatentCount));
    }

    /// <summary>Gets each layer's weights, inputs × padded outputs.</summary>
    public AlignedBuffer<T>[] ByInput { get; }

    /// <summary>Gets each layer's weights, outputs × padded inputs.</summary>
    public AlignedBuffer<T>[] ByOutput { get; }

    /// <summary>Gets each layer's biases, padded.</summary>
    public AlignedBuffer<T>[] Biases { get; }

    /// <summary>Gets the linear path from the inputs to the padded outputs, or zeros.</summary>
    public AlignedBuffer<T> Path { get; }

    /// <summary>Takes over the encoder's parameters as they are now.</summary>
    public void Refresh()
    {
        ReadOnlySpan<double> parameters = _encoder.Parameters.Span;
        for (int l = 0; l < _encoder.Layers.Length; l++)
        {
            DenseLayer layer = _encoder.Layers[l];
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

        if (!_encoder.HasLinearPath)
        {
            return;
        }

        int width = DenseKernels.Pad(2 * _encoder.LatentCount);
        ReadOnlySpan<double> path = parameters[_encoder.LinearPathOffset..];
        for (int a = 0; a < _encoder.LatentCount; a++)
        {
            for (int k = 0; k < _encoder.InputWidth; k++)
            {
                Path.Pointer[(k * width) + a] = T.CreateTruncating(path[(a * _encoder.InputWidth) + k]);
            }
        }
    }
}
