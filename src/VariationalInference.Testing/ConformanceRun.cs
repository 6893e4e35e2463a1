using System.Collections.Immutable;
using MathNet.Numerics.Random;

namespace VariationalInference.Testing;

/// <summary>One examination of a network: stages that each report what they find; those that rest on a violated one are left out.</summary>
internal sealed partial class ConformanceRun
{
    private readonly INetwork _network;

    // The same as an encoder, if it is examined as one.
    private readonly IEncoder? _encoder;
    private readonly double[] _rows;
    private readonly int _rowCount;
    private readonly int _width;
    private readonly int _outputCount;
    private readonly ConformanceOptions _options;
    private readonly Xoshiro256StarStar _random;
    private readonly double[] _parameters;
    private readonly ImmutableArray<string>.Builder _violations = ImmutableArray.CreateBuilder<string>();

    // The outputs of all rows in one pass with the network's own parameters, which every other pass is held against.
    private FencedBuffer _outputs = new(0);

    // What the network is doing, for the report when it throws.
    private string _call = string.Empty;

    public ConformanceRun(INetwork network, IEncoder? encoder, double[] rows, int rowCount, ConformanceOptions options)
    {
        _network = network;
        _encoder = encoder;
        _rows = rows;
        _rowCount = rowCount;
        _width = network.InputCount;
        _outputCount = network.OutputCount;
        _options = options;
        _random = new Xoshiro256StarStar(options.Seed, threadSafe: false);
        _parameters = network.Parameters.ToArray();
        _otherParameters = [.. _parameters.Select(value => value + (0.01 * Math.Max(1, Math.Abs(value)) * (1 + _random.NextDouble())))];
        _outputGradients = [.. Enumerable.Range(0, _rowCount * Math.Max(0, _outputCount)).Select(_ => (2 * _random.NextDouble()) - 1)];
    }

    public ImmutableArray<string> Run()
    {
        if (Passes(CheckCounts) && Passes(() => CreateTape(_network, _rowCount)))
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
            Passes(CheckInputGradients);
        }

        if (!Passes(CheckParameterWrites))
        {
            return;
        }

        if (gradientsUsable)
        {
            Passes(CheckDifferences);
        }

        Passes(CheckPreparedTapes);
        if (Passes(CheckClone) && Passes(CheckPersistence) && _encoder is not null && Passes(CheckCalibration))
        {
            Passes(CheckCalibratedPersistence);
        }
    }

    /// <summary>Runs a stage, reports an exception as a violation, and puts the network's parameters back.</summary>
    private bool Passes(Action stage)
    {
        int before = _violations.Count;
        try
        {
            stage();
        }
        catch (NullResultException)
        {
            Report($"{_call} returned null; it must return an object.");
        }
        catch (Exception exception)
        {
            Report($"{_call} threw {exception.GetType().Name} ({exception.Message}); it must not throw.");
        }
        finally
        {
            Write(_network, _parameters);
        }

        return _violations.Count == before;
    }

    private void Report(FormattableString violation) => _violations.Add(FormattableString.Invariant(violation));

    private void CheckCounts()
    {
        if (_outputCount < 1)
        {
            Report($"OutputCount is {_outputCount}; it must be at least 1.");
        }

        if (_encoder is not null && (_width, _outputCount) != (_encoder.ObservationCount, 2 * _encoder.LatentCount))
        {
            Report($"(InputCount, OutputCount) = {(_width, _outputCount)}; they must be {(_encoder.ObservationCount, 2 * _encoder.LatentCount)}, the observations and a mean and a log variance for each latent.");
        }

        if (_parameters.Length < 1)
        {
            Report($"Parameters has {_parameters.Length} elements; it must have at least 1.");
        }
    }

    private void CheckForward()
    {
        INetworkTape tape = CreateTape(_network, _rowCount);
        foreach (int count in (int[])[_rowCount, 0, 1])
        {
            FencedBuffer outputs = Evaluate(tape, _rows.AsSpan(0, count * _width));
            if (outputs.Fault("outputs") is string fault)
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
        Span<double> parameters = _network.Parameters.Span;
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
        INetworkTape tape = CreateTape(_network, _rowCount);
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
        INetworkTape single = CreateTape(_network, 1);
        for (int row = 0; row < _rowCount; row++)
        {
            if (Evaluate(single, _rows.AsSpan(row * _width, _width)).Difference(_outputs, row * _outputCount) is string difference)
            {
                Report($"Forward on row {row} by itself gave {difference} in a batch of {_rowCount}; a row must give the same bits in every batch.");
                return;
            }
        }

        if (Evaluate(CreateTape(_network, _rowCount), _rows.AsSpan(_width)).Difference(_outputs, _outputCount) is string shifted)
        {
            Report($"Forward on the rows from 1 on gave {shifted} in the batch of all; a row must give the same bits in every batch.");
        }
    }

    private INetworkTape CreateTape(INetwork network, int capacity)
    {
        _call = FormattableString.Invariant($"CreateTape({capacity})");
        return network.CreateTape(capacity) ?? throw new NullResultException();
    }

    private FencedBuffer Evaluate(INetworkTape tape, ReadOnlySpan<double> rows)
    {
        int count = rows.Length / _width;
        _call = FormattableString.Invariant($"Forward on {count} {(count == 1 ? "row" : "rows")}");
        var outputs = new FencedBuffer(count * _outputCount);
        tape.Forward(rows, outputs.Values);
        return outputs;
    }

    /// <summary>Evaluates all rows on a new tape.</summary>
    private FencedBuffer Evaluate(INetwork network) => Evaluate(CreateTape(network, _rowCount), _rows);

    private static void Write(INetwork network, ReadOnlySpan<double> values)
    {
        Span<double> parameters = network.Parameters.Span;
        values[..Math.Min(values.Length, parameters.Length)].CopyTo(parameters);
    }

    /// <summary>Something must be returned, and nothing was.</summary>
    private sealed class NullResultException : Exception;
}
