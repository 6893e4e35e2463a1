using System.Text;
using System.Text.Json;

namespace VariationalInference;

/// <summary>Writes options as a JSON object with a version, and reads them back one by one; what they are called stands with each kind of options.</summary>
internal static class OptionsJson
{
    private const int Version = 1;
    private const string VersionKey = "formatVersion";
    private const string KindKey = "kind";

    /// <summary>Writes an object.</summary>
    /// <param name="write">Writes the properties behind the version.</param>
    public static string Write(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            writer.WriteNumber(VersionKey, Version);
            write(writer);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    /// <summary>Reads an object.</summary>
    /// <param name="json">The text.</param>
    /// <param name="options">The defaults.</param>
    /// <param name="with">Sets an option by its name; an <see cref="ArgumentException"/> says that there is no such name or value.</param>
    /// <exception cref="FormatException">The text is no such object.</exception>
    public static T Read<T>(string json, T options, Func<T, string, JsonElement, T> with)
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
            return ReadProperties(root, options, with);
        }
        catch (InvalidOperationException exception)
        {
            // A name with an escape that is half a surrogate pair.
            throw new FormatException($"The options are no JSON: {exception.Message}", exception);
        }
    }

    public static void WriteOptimizer(Utf8JsonWriter writer, string name, Optimizer optimizer)
    {
        writer.WriteStartObject(name);
        writer.WriteString(KindKey, optimizer.Kind);
        var names = new HashSet<string>(StringComparer.Ordinal) { KindKey };
        foreach ((string setting, double value) in optimizer.GetSettings())
        {
            if (!names.Add(setting) || !double.IsFinite(value))
            {
                throw new InvalidOperationException(
                    Guard.Text($"The optimizer {optimizer.Kind} has a setting {setting} of {value}; settings must have names of their own, other than {KindKey}, and be finite."));
            }

            writer.WriteNumber(setting, value);
        }

        writer.WriteEndObject();
    }

    public static Optimizer ReadOptimizer(JsonElement value, Optimizer? given)
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

    public static T Member<T>(JsonElement value)
        where T : struct, Enum
    {
        T[] members = Enum.GetValues<T>();
        string text = Text(value);
        int place = Array.FindIndex(members, member => Key(member.ToString()) == text);
        return place >= 0
            ? members[place]
            : throw new ArgumentException(
                $"{SafeTensors.Show(text)} must be {string.Join(" or ", members.Select(member => Key(member.ToString())))}.");
    }

    public static int Integer(JsonElement value) => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number)
        ? number
        : throw new ArgumentException($"{SafeTensors.Show(value.GetRawText())} is no whole number of 32 bits.");

    public static double Number(JsonElement value) => value.ValueKind == JsonValueKind.Number
        ? value.GetDouble()
        : throw new ArgumentException($"{SafeTensors.Show(value.GetRawText())} is no number.");

    public static string Text(JsonElement value) => value.ValueKind == JsonValueKind.String
        ? value.GetString()!
        : throw new ArgumentException($"{SafeTensors.Show(value.GetRawText())} is no text.");

    public static string Key(string name) => JsonNamingPolicy.CamelCase.ConvertName(name);

    private static T ReadProperties<T>(JsonElement root, T options, Func<T, string, JsonElement, T> with)
    {
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
                options = name == VersionKey ? options : with(options, name, property.Value);
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
}
