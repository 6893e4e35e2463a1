namespace VariationalInference;

/// <summary>A differentiable map f_φ from a row of inputs to a row of outputs: a flat vector of parameters φ and a function of it.</summary>
/// <remarks>
/// <para>
/// A trainer works on a <see cref="Clone"/> and changes <see cref="Parameters"/> between passes; the function is evaluated
/// and differentiated through an <see cref="INetworkTape"/>, which owns every buffer that a pass needs. What the inputs and outputs mean is
/// a convention on top: <see cref="IEncoder"/> is one.
/// </para>
/// <para>
/// <see cref="Perceptron"/> is the library's own. An encoder of one's own implements <see cref="IEncoder"/>, which fills in the numbers of
/// inputs and outputs.
/// </para>
/// <threadsafety>
/// Any number of tapes of one network may run at once, each on its own thread, as long as nobody writes <see cref="Parameters"/> or calls
/// <see cref="Prepare"/> meanwhile.
/// </threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// INetwork network = new Perceptron(inputCount: 2, outputCount: 3, new PerceptronOptions { HiddenWidths = [8] });
/// INetworkTape tape = network.CreateTape(capacity: 10);
/// var outputs = new double[3];
/// tape.Forward([0.5, -1], outputs);
/// Console.WriteLine($"{network.InputCount} inputs, {network.OutputCount} outputs, {network.Parameters.Length} parameters");
/// // 2 inputs, 3 outputs, 57 parameters
/// </code>
/// </example>
public interface INetwork
{
    /// <summary>Gets the number of inputs in a row.</summary>
    int InputCount { get; }

    /// <summary>Gets the number of outputs of a row.</summary>
    int OutputCount { get; }

    /// <summary>Gets the name of this kind of network in files.</summary>
    string Kind { get; }

    /// <summary>Gets the parameters φ, in an order that never changes. Writing an element changes the network.</summary>
    Memory<double> Parameters { get; }

    /// <summary>Gets a value indicating whether tapes give gradients in the inputs.</summary>
    /// <value>The default is <see langword="false"/>; the training of encoders does not need them.</value>
    bool HasInputGradients => false;

    /// <summary>Creates a tape for up to <paramref name="capacity"/> rows at a time.</summary>
    /// <param name="capacity">The largest number of rows in one pass. Range: at least 1.</param>
    /// <returns>A tape that reads this network's parameters as they are at each pass.</returns>
    INetworkTape CreateTape(int capacity);

    /// <summary>
    /// Creates a tape for callers that call <see cref="Prepare"/> after writing parameters, so that many tapes can share one reading of them.
    /// The default is <see cref="CreateTape"/>.
    /// </summary>
    /// <param name="capacity">The largest number of rows in one pass. Range: at least 1.</param>
    /// <returns>A tape that may work with the parameters as they were at the last <see cref="Prepare"/>.</returns>
    INetworkTape CreatePreparedTape(int capacity) => CreateTape(capacity);

    /// <summary>
    /// Takes over the parameters for all tapes of <see cref="CreatePreparedTape"/>: to be called after parameters were written and before the
    /// next pass of such a tape. The default does nothing.
    /// </summary>
    void Prepare()
    {
    }

    /// <summary>Copies the network, parameters and all else; the copy shares nothing with the original.</summary>
    /// <returns>The copy.</returns>
    INetwork Clone();

    /// <summary>Writes all that makes the network what it is: its shape, its parameters and all else that its outputs depend on.</summary>
    /// <param name="state">Where to.</param>
    void Write(ModelState state);

    /// <summary>Reads a network of this <see cref="Kind"/>, of whatever shape: one like that which wrote. This network stays as it is.</summary>
    /// <param name="state">What <see cref="Write"/> wrote.</param>
    /// <returns>A new network, of the same outputs to the last bit.</returns>
    /// <exception cref="FormatException">The state is not one of this kind; an <see cref="ArgumentException"/> of a constructor will do.</exception>
    INetwork Read(ModelState state);
}
