using System.Collections.Immutable;
using System.Text;
using System.Text.Json;

namespace VariationalInference;

/// <summary>Writes <see cref="HybridOptions"/> as JSON and reads them back.</summary>
internal static class HybridOptionsJson
{
    private const int Version = 1;
    private const string VersionKey = "formatVersion";
    private const string KindKey = "kind";

    public static string Write(HybridOptions options)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            writer.WriteNumber(VersionKey, Version);
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
            WriteOptimizer(writer, options.Optimizer);
            writer.WriteNumber(Key(nameof(options.GapTolerance)), options.GapTolerance);
            writer.WriteNumber(Key(nameof(options.ImprovementTolerance)), options.ImprovementTolerance);
            writer.WriteNumber(Key(nameof(options.Patience)), options.Patience);
            writer.WriteNumber(Key(nameof(options.ValidationFraction)), options.ValidationFraction);
            writer.WriteNumber(Key(nameof(options.Seed)), options.Seed);
            writer.WriteBoolean(Key(nameof(options.ShuffleRows)), options.ShuffleRows);
            writer.WriteNumber(Key(nameof(options.CheckpointEpochs)), options.CheckpointEpochs);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    public static HybridOptions Read(string json, Optimizer? optimizer)
    {
        using JsonDocument document = Parse(json);
        JsonElement root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException("The options are no JSON object.");
        }

        try
        {
            CheckVersion(root);
            return Read(root, optimizer);
        }
        catch (InvalidOperationException exception)
        {
            // A name with an escape that is half a surrogate pair.
            throw new FormatException($"The options are no JSON: {exception.Message}", exception);
        }
    }

    private static HybridOptions Read(JsonElement root, Optimizer? optimizer)
    {
        var options = new HybridOptions();
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (JsonProperty property in root.EnumerateObject())
        {
            string name = property.Name;
            if (!names.Add(name))
            {
                throw new FormatException($"Option {SafeTensors.Show(name)}: it is there twice; names must differ.");
            }

            try
            {
                options = With(options, name, property.Value, optimizer);
            }
            catch (Exception exception) when (exception is ArgumentException or InvalidOperationException)
            {
                throw new FormatException(Guard.Text($"Option {SafeTensors.Show(name)}: {exception.Message}"), exception);
            }
        }

        return options;
    }

    private static JsonDocument Parse(string json)
    {
        try
        {
            return JsonDocument.Parse(json);
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException)
        {
            throw new FormatException(Guard.Text($"The options are no JSON: {exception.Message}"), exception);
        }
    }

    private static void CheckVersion(JsonElement root)
    {
        // All else may be different in a newer version.
        bool isKnown = root.TryGetProperty(VersionKey, out JsonElement version)
            && version.ValueKind == JsonValueKind.Number && version.TryGetInt32(out int number) && number == Version;
        if (!isKnown)
        {
            string found = version.ValueKind == JsonValueKind.Undefined ? "missing" : SafeTensors.Show(version.GetRawText());
            throw new FormatException(
                Guard.Text($"{VersionKey} is {found}; the versions known here are: {Version}. A newer version of the library may know more."));
        }
    }

    private static HybridOptions With(HybridOptions options, string name, JsonElement value, Optimizer? optimizer) => name switch
    {
        VersionKey => options,
        "amortizedLatents" => options with { AmortizedLatents = Latents(value) },
        "estimator" => options with { Estimator = Estimator(value) },
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

    private static void WriteOptimizer(Utf8JsonWriter writer, Optimizer optimizer)
    {
        writer.WriteStartObject(Key(nameof(HybridOptions.Optimizer)));
        writer.WriteString(KindKey, optimizer.Kind);
        var names = new HashSet<string>(StringComparer.Ordinal) { KindKey };
        foreach ((string name, double value) in optimizer.GetSettings())
        {
            if (!names.Add(name) || !double.IsFinite(value))
            {
                throw new InvalidOperationException(
                    Guard.Text($"The optimizer {optimizer.Kind} has a setting {name} of {value}; settings must have names of their own, other than {KindKey}, and be finite."));
            }

            writer.WriteNumber(name, value);
        }

        writer.WriteEndObject();
    }

    private static Optimizer ReadOptimizer(JsonElement value, Optimizer? given)
    {
        string kind = value.ValueKind == JsonValueKind.Object && value.TryGetProperty(KindKey, out JsonElement element)
            ? Text(element)
            : throw new ArgumentException($"an object with a {KindKey} was expected.");
        Optimizer[] known = given is null ? [new Adam(), new Sgd()] : [given, new Adam(), new Sgd()];
        Optimizer optimizer = known.FirstOrDefault(one => one.Kind == kind) ?? throw new ArgumentException(
            $"{KindKey} is {SafeTensors.Show(kind)}; it must be {string.Join(" or ", known.Select(one => one.Kind))}, or that of an optimizer that is given.");
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (JsonProperty property in value.EnumerateObject())
        {
            if (!names.Add(property.Name))
            {
                throw new ArgumentException($"{SafeTensors.Show(property.Name)} is there twice; names must differ.");
            }

            if (property.Name != KindKey)
            {
                optimizer = optimizer.WithSetting(property.Name, Number(property.Value))
                    ?? throw new ArgumentException($"{kind} has no setting {SafeTensors.Show(property.Name)}.");
            }
        }

        return optimizer;
    }

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

    private static GradientEstimator Estimator(JsonElement value)
    {
        GradientEstimator[] estimators = Enum.GetValues<GradientEstimator>();
        string text = Text(value);
        int place = Array.FindIndex(estimators, estimator => Key(estimator.ToString()) == text);
        return place >= 0
            ? estimators[place]
            : throw new ArgumentException(
                $"{SafeTensors.Show(text)} must be {string.Join(" or ", estimators.Select(estimator => Key(estimator.ToString())))}.");
    }

    private static int Integer(JsonElement value) => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number)
        ? number
        : throw new ArgumentException($"{SafeTensors.Show(value.GetRawText())} is no whole number of 32 bits.");

    private static double Number(JsonElement value) => value.ValueKind == JsonValueKind.Number
        ? value.GetDouble()
        : throw new ArgumentException($"{SafeTensors.Show(value.GetRawText())} is no number.");

    private static string Text(JsonElement value) => value.ValueKind == JsonValueKind.String
        ? value.GetString()!
        : throw new ArgumentException($"{SafeTensors.Show(value.GetRawText())} is no text.");

    private static string Key(string name) => JsonNamingPolicy.CamelCase.ConvertName(name);
}
