namespace VariationalInference;

/// <content>What writing to parameters and scales changes, here and in a clone.</content>
internal sealed partial class ConformanceRun
{
    // Values that give other outputs than the encoder's own.
    private readonly double[] _otherParameters;

    private void CheckParameterWrites()
    {
        IEncoderTape tape = CreateTape(_encoder, _rowCount);
        Evaluate(tape, _rows);
        Write(_encoder, _otherParameters);
        int i = FencedBuffer.FirstDifference(_encoder.Parameters.Span, _otherParameters);
        if (i >= 0)
        {
            Report($"Parameters gave {_encoder.Parameters.Span[i]} for parameter {i} after {_otherParameters[i]} was written to it; what is written must stay.");
            return;
        }

        ConformanceOutputs changed = Evaluate(_encoder);
        if (changed.Difference(_outputs) is null)
        {
            Report($"Writing to Parameters left every output as it was; it must change the encoder.");
        }
        else if (Evaluate(tape, _rows).Difference(changed) is string difference)
        {
            Report($"A tape made before Parameters were written gave {difference} of a new tape; a tape must read parameters as they are at each pass.");
        }
    }

    private void CheckClone()
    {
        IEncoder clone = CreateClone(_encoder);
        (int, int, int) counts = (clone.ObservationCount, clone.LatentCount, clone.Parameters.Length);
        if (counts != (_width, _latents, _parameters.Length))
        {
            Report($"Clone has (observations, latents, parameters) = {counts}; it must have those of the original, {(_width, _latents, _parameters.Length)}.");
            return;
        }

        if (Evaluate(clone).Difference(_outputs) is string difference)
        {
            Report($"Clone gave {difference} of the original; a copy must give the same bits.");
            return;
        }

        Write(clone, _otherParameters);
        if (Evaluate(_encoder).Difference(_outputs) is string original)
        {
            Report($"Writing to the parameters of a clone made the original give {original}; a clone must share nothing with it.");
            return;
        }

        Write(clone, _parameters);
        Write(_encoder, _otherParameters);
        if (Evaluate(clone).Difference(_outputs) is string copy)
        {
            Report($"Writing to the parameters of the original made its clone give {copy}; a clone must share nothing with it.");
        }
    }

    private void CheckCalibration()
    {
        IEncoder calibrated = CreateClone(_encoder);
        Calibrate(calibrated, shift: 0, factor: 2);
        int i = FencedBuffer.FirstDifference(calibrated.Parameters.Span, _parameters);
        if (i >= 0)
        {
            Report($"Calibrate changed parameter {i} from {_parameters[i]} to {calibrated.Parameters.Span[i]}; it must leave parameters alone.");
            return;
        }

        ConformanceOutputs outputs = Evaluate(calibrated);
        if (Evaluate(_encoder).Difference(_outputs) is string original)
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

    private IEncoder CreateClone(IEncoder encoder)
    {
        _call = "Clone";
        return encoder.Clone();
    }

    /// <summary>Calibrates with location and scale of the rows, and output scales of no meaning, all moved by shift and factor.</summary>
    private void Calibrate(IEncoder encoder, double shift, double factor)
    {
        double[][] columns = [.. Enumerable.Range(0, _width).Select(k => _rows.Where((value, i) => i % _width == k && !double.IsNaN(value)).DefaultIfEmpty().ToArray())];
        double[] means = [.. columns.Select(column => column.Average())];
        double[] deviations = [.. columns.Zip(means, (column, mean) => column.Max(value => Math.Abs(value - mean)))];
        _call = "Calibrate";
        encoder.Calibrate(new EncoderScales(
            [.. means.Zip(deviations, (mean, deviation) => mean + (shift * deviation))],
            [.. deviations.Select(deviation => deviation > 0 ? factor * deviation : factor)],
            [.. Enumerable.Repeat(1 + shift, _latents)],
            [.. Enumerable.Repeat(factor, _latents)],
            [.. Enumerable.Repeat(1 / factor, _latents)]));
    }
}
