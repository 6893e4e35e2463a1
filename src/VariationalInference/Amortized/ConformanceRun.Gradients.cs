using System.Numerics.Tensors;
using MathNet.Numerics;

namespace VariationalInference;

/// <content>Gradients of f = Σ (∂f/∂μ · μ + ∂f/∂ρ · ρ), with output gradients drawn at random.</content>
internal sealed partial class ConformanceRun
{
    // Gradients far below the largest are compared at this share of it: rounding in the differences limits those.
    private const double GradientFloor = 1e-3;

    private readonly double[] _meanGradients;
    private readonly double[] _logVarianceGradients;

    private double[] DrawOutputGradients() =>
        [.. Enumerable.Range(0, _rowCount * Math.Max(0, _latents)).Select(_ => (2 * _random.NextDouble()) - 1)];

    /// <summary>Back-propagates the rows of the last forward pass into a gradient that is there already.</summary>
    private void AddGradient(IEncoderTape tape, int rowCount, FencedBuffer gradient)
    {
        int outputs = rowCount * _latents;
        _call = "Backward";
        tape.Backward(_meanGradients.AsSpan(0, outputs), _logVarianceGradients.AsSpan(0, outputs), gradient.Values);
    }

    private FencedBuffer Gradient(IEncoderTape tape, int rowCount)
    {
        var gradient = new FencedBuffer(_parameters.Length);
        gradient.Values.Clear();
        AddGradient(tape, rowCount, gradient);
        return gradient;
    }

    private void CheckParametersAfterBackward()
    {
        IEncoderTape tape = CreateTape(_encoder, _rowCount);
        Evaluate(tape, _rows);
        Gradient(tape, _rowCount);
        CheckParametersAreKept("Backward");
    }

    private void CheckBackward()
    {
        IEncoderTape tape = CreateTape(_encoder, _rowCount);
        Evaluate(tape, _rows);
        FencedBuffer gradient = Gradient(tape, _rowCount);
        if (gradient.Fault("parameterGradient") is string fault)
        {
            Report($"{_call} {fault}.");
            return;
        }

        FencedBuffer twice = Gradient(tape, _rowCount);
        int i = FencedBuffer.FirstDifference(twice.Values, gradient.Values);
        if (i >= 0)
        {
            Report($"Backward, repeated after one Forward, gave {twice.Values[i]} rather than {gradient.Values[i]} for parameter {i}; a repetition must give the same bits.");
            return;
        }

        AddGradient(tape, _rowCount, twice);
        CheckSum(gradient.Values, twice.Values);
        Evaluate(tape, []);
        FencedBuffer nothing = Gradient(tape, 0);
        i = nothing.Values.IndexOfAnyExcept(0.0);
        if (i >= 0)
        {
            Report($"Backward on 0 rows added {nothing.Values[i]} to the gradient of parameter {i}; it must add 0.");
        }
    }

    /// <summary>Requires that a gradient on top of itself is twice as large, up to the rounding of its summands.</summary>
    private void CheckSum(ReadOnlySpan<double> gradient, ReadOnlySpan<double> sum)
    {
        double floor = GradientFloor * TensorPrimitives.MaxMagnitude(gradient);
        for (int i = 0; i < gradient.Length; i++)
        {
            double expected = 2 * gradient[i];
            if (!(Math.Abs(sum[i] - expected) <= _options.GradientTolerance * Math.Max(Math.Abs(expected), Math.Abs(floor))))
            {
                Report($"Backward made {sum[i]} of a gradient of {gradient[i]} for parameter {i}, and the same to add; it must add to what is there, which gives {expected}.");
                return;
            }
        }
    }

    /// <summary>Compares a gradient with and without both passes of another tape, on other rows, between its forward and backward pass.</summary>
    private void CheckTapes()
    {
        IEncoderTape tape = CreateTape(_encoder, _rowCount);
        Evaluate(tape, _rows);
        FencedBuffer expected = Gradient(tape, _rowCount);
        Evaluate(tape, _rows);

        IEncoderTape other = CreateTape(_encoder, _rowCount);
        Evaluate(other, [.. _rows.Chunk(_width).Reverse().SelectMany(row => row)]);
        Gradient(other, _rowCount);

        FencedBuffer actual = Gradient(tape, _rowCount);
        int i = FencedBuffer.FirstDifference(actual.Values, expected.Values);
        if (i >= 0)
        {
            Report($"Backward, after passes on another tape, gave {actual.Values[i]} rather than {expected.Values[i]} for parameter {i}; tapes must not share what they write.");
        }
    }

