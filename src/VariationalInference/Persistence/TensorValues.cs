using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>A named tensor in memory, row-major: to be written to a file, or to be filled from one.</summary>
internal sealed record TensorValues(string Name, ImmutableArray<long> Shape, Memory<double> Values);
