using System.Text.Json.Serialization;

namespace VariationalInference;

/// <summary>A number of a likelihood that can be learned, such as a noise variance or a shape.</summary>
/// <remarks><threadsafety>Immutable, hence safe to share.</threadsafety></remarks>
/// <param name="Name">What it is called.</param>
/// <param name="Value">Its value.</param>
/// <param name="Lower">What it must be greater than.</param>
/// <param name="Upper">What it must be less than.</param>
/// <example>
/// <code language="csharp">
/// Console.WriteLine(Likelihood.Gaussian(0.25).Parameters[0].Name);   // variance
/// </code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public readonly record struct LikelihoodParameter(string Name, double Value, double Lower, double Upper);
