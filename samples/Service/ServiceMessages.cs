using System.Text.Json.Serialization;

namespace VariationalInference.Samples;

/// <summary>A row to infer; null where a cell is missing.</summary>
internal sealed record RowQuestion(double?[]? Row);

/// <summary>Several rows to infer.</summary>
internal sealed record BatchQuestion(double?[]?[]? Rows);

/// <summary>What the latents of a row are.</summary>
/// <param name="Means">The posterior means, in the order of the model's latents.</param>
/// <param name="Sds">The exact posterior standard deviations.</param>
/// <param name="AmortizationGap">What the encoder lost, in nats.</param>
/// <param name="Refined">Whether that was too much, so that coordinate ascent finished the row.</param>
internal sealed record RowAnswer(double[] Means, double[] Sds, double AmortizationGap, bool Refined);

/// <summary>What the latents of several rows are.</summary>
internal sealed record BatchAnswer(RowAnswer[] Rows);

/// <summary>That the service is up, and what it takes and gives.</summary>
internal sealed record HealthAnswer(string Status, string Model, IReadOnlyList<string> Observations, IReadOnlyList<string> Latents, int MaxRows);

/// <summary>Why there is no answer.</summary>
internal sealed record ErrorAnswer(string Error);

/// <summary>How messages are written, worked out by the compiler: no reflection, and ready for native code.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(RowQuestion))]
[JsonSerializable(typeof(BatchQuestion))]
[JsonSerializable(typeof(RowAnswer))]
[JsonSerializable(typeof(BatchAnswer))]
[JsonSerializable(typeof(HealthAnswer))]
[JsonSerializable(typeof(ErrorAnswer))]
internal sealed partial class ServiceJson : JsonSerializerContext;
