using System.Numerics;
using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>Evaluates and back-propagates a <see cref="Perceptron"/>. Every buffer is made once, for the capacity.</summary>
/// <remarks>
/// Rows and outputs are double precision; what lies between is of type <typeparamref name="T"/>. Parameters must not change between a
/// forward pass and its backward passes.
/// </remarks>
internal sealed unsafe class PerceptronTape<TLanes, TVector, T> : INetworkTape
    where TLanes : IMatrixLanes<TVector, T>
    where TVector : struct
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>So many rows go through all layers before the next: their values stay in the nearest caches.</summary>
    private const int TileRows = 64;

    private readonly Perceptron _network;
    private readonly int _capacity;
    private readonly PerceptronWeights<T> _weights;
    private readonly bool _ownsWeights;

    // Of layer l: its input, its output, before the activation if that is needed for its derivative, and the gradient of F in that output.
    // _inputs[0] is the standardised rows.
    private readonly AlignedBuffer<T>[] _inputs;
    private readonly AlignedBuffer<T>[] _outputs;
    private readonly AlignedBuffer<T>[] _gradients;
    private readonly AlignedBuffer<T> _derivatives;
    private readonly AlignedBuffer<T> _zeros;
    private readonly AlignedBuffer<T> _one;
    private readonly LayerGradient<TLanes, TVector, T>[] _layerGradients;
    private readonly LayerGradient<TLanes, TVector, T>? _pathGradient;

    // The gradient of F in the standardised inputs, made when it is first asked for.
    private AlignedBuffer<T>? _inputGradients;

    // The rows of the last forward pass; negative before the first.
    private int _rowCount = -1;

    /// <param name="network">The perceptron.</param>
    /// <param name="capacity">The largest number of rows in one pass.</param>
    /// <param name="shared">Weights that the caller keeps up to date; null to read the perceptron's parameters at each pass.</param>
    public PerceptronTape(Perceptron network, int capacity, PerceptronWeights<T>? shared)
    {
        _network = network;
        _capacity = capacity;
        _ownsWeights = shared is null;
        _weights = shared ?? new PerceptronWeights<T>(network);
        _inputs = [.. network.Layers.Select(layer => CreateBuffer(capacity, layer.InputWidth))];
        bool activatesInPlace = network.Activation != Activation.Silu;
        int last = network.Layers.Length - 1;
        _outputs = [.. network.Layers.Select((layer, l) => l < last && activatesInPlace ? _inputs[l + 1] : CreateBuffer(capacity, layer.OutputWidth))];
        int tile = Math.Min(capacity, TileRows);
        _gradients = [.. network.Layers.Select(layer => CreateBuffer(tile, layer.OutputWidth))];
        _derivatives = CreateBuffer(tile, network.HiddenWidths.DefaultIfEmpty(1).Max());
        _zeros = CreateBuffer(1, network.Layers.Max(layer => layer.InputWidth));
        _one = new AlignedBuffer<T>(1);
        _one.Span[0] = T.One;
        _layerGradients = [.. network.Layers.Select(layer => new LayerGradient<TLanes, TVector, T>(layer.OutputWidth, layer.InputWidth))];
        _pathGradient = network.HasLinearPath ? new LayerGradient<TLanes, TVector, T>(network.PathOutputs, network.InputWidth) : null;
    }

    /// <inheritdoc/>
    public void Forward(ReadOnlySpan<double> inputs, Span<double> outputs)
    {
        int rowCount = CheckRows(inputs);
        Guard.Length(outputs.Length, rowCount * _network.OutputCount, nameof(outputs), "one for each row and output");
        _rowCount = rowCount;
        if (_ownsWeights)
        {
            _weights.Refresh();
        }

        for (int first = 0; first < rowCount; first += TileRows)
        {
            int count = Math.Min(TileRows, rowCount - first);
            Standardise(inputs.Slice(first * _network.InputCount, count * _network.InputCount), first);
            Evaluate(first, count);
            ScaleOutputs(first, outputs.Slice(first * _network.OutputCount, count * _network.OutputCount));
        }
    }

    /// <inheritdoc/>
    public void Backward(ReadOnlySpan<double> outputGradients, Span<double> parameterGradient)
    {
        CheckGradients(outputGradients, parameterGradient);
        Propagate(outputGradients, parameterGradient, default);
    }

    /// <inheritdoc/>
    public void Backward(ReadOnlySpan<double> outputGradients, Span<double> parameterGradient, Span<double> inputGradients)
    {
        CheckGradients(outputGradients, parameterGradient);
        Guard.Length(inputGradients.Length, _rowCount * _network.InputCount, nameof(inputGradients), "one for each row and input");
        _inputGradients ??= CreateBuffer(Math.Min(_capacity, TileRows), _network.InputWidth);
        Propagate(outputGradients, parameterGradient, inputGradients);
    }

    private void Evaluate(int first, int count)
    {
        int last = _network.Layers.Length - 1;
        for (int l = 0; l < last; l++)
        {
            Apply(l, _weights.Biases[l].Pointer, startWidth: 0, first, count);
            Activate(l, first, count);
        }

        T* start = _weights.Biases[last].Pointer;
        int startWidth = 0;
        if (_network.HasLinearPath)
        {
            startWidth = OutputWidth(last);
            T* outputs = _outputs[last].Pointer + (first * startWidth);
            var path = new MatrixProduct<T>(
                _inputs[0].Pointer + (first * InputWidth(0)), InputWidth(0), 1, _weights.PathByInput.Pointer, startWidth, _network.InputWidth)
            {
                Start = start,
                C = outputs,
                CRow = startWidth,
            };
            DenseKernels.Multiply<TLanes, TVector, T>(path, count, _network.OutputCount);
            start = outputs;
        }

        Apply(last, start, startWidth, first, count);
    }

    private void Apply(int layer, T* start, int startWidth, int first, int count)
    {
        int outputWidth = OutputWidth(layer);
        var product = new MatrixProduct<T>(
            _inputs[layer].Pointer + (first * InputWidth(layer)),
            InputWidth(layer),
            1,
            _weights.ByInput[layer].Pointer,
            outputWidth,
            _network.Layers[layer].InputWidth)
        {
            Start = start,
            StartRow = startWidth,
            C = _outputs[layer].Pointer + (first * outputWidth),
            CRow = outputWidth,
        };
        DenseKernels.Multiply<TLanes, TVector, T>(product, count, _network.Layers[layer].OutputWidth);
    }

    private void Activate(int layer, int first, int count)
    {
        int width = OutputWidth(layer);
        if (_network.Activation != Activation.Tanh)
        {
            ActivationFunctions.Evaluate<T>(
                _network.Activation, _outputs[layer].Span.Slice(first * width, count * width), _inputs[layer + 1].Span.Slice(first * width, count * width));
            return;
        }

        T* row = _outputs[layer].Pointer + (first * width);
        for (int r = 0; r < count; r++, row += width)
        {
            TLanes.Tanh(row, _network.Layers[layer].OutputWidth);
        }
    }

    private void Propagate(ReadOnlySpan<double> outputGradients, Span<double> parameterGradient, Span<double> inputGradients)
    {
        foreach (LayerGradient<TLanes, TVector, T> gradient in _layerGradients)
        {
            gradient.Clear();
        }

        _pathGradient?.Clear();
        for (int first = 0; first < _rowCount; first += TileRows)
        {
            int count = Math.Min(TileRows, _rowCount - first);
            ScaleOutputGradients(outputGradients.Slice(first * _network.OutputCount, count * _network.OutputCount));
            PropagateTile(first, count);
            if (!inputGradients.IsEmpty)
            {
                PropagateToInputs(count);
                ScaleInputGradients(first, inputGradients.Slice(first * _network.InputCount, count * _network.InputCount));
            }
        }

        for (int l = 0; l < _layerGradients.Length; l++)
        {
            DenseLayer layer = _network.Layers[l];
            _layerGradients[l].AddTo(parameterGradient[layer.Offset..layer.BiasOffset], parameterGradient[layer.BiasOffset..layer.End]);
        }

        _pathGradient?.AddTo(parameterGradient[_network.LinearPathOffset..], default);
    }

    private void PropagateTile(int first, int count)
    {
        int last = _network.Layers.Length - 1;
        T* rows = _inputs[0].Pointer + (first * InputWidth(0));
        _pathGradient?.Add(_gradients[last].Pointer, OutputWidth(last), rows, InputWidth(0), count);
        for (int l = last; l >= 0; l--)
        {
            T* inputs = _inputs[l].Pointer + (first * InputWidth(l));
            _layerGradients[l].Add(_gradients[l].Pointer, OutputWidth(l), inputs, InputWidth(l), count);
            _layerGradients[l].AddBiases(_one.Pointer, _gradients[l].Pointer, OutputWidth(l), count);
            if (l > 0)
            {
                PropagateBack(l, first, count);
            }
        }
    }

    private void CheckGradients(ReadOnlySpan<double> outputGradients, Span<double> parameterGradient)
    {
        if (_rowCount < 0)
        {
            throw new InvalidOperationException("Backward needs the rows of a Forward pass, and there was none on this tape.");
        }

        Guard.Length(outputGradients.Length, _rowCount * _network.OutputCount, nameof(outputGradients), "one for each row and output");
        Guard.Length(parameterGradient.Length, _network.Parameters.Length, nameof(parameterGradient), "one for each parameter");
    }

    private static AlignedBuffer<T> CreateBuffer(int rows, int width) => new(checked(rows * DenseKernels.Pad(width)));

    private int InputWidth(int layer) => DenseKernels.Pad(_network.Layers[layer].InputWidth);

    private int OutputWidth(int layer) => DenseKernels.Pad(_network.Layers[layer].OutputWidth);

    private int CheckRows(ReadOnlySpan<double> inputs)
    {
        int width = _network.InputCount;
        if (inputs.Length % width != 0 || inputs.Length / width > _capacity)
        {
            throw new ArgumentException(
                $"{nameof(inputs)} has {inputs.Length} elements; it must have a multiple of {width}, for at most {_capacity} rows.",
                nameof(inputs));
        }

        return inputs.Length / width;
    }

    private void Standardise(ReadOnlySpan<double> rows, int first)
    {
        int width = _network.InputCount;
        int padded = InputWidth(0);
        ReadOnlySpan<double> means = _network.Scales.InputMeans.AsSpan();
        ReadOnlySpan<double> deviations = _network.Scales.InputDeviations.AsSpan();
        T* inputs = _inputs[0].Pointer + (first * padded);
        for (; !rows.IsEmpty; rows = rows[width..])
        {
            ReadOnlySpan<double> row = rows[..width];
            for (int k = 0; k < row.Length; k++)
            {
                inputs[k] = T.CreateTruncating((row[k] - means[k]) / deviations[k]);
            }

            if (_network.AcceptsMissing)
            {
                MarkMissing(row, inputs);
            }

            inputs += padded;
        }
    }

    private static void MarkMissing(ReadOnlySpan<double> row, T* inputs)
    {
        for (int k = 0; k < row.Length; k++)
        {
            bool isMissing = double.IsNaN(row[k]);
            inputs[k] = isMissing ? T.Zero : inputs[k];
            inputs[row.Length + k] = isMissing ? T.One : T.Zero;
        }
    }

    /// <summary>Writes the gradient in the output of the layer before: Wᵀδ times the derivative of the activation.</summary>
    private void PropagateBack(int layer, int first, int count)
    {
        int before = layer - 1;
        int width = InputWidth(layer);
        var product = new MatrixProduct<T>(
            _gradients[layer].Pointer, OutputWidth(layer), 1, _weights.ByOutput[layer].Pointer, width, _network.Layers[layer].OutputWidth)
        {
            Start = _zeros.Pointer,
            C = _gradients[before].Pointer,
            CRow = width,
        };
        DenseKernels.Multiply<TLanes, TVector, T>(product, count, _network.Layers[layer].InputWidth);
        if (_network.Activation == Activation.Tanh)
        {
            for (int r = 0; r < count; r++)
            {
                TLanes.MultiplyByTanhDerivatives(
                    _inputs[layer].Pointer + ((first + r) * width), _gradients[before].Pointer + (r * width), _network.Layers[layer].InputWidth);
            }

            return;
        }

        Span<T> gradients = _gradients[before].Span[..(count * width)];
        Span<T> derivatives = _derivatives.Span[..gradients.Length];
        ActivationFunctions.Differentiate<T>(
            _network.Activation,
            _outputs[before].Span.Slice(first * width, gradients.Length),
            _inputs[layer].Span.Slice(first * width, gradients.Length),
            derivatives);
        TensorPrimitives.Multiply<T>(gradients, derivatives, gradients);
    }

    /// <summary>Writes the gradient in a tile's standardised inputs: W₁ᵀδ₁, and Pᵀδ of the outputs that the linear path leads to.</summary>
    private void PropagateToInputs(int count)
    {
        int width = InputWidth(0);
        T* gradients = _inputGradients!.Pointer;
        var product = new MatrixProduct<T>(
            _gradients[0].Pointer, OutputWidth(0), 1, _weights.ByOutput[0].Pointer, width, _network.Layers[0].OutputWidth)
        {
            Start = _zeros.Pointer,
            C = gradients,
            CRow = width,
        };
        DenseKernels.Multiply<TLanes, TVector, T>(product, count, _network.InputWidth);
        if (_network.HasLinearPath)
        {
            int last = _network.Layers.Length - 1;
            var path = new MatrixProduct<T>(
                _gradients[last].Pointer, OutputWidth(last), 1, _weights.PathByOutput.Pointer, width, _network.PathOutputs)
            {
                Start = gradients,
                StartRow = width,
                C = gradients,
                CRow = width,
            };
            DenseKernels.Multiply<TLanes, TVector, T>(path, count, _network.InputWidth);
        }
    }

    private void ScaleInputGradients(int first, Span<double> destination)
    {
        int count = _network.InputCount;
        int width = InputWidth(0);
        ReadOnlySpan<double> deviations = _network.Scales.InputDeviations.AsSpan();
        T* raw = _inputGradients!.Pointer;
        T* inputs = _inputs[0].Pointer + (first * width);
        for (; !destination.IsEmpty; destination = destination[count..])
        {
            for (int k = 0; k < count; k++)
            {
                bool isMissing = _network.AcceptsMissing && inputs[count + k] != T.Zero;
                destination[k] = isMissing ? 0 : double.CreateTruncating(raw[k]) / deviations[k];
            }

            raw += width;
            inputs += width;
        }
    }

    private void ScaleOutputs(int first, Span<double> outputs)
    {
        int count = _network.OutputCount;
        int width = OutputWidth(_network.Layers.Length - 1);
        ReadOnlySpan<double> centres = _network.Scales.OutputMeans.AsSpan();
        ReadOnlySpan<double> deviations = _network.Scales.OutputDeviations.AsSpan();
        T* raw = _outputs[^1].Pointer + (first * width);
        for (; !outputs.IsEmpty; outputs = outputs[count..])
        {
            Span<double> row = outputs[..count];
            for (int o = 0; o < row.Length; o++)
            {
                row[o] = centres[o] + (deviations[o] * double.CreateTruncating(raw[o]));
            }

            raw += width;
        }
    }

    private void ScaleOutputGradients(ReadOnlySpan<double> outputGradients)
    {
        int count = _network.OutputCount;
        int width = OutputWidth(_network.Layers.Length - 1);
        ReadOnlySpan<double> deviations = _network.Scales.OutputDeviations.AsSpan();
        T* raw = _gradients[^1].Pointer;
        for (; !outputGradients.IsEmpty; outputGradients = outputGradients[count..])
        {
            ReadOnlySpan<double> row = outputGradients[..count];
            for (int o = 0; o < row.Length; o++)
            {
                raw[o] = T.CreateTruncating(row[o] * deviations[o]);
            }

            raw += width;
        }
    }
}
