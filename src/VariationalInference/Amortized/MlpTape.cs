using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>Evaluates and back-propagates an <see cref="MlpEncoder"/>. Every buffer is made once, for the capacity.</summary>
/// <remarks>Parameters must not change between a forward pass and its backward passes.</remarks>
internal sealed class MlpTape : IEncoderTape
{
    private readonly MlpEncoder _encoder;
    private readonly int _capacity;

    // Of layer l: its input, its output before the activation, and the gradient of f in that output. _inputs[0] is standardised rows.
    private readonly double[][] _inputs;
    private readonly double[][] _outputs;
    private readonly double[][] _gradients;
    private readonly double[] _derivatives;

    // The rows of the last forward pass; negative before the first.
    private int _rowCount = -1;

    public MlpTape(MlpEncoder encoder, int capacity)
    {
        _encoder = encoder;
        _capacity = capacity;
        _inputs = [.. encoder.Layers.Select(layer => CreateBuffer(layer.InputWidth))];
        _outputs = [.. encoder.Layers.Select(layer => CreateBuffer(layer.OutputWidth))];
        _gradients = [.. encoder.Layers.Select(layer => CreateBuffer(layer.OutputWidth))];
        _derivatives = new double[encoder.HiddenWidths.DefaultIfEmpty(0).Max()];
    }

    /// <inheritdoc/>
    public void Forward(ReadOnlySpan<double> rows, Span<double> means, Span<double> logVariances)
    {
        int rowCount = CheckRows(rows);
        int outputCount = rowCount * _encoder.LatentCount;
        Guard.Length(means.Length, outputCount, nameof(means), "one for each row and latent");
        Guard.Length(logVariances.Length, outputCount, nameof(logVariances), "one for each row and latent");
        _rowCount = rowCount;

        Standardise(rows);
        for (int l = 0; l < _encoder.Layers.Length; l++)
        {
            _encoder.Layers[l].Forward(_encoder.Parameters.Span, Inputs(l), Outputs(l));
            if (l + 1 < _encoder.Layers.Length)
            {
                Activate(l);
            }
        }

        if (_encoder.HasLinearPath)
        {
            AddLinearPath();
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
        if (_encoder.HasLinearPath)
        {
            AddLinearPathGradient(parameterGradient);
        }

        for (int l = _encoder.Layers.Length - 1; l >= 0; l--)
        {
            _encoder.Layers[l].AddParameterGradient(Inputs(l), Gradients(l), parameterGradient);
            if (l > 0)
            {
                _encoder.Layers[l].InputGradient(_encoder.Parameters.Span, Gradients(l), Gradients(l - 1));
                MultiplyByDerivatives(l - 1);
            }
        }
    }

    private double[] CreateBuffer(int width) => new double[checked(_capacity * width)];

    private Span<double> Inputs(int layer) => _inputs[layer].AsSpan(0, _rowCount * _encoder.Layers[layer].InputWidth);

    private Span<double> Outputs(int layer) => _outputs[layer].AsSpan(0, _rowCount * _encoder.Layers[layer].OutputWidth);

    private Span<double> Gradients(int layer) => _gradients[layer].AsSpan(0, _rowCount * _encoder.Layers[layer].OutputWidth);

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
        ReadOnlySpan<double> means = _encoder.Scales.InputMeans.AsSpan();
        ReadOnlySpan<double> deviations = _encoder.Scales.InputDeviations.AsSpan();
        for (Span<double> inputs = Inputs(0); !inputs.IsEmpty; inputs = inputs[width..], rows = rows[width..])
        {
            Span<double> input = inputs[..width];
            TensorPrimitives.Subtract(rows[..width], means, input);
            TensorPrimitives.Divide(input, deviations, input);
        }
    }

