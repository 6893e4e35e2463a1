using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>The size and the kind of a multi-layer perceptron: of a <see cref="Perceptron"/>, and of an <see cref="MlpEncoder"/>.</summary>
/// <remarks><threadsafety>Immutable, hence safe to share.</threadsafety></remarks>
/// <example>
/// <code language="csharp">
/// var options = new PerceptronOptions { HiddenWidths = [64, 64], Activation = Activation.Silu, AcceptsMissing = true };
/// Console.WriteLine(new MlpEncoder(observationCount: 5, latentCount: 2, options));   // MlpEncoder 10-64-64-4 silu
/// Console.WriteLine(options == (options with { Seed = 1 }));   // False
/// </code>
/// </example>
public sealed record PerceptronOptions
{
    /// <summary>Gets the number of units of each hidden layer, from the input on. Range: each at least 1.</summary>
    /// <value>The default is none, a linear map.</value>
    public ImmutableArray<int> HiddenWidths
    {
        get;
        init
        {
            field = value.IsDefault ? [] : value;
            foreach (int width in field)
            {
                Guard.AtLeast(width, 1, nameof(HiddenWidths));
            }
        }
    } = [];

    /// <summary>Gets the function after each hidden layer; a linear map does not use it.</summary>
    /// <value>The default is <see cref="Activation.Tanh"/>.</value>
    public Activation Activation { get; init => field = Guard.Defined(value, nameof(Activation)); }

    /// <summary>Gets the seed of the weights that the parameters start from: the same seed and shape give the same parameters.</summary>
    /// <value>The default is 0.</value>
    public int Seed { get; init; }

    /// <summary>
    /// Gets a value indicating whether a linear map from the inputs is added to the raw outputs (of an encoder, to the raw means); without
    /// hidden layers there is none either way.
    /// </summary>
    /// <value>The default is <see langword="true"/>.</value>
    public bool LinearPath { get; init; } = true;

    /// <summary>Gets the precision of the layers' own arithmetic.</summary>
    /// <value>
    /// The default is <see cref="NetworkPrecision.Bits32"/>, which is about twice as fast and leaves errors far below those of any training.
    /// </value>
    public NetworkPrecision Precision { get; init => field = Guard.Defined(value, nameof(Precision)); }

    /// <summary>
    /// Gets a value indicating whether rows may have missing cells, given as NaN: the network then has a second input for each, 1 where it is
    /// missing and 0 elsewhere.
    /// </summary>
    /// <value>The default is <see langword="false"/>.</value>
    public bool AcceptsMissing { get; init; }

    /// <summary>Determines whether other options mean the same.</summary>
    /// <param name="other">The other options.</param>
    /// <returns>Whether they do.</returns>
    public bool Equals(PerceptronOptions? other) =>
        other is not null
        && HiddenWidths.AsSpan().SequenceEqual(other.HiddenWidths.AsSpan())
        && (Activation, Seed, LinearPath, Precision, AcceptsMissing)
            == (other.Activation, other.Seed, other.LinearPath, other.Precision, other.AcceptsMissing);

    /// <summary>Returns a hash code that equal options share.</summary>
    /// <returns>The hash code.</returns>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (int width in HiddenWidths)
        {
            hash.Add(width);
        }

        return HashCode.Combine(hash.ToHashCode(), Activation, Seed, LinearPath, Precision, AcceptsMissing);
    }

    /// <summary>Lists the options.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Guard.Text(
        $"PerceptronOptions {{ HiddenWidths = {Wording.List(HiddenWidths)}, Activation = {Activation}, Seed = {Seed}, LinearPath = {LinearPath}, Precision = {Precision}, AcceptsMissing = {AcceptsMissing} }}");

    /// <summary>The options of the common case, named by the parameters of a constructor.</summary>
    internal static PerceptronOptions Of(ReadOnlySpan<int> hiddenWidths, int seed)
    {
        foreach (int width in hiddenWidths)
        {
            Guard.AtLeast(width, 1, nameof(hiddenWidths));
        }

        return new PerceptronOptions { HiddenWidths = [.. hiddenWidths], Seed = seed };
    }
}
