using System.Collections.Immutable;
using System.Runtime.Intrinsics;
using MathNet.Numerics.Random;

namespace VariationalInference;

/// <summary>
/// A multi-layer perceptron as the encoder of equation (5-1): observations in, a mean and a log-variance for each amortized latent out.
/// </summary>
/// <remarks>
/// <para>
/// A row x is standardised, u = (x − <see cref="EncoderScales.InputMeans"/>) / <see cref="EncoderScales.InputDeviations"/>, and passes
/// through the hidden layers h ← g(W h + b) and an affine output layer of width 2A: first the A raw means m, then the A raw
/// log-variances r. With a linear path, P u is added to the raw means. The encoder returns
/// μ = <see cref="EncoderScales.OutputMeans"/> + <see cref="EncoderScales.OutputDeviations"/> · m and
/// ρ = log <see cref="EncoderScales.OutputVariances"/> + r.
/// </para>
/// <para>
/// With missing cells, u is 0 where x is missing, and K more inputs say where that is; K counts twice in what follows.
/// </para>
/// <para>
/// The linear path lets the perceptron start from, and fall back to, a linear map: the form that the exact posterior mean of a
/// linear-Gaussian model has. Without hidden layers the encoder is that linear map already and has no separate path.
/// </para>
/// <para>
/// The parameters stand layer by layer from the input: the weights W, row-major, outputs × inputs, then the biases b; last, with a
/// linear path, P, row-major, A × K.
/// </para>
/// <para>
/// Weights start uniform on ±√(6 / (inputs + outputs)) before tanh and in the output layer (Glorot &amp; Bengio 2010) and on
/// ±√(6 / inputs) before ReLU and SiLU (He et al. 2015); biases and the linear path start at zero.
/// </para>
/// <para>
/// A forward or backward pass costs two operations for each row and parameter.
/// </para>
/// <threadsafety>
/// Any number of tapes of one encoder may run at once, each on its own thread, as long as nobody writes <see cref="Parameters"/> or
/// calls <see cref="Calibrate"/> meanwhile.
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
    private readonly double[] _parameters;
    private readonly Lazy<MlpWeights<float>> _preparedSingle;
    private readonly Lazy<MlpWeights<double>> _preparedDouble;

    /// <summary>Creates an encoder with freshly drawn weights.</summary>
    /// <param name="observationCount">The number of observations K in a row. Range: at least 1.</param>
    /// <param name="latentCount">The number of amortized latents A. Range: at least 1.</param>
    /// <param name="hiddenWidths">
    /// The number of units of each hidden layer, from the input on. Range: each at least 1. The default is none, a linear encoder.
    /// </param>
    /// <param name="activation">
    /// The function after each hidden layer; a linear encoder does not use it. The default is <see cref="Activation.Tanh"/>.
    /// </param>
    /// <param name="seed">Seeds the weights: the same seed and shape give the same parameters. The default is 0.</param>
    /// <param name="linearPath">
    /// Whether a linear map from the inputs is added to the raw means; without hidden layers there is none either way. The default is
    /// <see langword="true"/>.
    /// </param>
    /// <param name="precision">
    /// The precision of the layers' own arithmetic. The default is <see cref="NetworkPrecision.Bits32"/>, which is about twice as fast and
    /// leaves errors far below those of any training.
    /// </param>
    /// <param name="acceptsMissing">
    /// Whether rows may have missing cells, given as NaN: the network then has a second input for each observation, 1 where it is missing and 0
    /// elsewhere. The default is <see langword="false"/>.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// A count or width is below 1, or <paramref name="activation"/> or <paramref name="precision"/> is not a named value.
    /// </exception>
    /// <exception cref="ArgumentException">The parameters would not fit in one array.</exception>
    public MlpEncoder(
        int observationCount,
        int latentCount,
        ReadOnlySpan<int> hiddenWidths = default,
        Activation activation = Activation.Tanh,
        int seed = 0,
        bool linearPath = true,
        NetworkPrecision precision = NetworkPrecision.Bits32,
        bool acceptsMissing = false)
    {
        Guard.AtLeast(observationCount, 1, nameof(observationCount));
        Guard.AtLeast(latentCount, 1, nameof(latentCount));
        foreach (int width in hiddenWidths)
        {
            Guard.AtLeast(width, 1, nameof(hiddenWidths));
        }

        if (!Enum.IsDefined(activation))
        {
            throw new ArgumentOutOfRangeException(
                nameof(activation), activation, $"{nameof(activation)} is {activation}; it must be Tanh, Relu or Silu.");
        }

        if (!Enum.IsDefined(precision))
        {
            throw new ArgumentOutOfRangeException(
                nameof(precision), precision, $"{nameof(precision)} is {precision}; it must be Bits32 or Bits64.");
        }

        ObservationCount = observationCount;
        LatentCount = latentCount;
        HiddenWidths = [.. hiddenWidths];
        Activation = activation;
        Precision = precision;
        AcceptsMissing = acceptsMissing;
        _preparedSingle = new Lazy<MlpWeights<float>>(() => new MlpWeights<float>(this));
        _preparedDouble = new Lazy<MlpWeights<double>>(() => new MlpWeights<double>(this));
        HasLinearPath = linearPath && !hiddenWidths.IsEmpty;
        Scales = IdentityScales(observationCount, latentCount);
        OutputLogVariances = new double[latentCount];
        CheckParameterCount();
        Layers = CreateLayers();
        _parameters = new double[LinearPathOffset + (HasLinearPath ? latentCount * InputWidth : 0)];
        DrawWeights(seed);
    }

    private MlpEncoder(MlpEncoder original)
    {
        ObservationCount = original.ObservationCount;
        LatentCount = original.LatentCount;
        HiddenWidths = original.HiddenWidths;
        Activation = original.Activation;
        Precision = original.Precision;
        AcceptsMissing = original.AcceptsMissing;
        _preparedSingle = new Lazy<MlpWeights<float>>(() => new MlpWeights<float>(this));
        _preparedDouble = new Lazy<MlpWeights<double>>(() => new MlpWeights<double>(this));
        HasLinearPath = original.HasLinearPath;
        IsCalibrated = original.IsCalibrated;
        Scales = original.Scales;
        OutputLogVariances = [.. original.OutputLogVariances];
        Layers = original.Layers;
        _parameters = [.. original._parameters];
    }

    /// <inheritdoc/>
    public int ObservationCount { get; }

    /// <inheritdoc/>
    public int LatentCount { get; }

    /// <summary>Gets the number of units of each hidden layer, from the input on; empty for a linear encoder.</summary>
    public ImmutableArray<int> HiddenWidths { get; }

    /// <summary>Gets the function after each hidden layer; a linear encoder does not use it.</summary>
    public Activation Activation { get; }

    /// <summary>Gets the precision of the layers' own arithmetic.</summary>
    public NetworkPrecision Precision { get; }

    /// <inheritdoc/>
    public bool AcceptsMissing { get; }

    /// <summary>Gets a value indicating whether a separate linear map from the inputs is added to the raw means.</summary>
    /// <value>Always <see langword="false"/> without hidden layers.</value>
    public bool HasLinearPath { get; }

    /// <summary>Gets a value indicating whether <see cref="Calibrate"/> has set the scales.</summary>
    /// <value>The default is <see langword="false"/>.</value>
    public bool IsCalibrated { get; private set; }

    /// <summary>Gets the scales of the inputs and outputs.</summary>
    /// <value>The default, before <see cref="Calibrate"/>, is means of 0, deviations of 1 and variances of 1.</value>
    public EncoderScales Scales { get; private set; }

    /// <summary>Gets the parameters φ: each layer's weights, outputs × inputs, and biases, then the linear path, A × K.</summary>
    public Memory<double> Parameters => _parameters;

    /// <summary>Gets the number of the network's inputs: the observations, and the marks of those that may be missing.</summary>
    internal int InputWidth => AcceptsMissing ? 2 * ObservationCount : ObservationCount;

    /// <summary>Gets the affine layers, the output layer last.</summary>
    internal ImmutableArray<DenseLayer> Layers { get; }

    /// <summary>Gets where the linear path begins in the parameters: behind the layers.</summary>
    internal int LinearPathOffset => Layers[^1].End;

    /// <summary>Gets log <see cref="EncoderScales.OutputVariances"/>.</summary>
    internal double[] OutputLogVariances { get; }

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
        CheckScale(scales.InputMeans, ObservationCount, positive: false, "scales.InputMeans");
        CheckScale(scales.InputDeviations, ObservationCount, positive: true, "scales.InputDeviations");
        CheckScale(scales.OutputMeans, LatentCount, positive: false, "scales.OutputMeans");
        CheckScale(scales.OutputDeviations, LatentCount, positive: true, "scales.OutputDeviations");
        CheckScale(scales.OutputVariances, LatentCount, positive: true, "scales.OutputVariances");
        if (IsCalibrated)
        {
            return;
        }

        Scales = scales;
        for (int a = 0; a < LatentCount; a++)
        {
            OutputLogVariances[a] = Math.Log(scales.OutputVariances[a]);
        }

        IsCalibrated = true;
    }

    /// <summary>Creates a tape for up to <paramref name="capacity"/> rows at a time; its passes allocate nothing.</summary>
    /// <param name="capacity">The largest number of rows in one pass. Range: at least 1.</param>
    /// <returns>
    /// A tape that reads this encoder's parameters as they are at each pass. A row's outputs do not depend on the rows beside it, to the
    /// last bit.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="capacity"/> is below 1.</exception>
    public IEncoderTape CreateTape(int capacity)
    {
        Guard.AtLeast(capacity, 1, nameof(capacity));
        return CreateTape(capacity, prepared: false, Lanes.Widest);
    }

    /// <summary>Copies the encoder, parameters and scales included; the copy shares nothing that can change with the original.</summary>
    /// <returns>The copy.</returns>
    public MlpEncoder Clone() => new(this);

    /// <inheritdoc/>
    IEncoder IEncoder.Clone() => Clone();

    /// <summary>Describes the widths of the layers, from K to 2A, and the activation, as in <c>MlpEncoder 2-32-32-2 tanh</c>.</summary>
    /// <returns>The description; a linear encoder says <c>linear</c> for the activation.</returns>
    public override string ToString()
    {
        string function = HiddenWidths.IsEmpty ? "linear" : ActivationFunctions.Name(Activation);
        return $"{nameof(MlpEncoder)} {string.Join('-', LayerWidths())} {function}";
    }

    /// <summary>Takes over the parameters for the tapes that were created as prepared; to be called whenever parameters were written.</summary>
    internal void Prepare()
    {
        if (Precision == NetworkPrecision.Bits32)
        {
            _preparedSingle.Value.Refresh();
        }
        else
        {
            _preparedDouble.Value.Refresh();
        }
    }

    /// <summary>Creates a tape that reads the parameters at each pass, or one that relies on <see cref="Prepare"/>.</summary>
    internal IEncoderTape CreateTape(int capacity, bool prepared, LaneWidth width)
    {
        if (Precision == NetworkPrecision.Bits32)
        {
            MlpWeights<float>? weights = prepared ? _preparedSingle.Value : null;
            return width switch
            {
                LaneWidth.Bits512 => new MlpTape<SingleLanes512, Vector512<float>, float>(this, capacity, weights),
                LaneWidth.Bits256 => new MlpTape<SingleLanes256, Vector256<float>, float>(this, capacity, weights),
                LaneWidth.Bits128 => new MlpTape<SingleLanes128, Vector128<float>, float>(this, capacity, weights),
                _ => new MlpTape<SingleScalarLanes, float, float>(this, capacity, weights),
            };
        }

        MlpWeights<double>? doubles = prepared ? _preparedDouble.Value : null;
        return width switch
        {
            LaneWidth.Bits512 => new MlpTape<DoubleLanes<Lanes512, Vector512<double>>, Vector512<double>, double>(this, capacity, doubles),
            LaneWidth.Bits256 => new MlpTape<DoubleLanes<Lanes256, Vector256<double>>, Vector256<double>, double>(this, capacity, doubles),
            LaneWidth.Bits128 => new MlpTape<DoubleLanes<Lanes128, Vector128<double>>, Vector128<double>, double>(this, capacity, doubles),
            _ => new MlpTape<DoubleLanes<ScalarLanes, double>, double, double>(this, capacity, doubles),
        };
    }

    private static void CheckScale(ImmutableArray<double> values, int count, bool positive, string name)
    {
        Guard.Length(values.IsDefault ? 0 : values.Length, count, name, "one for each observation or latent");
        if (positive)
        {
            Guard.AllPositive(values.AsSpan(), name);
        }
        else
        {
            Guard.AllFinite(values.AsSpan(), name);
        }
    }

    private static EncoderScales IdentityScales(int observationCount, int latentCount)
    {
        ImmutableArray<double> inputOnes = [.. Enumerable.Repeat(1.0, observationCount)];
        ImmutableArray<double> outputOnes = [.. Enumerable.Repeat(1.0, latentCount)];
        return new EncoderScales([.. new double[observationCount]], inputOnes, [.. new double[latentCount]], outputOnes, outputOnes);
    }

    private int[] LayerWidths() => [InputWidth, .. HiddenWidths, 2 * LatentCount];

    private void CheckParameterCount()
    {
        double inputs = AcceptsMissing ? 2.0 * ObservationCount : ObservationCount;
        double count = HasLinearPath ? LatentCount * inputs : 0.0;
        foreach (double outputs in (double[])[.. HiddenWidths.Select(width => (double)width), 2.0 * LatentCount])
        {
            count += (inputs + 1.0) * outputs;
            inputs = outputs;
        }

        if (count > Array.MaxLength)
        {
            throw new ArgumentException(
                Guard.Text($"The encoder would have {count:G3} parameters; at most {Array.MaxLength} are allowed."));
        }
    }

    private ImmutableArray<DenseLayer> CreateLayers()
    {
        int[] widths = LayerWidths();
        var layers = ImmutableArray.CreateBuilder<DenseLayer>(widths.Length - 1);
        int offset = 0;
        for (int l = 1; l < widths.Length; l++)
        {
            layers.Add(new DenseLayer(widths[l - 1], widths[l], offset));
            offset = layers[^1].End;
        }

        return layers.MoveToImmutable();
    }

    private void DrawWeights(int seed)
    {
        var random = new Xoshiro256StarStar(seed, false);
        for (int l = 0; l < Layers.Length; l++)
        {
            DenseLayer layer = Layers[l];
            bool glorot = Activation == Activation.Tanh || l == Layers.Length - 1;
            double fan = glorot ? (double)layer.InputWidth + layer.OutputWidth : layer.InputWidth;
            double limit = Math.Sqrt(6.0 / fan);
            foreach (ref double weight in _parameters.AsSpan(layer.Offset, layer.BiasOffset - layer.Offset))
            {
                weight = limit * ((2.0 * random.NextDouble()) - 1.0);
            }
        }
    }
}
