using System.Runtime.InteropServices;
using VariationalInference.Tests.Amortized;

namespace VariationalInference.Tests.Testing;

/// <summary>Encoders that break one rule each, with how the violation must read; * stands for numbers.</summary>
internal static class EncoderFaults
{
    public static IReadOnlyDictionary<string, (Func<FaultyEncoder> Create, string Violation)> All { get; } =
        new Dictionary<string, (Func<FaultyEncoder>, string)>
        {
            ["no latents"] = (() => new FaultyEncoder { LatentCount = 0 }, "OutputCount is 0; it must be at least 1."),
            ["no parameters"] = (
                () => new FaultyEncoder { ReadParameters = _ => Memory<double>.Empty },
                "Parameters has 0 elements; it must have at least 1."),
            ["Forward adds a parameter"] = (
                () => GrowsOnForward(), "Parameters had 34 elements and has 35 after Forward; their number must never change."),
            ["Backward adds a parameter"] = (
                () => GrowsOnBackward(), "Parameters had 34 elements and has 35 after Backward; their number must never change."),
            ["Forward moves a parameter"] = (
                () => MovesOnForward(), "Forward changed parameter 2 from * to *; only the caller may change parameters."),
            ["Backward moves a parameter"] = (
                () => MovesOnBackward(), "Backward changed parameter 2 from * to *; only the caller may change parameters."),
            ["an output is left out"] = (
                () => AfterForward((outputs, before) => outputs[^1] = before),
                "Forward on 7 rows left outputs[27] unwritten, or added to what was there; it must write every element."),
            ["an output is added to"] = (
                () => AfterForward((outputs, before) => outputs[^1] += before),
                "Forward on 7 rows left outputs[27] unwritten, or added to what was there; it must write every element."),
            ["an output is not finite"] = (
                () => AfterForward((outputs, _) => outputs[^1] = double.NaN),
                "Forward on 7 rows made outputs[27] NaN; every element must be finite."),
            ["an output is not finite for one row"] = (
                () => AfterForward((outputs, _) => outputs[2] = outputs.Length == 4 ? double.NegativeInfinity : outputs[2]),
                "Forward on 1 row made outputs[2] -Infinity; every element must be finite."),
            ["Forward writes too far"] = (
                () => AfterForward((outputs, _) => MemoryMarshal.CreateSpan(ref outputs[0], outputs.Length + 1)[^1] = 1),
                "Forward on 7 rows wrote beside outputs; it must write nothing but the elements."),
            ["no rows are refused"] = (
                () => RefusesRows(0), "Forward on 0 rows threw NotSupportedException (*); it must not throw."),
            ["one row is refused"] = (
                () => RefusesRows(1), "Forward on 1 row threw NotSupportedException (*); it must not throw."),
            ["outputs are random"] = (
                () => Random(),
                "Forward on 7 rows, the same as before, gave * rather than * for outputs[0]; a repetition must give the same bits."),
            ["outputs depend on the size of the batch"] = (
                () => AfterForward((outputs, _) => outputs[0] *= 1 + (outputs.Length * 1e-15)),
                "Forward on row 0 by itself gave * rather than * for outputs[0] in a batch of 7; a row must give the same bits in every batch."),
            ["outputs depend on a row's place"] = (
                () => AfterForward((outputs, _) => outputs[^1] *= outputs.Length % 8 == 0 ? 1 + 1e-15 : 1),
                "Forward on the rows from 1 on gave * rather than * for outputs[23] in the batch of all; a row must give the same bits in every batch."),
            ["Backward needs no Forward"] = (
                () => new FaultyEncoder
                {
                    Backward = (tape, outputs, gradient) => WithoutInvalidOperation(tape, outputs, gradient),
                },
                "Backward on a tape without a Forward threw nothing; it must throw an InvalidOperationException."),
            ["Backward without a Forward throws something else"] = (
                () => new FaultyEncoder
                {
                    Backward = (tape, outputs, gradient) =>
                    {
                        if (WithoutInvalidOperation(tape, outputs, gradient))
                        {
                            throw new NotSupportedException();
                        }
                    },
                },
                "Backward on a tape without a Forward threw NotSupportedException; it must throw an InvalidOperationException."),
            ["Backward overwrites"] = (
                () => new FaultyEncoder
                {
                    Backward = (tape, outputs, gradient) =>
                    {
                        double[] added = new double[gradient.Length];
                        tape.Backward(outputs, added);
                        added.CopyTo(gradient);
                    },
                },
                "Backward made * of a gradient of * for parameter 0, and the same to add; it must add to what is there, which gives *."),
            ["Backward accumulates"] = (
                () => Accumulates(),
                "Backward, repeated after one Forward, gave * rather than * for parameter 0; a repetition must give the same bits."),
            ["Backward works once"] = (
                () => WorksOnce(), "Backward threw InvalidOperationException (*); it must not throw."),
            ["a gradient is not finite"] = (
                () => AfterBackward((gradient, _) => gradient[4] = double.NaN),
                "Backward made parameterGradient[4] NaN; every element must be finite."),
            ["Backward writes too far"] = (
                () => AfterBackward((gradient, _) => MemoryMarshal.CreateSpan(ref gradient[0], gradient.Length + 1)[^1] = 1),
                "Backward wrote beside parameterGradient; it must write nothing but the elements."),
            ["no rows have a gradient"] = (
                () => AfterBackward((gradient, rows) => gradient[4] += rows == 0 ? 0.25 : 0),
                "Backward on 0 rows added 0.25 to the gradient of parameter 4; it must add 0."),
            ["a gradient is wrong"] = (
                () => AfterBackward((gradient, rows) => gradient[4] += rows * 1e-4),
                "Backward gave * for parameter 4 where central differences give * (wrong: 1 of 34 examined); they must agree to 1E-05 relative."),
            ["a gradient in the inputs is wrong"] = (
                () => AfterBackwardToInputs((_, gradients) => gradients[4] *= 1 + 1e-4),
                "Backward gave * for input 4 where central differences give * (wrong: 1 of 21 examined); they must agree to 1E-05 relative."),
            ["a gradient in the inputs is left out"] = (
                () => new FaultyEncoder { BackwardToInputs = (tape, outputs, gradient, _) => tape.Backward(outputs, gradient) },
                "Backward to inputs left inputGradients[0] unwritten, or added to what was there; it must write every element."),
            ["a gradient changes when inputs have one"] = (
                () => AfterBackwardToInputs((gradient, _) => gradient[3] *= 1 + 1e-15),
                "Backward to inputs gave * rather than * for parameter 3; with and without gradients in the inputs, those in the parameters must have the same bits."),
            ["gradients in the inputs are not refused"] = (
                () => new FaultyEncoder { BackwardToInputs = (tape, outputs, gradient, inputs) => ToInputs(tape, outputs, gradient, inputs) },
                "Backward with 20 elements in inputGradients, where 21 fit, threw nothing; it must throw an ArgumentException."),
            ["a prepared tape keeps old parameters"] = (
                () => new FaultyEncoder { MakePreparedTape = (encoder, capacity) => encoder.Inner.Clone().CreateTape(capacity) },
                "A prepared tape gave * rather than * for outputs[0] of a tape that reads the parameters itself; after Prepare they must give the same bits."),
            ["nothing is prepared"] = (
                () => new FaultyEncoder { MakePreparedTape = (encoder, capacity) => Prepared(encoder.Inner, capacity), Prepared = _ => { } },
                "A prepared tape gave * rather than * for outputs[0] of a tape that reads the parameters itself; after Prepare they must give the same bits."),
            ["there is no prepared tape"] = (
                () => new FaultyEncoder { MakePreparedTape = (_, _) => null! }, "CreatePreparedTape(7) returned null; it must return an object."),
            ["there is no tape"] = (
                () => new FaultyEncoder { MakeTape = (_, _) => null! }, "CreateTape(7) returned null; it must return an object."),
            ["a kind has no name"] = (
                () => new FaultyEncoder { Kind = string.Empty }, "Kind is empty; it must name the kind of network in files."),
            ["nothing is read"] = (
                () => new FaultyEncoder { Load = (encoder, _) => encoder },
                "Read gave a network of * rather than * for outputs[0] of that which Write wrote; it must give the same bits."),
            ["null is read"] = (
                () => new FaultyEncoder { Load = (_, _) => null! }, "Read returned null; it must return an object."),
            ["what is written cannot be read"] = (
                () => new FaultyEncoder { Save = (_, _) => { } }, "Read threw FormatException (tensor layers.0.weight is missing; *); it must not throw."),
            ["scales are not written"] = (
                () => Uncalibrated(new FaultyEncoder { Load = (encoder, state) => encoder with { Inner = WithoutScales((MlpEncoder)((IEncoder)encoder.Inner).Read(state)) } }),
                "Read gave an encoder of * rather than * for outputs[0] of the calibrated one which Write wrote; it must have the same scales."),
            ["a clone is null"] = (
                () => new FaultyEncoder { Copy = _ => null! }, "Clone returned null; it must return an object."),
            ["tapes are one"] = (
                () => SharesTapes(),
                "Backward, after passes on another tape, gave * rather than * for parameter *; tapes must not share what they write."),
            ["parameters are a copy"] = (
                () => new FaultyEncoder { ReadParameters = inner => inner.Parameters.ToArray() },
                "Parameters gave * for parameter 0 after * was written to it; what is written must stay."),
            ["parameters have no effect"] = (
                () => WritesHaveNoEffect(), "Writing to Parameters left every output as it was; it must change the network."),
            ["a tape keeps old parameters"] = (
                () => new FaultyEncoder { MakeTape = (inner, capacity) => inner.Clone().CreateTape(capacity) },
                "A tape made before Parameters were written gave * rather than * for outputs[0] of a new tape; a tape must read parameters as they are at each pass."),
            ["a clone has other counts"] = (
                () => new FaultyEncoder { Copy = _ => new MlpEncoder(EncoderCases.Observations, EncoderCases.Latents) },
                "Clone has (inputs, outputs, parameters) = (3, 4, 16); it must have those of the original, (3, 4, 34)."),
            ["a clone starts afresh"] = (
                () => new FaultyEncoder { Copy = _ => new MlpEncoder(EncoderCases.Observations, EncoderCases.Latents, [3]) },
                "Clone gave * rather than * for outputs[0] of the original; a copy must give the same bits."),
            ["a clone is the original"] = (
                () => new FaultyEncoder { Copy = encoder => encoder },
                "Writing to the parameters of a clone made the original give * rather than * for outputs[0]; a clone must share nothing with it."),
            ["a clone follows the original"] = (
                () => new FaultyEncoder { Copy = FollowsTheOriginal },
                "Writing to the parameters of the original made its clone give * rather than * for outputs[0]; a clone must share nothing with it."),
            ["there are no clones"] = (
                () => new FaultyEncoder { Copy = _ => throw new NotSupportedException("No clones.") },
                "Clone threw NotSupportedException (No clones.); it must not throw."),
            ["Calibrate moves a parameter"] = (
                () => new FaultyEncoder { SetScales = (inner, _) => inner.Parameters.Span[2] += 1 },
                "Calibrate changed parameter 2 from * to *; it must leave parameters alone."),
            ["a clone shares scales"] = (
                () => SharesScales(),
                "Calibrating a clone made the original give * rather than * for outputs[0]; a clone must share nothing with it."),
            ["a clone has no scales"] = (
                () => Uncalibrated(new FaultyEncoder { Copy = encoder => encoder with { Inner = WithoutScales(encoder.Inner) } }),
                "The clone of a calibrated encoder gave * rather than * for outputs[0] of its original; a copy must have the same scales."),
            ["scales can change"] = (
                () => KeepsNoScales(),
                "Calibrate, a second time, made the encoder give * rather than * for outputs[0]; the scales of the first time must stay."),
        };

