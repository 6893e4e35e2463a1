using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

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
    private readonly Perceptron _network;
    private readonly int _capacity;
    private readonly PerceptronWeights<T> _weights;
    private readonly bool _ownsWeights;

    // Of layer l: its input, its output before the activation, and the gradient of f in that output. _inputs[0] is the standardised rows.
    private readonly AlignedBuffer<T>[] _inputs;
    private readonly AlignedBuffer<T>[] _outputs;
    private readonly AlignedBuffer<T>[] _gradients;
    private readonly AlignedBuffer<T> _derivatives;
    private readonly AlignedBuffer<T> _products;
    private readonly AlignedBuffer<T> _zeros;
    private readonly AlignedBuffer<T> _one;

    // The gradient of f in the standardised inputs, made when it is first asked for.
    private AlignedBuffer<T>? _inputGradients;

    // The rows of the last forward pass; negative before the first.
    private int _rowCount = -1;

    /// <param name="network">The perceptron.</param>
    /// <param name="capacity">The largest number of rows in one pass.</param>
    /// <param name="shared">Weights that somebody else keeps up to date; null to read the perceptron's parameters at each pass.</param>
    public PerceptronTape(Perceptron network, int capacity, PerceptronWeights<T>? shared)
    {
        _network = network;
        _capacity = capacity;
        _ownsWeights = shared is null;
        _weights = shared ?? new PerceptronWeights<T>(network);
        _inputs = [.. network.Layers.Select(layer => CreateBuffer(layer.InputWidth))];
        _outputs = [.. network.Layers.Select(layer => CreateBuffer(layer.OutputWidth))];
        _gradients = [.. network.Layers.Select(layer => CreateBuffer(layer.OutputWidth))];
        _derivatives = CreateBuffer(network.HiddenWidths.DefaultIfEmpty(1).Max());
        int largest = network.Layers.Max(layer => layer.OutputWidth * DenseKernels.Pad(layer.InputWidth));
        _products = new AlignedBuffer<T>(Math.Max(largest, network.PathOutputs * DenseKernels.Pad(network.InputWidth)));
        _zeros = new AlignedBuffer<T>(network.Layers.Max(layer => DenseKernels.Pad(layer.InputWidth)));
        _one = new AlignedBuffer<T>(1);
        _one.Span[0] = T.One;
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

        Standardise(inputs);
        int last = _network.Layers.Length - 1;
        for (int l = 0; l < last; l++)
        {
            Apply(l, _weights.Biases[l].Pointer, startWidth: 0);
            ActivationFunctions.Evaluate<T>(_network.Activation, Used(_outputs[l], l), Used(_inputs[l + 1], l));
        }

        if (_network.HasLinearPath)
        {
            int width = OutputWidth(last);
            DenseKernels.Multiply<TLanes, TVector, T>(
                _inputs[0].Pointer,
                InputWidth(0),
                _weights.PathByInput.Pointer,
                _weights.Biases[last].Pointer,
                0,
                _outputs[last].Pointer,
                _rowCount,
                _network.InputWidth,
                width);
            Apply(last, _outputs[last].Pointer, width);
        }
        else
        {
            Apply(last, _weights.Biases[last].Pointer, startWidth: 0);
        }

        ScaleOutputs(outputs);
    }

    /// <inheritdoc/>
    public void Backward(ReadOnlySpan<double> outputGradients, Span<double> parameterGradient)
    {
        CheckGradients(outputGradients, parameterGradient);
        Propagate(outputGradients, parameterGradient);
    }

    /// <inheritdoc/>
    public void Backward(ReadOnlySpan<double> outputGradients, Span<double> parameterGradient, Span<double> inputGradients)
    {
        CheckGradients(outputGradients, parameterGradient);
        Guard.Length(inputGradients.Length, _rowCount * _network.InputCount, nameof(inputGradients), "one for each row and input");
        Propagate(outputGradients, parameterGradient);
        PropagateToInputs();
        ScaleInputGradients(inputGradients);
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

    private void Propagate(ReadOnlySpan<double> outputGradients, Span<double> parameterGradient)
    {
        ScaleOutputGradients(outputGradients);
        int last = _network.Layers.Length - 1;
        if (_network.HasLinearPath)
        {
            AddWeightGradient(last, _network.PathOutputs, 0, _network.InputWidth, parameterGradient[_network.LinearPathOffset..]);
        }

        for (int l = last; l >= 0; l--)
        {
            DenseLayer layer = _network.Layers[l];
            AddWeightGradient(l, layer.OutputWidth, l, layer.InputWidth, parameterGradient[layer.Offset..]);
            AddBiasGradient(l, parameterGradient.Slice(layer.BiasOffset, layer.OutputWidth));
            if (l > 0)
            {
                PropagateBack(l);
            }
        }
    }

    private AlignedBuffer<T> CreateBuffer(int width) => new(checked(_capacity * DenseKernels.Pad(width)));

    private int InputWidth(int layer) => DenseKernels.Pad(_network.Layers[layer].InputWidth);

    private int OutputWidth(int layer) => DenseKernels.Pad(_network.Layers[layer].OutputWidth);

    /// <summary>The part of a buffer of a layer's outputs that the rows of this pass use.</summary>
    private Span<T> Used(AlignedBuffer<T> buffer, int layer) => buffer.Span[..(_rowCount * OutputWidth(layer))];

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

    private void Standardise(ReadOnlySpan<double> rows)
    {
        int width = _network.InputCount;
        int padded = InputWidth(0);
        ReadOnlySpan<double> means = _network.Scales.InputMeans.AsSpan();
        ReadOnlySpan<double> deviations = _network.Scales.InputDeviations.AsSpan();
        T* inputs = _inputs[0].Pointer;
        for (int r = 0; r < _rowCount; r++)
        {
            ReadOnlySpan<double> row = rows.Slice(r * width, width);
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

    private void Apply(int layer, T* start, int startWidth) => DenseKernels.Multiply<TLanes, TVector, T>(
        _inputs[layer].Pointer,
        InputWidth(layer),
        _weights.ByInput[layer].Pointer,
        start,
        startWidth,
        _outputs[layer].Pointer,
        _rowCount,
        _network.Layers[layer].InputWidth,
        OutputWidth(layer));

    /// <summary>Adds δᵀx over the rows, of some outputs of one layer and the inputs of another, to a part of the gradient.</summary>
    private void AddWeightGradient(int layer, int outputs, int inputLayer, int inputs, Span<double> destination)
    {
        int columns = InputWidth(inputLayer);
        DenseKernels.SumOuterProducts<TLanes, TVector, T>(
            _gradients[layer].Pointer,
            OutputWidth(layer),
            _inputs[inputLayer].Pointer,
            _products.Pointer,
            _rowCount,
            outputs,
            columns);
        for (int unit = 0; unit < outputs; unit++)
        {
            Add(new ReadOnlySpan<T>(_products.Pointer + (unit * columns), inputs), destination.Slice(unit * inputs, inputs));
        }
    }

    private void AddBiasGradient(int layer, Span<double> destination)
    {
        DenseKernels.SumOuterProducts<TLanes, TVector, T>(
            _one.Pointer, 0, _gradients[layer].Pointer, _products.Pointer, _rowCount, 1, OutputWidth(layer));
        Add(new ReadOnlySpan<T>(_products.Pointer, destination.Length), destination);
    }

    private static void Add(ReadOnlySpan<T> values, Span<double> sums)
    {
        int i = 0;
        if (typeof(T) == typeof(float))
        {
            ReadOnlySpan<float> singles = MemoryMarshal.Cast<T, float>(values);
            for (; i + Vector<float>.Count <= singles.Length; i += Vector<float>.Count)
            {
                Vector.Widen(new Vector<float>(singles[i..]), out Vector<double> low, out Vector<double> high);
                Span<double> first = sums[i..], second = sums[(i + Vector<double>.Count)..];
                (new Vector<double>(first) + low).CopyTo(first);
                (new Vector<double>(second) + high).CopyTo(second);
            }
        }

        for (; i < values.Length; i++)
        {
            sums[i] += double.CreateTruncating(values[i]);
        }
    }

    /// <summary>Writes the gradient in the output of the layer before: Wᵀδ times the derivative of the activation.</summary>
    private void PropagateBack(int layer)
    {
        int before = layer - 1;
        DenseKernels.Multiply<TLanes, TVector, T>(
            _gradients[layer].Pointer,
            OutputWidth(layer),
            _weights.ByOutput[layer].Pointer,
            _zeros.Pointer,
            0,
            _gradients[before].Pointer,
            _rowCount,
            _network.Layers[layer].OutputWidth,
            InputWidth(layer));
        Span<T> gradients = Used(_gradients[before], before);
        Span<T> derivatives = _derivatives.Span[..gradients.Length];
        ActivationFunctions.Differentiate<T>(_network.Activation, Used(_outputs[before], before), Used(_inputs[layer], before), derivatives);
        TensorPrimitives.Multiply<T>(gradients, derivatives, gradients);
    }

    /// <summary>Writes the gradient in the standardised inputs: W₁ᵀδ₁, and Pᵀδ of the outputs that the linear path leads to.</summary>
    private void PropagateToInputs()
    {
        _inputGradients ??= CreateBuffer(_network.InputWidth);
        int width = InputWidth(0);
        DenseKernels.Multiply<TLanes, TVector, T>(
            _gradients[0].Pointer,
            OutputWidth(0),
            _weights.ByOutput[0].Pointer,
            _zeros.Pointer,
            0,
            _inputGradients.Pointer,
            _rowCount,
            _network.Layers[0].OutputWidth,
            width);
        if (_network.HasLinearPath)
        {
            DenseKernels.Multiply<TLanes, TVector, T>(
                _gradients[^1].Pointer,
                OutputWidth(_network.Layers.Length - 1),
                _weights.PathByOutput.Pointer,
                _inputGradients.Pointer,
                width,
                _inputGradients.Pointer,
                _rowCount,
                _network.PathOutputs,
                width);
        }
    }

    private void ScaleInputGradients(Span<double> destination)
    {
        int count = _network.InputCount;
        int width = InputWidth(0);
        ReadOnlySpan<double> deviations = _network.Scales.InputDeviations.AsSpan();
        T* raw = _inputGradients!.Pointer;
        T* inputs = _inputs[0].Pointer;
        for (int r = 0; r < _rowCount; r++)
        {
            for (int k = 0; k < count; k++)
            {
                bool isMissing = _network.AcceptsMissing && inputs[count + k] != T.Zero;
                destination[(r * count) + k] = isMissing ? 0 : double.CreateTruncating(raw[k]) / deviations[k];
            }

            raw += width;
            inputs += width;
        }
    }

    private void ScaleOutputs(Span<double> outputs)
    {
        int count = _network.OutputCount;
        int width = OutputWidth(_network.Layers.Length - 1);
        ReadOnlySpan<double> centres = _network.Scales.OutputMeans.AsSpan();
        ReadOnlySpan<double> deviations = _network.Scales.OutputDeviations.AsSpan();
        T* raw = _outputs[^1].Pointer;
        for (int r = 0; r < _rowCount; r++)
        {
            Span<double> row = outputs.Slice(r * count, count);
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
        for (int r = 0; r < _rowCount; r++)
        {
            ReadOnlySpan<double> row = outputGradients.Slice(r * count, count);
            for (int o = 0; o < row.Length; o++)
            {
                raw[o] = T.CreateTruncating(row[o] * deviations[o]);
            }

            raw += width;
        }
    }
}
