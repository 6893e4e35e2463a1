using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>
/// A multi-layer perceptron as an encoder: observations in, a mean and a log-variance for each amortized latent out.
/// </summary>
/// <remarks>
/// <para>
/// A <see cref="Perceptron"/> of K inputs and 2A outputs, whose raw outputs are A raw means m, then A raw log-variances r; a linear path leads to
/// the raw means alone. The encoder returns μ = <see cref="EncoderScales.OutputMeans"/> + <see cref="EncoderScales.OutputDeviations"/> · m
/// and ρ = log <see cref="EncoderScales.OutputVariances"/> + r, for rows standardised by <see cref="EncoderScales.InputMeans"/> and
/// <see cref="EncoderScales.InputDeviations"/>.
/// </para>
/// <para>
/// The linear path lets the encoder start from, and fall back to, a linear map: the form that the exact posterior mean of a linear-Gaussian
/// model has.
/// </para>
/// <threadsafety>
/// Any number of tapes of one encoder may run at once, each on its own thread, as long as nobody writes <see cref="Parameters"/> or
/// calls <see cref="Calibrate"/> or <see cref="Prepare"/> meanwhile.
/// </threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// // Two observations, one amortized latent, two hidden layers of 32 units.
/// var encoder = new MlpEncoder(observationCount: 2, latentCount: 1, hiddenWidths: [32, 32], seed: 1);
/// Console.WriteLine($"{encoder}, {encoder.Parameters.Length} parameters");   // MlpEncoder 2-32-32-2 tanh, 1220 parameters
///
/// encoder.Save("encoder.safetensors");
/// MlpEncoder loaded = MlpEncoder.Load("encoder.safetensors");
/// Console.WriteLine(loaded.Parameters.Span.SequenceEqual(encoder.Parameters.Span));   // True
/// </code>
/// </example>
public sealed partial class MlpEncoder : IEncoder
{
    /// <summary>Creates an encoder with freshly drawn weights.</summary>
    /// <param name="observationCount">The number of observations K in a row. Range: at least 1.</param>
    /// <param name="latentCount">The number of amortized latents A. Range: at least 1.</param>
    /// <param name="hiddenWidths">
    /// The number of units of each hidden layer, from the input on. Range: each at least 1. The default is none, a linear encoder.
    /// </param>
    /// <param name="seed">Seeds the weights: the same seed and shape give the same parameters. The default is 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A count or width is below 1.</exception>
    /// <exception cref="ArgumentException">The parameters would not fit in one array.</exception>
    public MlpEncoder(int observationCount, int latentCount, ReadOnlySpan<int> hiddenWidths = default, int seed = 0)
        : this(observationCount, latentCount, PerceptronOptions.Of(hiddenWidths, seed))
    {
    }

    /// <summary>Creates an encoder of any kind with freshly drawn weights.</summary>
    /// <param name="observationCount">The number of observations K in a row. Range: at least 1.</param>
    /// <param name="latentCount">The number of amortized latents A. Range: at least 1.</param>
    /// <param name="options">Its layers, activation, precision and the like.</param>
    /// <exception cref="ArgumentNullException"><paramref name="options"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A count is below 1.</exception>
    /// <exception cref="ArgumentException">The parameters would not fit in one array.</exception>
    public MlpEncoder(int observationCount, int latentCount, PerceptronOptions options)
    {
        Guard.InArray(observationCount, 1, nameof(observationCount));
        Guard.InArray(latentCount, 2, nameof(latentCount));
        ArgumentNullException.ThrowIfNull(options);
        Network = new Perceptron(observationCount, 2 * latentCount, pathOutputs: latentCount, options);
        Scales = IdentityScales(observationCount, latentCount);
    }

    private MlpEncoder(Perceptron network, EncoderScales scales)
    {
        Network = network;
        Scales = scales;
    }

    /// <inheritdoc/>
    /// <value>mlp_encoder</value>
    public string Kind => Convention.Kind;

    /// <inheritdoc/>
    public int ObservationCount => Network.InputCount;

    /// <inheritdoc/>
    public int LatentCount => Network.OutputCount / 2;

    /// <summary>Gets the number of units of each hidden layer, from the input on; empty for a linear encoder.</summary>
    public ImmutableArray<int> HiddenWidths => Network.HiddenWidths;

    /// <summary>Gets the function after each hidden layer; a linear encoder does not use it.</summary>
    public Activation Activation => Network.Activation;

    /// <summary>Gets the precision of the layers' own arithmetic.</summary>
    public NetworkPrecision Precision => Network.Precision;

    /// <inheritdoc/>
    public bool AcceptsMissing => Network.AcceptsMissing;