    private static FaultyEncoder AfterForward(SpoilOutputs spoil) => new()
    {
        Forward = (tape, inputs, outputs) =>
        {
            double before = outputs.IsEmpty ? 0 : outputs[^1];
            tape.Forward(inputs, outputs);
            if (!outputs.IsEmpty)
            {
                spoil(outputs, before);
            }
        },
    };

    private static FaultyEncoder AfterBackward(SpoilGradient spoil) => new()
    {
        Backward = (tape, outputs, gradient) =>
        {
            tape.Backward(outputs, gradient);
            spoil(gradient, outputs.Length / (2 * EncoderCases.Latents));
        },
    };

    private static FaultyEncoder AfterBackwardToInputs(SpoilGradients spoil) => new()
    {
        BackwardToInputs = (tape, outputs, gradient, inputs) =>
        {
            tape.Backward(outputs, gradient, inputs);
            spoil(gradient, inputs);
        },
    };

    // Fits one element less than there are, and refuses one more.
    private static void ToInputs(INetworkTape tape, ReadOnlySpan<double> outputs, Span<double> gradient, Span<double> inputs)
    {
        double[] whole = new double[inputs.Length == 20 ? 21 : inputs.Length];
        tape.Backward(outputs, gradient, whole);
        whole.AsSpan(0, inputs.Length).CopyTo(inputs);
    }

