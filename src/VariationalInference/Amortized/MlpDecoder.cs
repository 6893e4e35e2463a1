using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>A multi-layer perceptron as a decoder: amortized latents in, a mean for each observation out.</summary>
/// <remarks>
/// A <see cref="Perceptron"/> of A inputs and K outputs. Its linear path is where training begins: from the factor analysis of the rows, which the hidden
/// layers then bend.
/// <threadsafety>
/// Any number of tapes of one decoder may run at once, each on its own thread, as long as nobody writes <see cref="Parameters"/> or
/// calls <see cref="Calibrate"/> or <see cref="Prepare"/> meanwhile.
/// </threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// // Eight latents, sixty-four pixels, two hidden layers of 128 units.
/// var decoder = new MlpDecoder(latentCount: 8, observationCount: 64, hiddenWidths: [128, 128], seed: 1);
/// Console.WriteLine($"{decoder}, {decoder.Parameters.Length} parameters");   // MlpDecoder 8-128-128-64 tanh, 26432 parameters
///
/// decoder.Save("decoder.safetensors");
/// Console.WriteLine(MlpDecoder.Load("decoder.safetensors"));   // MlpDecoder 8-128-128-64 tanh
/// </code>
/// </example>
public sealed class MlpDecoder : IDecoder
{
    private static readonly PerceptronConvention Convention =
        new("mlp_decoder", "a decoder", Parts: 1, [PerceptronTensors.OutputMeans, PerceptronTensors.OutputDeviations]);

    /// <summary>Creates a decoder with freshly drawn weights.</summary>
    /// <param name="latentCount">The number of amortized latents A. Range: at least 1.</param>
    /// <param name="observationCount">The number of observations K in a row. Range: at least 1.</param>
    /// <param name="hiddenWidths">
    /// The number of units of each hidden layer, from the latents on. Range: each at least 1. The default is none, a linear decoder.
    /// </param>
    /// <param name="seed">Seeds the weights: the same seed and shape give the same parameters. The default is 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A count or width is below 1.</exception>
    /// <exception cref="ArgumentException">The parameters would not fit in one array.</exception>
    public MlpDecoder(int latentCount, int observationCount, ReadOnlySpan<int> hiddenWidths = default, int seed = 0)
        : this(latentCount, observationCount, PerceptronOptions.Of(hiddenWidths, seed))
    {
    }

    /// <summary>Creates a decoder of any kind with freshly drawn weights.</summary>
    /// <param name="latentCount">The number of amortized latents A. Range: at least 1.</param>
    /// <param name="observationCount">The number of observations K in a row. Range: at least 1.</param>
    /// <param name="options">Its layers, activation, precision and the like. Latents are never missing: <see cref="PerceptronOptions.AcceptsMissing"/> is refused.</param>
    /// <exception cref="ArgumentNullException"><paramref name="options"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A count is below 1.</exception>
    /// <exception cref="ArgumentException">The parameters would not fit in one array, or the options accept missing cells.</exception>
    public MlpDecoder(int latentCount, int observationCount, PerceptronOptions options)
    {
        Guard.InArray(latentCount, 1, nameof(latentCount));
        Guard.InArray(observationCount, 1, nameof(observationCount));
        ArgumentNullException.ThrowIfNull(options);
        if (options.AcceptsMissing)
        {
            throw new ArgumentException("AcceptsMissing is true; it must be false for a decoder, whose latents are never missing.", nameof(options));
        }

        Network = new Perceptron(latentCount, observationCount, options);
    }

    private MlpDecoder(Perceptron network) => Network = network;

    /// <inheritdoc/>
    /// <value>mlp_decoder</value>
    public string Kind => Convention.Kind;

    /// <inheritdoc/>
    public int LatentCount => Network.InputCount;

    /// <inheritdoc/>
    public int ObservationCount => Network.OutputCount;

    /// <summary>Gets the number of units of each hidden layer, from the latents on; empty for a linear decoder.</summary>
    public ImmutableArray<int> HiddenWidths => Network.HiddenWidths;

    /// <summary>Gets the function after each hidden layer; a linear decoder does not use it.</summary>
    public Activation Activation => Network.Activation;

    /// <summary>Gets the precision of the layers' own arithmetic.</summary>
    public NetworkPrecision Precision => Network.Precision;

    /// <summary>Gets a value indicating whether <see cref="Calibrate"/> has set the scales.</summary>
    /// <value>The default is <see langword="false"/>.</value>
    public bool IsCalibrated => Network.IsCalibrated;

