using System.Text.Json;
using System.Text.Json.Serialization;

namespace VariationalInference;

/// <summary>How a type is written as an object, and read back if it can be.</summary>
/// <param name="write">Writes the fields.</param>
/// <param name="read">Makes an object of the fields; null of a type that is written only.</param>
internal sealed class JsonShape<T>(Action<JsonFields, T> write, Func<JsonSource, T>? read) : JsonConverter<T>
{
    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => Write(writer, value);

    public void Write(Utf8JsonWriter writer, T value)
    {
        writer.WriteStartObject();
        write(new JsonFields(writer), value);
        writer.WriteEndObject();
    }

    public override T? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        RequireRead();
        using JsonDocument document = JsonDocument.ParseValue(ref reader);
        return Read(document.RootElement);
    }

    public T Read(JsonElement element)
    {
        RequireRead();
        try
        {
            return read!(new JsonSource(element));
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or ArithmeticException or InvalidOperationException)
        {
            throw new JsonException(exception.Message, exception);
        }
    }

    private void RequireRead()
    {
        if (read is null)
        {
            throw new NotSupportedException($"{typeof(T).Name} is written as JSON but not read; Save and Load keep what it is made of.");
        }
    }
}
