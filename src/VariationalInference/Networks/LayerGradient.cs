using System.Numerics;
using System.Runtime.InteropServices;

namespace VariationalInference;

/// <summary>The gradient in a layer's weights and biases, summed over the rows of a pass: δᵀx and Σδ.</summary>
/// <remarks>It is kept by inputs where that fills vectors better; each element is the same chain of multiply-adds either way.</remarks>
internal sealed unsafe class LayerGradient<TLanes, TVector, T>
    where TLanes : IMatrixLanes<TVector, T>
    where TVector : struct
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly int _outputs;
    private readonly int _inputs;
    private readonly bool _isByInput;
    private readonly AlignedBuffer<T> _weights;
    private readonly AlignedBuffer<T> _biases;

    /// <param name="outputs">The width of δ that counts.</param>
    /// <param name="inputs">The width of x that counts.</param>
    public LayerGradient(int outputs, int inputs)
    {
        _outputs = outputs;
        _inputs = inputs;
        _isByInput = inputs * Vectors(outputs) < outputs * Vectors(inputs);
        _weights = new AlignedBuffer<T>(checked(_isByInput ? inputs * DenseKernels.Pad(outputs) : outputs * DenseKernels.Pad(inputs)));
        _biases = new AlignedBuffer<T>(DenseKernels.Pad(outputs));
    }

    public void Clear()
    {
        _weights.Span.Clear();
        _biases.Span.Clear();
    }

    /// <summary>Adds δᵀx of some rows.</summary>
    /// <param name="gradients">δ, rows × outputs.</param>
    /// <param name="gradientWidth">From one row of δ to the next.</param>
    /// <param name="inputs">x, rows × inputs.</param>
    /// <param name="inputWidth">From one row of x to the next.</param>
    /// <param name="rows">The number of rows.</param>
    public void Add(T* gradients, int gradientWidth, T* inputs, int inputWidth, int rows)
    {
        MatrixProduct<T> product = _isByInput
            ? new(inputs, 1, inputWidth, gradients, gradientWidth, rows) { Start = _weights.Pointer, C = _weights.Pointer, CRow = Stride, StartRow = Stride }
            : new(gradients, 1, gradientWidth, inputs, inputWidth, rows) { Start = _weights.Pointer, C = _weights.Pointer, CRow = Stride, StartRow = Stride };
        DenseKernels.Multiply<TLanes, TVector, T>(product, _isByInput ? _inputs : _outputs, _isByInput ? _outputs : _inputs);
    }

    /// <summary>Adds Σδ of some rows.</summary>
    /// <param name="one">The number 1.</param>
    /// <param name="gradients">δ, rows × outputs.</param>
    /// <param name="gradientWidth">From one row of δ to the next.</param>
    /// <param name="rows">The number of rows.</param>
    public void AddBiases(T* one, T* gradients, int gradientWidth, int rows)
    {
        var product = new MatrixProduct<T>(one, 0, 0, gradients, gradientWidth, rows) { Start = _biases.Pointer, C = _biases.Pointer, CRow = 0 };
        DenseKernels.Multiply<TLanes, TVector, T>(product, rows: 1, _outputs);
    }

    /// <summary>Adds the sums to the gradient in weights, outputs × inputs, and biases.</summary>
    public void AddTo(Span<double> weights, Span<double> biases)
    {
        for (int o = 0; o < _outputs; o++)
        {
            Span<double> row = weights.Slice(o * _inputs, _inputs);
            if (_isByInput)
            {
                for (int i = 0; i < row.Length; i++)
                {
                    row[i] += double.CreateTruncating(_weights.Pointer[(i * Stride) + o]);
                }
            }
            else
            {
                Add(new ReadOnlySpan<T>(_weights.Pointer + (o * Stride), _inputs), row);
            }
        }

        if (!biases.IsEmpty)
        {
            Add(new ReadOnlySpan<T>(_biases.Pointer, _outputs), biases);
        }
    }

    private int Stride => DenseKernels.Pad(_isByInput ? _outputs : _inputs);

    private static int Vectors(int width) => (width + TLanes.Count - 1) / TLanes.Count;

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
}
