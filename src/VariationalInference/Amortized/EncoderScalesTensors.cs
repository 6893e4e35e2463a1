using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>The scales of an encoder as tensors of a file.</summary>
internal static class EncoderScalesTensors
{
    public static readonly ImmutableArray<string> Names =
    [
        PerceptronTensors.InputMeans,
        PerceptronTensors.InputDeviations,
        PerceptronTensors.OutputMeans,
        PerceptronTensors.OutputDeviations,
        PerceptronTensors.OutputVariances,
    ];

    /// <summary>Copies the scales, in the order of <see cref="Names"/>.</summary>
    public static IEnumerable<TensorValues> Of(EncoderScales scales, string prefix)
    {
        ImmutableArray<double>[] values =
            [scales.InputMeans, scales.InputDeviations, scales.OutputMeans, scales.OutputDeviations, scales.OutputVariances];
        return Names.Zip(values, (name, value) => new TensorValues(prefix + name, [value.Length], value.ToArray()));
    }
}
