using System.Text.Json;
using System.Text.Json.Serialization;

namespace VariationalInference;

/// <summary>Writes posteriors and results as JSON, and reads back those that are plain numbers. Every type that it converts names it, so that nothing is to be registered.</summary>
/// <remarks>
/// <para>
/// Names are in camel case whatever the options say; NaN and infinities are the strings <c>"NaN"</c>, <c>"Infinity"</c> and <c>"-Infinity"</c>; matrices are arrays of
/// rows. Posteriors, predictions, estimates with their standard errors and intervals, warnings, summaries and fits of any cells come back to the bit of every number that is
/// written. What is bound to a model or to a table, such as learned results and mixed models, is written only: <c>Save</c> and <c>Load</c> keep those.
/// </para>
/// <para>
/// It uses no reflection. Where reflection is off, as in native code, <see cref="ResultJson.Resolver"/> is to be among the resolvers of the options, or the types in a
/// context of one's own.
/// </para>
/// <threadsafety>Stateless, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// using System.Text.Json;
///
/// Console.WriteLine(JsonSerializer.Serialize(new MeanFieldGaussian([0.25, 0.25], [0.5, 0.5])));
/// // {"family":"meanField","means":[0.25,0.25],"variances":[0.5,0.5]}
/// </code>
/// </example>
public sealed class ResultJsonConverter : JsonConverterFactory
{
    /// <summary>Determines whether a type is one of the library's that is written as JSON.</summary>
    /// <param name="typeToConvert">The type.</param>
    /// <returns>Whether it is.</returns>
    public override bool CanConvert(Type typeToConvert)
    {
        ArgumentNullException.ThrowIfNull(typeToConvert);
        return JsonShapes.Find(typeToConvert) is not null;
    }

    /// <summary>Finds the converter of a type.</summary>
    /// <param name="typeToConvert">The type.</param>
    /// <param name="options">The options, which change nothing.</param>
    /// <returns>The converter; <see langword="null"/> of a type for which <see cref="CanConvert"/> is <see langword="false"/>.</returns>
    public override JsonConverter? CreateConverter(Type typeToConvert, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(typeToConvert);
        return JsonShapes.Find(typeToConvert);
    }
}