    private static INetworkTape Prepared(MlpEncoder inner, int capacity)
    {
        inner.Prepare();
        return inner.CreatePreparedTape(capacity);
    }

    private static FaultyEncoder GrowsOnForward()
    {
        int added = 0;
        var encoder = new FaultyEncoder { ReadParameters = inner => WithMore(inner.Parameters, added) };
        return encoder with
        {
            Forward = (tape, inputs, outputs) =>
            {
                tape.Forward(inputs, outputs);
                added = 1;
            },
        };
    }

    private static FaultyEncoder GrowsOnBackward()
    {
        int added = 0;
        var encoder = new FaultyEncoder { ReadParameters = inner => WithMore(inner.Parameters, added) };
        return encoder with
        {
            Backward = (tape, outputs, gradient) =>
            {
                tape.Backward(outputs, gradient);
                added = 1;
            },
        };
    }

    private static Memory<double> WithMore(Memory<double> parameters, int added) =>
        added == 0 ? parameters : (double[])[.. parameters.Span, 0];

    private static FaultyEncoder MovesOnForward()
    {
        var encoder = new FaultyEncoder();
        return encoder with
        {
            Forward = (tape, inputs, outputs) =>
            {
                tape.Forward(inputs, outputs);
                encoder.Inner.Parameters.Span[2] += 1;
            },
        };
    }

