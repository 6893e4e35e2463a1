namespace VariationalInference;

/// <summary>
/// A parametric map θ from the amortized latents to the observations: f_θ(z), the part of a row's mean that is not linear in latents. A network
/// whose inputs and outputs mean that.
/// </summary>
/// <remarks>
/// <para>
/// A decoder is a network with a convention. Its inputs are the A amortized latents in their own units; its outputs are the K observations, less
/// what a <see cref="DecoderModel"/> adds to them. Training differentiates through it: its tapes must give gradients in the inputs.
/// </para>
/// <para>
/// <see cref="MlpDecoder"/> is the library's own; implement this for a network with structure that a perceptron lacks.
/// <c>NetworkConformance</c>, in the package VariationalInference.Testing, examines whether it does what is asked of a network.
/// </para>
/// <threadsafety>
/// Any number of tapes of one decoder may run at once, each on its own thread, as long as nobody writes
/// <see cref="INetwork.Parameters"/> meanwhile.
/// </threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// // Two observations of one latent, w·z each: the smallest decoder that there is.
/// IDecoder decoder = new Slopes();
/// var outputs = new double[2];
/// decoder.CreateTape(capacity: 1).Forward([2], outputs);
/// Console.WriteLine(string.Join(", ", outputs));   // 1, -2
///
/// sealed class Slopes : IDecoder
/// {
///     private readonly double[] _parameters = [0.5, -1];
///
///     public string Kind => "slopes";
///
///     public int ObservationCount => 2;
///
///     public int LatentCount => 1;
///
///     public Memory<double> Parameters => _parameters;
///
///     public INetworkTape CreateTape(int capacity) => new Tape(_parameters, capacity);
///
///     public IDecoder Clone()
///     {
///         var copy = new Slopes();
///         Parameters.CopyTo(copy.Parameters);
///         return copy;
///     }
///
///     public void Write(ModelState state) => state.Add("slopes", _parameters);
///
///     public IDecoder Read(ModelState state)
///     {
///         var read = new Slopes();
///         state.Values("slopes", shape: [2]).CopyTo(read._parameters);
///         return read;
///     }
///
///     private sealed class Tape(double[] slopes, int capacity) : INetworkTape
///     {
///         private double[] _latents = [];
///
///         public void Forward(ReadOnlySpan<double> inputs, Span<double> outputs)
///         {
///             if (inputs.Length > capacity || outputs.Length != 2 * inputs.Length)
///             {
///                 throw new ArgumentException("The lengths do not fit.", nameof(inputs));
///             }
///
///             _latents = inputs.ToArray();
///             for (int i = 0; i < outputs.Length; i++)
///             {
///                 outputs[i] = slopes[i % 2] * inputs[i / 2];
///             }
///         }
///
///         public void Backward(ReadOnlySpan<double> outputGradients, Span<double> parameterGradient) =>
///             Backward(outputGradients, parameterGradient, new double[_latents.Length]);
///
///         public void Backward(ReadOnlySpan<double> outputGradients, Span<double> parameterGradient, Span<double> inputGradients)
///         {
///             inputGradients.Clear();
///             for (int i = 0; i < outputGradients.Length; i++)
///             {
///                 parameterGradient[i % 2] += outputGradients[i] * _latents[i / 2];
///                 inputGradients[i / 2] += outputGradients[i] * slopes[i % 2];
///             }
///         }
///     }
/// }
/// ]]></code>
/// </example>
public interface IDecoder : INetwork
{
    /// <summary>Gets the number of amortized latents A.</summary>
    int LatentCount { get; }

    /// <summary>Gets the number of observations K in a row.</summary>
    int ObservationCount { get; }

    /// <inheritdoc/>
    int INetwork.InputCount => LatentCount;

    /// <inheritdoc/>
    int INetwork.OutputCount => ObservationCount;

    /// <inheritdoc/>
    bool INetwork.HasInputGradients => true;

    /// <summary>
    /// Fits the decoder's fixed scales (not its parameters θ) to the data before the first training; a decoder that was calibrated already
    /// keeps its scales. The default does nothing.
    /// </summary>
    /// <param name="scales">Location and scale of the latents, and of the outputs to expect.</param>
    void Calibrate(NetworkScales scales)
    {
    }

    /// <summary>Copies the decoder, parameters and scales included; the copy shares nothing with the original.</summary>
    /// <returns>The copy.</returns>
    new IDecoder Clone();

    /// <inheritdoc/>
    INetwork INetwork.Clone() => Clone();

    /// <inheritdoc cref="INetwork.Read"/>
    new IDecoder Read(ModelState state);

    /// <inheritdoc/>
    INetwork INetwork.Read(ModelState state) => Read(state);
}
