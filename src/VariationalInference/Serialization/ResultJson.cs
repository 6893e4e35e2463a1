using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace VariationalInference;

/// <summary>JSON of posteriors and results without reflection, for native code: source-generated metadata, and options that have them.</summary>
/// <remarks><threadsafety>Immutable, hence safe to share.</threadsafety></remarks>
/// <example>
/// <code language="csharp">
/// // In a web service: ConfigureHttpJsonOptions(o => o.SerializerOptions.TypeInfoResolverChain.Add(ResultJson.Resolver)).
/// var prediction = new Prediction { Mean = 1.5, MeanSd = 0.25, Sd = double.PositiveInfinity };
/// string json = ResultJson.Serialize(prediction);
/// Console.WriteLine(json);   // {"mean":1.5,"meanSd":0.25,"sd":"Infinity"}
/// Console.WriteLine(ResultJson.Deserialize&lt;Prediction&gt;(json) == prediction);   // True
/// </code>
/// </example>
public static class ResultJson
{
    /// <summary>Gets what knows every type that <see cref="ResultJsonConverter"/> converts, to be added to the resolvers of one's own options.</summary>
    public static IJsonTypeInfoResolver Resolver => ResultJsonContext.Default;

    /// <summary>Gets read-only options with <see cref="Resolver"/> and nothing else.</summary>
    public static JsonSerializerOptions Options => ResultJsonContext.Default.Options;

    /// <summary>Writes a posterior or result.</summary>
    /// <param name="value">The posterior or result, of a type that <see cref="ResultJsonConverter"/> converts.</param>
    /// <returns>The JSON.</returns>
    /// <exception cref="ArgumentException"><paramref name="value"/> is of another type.</exception>
    public static string Serialize(object value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return JsonShapes.Find(value.GetType()) is not null
            ? JsonSerializer.Serialize(value, Options.GetTypeInfo(value.GetType()))
            : throw new ArgumentException($"value is a {value.GetType().Name}; it must be a posterior or result that {nameof(ResultJsonConverter)} converts.", nameof(value));
    }

    /// <summary>Reads what <see cref="Serialize"/> wrote.</summary>
    /// <typeparam name="T">The type: a posterior, or a result that is plain numbers.</typeparam>
    /// <param name="json">The JSON.</param>
    /// <returns>The posterior or result; <see langword="null"/> where the JSON says so.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="json"/> is <see langword="null"/>.</exception>
    /// <exception cref="JsonException">The JSON is not such an object, or a value is outside its range.</exception>
    /// <exception cref="NotSupportedException">The type is written only, or none that <see cref="ResultJsonConverter"/> converts.</exception>
    public static T? Deserialize<T>(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        return JsonSerializer.Deserialize(json, (JsonTypeInfo<T>)Options.GetTypeInfo(typeof(T)));
    }
}
