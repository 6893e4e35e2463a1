using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>The location and scale of a network's inputs and outputs, so that its parameters can be of order one.</summary>
/// <remarks>
/// Equal numbers make equal scales.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// var network = new Perceptron(inputCount: 1, outputCount: 1);
/// network.Calibrate(new NetworkScales(inputMeans: [20], inputDeviations: [5], outputMeans: [1000], outputDeviations: [100]));
/// Console.WriteLine(network.Scales);   // inputs [20 ± 5], outputs [1000 ± 100]
/// </code>
/// </example>
public sealed record NetworkScales
{
    /// <summary>Initializes a new instance of the <see cref="NetworkScales"/> class.</summary>
    /// <param name="inputMeans">The centre of each input.</param>
    /// <param name="inputDeviations">The standard deviation of each input about its centre, all positive.</param>
    /// <param name="outputMeans">The centre of each output.</param>
    /// <param name="outputDeviations">The scale on which each output varies, all positive.</param>
    public NetworkScales(ImmutableArray<double> inputMeans, ImmutableArray<double> inputDeviations, ImmutableArray<double> outputMeans, ImmutableArray<double> outputDeviations)
    {
        InputMeans = inputMeans;
        InputDeviations = inputDeviations;
        OutputMeans = outputMeans;
        OutputDeviations = outputDeviations;
    }

    /// <summary>Gets the centre of each input.</summary>
    public ImmutableArray<double> InputMeans { get; init; }

    /// <summary>Gets the standard deviation of each input about its centre, all positive.</summary>
    public ImmutableArray<double> InputDeviations { get; init; }

    /// <summary>Gets the centre of each output.</summary>
    public ImmutableArray<double> OutputMeans { get; init; }

    /// <summary>Gets the scale on which each output varies, all positive.</summary>
    public ImmutableArray<double> OutputDeviations { get; init; }

    /// <summary>Determines whether other scales have the same numbers.</summary>
    /// <param name="other">The other scales.</param>
    /// <returns>Whether they do.</returns>
    public bool Equals(NetworkScales? other) =>
        other is not null
        && InputMeans.AsSpan().SequenceEqual(other.InputMeans.AsSpan())
        && InputDeviations.AsSpan().SequenceEqual(other.InputDeviations.AsSpan())
        && OutputMeans.AsSpan().SequenceEqual(other.OutputMeans.AsSpan())
        && OutputDeviations.AsSpan().SequenceEqual(other.OutputDeviations.AsSpan());

    /// <summary>Returns a hash code that equal scales share.</summary>
    /// <returns>The hash code.</returns>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (ImmutableArray<double> values in new[] { InputMeans, InputDeviations, OutputMeans, OutputDeviations })
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
    public override string ToString() => $"inputs {Ranges(InputMeans, InputDeviations)}, outputs {Ranges(OutputMeans, OutputDeviations)}";

    /// <summary>Lists centres with their scales, as in [20 ± 5, 3 ± 1].</summary>
    internal static string Ranges(ImmutableArray<double> means, ImmutableArray<double> deviations) =>
        $"[{Wording.Join(", ", Math.Min(means.Length, deviations.Length), i => Guard.Text($"{means[i]:G5} ± {deviations[i]:G5}"))}]";

    /// <summary>The scales that change nothing.</summary>
    internal static NetworkScales Identity(int inputCount, int outputCount) => new(
        [.. new double[inputCount]],
        [.. Enumerable.Repeat(1.0, inputCount)],
        [.. new double[outputCount]],
        [.. Enumerable.Repeat(1.0, outputCount)]);
}