    /// <summary>Gets the scales of the latents and the outputs.</summary>
    /// <value>The default, before <see cref="Calibrate"/>, is means of 0 and deviations of 1.</value>
    public NetworkScales Scales => Network.Scales;

    /// <summary>Gets the parameters θ: each layer's weights, outputs × inputs, and biases, then the linear path if there is one.</summary>
    public Memory<double> Parameters => Network.Parameters;

    /// <summary>Gets the network behind the convention.</summary>
    internal Perceptron Network { get; }

    /// <summary>Loads a decoder from a file in the safetensors format, as <see cref="NetworkFile.Save(INetwork, string)"/> writes it.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The decoder, with the same parameters and outputs to the last bit.</returns>
    /// <remarks>
    /// Tensors are named as those of <see cref="MlpEncoder.Load(string)"/>; the last layer has K outputs, and of the scales there are
    /// <c>scales.input_means</c>, <c>scales.input_deviations</c>, <c>scales.output_means</c> and <c>scales.output_deviations</c>.
    /// </remarks>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty or <see langword="null"/>.</exception>
    /// <exception cref="ModelFileException">The file is truncated, altered, of another kind or of a newer version.</exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static MlpDecoder Load(string path)
    {
        Guard.Path(path, nameof(path));
        using FileStream stream = File.OpenRead(path);
        return ModelFile.Read(stream, path, Convention.Kind, Read);
    }

    /// <summary>Loads a decoder from a stream in the format of <see cref="Load(string)"/>, from where the stream stands to its end.</summary>
    /// <param name="stream">The stream; it stays open. One that cannot seek may have 1 GiB of data.</param>
    /// <returns>The decoder.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="stream"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="stream"/> cannot be read.</exception>
    /// <exception cref="ModelFileException">The contents are truncated, altered, of another kind or of a newer version, or something follows them.</exception>
    /// <exception cref="IOException">Reading failed.</exception>
    public static MlpDecoder Load(Stream stream)
    {
        Guard.Readable(stream, nameof(stream));
        return ModelFile.Read(stream, fileName: null, Convention.Kind, Read);
    }

    /// <summary>
    /// Sets the scales, the first time only; a decoder that was calibrated already keeps its scales. The parameters θ stay as they are.
    /// </summary>
    /// <param name="scales">Location and scale of the latents (A each) and of the outputs (K each).</param>
    /// <exception cref="ArgumentNullException"><paramref name="scales"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">A length is wrong, a value is not finite, or a deviation is not positive; the message names the element.</exception>
    public void Calibrate(NetworkScales scales)
    {
        ArgumentNullException.ThrowIfNull(scales);
        if (!IsCalibrated)
        {
            Network.Calibrate(scales);
        }
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="capacity"/> is out of its range.</exception>
    public INetworkTape CreateTape(int capacity) => Network.CreateTape(capacity);

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="capacity"/> is out of its range.</exception>
    public INetworkTape CreatePreparedTape(int capacity) => Network.CreatePreparedTape(capacity);

    /// <inheritdoc/>
    public void Prepare() => Network.Prepare();

    /// <summary>Copies the decoder, parameters and scales included; the copy shares nothing that can change with the original.</summary>
    /// <returns>The copy.</returns>
    public MlpDecoder Clone() => new(Network.Clone());

    /// <inheritdoc/>
    IDecoder IDecoder.Clone() => Clone();

    /// <inheritdoc/>
    /// <exception cref="ArgumentNullException"><paramref name="state"/> is <see langword="null"/>.</exception>
    public void Write(ModelState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        NetworkScales scales = Scales;
        PerceptronState.Write(
            state, Network, Convention, scales.InputMeans, scales.InputDeviations, scales.OutputMeans, scales.OutputDeviations);
    }

    /// <inheritdoc/>
    IDecoder IDecoder.Read(ModelState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        return Read(state);
    }

    /// <summary>Describes the widths of the layers, from A to K, and the activation, as in <c>MlpDecoder 8-128-128-64 tanh</c>.</summary>
    /// <returns>The description; a linear decoder says <c>linear</c> for the activation.</returns>
    public override string ToString() => $"{nameof(MlpDecoder)} {Network.Describe()}";

    private static MlpDecoder Read(ModelState state)
    {
        var read = new PerceptronState(state, Convention);
        if (read.IsCalibrated)
        {
            read.Network.Calibrate(new NetworkScales(read.Scales[0], read.Scales[1], read.Scales[2], read.Scales[3]));
        }

        return new MlpDecoder(read.Network);
    }
}
