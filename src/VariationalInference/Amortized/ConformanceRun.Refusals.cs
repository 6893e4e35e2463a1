namespace VariationalInference;

/// <content>What an encoder must refuse.</content>
internal sealed partial class ConformanceRun
{
    private void CheckBackwardBeforeForward()
    {
        IEncoderTape tape = CreateTape(_encoder, _rowCount);
        var gradient = new FencedBuffer(_parameters.Length);
        Expect<InvalidOperationException>(
            "Backward on a tape without a Forward",
            () => tape.Backward(_meanGradients, _logVarianceGradients, gradient.Values));
    }

    private void CheckForwardLengths()
    {
        int outputs = _rowCount * _latents;
        ExpectRefusal((_rowCount + 1) * _width, outputs + _latents, outputs + _latents);
        ExpectRefusal(_rowCount * _width, outputs - 1, outputs);
        ExpectRefusal(_rowCount * _width, outputs + 1, outputs);
        ExpectRefusal(_rowCount * _width, outputs, outputs - 1);
        ExpectRefusal(_rowCount * _width, outputs, outputs + 1);
        if (_width > 1)
        {
            ExpectRefusal((_rowCount * _width) - 1, outputs, outputs);
            ExpectRefusal((_rowCount * _width) - 1, outputs - _latents, outputs - _latents);
        }

        void ExpectRefusal(int rows, int means, int logVariances)
        {
            double[] observations = [.. _rows, .. _rows.AsSpan(0, _width)];
            var written = (Means: new FencedBuffer(means), LogVariances: new FencedBuffer(logVariances));
            IEncoderTape tape = CreateTape(_encoder, _rowCount);
            Expect<ArgumentException>(
                Guard.Text($"Forward with {rows} elements in rows, {means} in means and {logVariances} in logVariances, where at most {_rowCount} rows of {_width} and {_latents} fit,"),
                () => tape.Forward(observations.AsSpan(0, rows), written.Means.Values, written.LogVariances.Values));
        }
    }

    private void CheckBackwardLengths()
    {
        int outputs = _rowCount * _latents;
        ExpectRefusal(outputs - 1, outputs, _parameters.Length);
        ExpectRefusal(outputs + 1, outputs, _parameters.Length);
        ExpectRefusal(outputs, outputs - 1, _parameters.Length);
        ExpectRefusal(outputs, outputs + 1, _parameters.Length);
        ExpectRefusal(outputs, outputs, _parameters.Length - 1);
        ExpectRefusal(outputs, outputs, _parameters.Length + 1);

        void ExpectRefusal(int means, int logVariances, int parameters)
        {
            double[] gradients = [.. _meanGradients, 1];
            var written = new FencedBuffer(parameters);
            written.Values.Clear();
            IEncoderTape tape = CreateTape(_encoder, _rowCount);
            Evaluate(tape, _rows);
            Expect<ArgumentException>(
                Guard.Text($"Backward with {means} elements in meanGradients, {logVariances} in logVarianceGradients and {parameters} in parameterGradient, where {outputs}, {outputs} and {_parameters.Length} fit,"),
                () => tape.Backward(gradients.AsSpan(0, means), gradients.AsSpan(0, logVariances), written.Values));
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