    private static FaultyEncoder MovesOnBackward()
    {
        var encoder = new FaultyEncoder();
        return encoder with
        {
            Backward = (tape, outputs, gradient) =>
            {
                tape.Backward(outputs, gradient);
                encoder.Inner.Parameters.Span[2] += 1;
            },
        };
    }

    private static FaultyEncoder RefusesRows(int count) => new()
    {
        Forward = (tape, inputs, outputs) =>
        {
            if (inputs.Length == count * EncoderCases.Observations)
            {
                throw new NotSupportedException();
            }

            tape.Forward(inputs, outputs);
        },
    };

    private static FaultyEncoder Random()
    {
        int calls = 0;
        return AfterForward((outputs, _) => outputs[0] *= 1 + (++calls * 1e-15));
    }

    // Returns whether there was no forward pass.
    private static bool WithoutInvalidOperation(INetworkTape tape, ReadOnlySpan<double> outputs, Span<double> gradient)
    {
        try
        {
            tape.Backward(outputs, gradient);
            return false;
        }
        catch (InvalidOperationException)
        {
            return true;
        }
    }

    private static FaultyEncoder Accumulates()
    {
        double[]? sum = null;
        return new FaultyEncoder
        {
            Forward = (tape, inputs, outputs) =>
            {
                tape.Forward(inputs, outputs);
                sum = null;
            },
            Backward = (tape, outputs, gradient) =>
            {
                double[] added = sum ?? new double[gradient.Length];
                tape.Backward(outputs, added);
                sum = added;
                for (int i = 0; i < gradient.Length; i++)
                {
                    gradient[i] += added[i];
                }
            },
        };
    }

