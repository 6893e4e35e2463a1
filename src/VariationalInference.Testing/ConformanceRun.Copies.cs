namespace VariationalInference.Testing;

/// <content>What writing to parameters and scales changes, here and in a clone.</content>
internal sealed partial class ConformanceRun
{
    // Values that give other outputs than the encoder's own.
    private readonly double[] _otherParameters;

    private void CheckParameterWrites()
    {
        INetworkTape tape = CreateTape(_network, _rowCount);
        Evaluate(tape, _rows);
        Write(_network, _otherParameters);
        int i = FencedBuffer.FirstDifference(_network.Parameters.Span, _otherParameters);
        if (i >= 0)
        {
            Report($"Parameters gave {_network.Parameters.Span[i]} for parameter {i} after {_otherParameters[i]} was written to it; what is written must stay.");
            return;
        }

        FencedBuffer changed = Evaluate(_network);
        if (changed.Difference(_outputs) is null)
        {
            Report($"Writing to Parameters left every output as it was; it must change the network.");
        }
        else if (Evaluate(tape, _rows).Difference(changed) is string difference)
        {
            Report($"A tape made before Parameters were written gave {difference} of a new tape; a tape must read parameters as they are at each pass.");
        }
    }

    /// <summary>Compares a prepared tape, made before other parameters were written and prepared, with a tape that reads them itself.</summary>
    private void CheckPreparedTapes()
    {
        _call = FormattableString.Invariant($"CreatePreparedTape({_rowCount})");
        INetworkTape tape = _network.CreatePreparedTape(_rowCount) ?? throw new NullResultException();
        Write(_network, _otherParameters);
        _call = "Prepare";
        _network.Prepare();
        FencedBuffer changed = Evaluate(_network);
        if (Evaluate(tape, _rows).Difference(changed) is string difference)
        {
            Report($"A prepared tape gave {difference} of a tape that reads the parameters itself; after Prepare they must give the same bits.");
        }
    }

    private void CheckClone()
    {
        _call = "Clone";
        INetwork clone = _network.Clone() ?? throw new NullResultException();
        (int, int, int) counts = (clone.InputCount, clone.OutputCount, clone.Parameters.Length);
        if (counts != (_width, _outputCount, _parameters.Length))
        {
            Report($"Clone has (inputs, outputs, parameters) = {counts}; it must have those of the original, {(_width, _outputCount, _parameters.Length)}.");
            return;
        }

        if (Evaluate(clone).Difference(_outputs) is string difference)
        {
            Report($"Clone gave {difference} of the original; a copy must give the same bits.");
            return;
        }

        Write(clone, _otherParameters);
        if (Evaluate(_network).Difference(_outputs) is string original)
        {
            Report($"Writing to the parameters of a clone made the original give {original}; a clone must share nothing with it.");
            return;
        }

        Write(clone, _parameters);
        Write(_network, _otherParameters);
        if (Evaluate(clone).Difference(_outputs) is string copy)
        {
            Report($"Writing to the parameters of the original made its clone give {copy}; a clone must share nothing with it.");
        }
    }

    private void CheckPersistence()
    {
        if (string.IsNullOrEmpty(_network.Kind))
        {
            Report($"Kind is empty; it must name the kind of network in files.");
            return;
        }

        if (Evaluate(ReadBack(_network)).Difference(_outputs) is string difference)
        {
            Report($"Read gave a network of {difference} of that which Write wrote; it must give the same bits.");
        }
    }

    /// <summary>Writes a network and reads it with another one, which has other parameters.</summary>
    private INetwork ReadBack(INetwork network)
    {
        var state = new ModelState();
        _call = "Write";
        network.Write(state);
        _call = "Clone";
        INetwork reader = _network.Clone() ?? throw new NullResultException();
        Write(reader, _otherParameters);
        _call = "Read";
        return reader.Read(state) ?? throw new NullResultException();
    }

    private void CheckCalibration()
    {
        IEncoder calibrated = CreateClone(_encoder!);
        Calibrate(calibrated, shift: 0, factor: 2);
        int i = FencedBuffer.FirstDifference(calibrated.Parameters.Span, _parameters);
        if (i >= 0)
        {
            Report($"Calibrate changed parameter {i} from {_parameters[i]} to {calibrated.Parameters.Span[i]}; it must leave parameters alone.");
            return;
        }

        FencedBuffer outputs = Evaluate(calibrated);
        if (Evaluate(_network).Difference(_outputs) is string original)
        {
            Report($"Calibrating a clone made the original give {original}; a clone must share nothing with it.");
            return;
        }

        if (Evaluate(CreateClone(calibrated)).Difference(outputs) is string copy)
        {
            Report($"The clone of a calibrated encoder gave {copy} of its original; a copy must have the same scales.");
            return;
        }

        Calibrate(calibrated, shift: 1, factor: 3);
        if (Evaluate(calibrated).Difference(outputs) is string recalibrated)
        {
            Report($"Calibrate, a second time, made the encoder give {recalibrated}; the scales of the first time must stay.");
        }
    }

    private void CheckCalibratedPersistence()
    {
        IEncoder calibrated = CreateClone(_encoder!);
        Calibrate(calibrated, shift: 0, factor: 2);
        if (Evaluate(ReadBack(calibrated)).Difference(Evaluate(calibrated)) is string difference)
        {
            Report($"Read gave an encoder of {difference} of the calibrated one which Write wrote; it must have the same scales.");
        }
    }

    private IEncoder CreateClone(IEncoder encoder)
    {
        _call = "Clone";
        return encoder.Clone() ?? throw new NullResultException();
    }

    /// <summary>Calibrates with location and scale of the rows, and output scales of no meaning, all moved by shift and factor.</summary>
    private void Calibrate(IEncoder encoder, double shift, double factor)
    {
        double[][] columns = [.. Columns()];
        double[] means = [.. columns.Select(column => column.Average())];
        double[] deviations = [.. columns.Zip(means, (column, mean) => column.Max(value => Math.Abs(value - mean)))];
        _call = "Calibrate";
        encoder.Calibrate(new EncoderScales(
            [.. means.Zip(deviations, (mean, deviation) => mean + (shift * deviation))],
            [.. deviations.Select(deviation => deviation > 0 ? factor * deviation : factor)],
            [.. Enumerable.Repeat(1 + shift, _outputCount / 2)],
            [.. Enumerable.Repeat(factor, _outputCount / 2)],
            [.. Enumerable.Repeat(1 / factor, _outputCount / 2)]));
    }
}