    // Row by row, so that the vector lanes, and with them the rounding, of a row do not depend on its place in the batch.
    private void Activate(int layer)
    {
        int width = _encoder.Layers[layer].OutputWidth;
        for (int r = 0; r < _rowCount; r++)
        {
            ReadOnlySpan<double> outputs = _outputs[layer].AsSpan(r * width, width);
            ActivationFunctions.Evaluate(_encoder.Activation, outputs, _inputs[layer + 1].AsSpan(r * width, width));
        }
    }

    private void MultiplyByDerivatives(int layer)
    {
        int width = _encoder.Layers[layer].OutputWidth;
        Span<double> derivatives = _derivatives.AsSpan(0, width);
        for (int r = 0; r < _rowCount; r++)
        {
            ReadOnlySpan<double> outputs = _outputs[layer].AsSpan(r * width, width);
            ReadOnlySpan<double> activated = _inputs[layer + 1].AsSpan(r * width, width);
            ActivationFunctions.Differentiate(_encoder.Activation, outputs, activated, derivatives);
            Span<double> gradients = _gradients[layer].AsSpan(r * width, width);
            TensorPrimitives.Multiply(gradients, derivatives, gradients);
        }
    }

    private void AddLinearPath()
    {
        int width = _encoder.ObservationCount;
        int latents = _encoder.LatentCount;
        ReadOnlySpan<double> path = _encoder.Parameters.Span[_encoder.LinearPathOffset..];
        for (int r = 0; r < _rowCount; r++)
        {
            ReadOnlySpan<double> input = _inputs[0].AsSpan(r * width, width);
            Span<double> rawMeans = _outputs[^1].AsSpan(2 * r * latents, latents);
            for (int a = 0; a < latents; a++)
            {
                rawMeans[a] += TensorPrimitives.Dot(path.Slice(a * width, width), input);
            }
        }
    }

    private void AddLinearPathGradient(Span<double> parameterGradient)
    {
        int width = _encoder.ObservationCount;
        int latents = _encoder.LatentCount;
        Span<double> pathGradient = parameterGradient[_encoder.LinearPathOffset..];
        for (int r = 0; r < _rowCount; r++)
        {
            ReadOnlySpan<double> input = _inputs[0].AsSpan(r * width, width);
            ReadOnlySpan<double> rawMeanGradients = _gradients[^1].AsSpan(2 * r * latents, latents);
            for (int a = 0; a < latents; a++)
            {
                Span<double> latentGradient = pathGradient.Slice(a * width, width);
                TensorPrimitives.MultiplyAdd(input, rawMeanGradients[a], latentGradient, latentGradient);
            }
        }
    }

    private void ScaleOutputs(Span<double> means, Span<double> logVariances)
    {
        int latents = _encoder.LatentCount;
        ReadOnlySpan<double> centres = _encoder.Scales.OutputMeans.AsSpan();
        ReadOnlySpan<double> deviations = _encoder.Scales.OutputDeviations.AsSpan();
        ReadOnlySpan<double> logScales = _encoder.OutputLogVariances;
        for (int r = 0; r < _rowCount; r++)
        {
            ReadOnlySpan<double> raw = _outputs[^1].AsSpan(2 * r * latents, 2 * latents);
            for (int a = 0; a < latents; a++)
            {
                means[(r * latents) + a] = centres[a] + (deviations[a] * raw[a]);
                logVariances[(r * latents) + a] = logScales[a] + raw[latents + a];
            }
        }
    }

    private void ScaleOutputGradients(ReadOnlySpan<double> meanGradients, ReadOnlySpan<double> logVarianceGradients)
    {
        int latents = _encoder.LatentCount;
        ReadOnlySpan<double> deviations = _encoder.Scales.OutputDeviations.AsSpan();
        for (int r = 0; r < _rowCount; r++)
        {
            Span<double> raw = _gradients[^1].AsSpan(2 * r * latents, 2 * latents);
            TensorPrimitives.Multiply(meanGradients.Slice(r * latents, latents), deviations, raw[..latents]);
            logVarianceGradients.Slice(r * latents, latents).CopyTo(raw[latents..]);
        }
    }
}
