using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace VariationalInference;

/// <summary>Evaluates and back-propagates an <see cref="MlpEncoder"/>. Every buffer is made once, for the capacity.</summary>
/// <remarks>
/// Rows and outputs are double precision; what lies between is of type <typeparamref name="T"/>. Parameters must not change between a
/// forward pass and its backward passes.
/// </remarks>
internal sealed unsafe class MlpTape<TLanes, TVector, T> : IEncoderTape
    where TLanes : IMatrixLanes<TVector, T>
    where TVector : struct
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly MlpEncoder _encoder;
    private readonly int _capacity;
    private readonly MlpWeights<T> _weights;
    private readonly bool _ownsWeights;

    // Of layer l: its input, its output before the activation, and the gradient of f in that output. _inputs[0] is standardised rows.
    private readonly AlignedBuffer<T>[] _inputs;
    private readonly AlignedBuffer<T>[] _outputs;
    private readonly AlignedBuffer<T>[] _gradients;
    private readonly AlignedBuffer<T> _derivatives;
    private readonly AlignedBuffer<T> _products;
    private readonly AlignedBuffer<T> _zeros;
    private readonly AlignedBuffer<T> _one;

    // The rows of the last forward pass; negative before the first.
    private int _rowCount = -1;

    /// <param name="encoder">The encoder.</param>
    /// <param name="capacity">The largest number of rows in one pass.</param>
    /// <param name="shared">Weights that somebody else keeps up to date; null to read the encoder's parameters at each pass.</param>
    public MlpTape(MlpEncoder encoder, int capacity, MlpWeights<T>? shared)
    {
        _encoder = encoder;
        _capacity = capacity;
        _ownsWeights = shared is null;
        _weights = shared ?? new MlpWeights<T>(encoder);
        _inputs = [.. encoder.Layers.Select(layer => CreateBuffer(layer.InputWidth))];
        _outputs = [.. encoder.Layers.Select(layer => CreateBuffer(layer.OutputWidth))];
        _gradients = [.. encoder.Layers.Select(layer => CreateBuffer(layer.OutputWidth))];
        _derivatives = CreateBuffer(encoder.HiddenWidths.DefaultIfEmpty(1).Max());
        int largest = encoder.Layers.Max(layer => layer.OutputWidth * DenseKernels.Pad(layer.InputWidth));
        _products = new AlignedBuffer<T>(Math.Max(largest, encoder.LatentCount * DenseKernels.Pad(encoder.InputWidth)));
        _zeros = new AlignedBuffer<T>(encoder.Layers.Max(layer => DenseKernels.Pad(layer.InputWidth)));
        _one = new AlignedBuffer<T>(1);
        _one.Span[0] = T.One;
    }

    /// <inheritdoc/>
    public void Forward(ReadOnlySpan<double> rows, Span<double> means, Span<double> logVariances)
    {
        int rowCount = CheckRows(rows);
        int outputCount = rowCount * _encoder.LatentCount;
        Guard.Length(means.Length, outputCount, nameof(means), "one for each row and latent");
        Guard.Length(logVariances.Length, outputCount, nameof(logVariances), "one for each row and latent");
        _rowCount = rowCount;
        if (_ownsWeights)
        {
            _weights.Refresh();
        }

        Standardise(rows);
        int last = _encoder.Layers.Length - 1;
        for (int l = 0; l < last; l++)
        {
            Apply(l, _weights.Biases[l].Pointer, startWidth: 0);
            ActivationFunctions.Evaluate<T>(_encoder.Activation, Used(_outputs[l], l), Used(_inputs[l + 1], l));
        }

        if (_encoder.HasLinearPath)
        {
            int width = OutputWidth(last);
            DenseKernels.Multiply<TLanes, TVector, T>(
                _inputs[0].Pointer,
                InputWidth(0),
                _weights.Path.Pointer,
                _weights.Biases[last].Pointer,
                0,
                _outputs[last].Pointer,
                _rowCount,
                _encoder.InputWidth,
                width);
            Apply(last, _outputs[last].Pointer, width);
        }
        else
        {
            Apply(last, _weights.Biases[last].Pointer, startWidth: 0);
        }

        ScaleOutputs(means, logVariances);
    }

    /// <inheritdoc/>
    public void Backward(
        ReadOnlySpan<double> meanGradients, ReadOnlySpan<double> logVarianceGradients, Span<double> parameterGradient)
    {
        if (_rowCount < 0)
        {
            throw new InvalidOperationException("Backward needs the rows of a Forward pass, and there was none on this tape.");
        }

        int outputCount = _rowCount * _encoder.LatentCount;
        Guard.Length(meanGradients.Length, outputCount, nameof(meanGradients), "one for each row and latent");
        Guard.Length(logVarianceGradients.Length, outputCount, nameof(logVarianceGradients), "one for each row and latent");
        Guard.Length(parameterGradient.Length, _encoder.Parameters.Length, nameof(parameterGradient), "one for each parameter");

        ScaleOutputGradients(meanGradients, logVarianceGradients);
        int last = _encoder.Layers.Length - 1;
        if (_encoder.HasLinearPath)
        {
            AddWeightGradient(
                last, _encoder.LatentCount, 0, _encoder.InputWidth, parameterGradient[_encoder.LinearPathOffset..]);
        }

        for (int l = last; l >= 0; l--)
        {
            DenseLayer layer = _encoder.Layers[l];
            AddWeightGradient(l, layer.OutputWidth, l, layer.InputWidth, parameterGradient[layer.Offset..]);
            AddBiasGradient(l, parameterGradient.Slice(layer.BiasOffset, layer.OutputWidth));
            if (l > 0)
            {
                PropagateBack(l);
            }
        }
    }

    private AlignedBuffer<T> CreateBuffer(int width) => new(checked(_capacity * DenseKernels.Pad(width)));

    private int InputWidth(int layer) => DenseKernels.Pad(_encoder.Layers[layer].InputWidth);

    private int OutputWidth(int layer) => DenseKernels.Pad(_encoder.Layers[layer].OutputWidth);

    /// <summary>The part of a buffer of a layer's outputs that the rows of this pass use.</summary>
    private Span<T> Used(AlignedBuffer<T> buffer, int layer) => buffer.Span[..(_rowCount * OutputWidth(layer))];

    private int CheckRows(ReadOnlySpan<double> rows)
    {
        int width = _encoder.ObservationCount;
        if (rows.Length % width != 0 || rows.Length / width > _capacity)
        {
            throw new ArgumentException(
                $"{nameof(rows)} has {rows.Length} elements; it must have a multiple of {width}, for at most {_capacity} rows.",
                nameof(rows));
        }

        return rows.Length / width;
    }

    private void Standardise(ReadOnlySpan<double> rows)
    {
        int width = _encoder.ObservationCount;
        int padded = InputWidth(0);
        ReadOnlySpan<double> means = _encoder.Scales.InputMeans.AsSpan();
        ReadOnlySpan<double> deviations = _encoder.Scales.InputDeviations.AsSpan();
        T* inputs = _inputs[0].Pointer;
        for (int r = 0; r < _rowCount; r++)
        {
            ReadOnlySpan<double> row = rows.Slice(r * width, width);
            for (int k = 0; k < row.Length; k++)
            {
                inputs[k] = T.CreateTruncating((row[k] - means[k]) / deviations[k]);
            }

            if (_encoder.AcceptsMissing)
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
        _encoder.Layers[layer].InputWidth,
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
            _encoder.Layers[layer].OutputWidth,
            InputWidth(layer));
        Span<T> gradients = Used(_gradients[before], before);
        Span<T> derivatives = _derivatives.Span[..gradients.Length];
        ActivationFunctions.Differentiate<T>(_encoder.Activation, Used(_outputs[before], before), Used(_inputs[layer], before), derivatives);
        TensorPrimitives.Multiply<T>(gradients, derivatives, gradients);
    }

    private void ScaleOutputs(Span<double> means, Span<double> logVariances)
    {
        int latents = _encoder.LatentCount;
        int width = OutputWidth(_encoder.Layers.Length - 1);
        ReadOnlySpan<double> centres = _encoder.Scales.OutputMeans.AsSpan();
        ReadOnlySpan<double> deviations = _encoder.Scales.OutputDeviations.AsSpan();
        ReadOnlySpan<double> logScales = _encoder.OutputLogVariances;
        T* raw = _outputs[^1].Pointer;
        for (int r = 0; r < _rowCount; r++)
        {
            for (int a = 0; a < latents; a++)
            {
                means[(r * latents) + a] = centres[a] + (deviations[a] * double.CreateTruncating(raw[a]));
                logVariances[(r * latents) + a] = logScales[a] + double.CreateTruncating(raw[latents + a]);
            }

            raw += width;
        }
    }

    private void ScaleOutputGradients(ReadOnlySpan<double> meanGradients, ReadOnlySpan<double> logVarianceGradients)
    {
        int latents = _encoder.LatentCount;
        int width = OutputWidth(_encoder.Layers.Length - 1);
        ReadOnlySpan<double> deviations = _encoder.Scales.OutputDeviations.AsSpan();
        T* raw = _gradients[^1].Pointer;
        for (int r = 0; r < _rowCount; r++)
        {
            for (int a = 0; a < latents; a++)
            {
                raw[a] = T.CreateTruncating(meanGradients[(r * latents) + a] * deviations[a]);
                raw[latents + a] = T.CreateTruncating(logVarianceGradients[(r * latents) + a]);
            }

            raw += width;
        }
    }
}
