namespace VariationalInference;

/// <summary>
/// A parametric map φ from a row of observations to the variational factors of the amortized latents:
/// q_φ(z_a | x) = N(μ_φ(x)_a, σ²_φ(x)_a), independent over a: a network whose outputs mean that.
/// </summary>
/// <remarks>
/// <para>
/// An encoder is a network with a convention. Its inputs are a row of observations; its outputs are the means μ_φ(x) of the A amortized latents, in
/// the latents' own units, and behind them their log variances ρ = log σ²_φ(x). <see cref="HybridSolver"/> works on a <see cref="Clone"/> and
/// changes <see cref="INetwork.Parameters"/> between passes.
/// </para>
/// <para><c>EncoderConformance</c>, in the package VariationalInference.Testing, examines whether an encoder does what is asked here.</para>
/// <para>
/// <see cref="MlpEncoder"/> is the library's own; implement this for a network with structure that a perceptron lacks.
/// </para>
/// <threadsafety>
/// Any number of tapes of one encoder may run at once, each on its own thread, as long as nobody writes
/// <see cref="INetwork.Parameters"/> meanwhile.
/// </threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// // Whatever the observations say: a mean and a log variance, both parameters. The smallest encoder that there is.
/// var encoder = new ConstantEncoder();
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// HybridResult hybrid = new HybridSolver().Fit(model, encoder, model.Sample(2_000, seed: 1).Observations);
/// Console.WriteLine(hybrid.AmortizationGap > 0.1);   // True
///
/// sealed class ConstantEncoder : IEncoder
/// {
///     private readonly double[] _parameters = [0.5, -1];
///
///     public string Kind => "constant";
///
///     public int ObservationCount => 2;
///
///     public int LatentCount => 1;
///
///     public Memory<double> Parameters => _parameters;
///
///     public INetworkTape CreateTape(int capacity) => new Tape(this, capacity);
///
///     public IEncoder Clone()
///     {
///         var copy = new ConstantEncoder();
///         Parameters.CopyTo(copy.Parameters);
///         return copy;
///     }
///
///     public void Write(ModelState state) => state.Add("values", _parameters);
///
///     public IEncoder Read(ModelState state)
///     {
///         var read = new ConstantEncoder();
///         state.Values("values", shape: [2]).CopyTo(read._parameters);
///         return read;
///     }
///
///     private sealed class Tape(ConstantEncoder encoder, int capacity) : INetworkTape
///     {
///         private int _rows = -1;
///
///         public void Forward(ReadOnlySpan<double> inputs, Span<double> outputs)
///         {
///             int count = inputs.Length / 2;
///             if (inputs.Length % 2 != 0 || count > capacity || outputs.Length != 2 * count)
///             {
///                 throw new ArgumentException("The lengths do not fit.", nameof(inputs));
///             }
///
///             _rows = count;
///             for (int n = 0; n < count; n++)
///             {
///                 encoder._parameters.CopyTo(outputs[(2 * n)..]);
///             }
///         }
///
///         public void Backward(ReadOnlySpan<double> outputGradients, Span<double> parameterGradient)
///         {
///             if (_rows < 0)
///             {
///                 throw new InvalidOperationException("Forward comes first.");
///             }
///
///             if (outputGradients.Length != 2 * _rows || parameterGradient.Length != 2)
///             {
///                 throw new ArgumentException("The lengths do not fit.", nameof(outputGradients));
///             }
///
///             for (int i = 0; i < outputGradients.Length; i++)
///             {
///                 parameterGradient[i % 2] += outputGradients[i];
///             }
///         }
///     }
/// }
/// ]]></code>
/// </example>
public interface IEncoder : INetwork
{
    /// <summary>Gets the number of observations K in a row.</summary>
    int ObservationCount { get; }

    /// <summary>Gets the number of amortized latents A that the encoder serves.</summary>
    int LatentCount { get; }

    /// <summary>Gets a value indicating whether rows may have missing cells, given as NaN.</summary>
    /// <value>The default is <see langword="false"/>.</value>
    bool AcceptsMissing => false;

    /// <inheritdoc/>
    int INetwork.InputCount => ObservationCount;

    /// <inheritdoc/>
    int INetwork.OutputCount => 2 * LatentCount;

    /// <summary>
    /// Fits the encoder's fixed scales (not its parameters φ) to the data before the first training; an encoder that was calibrated
    /// already keeps its scales. The default does nothing.
    /// </summary>
    /// <param name="scales">Location and scale of the inputs and outputs to expect.</param>
    void Calibrate(EncoderScales scales)
    {
    }

    /// <summary>Copies the encoder, parameters and scales included; the copy shares nothing with the original.</summary>
    /// <returns>The copy.</returns>
    new IEncoder Clone();

    /// <inheritdoc/>
    INetwork INetwork.Clone() => Clone();

    /// <inheritdoc cref="INetwork.Read"/>
    new IEncoder Read(ModelState state);

    /// <inheritdoc/>
    INetwork INetwork.Read(ModelState state) => Read(state);
}