    private static FaultyEncoder WorksOnce()
    {
        bool ready = false;
        return new FaultyEncoder
        {
            Forward = (tape, inputs, outputs) =>
            {
                tape.Forward(inputs, outputs);
                ready = true;
            },
            Backward = (tape, outputs, gradient) =>
            {
                if (!ready)
                {
                    throw new InvalidOperationException();
                }

                ready = false;
                tape.Backward(outputs, gradient);
            },
        };
    }

    private static FaultyEncoder SharesTapes()
    {
        var tapes = new Dictionary<(MlpEncoder, int), INetworkTape>();
        return new FaultyEncoder
        {
            MakeTape = (inner, capacity) =>
                tapes.TryGetValue((inner, capacity), out INetworkTape? tape) ? tape : tapes[(inner, capacity)] = inner.CreateTape(capacity),
        };
    }

    private static FaultyEncoder WritesHaveNoEffect()
    {
        double[] parameters = new FaultyEncoder().Inner.Parameters.ToArray();
        return new FaultyEncoder { ReadParameters = _ => parameters };
    }

    private static FaultyEncoder FollowsTheOriginal(FaultyEncoder original)
    {
        double[] parameters = original.Parameters.ToArray();
        return original with { ReadParameters = _ => parameters };
    }

    private static FaultyEncoder Uncalibrated(FaultyEncoder encoder) => encoder with { Inner = WithoutScales(encoder.Inner) };

    private static MlpEncoder WithoutScales(MlpEncoder encoder)
    {
        var copy = new MlpEncoder(
            encoder.ObservationCount,
            encoder.LatentCount,
            new PerceptronOptions { HiddenWidths = encoder.HiddenWidths, Activation = encoder.Activation, Precision = encoder.Precision });
        encoder.Parameters.CopyTo(copy.Parameters);
        return copy;
    }

    // The first calibration scales the outputs of this encoder and of all its clones.
    private static FaultyEncoder SharesScales()
    {
        double scale = 1;
        FaultyEncoder encoder = AfterForward((outputs, _) => outputs[0] *= scale);
        return encoder with { SetScales = (_, scales) => scale = scale == 1 ? 1 + scales.OutputDeviations[0] : scale };
    }

    private static FaultyEncoder KeepsNoScales()
    {
        var scale = new System.Runtime.CompilerServices.ConditionalWeakTable<MlpEncoder, EncoderScales>();
        return new FaultyEncoder
        {
            SetScales = (inner, scales) => scale.AddOrUpdate(inner, scales),
            MakeTape = (inner, capacity) => scale.TryGetValue(inner, out EncoderScales? scales) ? Scaled(inner, scales).CreateTape(capacity) : inner.CreateTape(capacity),
            Copy = encoder =>
            {
                FaultyEncoder copy = encoder with { Inner = encoder.Inner.Clone() };
                if (scale.TryGetValue(encoder.Inner, out EncoderScales? scales))
                {
                    scale.Add(copy.Inner, scales);
                }

                return copy;
            },
        };
    }

    private static MlpEncoder Scaled(MlpEncoder encoder, EncoderScales scales)
    {
        MlpEncoder scaled = WithoutScales(encoder);
        scaled.Calibrate(scales);
        return scaled;
    }

    private delegate void SpoilOutputs(Span<double> outputs, double before);

    private delegate void SpoilGradients(Span<double> parameterGradient, Span<double> inputGradients);

    private delegate void SpoilGradient(Span<double> gradient, int rows);
}
