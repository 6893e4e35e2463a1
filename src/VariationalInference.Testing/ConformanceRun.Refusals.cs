namespace VariationalInference.Testing;

/// <content>What a network must refuse.</content>
internal sealed partial class ConformanceRun
{
    private void CheckBackwardBeforeForward()
    {
        INetworkTape tape = CreateTape(_network, _rowCount);
        var gradient = new FencedBuffer(_parameters.Length);
        Expect<InvalidOperationException>(
            "Backward on a tape without a Forward", () => tape.Backward(_outputGradients, gradient.Values));
    }

    private void CheckForwardLengths()
    {
        int outputs = _rowCount * _outputCount;
        ExpectRefusal((_rowCount + 1) * _width, outputs + _outputCount);
        ExpectRefusal(_rowCount * _width, outputs - 1);
        ExpectRefusal(_rowCount * _width, outputs + 1);
        if (_width > 1)
        {
            ExpectRefusal((_rowCount * _width) - 1, outputs);
            ExpectRefusal((_rowCount * _width) - 1, outputs - _outputCount);
        }

        void ExpectRefusal(int inputs, int outputs)
        {
            double[] rows = [.. _rows, .. _rows.AsSpan(0, _width)];
            var written = new FencedBuffer(outputs);
            INetworkTape tape = CreateTape(_network, _rowCount);
            Expect<ArgumentException>(
                FormattableString.Invariant($"Forward with {inputs} elements in inputs and {outputs} in outputs, where at most {_rowCount} rows of {_width} and {_outputCount} fit,"),
                () => tape.Forward(rows.AsSpan(0, inputs), written.Values));
        }
    }

    private void CheckBackwardLengths()
    {
        int outputs = _rowCount * _outputCount;
        ExpectRefusal(outputs - 1, _parameters.Length);
        ExpectRefusal(outputs + 1, _parameters.Length);
        ExpectRefusal(outputs, _parameters.Length - 1);
        ExpectRefusal(outputs, _parameters.Length + 1);

        void ExpectRefusal(int outputGradients, int parameters)
        {
            double[] gradients = [.. _outputGradients, 1];
            var written = new FencedBuffer(parameters);
            written.Values.Clear();
            INetworkTape tape = CreateTape(_network, _rowCount);
            Evaluate(tape, _rows);
            Expect<ArgumentException>(
                FormattableString.Invariant($"Backward with {outputGradients} elements in outputGradients and {parameters} in parameterGradient, where {outputs} and {_parameters.Length} fit,"),
                () => tape.Backward(gradients.AsSpan(0, outputGradients), written.Values));
        }
    }

    private void CheckInputGradientLengths()
    {
        foreach (int length in (int[])[_rows.Length - 1, _rows.Length + 1])
        {
            var gradient = new FencedBuffer(_parameters.Length);
            gradient.Values.Clear();
            var written = new FencedBuffer(length);
            INetworkTape tape = CreateTape(_network, _rowCount);
            Evaluate(tape, _rows);
            Expect<ArgumentException>(
                FormattableString.Invariant($"Backward with {length} elements in inputGradients, where {_rows.Length} fit,"),
                () => tape.Backward(_outputGradients, gradient.Values, written.Values));
        }
    }

    private void Expect<TException>(string situation, Action call)
        where TException : Exception
    {
        string outcome = "threw nothing";
        try
        {
            call();
        }
        catch (TException)
        {
            return;
        }
        catch (Exception exception)
        {
            outcome = $"threw {exception.GetType().Name}";
        }

        Report($"{situation} {outcome}; it must throw an {typeof(TException).Name}.");
    }
}
