using System.Text.Json;
using static VariationalInference.OptionsJson;

namespace VariationalInference;

/// <summary>Writes <see cref="DecoderOptions"/> as JSON and reads them back.</summary>
internal static class DecoderOptionsJson
{
    /// <exception cref="InvalidOperationException">The optimiser has settings that cannot be written.</exception>
    public static string Write(DecoderOptions options) => OptionsJson.Write(writer =>
    {
        writer.WriteString(Key(nameof(options.Estimator)), Key(options.Estimator.ToString()));
        writer.WriteNumber(Key(nameof(options.DrawCount)), options.DrawCount);
        writer.WriteNumber(Key(nameof(options.FreeNats)), options.FreeNats);
        WriteIfAny(writer, nameof(options.BatchSize), options.BatchSize);
        writer.WriteNumber(Key(nameof(options.MaxEpochs)), options.MaxEpochs);
        WriteIfAny(writer, nameof(options.ExploringEpochs), options.ExploringEpochs);
        WriteOptimizer(writer, Key(nameof(options.Optimizer)), options.Optimizer);
        writer.WriteNumber(Key(nameof(options.Patience)), options.Patience);
        writer.WriteNumber(Key(nameof(options.ImprovementTolerance)), options.ImprovementTolerance);
        writer.WriteNumber(Key(nameof(options.ValidationFraction)), options.ValidationFraction);
        writer.WriteNumber(Key(nameof(options.JudgePairs)), options.JudgePairs);
        writer.WriteNumber(Key(nameof(options.FinalDraws)), options.FinalDraws);
        writer.WriteNumber(Key(nameof(options.RefinedRows)), options.RefinedRows);
        writer.WriteBoolean(Key(nameof(options.Loadings)), options.Loadings);
        writer.WriteBoolean(Key(nameof(options.Offset)), options.Offset);
        writer.WriteString(Key(nameof(options.NoiseVariances)), Key(options.NoiseVariances.ToString()));
        WriteIfAny(writer, nameof(options.NoiseFloor), options.NoiseFloor);
        writer.WriteBoolean(Key(nameof(options.Decoder)), options.Decoder);
        writer.WriteNumber(Key(nameof(options.Seed)), options.Seed);
        writer.WriteBoolean(Key(nameof(options.ShuffleRows)), options.ShuffleRows);
        writer.WriteNumber(Key(nameof(options.CheckpointEpochs)), options.CheckpointEpochs);
    });

    /// <exception cref="FormatException">The text does not hold options.</exception>
    public static DecoderOptions Read(string json, Optimizer? optimizer) =>
        OptionsJson.Read(json, new DecoderOptions(), (options, name, value) => With(options, name, value, optimizer));

    private static DecoderOptions With(DecoderOptions options, string name, JsonElement value, Optimizer? optimizer) => name switch
    {
        "estimator" => options with { Estimator = Member<GradientEstimator>(value) },
        "drawCount" => options with { DrawCount = Integer(value) },
        "freeNats" => options with { FreeNats = Number(value) },
        "batchSize" => options with { BatchSize = IsNull(value) ? null : Integer(value) },
        "maxEpochs" => options with { MaxEpochs = Integer(value) },
        "exploringEpochs" => options with { ExploringEpochs = IsNull(value) ? null : Integer(value) },
        "optimizer" => options with { Optimizer = ReadOptimizer(value, optimizer) },
        "patience" => options with { Patience = Integer(value) },
        "improvementTolerance" => options with { ImprovementTolerance = Number(value) },
        "validationFraction" => options with { ValidationFraction = Number(value) },
        "judgePairs" => options with { JudgePairs = Integer(value) },
        "finalDraws" => options with { FinalDraws = Integer(value) },
        "refinedRows" => options with { RefinedRows = Integer(value) },
        "loadings" => options with { Loadings = value.GetBoolean() },
        "offset" => options with { Offset = value.GetBoolean() },
        "noiseVariances" => options with { NoiseVariances = Member<VarianceLearning>(value) },
        "noiseFloor" => options with { NoiseFloor = IsNull(value) ? null : Number(value) },
        "decoder" => options with { Decoder = value.GetBoolean() },
        "seed" => options with { Seed = Integer(value) },
        "shuffleRows" => options with { ShuffleRows = value.GetBoolean() },
        "checkpointEpochs" => options with { CheckpointEpochs = Integer(value) },
        _ => throw new ArgumentException("there is no such option."),
    };

    private static bool IsNull(JsonElement value) => value.ValueKind == JsonValueKind.Null;

    private static void WriteIfAny(Utf8JsonWriter writer, string name, double? value)
    {
        if (value is double number)
        {
            writer.WriteNumber(Key(name), number);
        }
        else
        {
            writer.WriteNull(Key(name));
        }
    }
}
