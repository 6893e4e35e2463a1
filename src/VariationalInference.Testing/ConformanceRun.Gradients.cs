using System.Numerics.Tensors;
using MathNet.Numerics;

namespace VariationalInference.Testing;

/// <content>Gradients of F = Σ ∂F/∂f · f, with output gradients drawn at random.</content>
internal sealed partial class ConformanceRun
{
    // Gradients far below the largest are compared at this share of it: rounding in the differences limits those.
    private const double GradientFloor = 1e-3;

    private readonly double[] _outputGradients;

    /// <summary>Back-propagates the rows of the last forward pass into a gradient that is there already.</summary>
    private void AddGradient(INetworkTape tape, int rowCount, FencedBuffer gradient)
    {
        _call = "Backward";
        tape.Backward(_outputGradients.AsSpan(0, rowCount * _outputCount), gradient.Values);
    }

    private FencedBuffer Gradient(INetworkTape tape, int rowCount)
    {
        var gradient = new FencedBuffer(_parameters.Length);
        gradient.Values.Clear();
        AddGradient(tape, rowCount, gradient);
        return gradient;
    }

    private void CheckParametersAfterBackward()
    {
        INetworkTape tape = CreateTape(_network, _rowCount);
        Evaluate(tape, _rows);
        Gradient(tape, _rowCount);
        CheckParametersAreKept("Backward");
    }

    private void CheckBackward()
    {
        INetworkTape tape = CreateTape(_network, _rowCount);
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
        INetworkTape tape = CreateTape(_network, _rowCount);
        Evaluate(tape, _rows);
        FencedBuffer expected = Gradient(tape, _rowCount);
        Evaluate(tape, _rows);

        INetworkTape other = CreateTape(_network, _rowCount);
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
        INetworkTape tape = CreateTape(_network, _rowCount);
        Evaluate(tape, _rows);
        double[] gradient = Gradient(tape, _rowCount).Values.ToArray();
        CheckDifferences(gradient, Examined(_parameters.Length), "parameter", i =>
        {
            double value = _parameters[i];
            return new Differenced(value, Math.Max(1, Math.Abs(value)), RoundingUnit: 1, moved =>
            {
                _network.Parameters.Span[i] = moved;
                FencedBuffer outputs = Evaluate(tape, _rows);
                _network.Parameters.Span[i] = value;
                return outputs;
            });
        });
    }

    /// <summary>
    /// Where there are gradients in the inputs: that they are written, that those in the parameters have the same bits beside them, and that they
    /// agree with central differences; elsewhere, that they are refused.
    /// </summary>
    private void CheckInputGradients()
    {
        INetworkTape tape = CreateTape(_network, _rowCount);
        Evaluate(tape, _rows);
        FencedBuffer expected = Gradient(tape, _rowCount);
        var gradient = new FencedBuffer(_parameters.Length);
        gradient.Values.Clear();
        var inputGradients = new FencedBuffer(_rows.Length);
        if (!_network.HasInputGradients)
        {
            Expect<NotSupportedException>(
                "Backward to inputs, where HasInputGradients is false,",
                () => tape.Backward(_outputGradients, gradient.Values, inputGradients.Values));
            return;
        }

        _call = "Backward to inputs";
        tape.Backward(_outputGradients, gradient.Values, inputGradients.Values);
        if (inputGradients.Fault("inputGradients") is string fault)
        {
            Report($"{_call} {fault}.");
            return;
        }

        int i = FencedBuffer.FirstDifference(gradient.Values, expected.Values);
        if (i >= 0)
        {
            Report($"Backward to inputs gave {gradient.Values[i]} rather than {expected.Values[i]} for parameter {i}; with and without gradients in the inputs, those in the parameters must have the same bits.");
            return;
        }

        CheckInputGradientLengths();
        CheckInputDifferences(tape, inputGradients.Values.ToArray());
    }

