using System.Collections.Immutable;
using MathNet.Numerics.Random;

namespace VariationalInference;

/// <summary>One examination of an encoder: stages that each report what they find; those that rest on a violated one are left out.</summary>
internal sealed partial class ConformanceRun
{
    private readonly IEncoder _encoder;
    private readonly double[] _rows;
    private readonly int _rowCount;
    private readonly int _width;
    private readonly int _latents;
    private readonly EncoderConformanceOptions _options;
    private readonly Xoshiro256StarStar _random;
    private readonly double[] _parameters;
    private readonly ImmutableArray<string>.Builder _violations = ImmutableArray.CreateBuilder<string>();

    // The outputs of all rows in one pass with the encoder's own parameters, which every other pass is held against.
    private ConformanceOutputs _outputs = new(0);

    // What the encoder is doing, for the report when it throws.
    private string _call = string.Empty;

    public ConformanceRun(IEncoder encoder, double[] rows, int rowCount, EncoderConformanceOptions options)
    {
        _encoder = encoder;
        _rows = rows;
        _rowCount = rowCount;
        _width = encoder.ObservationCount;
        _latents = encoder.LatentCount;
        _options = options;
        _random = new Xoshiro256StarStar(options.Seed, threadSafe: false);
        _parameters = encoder.Parameters.ToArray();
        _otherParameters = [.. _parameters.Select(value => value + (0.01 * Math.Max(1, Math.Abs(value)) * (1 + _random.NextDouble())))];
        _meanGradients = DrawOutputGradients();
        _logVarianceGradients = DrawOutputGradients();
    }

    public ImmutableArray<string> Run()
    {
        if (Passes(CheckCounts))
        {
            Passes(CheckBackwardBeforeForward);
            if (Passes(CheckForward) && Passes(CheckRepetition))
            {
                Passes(CheckBatches);
                Passes(CheckForwardLengths);
                CheckWhatRestsOnForward();
            }
        }

        return _violations.ToImmutable();
    }

    private void CheckWhatRestsOnForward()
    {
        if (!Passes(CheckParametersAfterBackward))
        {
            return;
        }

        bool gradientsUsable = Passes(CheckBackward);
        if (gradientsUsable)
        {
            Passes(CheckBackwardLengths);
            Passes(CheckTapes);
        }

        if (!Passes(CheckParameterWrites))
        {
            return;
        }

        if (gradientsUsable)
        {
            Passes(CheckDifferences);
        }

        if (Passes(CheckClone))
        {
            Passes(CheckCalibration);
        }
    }

    /// <summary>Runs a stage, reports an exception as a violation, and puts the encoder's parameters back.</summary>
    private bool Passes(Action stage)
    {
        int before = _violations.Count;
        try
        {
            stage();
        }
        catch (Exception exception)
        {
            Report($"{_call} threw {exception.GetType().Name} ({exception.Message}); it must not throw.");
        }
        finally
        {
            Write(_encoder, _parameters);
        }

        return _violations.Count == before;
    }

    private void Report(FormattableString violation) => _violations.Add(Guard.Text(violation));

    private void CheckCounts()
    {
        if (_latents < 1)
        {
            Report($"LatentCount is {_latents}; it must be at least 1.");
        }

        if (_parameters.Length < 1)
        {
            Report($"Parameters has {_parameters.Length} elements; it must have at least 1.");
        }
    }

    private void CheckForward()
    {
        IEncoderTape tape = CreateTape(_encoder, _rowCount);
        foreach (int count in (int[])[_rowCount, 0, 1])
        {
            ConformanceOutputs outputs = Evaluate(tape, _rows.AsSpan(0, count * _width));
            if (outputs.Fault() is string fault)
            {
                Report($"{_call} {fault}.");
                return;
            }

            if (count == _rowCount)
            {
                _outputs = outputs;
            }
        }

        CheckParametersAreKept("Forward");
    }

    private void CheckParametersAreKept(string culprit)
    {
        Span<double> parameters = _encoder.Parameters.Span;
        if (parameters.Length != _parameters.Length)
        {
            Report($"Parameters had {_parameters.Length} elements and has {parameters.Length} after {culprit}; their number must never change.");
            return;
        }

        int i = FencedBuffer.FirstDifference(parameters, _parameters);
        if (i >= 0)
        {
            Report($"{culprit} changed parameter {i} from {_parameters[i]} to {parameters[i]}; only the caller may change parameters.");
        }
    }

    private void CheckRepetition()
    {
        IEncoderTape tape = CreateTape(_encoder, _rowCount);
        for (int repetition = 0; repetition < 2; repetition++)
        {
            if (Evaluate(tape, _rows).Difference(_outputs) is string difference)
            {
                Report($"{_call}, the same as before, gave {difference}; a repetition must give the same bits.");
                return;
            }
        }
    }

    /// <summary>Compares rows by themselves, on a tape for one row, and a batch without the first row, with the batch of all.</summary>
    private void CheckBatches()
    {
        IEncoderTape single = CreateTape(_encoder, 1);
        for (int row = 0; row < _rowCount; row++)
        {
            if (Evaluate(single, _rows.AsSpan(row * _width, _width)).Difference(_outputs, row * _latents) is string difference)
            {
                Report($"Forward on row {row} by itself gave {difference} in a batch of {_rowCount}; a row must give the same bits in every batch.");
                return;
            }
        }

        if (Evaluate(CreateTape(_encoder, _rowCount), _rows.AsSpan(_width)).Difference(_outputs, _latents) is string shifted)
        {
            Report($"Forward on the rows from 1 on gave {shifted} in the batch of all; a row must give the same bits in every batch.");
        }
    }

    private IEncoderTape CreateTape(IEncoder encoder, int capacity)
    {
        _call = Guard.Text($"CreateTape({capacity})");
        return encoder.CreateTape(capacity);
    }

    private ConformanceOutputs Evaluate(IEncoderTape tape, ReadOnlySpan<double> rows)
    {
        int count = rows.Length / _width;
        _call = Guard.Text($"Forward on {count} {(count == 1 ? "row" : "rows")}");
        var outputs = new ConformanceOutputs(count * _latents);
        tape.Forward(rows, outputs.Means.Values, outputs.LogVariances.Values);
        return outputs;
    }

    /// <summary>Evaluates all rows on a new tape.</summary>
    private ConformanceOutputs Evaluate(IEncoder encoder) => Evaluate(CreateTape(encoder, _rowCount), _rows);

    private static void Write(IEncoder encoder, ReadOnlySpan<double> values)
    {
        Span<double> parameters = encoder.Parameters.Span;
        values[..Math.Min(values.Length, parameters.Length)].CopyTo(parameters);
    }
}
