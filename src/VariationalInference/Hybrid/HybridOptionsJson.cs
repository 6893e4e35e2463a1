using System.Collections.Immutable;
using System.Text.Json;
using static VariationalInference.OptionsJson;

namespace VariationalInference;

/// <summary>Writes <see cref="HybridOptions"/> as JSON and reads them back.</summary>
internal static class HybridOptionsJson
{
    public static string Write(HybridOptions options)
    {
        return OptionsJson.Write(writer =>
        {
            writer.WriteStartArray(Key(nameof(options.AmortizedLatents)));
            foreach (int latent in options.AmortizedLatents)
            {
                writer.WriteNumberValue(latent);
            }

            writer.WriteEndArray();
            writer.WriteString(Key(nameof(options.Estimator)), Key(options.Estimator.ToString()));
            writer.WriteNumber(Key(nameof(options.DrawCount)), options.DrawCount);
            writer.WriteNumber(Key(nameof(options.BatchSize)), options.BatchSize);
            writer.WriteNumber(Key(nameof(options.MaxEpochs)), options.MaxEpochs);
            if (options.CoordinateSweeps is int sweeps)
            {
                writer.WriteNumber(Key(nameof(options.CoordinateSweeps)), sweeps);
            }
            else
            {
                writer.WriteNull(Key(nameof(options.CoordinateSweeps)));
            }

            writer.WriteBoolean(Key(nameof(options.NaturalGradient)), options.NaturalGradient);
            WriteOptimizer(writer, Key(nameof(options.Optimizer)), options.Optimizer);
            writer.WriteNumber(Key(nameof(options.GapTolerance)), options.GapTolerance);
            writer.WriteNumber(Key(nameof(options.ImprovementTolerance)), options.ImprovementTolerance);
            writer.WriteNumber(Key(nameof(options.Patience)), options.Patience);
            writer.WriteNumber(Key(nameof(options.ValidationFraction)), options.ValidationFraction);
            writer.WriteNumber(Key(nameof(options.Seed)), options.Seed);
            writer.WriteBoolean(Key(nameof(options.ShuffleRows)), options.ShuffleRows);
            writer.WriteNumber(Key(nameof(options.CheckpointEpochs)), options.CheckpointEpochs);
        });
    }

    /// <exception cref="FormatException">The text does not hold options.</exception>
    public static HybridOptions Read(string json, Optimizer? optimizer) =>
        OptionsJson.Read(json, new HybridOptions(), (options, name, value) => With(options, name, value, optimizer));

    private static HybridOptions With(HybridOptions options, string name, JsonElement value, Optimizer? optimizer) => name switch
    {
        "amortizedLatents" => options with { AmortizedLatents = Latents(value) },
        "estimator" => options with { Estimator = Member<GradientEstimator>(value) },
        "drawCount" => options with { DrawCount = Integer(value) },
        "batchSize" => options with { BatchSize = Integer(value) },
        "maxEpochs" => options with { MaxEpochs = Integer(value) },
        "coordinateSweeps" => options with { CoordinateSweeps = value.ValueKind == JsonValueKind.Null ? null : Integer(value) },
        "naturalGradient" => options with { NaturalGradient = value.GetBoolean() },
        "optimizer" => options with { Optimizer = ReadOptimizer(value, optimizer) },
        "gapTolerance" => options with { GapTolerance = Number(value) },
        "improvementTolerance" => options with { ImprovementTolerance = Number(value) },
        "patience" => options with { Patience = Integer(value) },
        "validationFraction" => options with { ValidationFraction = Number(value) },
        "seed" => options with { Seed = Integer(value) },
        "shuffleRows" => options with { ShuffleRows = value.GetBoolean() },
        "checkpointEpochs" => options with { CheckpointEpochs = Integer(value) },
        _ => throw new ArgumentException("there is no such option."),
    };

    private static ImmutableArray<int> Latents(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            throw new ArgumentException($"{SafeTensors.Show(value.GetRawText())} is no array of whole numbers.");
        }

        // HybridOptions compares each latent with those before it: more than any model has would take forever.
        const int most = 10_000;
        return value.GetArrayLength() <= most
            ? [.. value.EnumerateArray().Select(Integer)]
            : throw new ArgumentException(Guard.Text($"there are {value.GetArrayLength()} latents; at most {most} are read."));
    }
}