    private void CheckDifferences()
    {
        IEncoderTape tape = CreateTape(_encoder, _rowCount);
        Evaluate(tape, _rows);
        double[] gradient = Gradient(tape, _rowCount).Values.ToArray();
        int[] examined = [.. Examined()];
        double floor = GradientFloor * examined.Max(i => Math.Abs(gradient[i]));
        int wrong = 0;
        (int Parameter, double Difference, double Error) worst = default;
        foreach (int i in examined)
        {
            (double difference, double error) = Compare(tape, i, gradient[i], floor);
            if (error > 0)
            {
                wrong++;
                worst = error > worst.Error ? (i, difference, error) : worst;
            }
        }

        if (wrong > 0)
        {
            Report($"Backward gave {gradient[worst.Parameter]} for parameter {worst.Parameter} where central differences give {worst.Difference} (wrong: {wrong} of {examined.Length} examined); they must agree to {_options.GradientTolerance} relative.");
        }
    }

    private IEnumerable<int> Examined() => _parameters.Length <= _options.MaxParameters
        ? Enumerable.Range(0, _parameters.Length)
        : Combinatorics.GenerateVariation(_parameters.Length, _options.MaxParameters, _random).Order();

    /// <summary>
    /// Returns the central difference that is nearest to a parameter's gradient, and by how much that is too far: 0 when it is not.
    /// </summary>
    private (double Difference, double Error) Compare(IEncoderTape tape, int parameter, double gradient, double floor)
    {
        (double Difference, double Error) nearest = (double.NaN, double.PositiveInfinity);
        for (double factor = 1; factor > 5e-3 && nearest.Error > 0; factor /= 10)
        {
            double difference = CentralDifference(tape, parameter, factor * _options.StepSize);
            double allowed = (_options.GradientTolerance * Math.Max(Math.Max(Math.Abs(gradient), Math.Abs(difference)), floor)) + Rounding();
            double excess = Math.Abs(gradient - difference) - allowed;
            if (excess < nearest.Error)
            {
                nearest = (difference, Math.Max(0, excess));
            }
        }

        return nearest;
    }

    /// <summary>What rounding in the outputs, four units in the last place of the largest, can do to the first difference.</summary>
    private double Rounding()
    {
        const double Units = 4 * 2.220446049250313e-16;
        double means = TensorPrimitives.SumOfMagnitudes<double>(_meanGradients) * Largest(_outputs.Means);
        double logVariances = TensorPrimitives.SumOfMagnitudes<double>(_logVarianceGradients) * Largest(_outputs.LogVariances);
        return Units * (means + logVariances) / _options.StepSize;

        static double Largest(FencedBuffer outputs) => Math.Abs(TensorPrimitives.MaxMagnitude<double>(outputs.Values));
    }

    private double CentralDifference(IEncoderTape tape, int parameter, double relativeStep)
    {
        double value = _parameters[parameter];
        double step = relativeStep * Math.Max(1, Math.Abs(value));
        ConformanceOutputs above = At(value + step);
        ConformanceOutputs below = At(value - step);
        _encoder.Parameters.Span[parameter] = value;

        // Differences before sums, so that rounding is that of the outputs only.
        double sum = 0;
        for (int i = 0; i < _meanGradients.Length; i++)
        {
            sum += _meanGradients[i] * (above.Means.Values[i] - below.Means.Values[i]);
            sum += _logVarianceGradients[i] * (above.LogVariances.Values[i] - below.LogVariances.Values[i]);
        }

        return sum / (value + step - (value - step));

        ConformanceOutputs At(double moved)
        {
            _encoder.Parameters.Span[parameter] = moved;
            return Evaluate(tape, _rows);
        }
    }
}
