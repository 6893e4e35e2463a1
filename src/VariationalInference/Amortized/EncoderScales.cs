using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>The location and scale of an encoder's inputs and outputs, so that its parameters can be of order one.</summary>
/// <remarks>
/// <see cref="HybridSolver"/> offers them to <see cref="IEncoder.Calibrate"/> before the first training, from the training rows and the
/// model; make your own for an encoder that is used without training. Equal numbers make equal scales.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// var encoder = new MlpEncoder(observationCount: 2, latentCount: 1);
/// encoder.Calibrate(new EncoderScales(
///     inputMeans: [20, 20], inputDeviations: [5, 5], outputMeans: [20], outputDeviations: [4], outputVariances: [0.1]));
/// Console.WriteLine(encoder.Scales);   // inputs [20 ± 5, 20 ± 5], outputs [20 ± 4], output variances [0.1]
/// </code>
/// </example>
public sealed record EncoderScales
{
    /// <summary>Initializes a new instance of the <see cref="EncoderScales"/> class.</summary>
    /// <param name="inputMeans">The centre of each observation, length K.</param>
    /// <param name="inputDeviations">The standard deviation of each observation about its centre, length K, all positive.</param>
    /// <param name="outputMeans">The centre of each amortized latent's mean, length A.</param>
    /// <param name="outputDeviations">The scale on which each amortized latent's mean varies, length A, all positive.</param>
    /// <param name="outputVariances">A typical variance of each amortized factor, length A, all positive.</param>
    public EncoderScales(ImmutableArray<double> inputMeans, ImmutableArray<double> inputDeviations, ImmutableArray<double> outputMeans, ImmutableArray<double> outputDeviations, ImmutableArray<double> outputVariances)
    {
        InputMeans = inputMeans;
        InputDeviations = inputDeviations;
        OutputMeans = outputMeans;
        OutputDeviations = outputDeviations;
        OutputVariances = outputVariances;
    }

    /// <summary>Gets the centre of each observation, length K.</summary>
    public ImmutableArray<double> InputMeans { get; init; }

    /// <summary>Gets the standard deviation of each observation about its centre, length K, all positive.</summary>
    public ImmutableArray<double> InputDeviations { get; init; }

    /// <summary>Gets the centre of each amortized latent's mean, length A.</summary>
    public ImmutableArray<double> OutputMeans { get; init; }

    /// <summary>Gets the scale on which each amortized latent's mean varies, length A, all positive.</summary>
    public ImmutableArray<double> OutputDeviations { get; init; }

    /// <summary>Gets a typical variance of each amortized factor, length A, all positive.</summary>
    public ImmutableArray<double> OutputVariances { get; init; }

    /// <summary>Determines whether other scales have the same numbers.</summary>
    /// <param name="other">The other scales.</param>
    /// <returns>Whether they do.</returns>
    public bool Equals(EncoderScales? other) =>
        other is not null
        && InputMeans.AsSpan().SequenceEqual(other.InputMeans.AsSpan())
        && InputDeviations.AsSpan().SequenceEqual(other.InputDeviations.AsSpan())
        && OutputMeans.AsSpan().SequenceEqual(other.OutputMeans.AsSpan())
        && OutputDeviations.AsSpan().SequenceEqual(other.OutputDeviations.AsSpan())
        && OutputVariances.AsSpan().SequenceEqual(other.OutputVariances.AsSpan());

    /// <summary>Returns a hash code that equal scales share.</summary>
    /// <returns>The hash code.</returns>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (ImmutableArray<double> values in new[] { InputMeans, InputDeviations, OutputMeans, OutputDeviations, OutputVariances })
        {
            foreach (double value in values.AsSpan())
            {
                hash.Add(value);
            }
        }

        return hash.ToHashCode();
    }

    /// <summary>Lists the scales, with five significant digits; of many, the first ones.</summary>
    /// <returns>The text.</returns>
    public override string ToString() =>
        $"inputs {NetworkScales.Ranges(InputMeans, InputDeviations)}, outputs {NetworkScales.Ranges(OutputMeans, OutputDeviations)}, output variances {Wording.List(OutputVariances)}";
}