    /// <summary>Gets a value indicating whether a separate linear map from the inputs is added to the raw means.</summary>
    /// <value>Always <see langword="false"/> without hidden layers.</value>
    public bool HasLinearPath => Network.HasLinearPath;

    /// <inheritdoc/>
    /// <value>Always <see langword="true"/>.</value>
    public bool HasInputGradients => Network.HasInputGradients;

    /// <summary>Gets a value indicating whether <see cref="Calibrate"/> has set the scales.</summary>
    /// <value>The default is <see langword="false"/>.</value>
    public bool IsCalibrated => Network.IsCalibrated;

    /// <summary>Gets the scales of the inputs and outputs.</summary>
    /// <value>The default, before <see cref="Calibrate"/>, is means of 0, deviations of 1 and variances of 1.</value>
    public EncoderScales Scales { get; private set; }

    /// <summary>Gets the parameters φ: each layer's weights, outputs × inputs, and biases, then the linear path, A × K.</summary>
    public Memory<double> Parameters => Network.Parameters;

    /// <summary>Gets the network behind the convention.</summary>
    internal Perceptron Network { get; }

    /// <summary>
    /// Sets the scales, the first time only; an encoder that was calibrated already keeps its scales. The parameters φ stay as they are.
    /// </summary>
    /// <param name="scales">Location and scale of the inputs (K each) and outputs (A each) to expect.</param>
    /// <exception cref="ArgumentNullException"><paramref name="scales"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">
    /// A length is wrong, a value is not finite, or a deviation or variance is not positive; the message names the element.
    /// </exception>
    public void Calibrate(EncoderScales scales)
    {
        ArgumentNullException.ThrowIfNull(scales);
        const string meaning = "one for each observation or latent";
        Perceptron.RequireScale(scales.InputMeans, ObservationCount, positive: false, "scales.InputMeans", meaning);
        Perceptron.RequireScale(scales.InputDeviations, ObservationCount, positive: true, "scales.InputDeviations", meaning);
        Perceptron.RequireScale(scales.OutputMeans, LatentCount, positive: false, "scales.OutputMeans", meaning);
        Perceptron.RequireScale(scales.OutputDeviations, LatentCount, positive: true, "scales.OutputDeviations", meaning);
        Perceptron.RequireScale(scales.OutputVariances, LatentCount, positive: true, "scales.OutputVariances", meaning);
        if (IsCalibrated)
        {
            return;
        }

        Scales = scales;
        Network.Calibrate(new NetworkScales(
            scales.InputMeans,
            scales.InputDeviations,
            [.. scales.OutputMeans, .. scales.OutputVariances.Select(Math.Log)],
            [.. scales.OutputDeviations, .. Enumerable.Repeat(1.0, LatentCount)]));
    }

    /// <summary>Creates a tape for up to <paramref name="capacity"/> rows at a time; its passes allocate nothing.</summary>
    /// <param name="capacity">The largest number of rows in one pass. Range: at least 1, and no more than its buffers can hold.</param>
    /// <returns>
    /// A tape that reads this encoder's parameters as they are at each pass. A row's outputs do not depend on the rows beside it, to the
    /// last bit.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="capacity"/> is out of its range.</exception>
    public INetworkTape CreateTape(int capacity) => Network.CreateTape(capacity);

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="capacity"/> is out of its range.</exception>
    public INetworkTape CreatePreparedTape(int capacity) => Network.CreatePreparedTape(capacity);

    /// <inheritdoc/>
    public void Prepare() => Network.Prepare();

    /// <summary>Copies the encoder, parameters and scales included; the copy shares nothing that can change with the original.</summary>
    /// <returns>The copy.</returns>
    public MlpEncoder Clone() => new(Network.Clone(), Scales);

    /// <inheritdoc/>
    IEncoder IEncoder.Clone() => Clone();

    /// <summary>Describes the widths of the layers, from K to 2A, and the activation, as in <c>MlpEncoder 2-32-32-2 tanh</c>.</summary>
    /// <returns>The description; a linear encoder says <c>linear</c> for the activation.</returns>
    public override string ToString() => $"{nameof(MlpEncoder)} {Network.Describe()}";

    private static EncoderScales IdentityScales(int observationCount, int latentCount)
    {
        ImmutableArray<double> inputOnes = [.. Enumerable.Repeat(1.0, observationCount)];
        ImmutableArray<double> outputOnes = [.. Enumerable.Repeat(1.0, latentCount)];
        return new EncoderScales([.. new double[observationCount]], inputOnes, [.. new double[latentCount]], outputOnes, outputOnes);
    }
}
