namespace VariationalInference.Samples;

/// <summary>Evaluates and differentiates a <see cref="SetEncoder"/>, a row at a time; every buffer belongs to this tape alone.</summary>
internal sealed class SetTape(SetEncoder encoder, int capacity) : INetworkTape
{
    private readonly int _width = encoder.ObservationCount;
    private readonly int _latents = encoder.LatentCount;
    private readonly int _units = encoder.Units;

    // What Backward needs of each row: u, tanh(w u_k + b) for every observation and unit, and its mean h over the observations.
    private readonly double[] _inputs = new double[capacity * encoder.ObservationCount];
    private readonly double[] _hidden = new double[capacity * encoder.ObservationCount * encoder.Units];
    private readonly double[] _averages = new double[capacity * encoder.Units];
    private readonly double[] _outputGradient = new double[2 * encoder.LatentCount];

    // The rows of the last forward pass; negative before the first.
    private int _rowCount = -1;

    public void Forward(ReadOnlySpan<double> inputs, Span<double> outputs)
    {
        int count = inputs.Length / _width;
        Require(inputs.Length == count * _width && count <= capacity, nameof(inputs));
        Require(outputs.Length == count * 2 * _latents, nameof(outputs));
        _rowCount = count;
        for (int n = 0; n < count; n++)
        {
            Average(n, inputs.Slice(n * _width, _width));
            Span<double> row = outputs.Slice(n * 2 * _latents, 2 * _latents);
            for (int a = 0; a < _latents; a++)
            {
                row[a] = encoder.Scales.MeanCentres[a] + (encoder.Scales.MeanScales[a] * Output(n, a));
                row[_latents + a] = encoder.Scales.LogVarianceCentres[a] + Output(n, _latents + a);
            }
        }
    }

    public void Backward(ReadOnlySpan<double> outputGradients, Span<double> parameterGradient)
    {
        if (_rowCount < 0)
        {
            throw new InvalidOperationException("There was no Forward on this tape.");
        }

        Require(outputGradients.Length == _rowCount * 2 * _latents, nameof(outputGradients));
        Require(parameterGradient.Length == encoder.Parameters.Length, nameof(parameterGradient));
        for (int n = 0; n < _rowCount; n++)
        {
            outputGradients.Slice(n * 2 * _latents, 2 * _latents).CopyTo(_outputGradient);
            for (int a = 0; a < _latents; a++)
            {
                _outputGradient[a] *= encoder.Scales.MeanScales[a];
            }

            AddRowGradient(n, parameterGradient);
        }
    }

    /// <summary>h of one row. Its observations are sorted first, so that not even the rounding of the sum depends on their order.</summary>
    private void Average(int n, ReadOnlySpan<double> row)
    {
        Span<double> inputs = _inputs.AsSpan(n * _width, _width);
        Span<double> averages = _averages.AsSpan(n * _units, _units);
        ReadOnlySpan<double> parameters = encoder.Parameters.Span;
        row.CopyTo(inputs);
        inputs.Sort();
        averages.Clear();
        for (int k = 0; k < _width; k++)
        {
            inputs[k] = (inputs[k] - encoder.Scales.InputCentre) / encoder.Scales.InputScale;
            Span<double> hidden = Hidden(n, k);
            for (int i = 0; i < _units; i++)
            {
                hidden[i] = Math.Tanh((parameters[i] * inputs[k]) + parameters[_units + i]);
                averages[i] += hidden[i] / _width;
            }
        }
    }

    /// <summary>m_o = V_o h + c_o.</summary>
    private double Output(int n, int output)
    {
        ReadOnlySpan<double> parameters = encoder.Parameters.Span;
        double sum = parameters[Bias(output)];
        for (int i = 0; i < _units; i++)
        {
            sum += parameters[Weight(output, i)] * _averages[(n * _units) + i];
        }

        return sum;
    }

    /// <summary>With δ = ∂f/∂m: ∂f/∂V_oi = δ_o h_i, ∂f/∂c_o = δ_o, and through tanh′ = 1 − tanh² to w and b.</summary>
    private void AddRowGradient(int n, Span<double> gradient)
    {
        ReadOnlySpan<double> parameters = encoder.Parameters.Span;
        for (int i = 0; i < _units; i++)
        {
            double average = 0;
            for (int o = 0; o < 2 * _latents; o++)
            {
                gradient[Weight(o, i)] += _outputGradient[o] * _averages[(n * _units) + i];
                average += _outputGradient[o] * parameters[Weight(o, i)];
            }

            for (int k = 0; k < _width; k++)
            {
                double hidden = Hidden(n, k)[i];
                double slope = average / _width * (1 - (hidden * hidden));
                gradient[i] += slope * _inputs[(n * _width) + k];
                gradient[_units + i] += slope;
            }
        }

        for (int o = 0; o < 2 * _latents; o++)
        {
            gradient[Bias(o)] += _outputGradient[o];
        }
    }

    private Span<double> Hidden(int n, int k) => _hidden.AsSpan(((n * _width) + k) * _units, _units);

    private int Weight(int output, int unit) => (2 * _units) + (output * _units) + unit;

    private int Bias(int output) => (2 * _units) + (2 * _latents * _units) + output;

    private static void Require(bool fits, string name)
    {
        if (!fits)
        {
            throw new ArgumentException($"The length of {name} does not fit.", name);
        }
    }
}