    private void CheckInputDifferences(INetworkTape tape, double[] gradient)
    {
        int wrong = Enumerable.Range(0, _rows.Length).FirstOrDefault(i => double.IsNaN(_rows[i]) && gradient[i] != 0, -1);
        if (wrong >= 0)
        {
            Report($"Backward gave {gradient[wrong]} for input {wrong}, which is missing; it must be 0.");
            return;
        }

        double[] moved = [.. _rows];
        double[] spreads = [.. Columns().Select(column => column.Max() - column.Min())];
        CheckDifferences(gradient, Examined(_rows.Length).Where(i => !double.IsNaN(_rows[i])), "input", i =>
        {
            double spread = spreads[i % _width];
            double unit = spread > 0 ? spread : Math.Max(1, Math.Abs(_rows[i]));
            return new Differenced(_rows[i], unit, unit, value =>
            {
                moved[i] = value;
                FencedBuffer outputs = Evaluate(tape, moved);
                moved[i] = _rows[i];
                return outputs;
            });
        });
    }

    private void CheckDifferences(double[] gradient, IEnumerable<int> places, string what, Func<int, Differenced> differenced)
    {
        (int Place, Differenced Value)[] examined = [.. places.Select(i => (i, differenced(i)))];
        double floor = GradientFloor * examined.Select(one => Math.Abs(gradient[one.Place]) * one.Value.RoundingUnit).DefaultIfEmpty().Max();
        int wrong = 0;
        (int Place, double Difference, double Error) worst = default;
        foreach ((int i, Differenced value) in examined)
        {
            (double difference, double error) = Compare(value, gradient[i], floor / value.RoundingUnit);
            if (error > 0)
            {
                wrong++;
                worst = error > worst.Error ? (i, difference, error) : worst;
            }
        }

        if (wrong > 0)
        {
            Report($"Backward gave {gradient[worst.Place]} for {what} {worst.Place} where central differences give {worst.Difference} (wrong: {wrong} of {examined.Length} examined); they must agree to {_options.GradientTolerance} relative.");
        }
    }

    private IEnumerable<int> Examined(int count) => count <= _options.MaxParameters
        ? Enumerable.Range(0, count)
        : Combinatorics.GenerateVariation(count, _options.MaxParameters, _random).Order();

    /// <summary>
    /// Returns the central difference that is nearest to a gradient, and by how much that is too far: 0 when it is not.
    /// </summary>
    private (double Difference, double Error) Compare(Differenced place, double gradient, double floor)
    {
        (double Difference, double Error) nearest = (double.NaN, double.PositiveInfinity);
        for (double factor = 1; factor > 5e-3 && nearest.Error > 0; factor /= 10)
        {
            double difference = CentralDifference(place, factor * _options.StepSize);
            double allowed = (_options.GradientTolerance * Math.Max(Math.Max(Math.Abs(gradient), Math.Abs(difference)), floor)) + Rounding(place.RoundingUnit);
            double excess = Math.Abs(gradient - difference) - allowed;
            if (excess < nearest.Error)
            {
                nearest = (difference, Math.Max(0, excess));
            }
        }

        return nearest;
    }

    /// <summary>What rounding in the outputs, four units in the last place of the largest, can do to the first difference.</summary>
    private double Rounding(double unit)
    {
        const double Units = 4 * 2.220446049250313e-16;
        double largest = Math.Abs(TensorPrimitives.MaxMagnitude<double>(_outputs.Values));
        return Units * TensorPrimitives.SumOfMagnitudes<double>(_outputGradients) * largest / (_options.StepSize * unit);
    }

    private double CentralDifference(Differenced place, double relativeStep)
    {
        double step = relativeStep * place.Unit;
        FencedBuffer above = place.At(place.Value + step);
        FencedBuffer below = place.At(place.Value - step);

        // Differences before sums, so that rounding is that of the outputs only.
        double sum = 0;
        for (int i = 0; i < _outputGradients.Length; i++)
        {
            sum += _outputGradients[i] * (above.Values[i] - below.Values[i]);
        }

        return sum / (place.Value + step - (place.Value - step));
    }

    /// <summary>The values of each input over the rows, without those that are missing.</summary>
    private IEnumerable<double[]> Columns() =>
        Enumerable.Range(0, _width).Select(k => _rows.Where((value, i) => i % _width == k && !double.IsNaN(value)).DefaultIfEmpty().ToArray());

    /// <summary>A number that outputs depend on: its value, the unit of its steps, and the outputs at another value.</summary>
    private sealed record Differenced(double Value, double Unit, double RoundingUnit, Func<double, FencedBuffer> At);
}
