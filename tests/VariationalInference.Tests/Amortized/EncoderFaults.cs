using System.Runtime.InteropServices;

namespace VariationalInference.Tests.Amortized;

/// <summary>Encoders that break one rule each, with how the violation must read; * stands for numbers.</summary>
internal static class EncoderFaults
{
    public static IReadOnlyDictionary<string, (Func<FaultyEncoder> Create, string Violation)> All { get; } =
        new Dictionary<string, (Func<FaultyEncoder>, string)>
        {
            ["no latents"] = (() => new FaultyEncoder { LatentCount = 0 }, "LatentCount is 0; it must be at least 1."),
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
                () => AfterForward((_, logVariances, before) => logVariances[^1] = before.LogVariance),
                "Forward on 7 rows left logVariances[13] unwritten, or added to what was there; it must write every element."),
            ["an output is added to"] = (
                () => AfterForward((means, _, before) => means[^1] += before.Mean),
                "Forward on 7 rows left means[13] unwritten, or added to what was there; it must write every element."),
            ["an output is not finite"] = (
                () => AfterForward((means, _, _) => means[^1] = double.NaN),
                "Forward on 7 rows made means[13] NaN; every element must be finite."),
            ["an output is not finite for one row"] = (
                () => AfterForward((means, logVariances, _) => logVariances[0] = means.Length == 2 ? double.NegativeInfinity : logVariances[0]),
                "Forward on 1 row made logVariances[0] -Infinity; every element must be finite."),
            ["Forward writes too far"] = (
                () => AfterForward((means, _, _) => MemoryMarshal.CreateSpan(ref means[0], means.Length + 1)[^1] = 1),
                "Forward on 7 rows wrote beside means; it must write nothing but the elements."),
            ["no rows are refused"] = (
                () => RefusesRows(0), "Forward on 0 rows threw NotSupportedException (*); it must not throw."),
            ["one row is refused"] = (
                () => RefusesRows(1), "Forward on 1 row threw NotSupportedException (*); it must not throw."),
            ["outputs are random"] = (
                () => Random(),
                "Forward on 7 rows, the same as before, gave * rather than * for means[0]; a repetition must give the same bits."),
            ["outputs depend on the size of the batch"] = (
                () => AfterForward((means, _, _) => means[0] *= 1 + (means.Length * 1e-15)),
                "Forward on row 0 by itself gave * rather than * for means[0] in a batch of 7; a row must give the same bits in every batch."),
            ["log-variances depend on the size of the batch"] = (
                () => AfterForward((_, logVariances, _) => logVariances[0] *= 1 + (logVariances.Length * 1e-15)),
                "Forward on row 0 by itself gave * rather than * for logVariances[0] in a batch of 7; a row must give the same bits in every batch."),
            ["no output is finite"] = (
                () => AfterForward((means, logVariances, _) => means[^1] = logVariances[^1] = double.NaN),
                "Forward on 7 rows made means[13] NaN; every element must be finite."),
            ["outputs depend on a row's place"] = (
                () => AfterForward((means, _, _) => means[^1] *= means.Length % 4 == 0 ? 1 + 1e-15 : 1),
                "Forward on the rows from 1 on gave * rather than * for means[11] in the batch of all; a row must give the same bits in every batch."),
            ["Backward needs no Forward"] = (
                () => new FaultyEncoder
                {
                    Backward = (tape, means, logVariances, gradient) => WithoutInvalidOperation(tape, means, logVariances, gradient),
                },
                "Backward on a tape without a Forward threw nothing; it must throw an InvalidOperationException."),
            ["Backward without a Forward throws something else"] = (
                () => new FaultyEncoder
                {
                    Backward = (tape, means, logVariances, gradient) =>
                    {
                        if (WithoutInvalidOperation(tape, means, logVariances, gradient))
                        {
                            throw new NotSupportedException();
                        }
                    },
                },
                "Backward on a tape without a Forward threw NotSupportedException; it must throw an InvalidOperationException."),
            ["Backward overwrites"] = (
                () => new FaultyEncoder
                {
                    Backward = (tape, means, logVariances, gradient) =>
                    {
                        double[] added = new double[gradient.Length];
                        tape.Backward(means, logVariances, added);
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
            ["tapes are one"] = (
                () => SharesTapes(),
                "Backward, after passes on another tape, gave * rather than * for parameter *; tapes must not share what they write."),
            ["parameters are a copy"] = (
                () => new FaultyEncoder { ReadParameters = inner => inner.Parameters.ToArray() },
                "Parameters gave * for parameter 0 after * was written to it; what is written must stay."),
            ["parameters have no effect"] = (
                () => WritesHaveNoEffect(), "Writing to Parameters left every output as it was; it must change the encoder."),
            ["a tape keeps old parameters"] = (
                () => new FaultyEncoder { MakeTape = (inner, capacity) => inner.Clone().CreateTape(capacity) },
                "A tape made before Parameters were written gave * rather than * for means[0] of a new tape; a tape must read parameters as they are at each pass."),
            ["a clone has other counts"] = (
                () => new FaultyEncoder { Copy = _ => new MlpEncoder(EncoderCases.Observations, EncoderCases.Latents) },
                "Clone has (observations, latents, parameters) = (3, 2, 16); it must have those of the original, (3, 2, 34)."),
            ["a clone starts afresh"] = (
                () => new FaultyEncoder { Copy = _ => new MlpEncoder(EncoderCases.Observations, EncoderCases.Latents, [3]) },
                "Clone gave * rather than * for means[0] of the original; a copy must give the same bits."),
            ["a clone is the original"] = (
                () => new FaultyEncoder { Copy = encoder => encoder },
                "Writing to the parameters of a clone made the original give * rather than * for means[0]; a clone must share nothing with it."),
            ["a clone follows the original"] = (
                () => new FaultyEncoder { Copy = FollowsTheOriginal },
                "Writing to the parameters of the original made its clone give * rather than * for means[0]; a clone must share nothing with it."),
            ["there are no clones"] = (
                () => new FaultyEncoder { Copy = _ => throw new NotSupportedException("No clones.") },
                "Clone threw NotSupportedException (No clones.); it must not throw."),
            ["Calibrate moves a parameter"] = (
                () => new FaultyEncoder { SetScales = (inner, _) => inner.Parameters.Span[2] += 1 },
                "Calibrate changed parameter 2 from * to *; it must leave parameters alone."),
            ["a clone shares scales"] = (
                () => SharesScales(),
                "Calibrating a clone made the original give * rather than * for means[0]; a clone must share nothing with it."),
            ["a clone has no scales"] = (
                () => Uncalibrated(new FaultyEncoder { Copy = encoder => encoder with { Inner = WithoutScales(encoder.Inner) } }),
                "The clone of a calibrated encoder gave * rather than * for means[0] of its original; a copy must have the same scales."),
            ["scales can change"] = (
                () => KeepsNoScales(),
                "Calibrate, a second time, made the encoder give * rather than * for means[0]; the scales of the first time must stay."),
        };

    private static FaultyEncoder AfterForward(SpoilOutputs spoil) => new()
    {
        Forward = (tape, rows, means, logVariances) =>
        {
            (double, double) before = means.IsEmpty ? default : (means[^1], logVariances[^1]);
            tape.Forward(rows, means, logVariances);
            if (!means.IsEmpty)
            {
                spoil(means, logVariances, before);
            }
        },
    };

    private static FaultyEncoder AfterBackward(SpoilGradient spoil) => new()
    {
        Backward = (tape, means, logVariances, gradient) =>
        {
            tape.Backward(means, logVariances, gradient);
            spoil(gradient, means.Length / EncoderCases.Latents);
        },
    };

    private static FaultyEncoder GrowsOnForward()
    {
        int added = 0;
        var encoder = new FaultyEncoder { ReadParameters = inner => WithMore(inner.Parameters, added) };
        return encoder with
        {
            Forward = (tape, rows, means, logVariances) =>
            {
                tape.Forward(rows, means, logVariances);
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
            Backward = (tape, means, logVariances, gradient) =>
            {
                tape.Backward(means, logVariances, gradient);
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
            Forward = (tape, rows, means, logVariances) =>
            {
                tape.Forward(rows, means, logVariances);
                encoder.Inner.Parameters.Span[2] += 1;
            },
        };
    }

    private static FaultyEncoder MovesOnBackward()
    {
        var encoder = new FaultyEncoder();
        return encoder with
        {
            Backward = (tape, means, logVariances, gradient) =>
            {
                tape.Backward(means, logVariances, gradient);
                encoder.Inner.Parameters.Span[2] += 1;
            },
        };
    }

    private static FaultyEncoder RefusesRows(int count) => new()
    {
        Forward = (tape, rows, means, logVariances) =>
        {
            if (rows.Length == count * EncoderCases.Observations)
            {
                throw new NotSupportedException();
            }

            tape.Forward(rows, means, logVariances);
        },
    };

    private static FaultyEncoder Random()
    {
        int calls = 0;
        return AfterForward((means, _, _) => means[0] *= 1 + (++calls * 1e-15));
    }

    // Returns whether there was no forward pass.
    private static bool WithoutInvalidOperation(
        IEncoderTape tape, ReadOnlySpan<double> means, ReadOnlySpan<double> logVariances, Span<double> gradient)
    {
        try
        {
            tape.Backward(means, logVariances, gradient);
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
            Forward = (tape, rows, means, logVariances) =>
            {
                tape.Forward(rows, means, logVariances);
                sum = null;
            },
            Backward = (tape, means, logVariances, gradient) =>
            {
                double[] added = sum ?? new double[gradient.Length];
                tape.Backward(means, logVariances, added);
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
            Forward = (tape, rows, means, logVariances) =>
            {
                tape.Forward(rows, means, logVariances);
                ready = true;
            },
            Backward = (tape, means, logVariances, gradient) =>
            {
                if (!ready)
                {
                    throw new InvalidOperationException();
                }

                ready = false;
                tape.Backward(means, logVariances, gradient);
            },
        };
    }

    private static FaultyEncoder SharesTapes()
    {
        var tapes = new Dictionary<(MlpEncoder, int), IEncoderTape>();
        return new FaultyEncoder
        {
            MakeTape = (inner, capacity) =>
                tapes.TryGetValue((inner, capacity), out IEncoderTape? tape) ? tape : tapes[(inner, capacity)] = inner.CreateTape(capacity),
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
            encoder.ObservationCount, encoder.LatentCount, [.. encoder.HiddenWidths], encoder.Activation, precision: encoder.Precision);
        encoder.Parameters.CopyTo(copy.Parameters);
        return copy;
    }

    // The first calibration scales the outputs of this encoder and of all its clones.
    private static FaultyEncoder SharesScales()
    {
        double scale = 1;
        FaultyEncoder encoder = AfterForward((means, _, _) => means[0] *= scale);
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

    private delegate void SpoilOutputs(Span<double> means, Span<double> logVariances, (double Mean, double LogVariance) before);

    private delegate void SpoilGradient(Span<double> gradient, int rows);
}
