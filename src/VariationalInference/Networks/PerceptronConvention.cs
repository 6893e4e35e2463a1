using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>What the outputs of a perceptron in a file mean.</summary>
/// <param name="Kind">The name of the convention in files.</param>
/// <param name="Noun">What messages call it.</param>
/// <param name="Parts">Into how many parts of equal length the outputs fall; a linear path leads to the first.</param>
/// <param name="OutputScales">The names of the scales of a part of the outputs.</param>
internal sealed record PerceptronConvention(string Kind, string Noun, int Parts, ImmutableArray<string> OutputScales)
{
    /// <summary>Gets the names of all scales, those of the inputs first.</summary>
    public ImmutableArray<string> Scales { get; } = [PerceptronTensors.InputMeans, PerceptronTensors.InputDeviations, .. OutputScales];
}
