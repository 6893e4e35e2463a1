using System.Collections.Immutable;
using System.Runtime.Intrinsics;
using MathNet.Numerics.Random;

namespace VariationalInference;

/// <summary>A multi-layer perceptron: affine layers with a function between them, of any number of inputs and outputs.</summary>
/// <remarks>
/// <para>
/// A row x is standardised, u = (x − <see cref="NetworkScales.InputMeans"/>) / <see cref="NetworkScales.InputDeviations"/>, and passes through
/// the hidden layers h ← g(W h + b) and an affine output layer, whose raw outputs are r. With a linear path, P u is added to them. The outputs
/// are <see cref="NetworkScales.OutputMeans"/> + <see cref="NetworkScales.OutputDeviations"/> · r.
/// </para>
/// <para>
/// With missing cells, u is 0 where x is missing, and as many more inputs say where that is; inputs count twice in what follows.
/// </para>
/// <para>
/// The linear path lets the perceptron start from, and fall back to, a linear map. Without hidden layers it is that linear map already and has
/// no separate path.
/// </para>
/// <para>
/// The parameters stand layer by layer from the input: the weights W, row-major, outputs × inputs, then the biases b; last, with a
/// linear path, P, row-major, outputs × inputs.
/// </para>
/// <para>
/// Weights start uniform on ±√(6 / (inputs + outputs)) before tanh and in the output layer (Glorot &amp; Bengio 2010) and on
/// ±√(6 / inputs) before ReLU and SiLU (He et al. 2015); biases and the linear path start at zero.
/// </para>
/// <para>
/// A forward or backward pass costs two operations for each row and parameter; gradients in the inputs cost those of the first layer once more.
/// </para>
/// <threadsafety>
/// Any number of tapes of one perceptron may run at once, each on its own thread, as long as nobody writes <see cref="Parameters"/> or
/// calls <see cref="Calibrate"/> or <see cref="Prepare"/> meanwhile.
/// </threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// // From three latents to the means of sixty-four pixels.
/// var decoder = new Perceptron(inputCount: 3, outputCount: 64, new PerceptronOptions { HiddenWidths = [32], LinearPath = false });
/// Console.WriteLine($"{decoder}, {decoder.Parameters.Length} parameters");   // Perceptron 3-32-64 tanh, 2240 parameters
/// </code>
/// </example>
public sealed class Perceptron : INetwork
{
    private static readonly PerceptronConvention Convention =
        new("perceptron", "a perceptron", Parts: 1, [PerceptronTensors.OutputMeans, PerceptronTensors.OutputDeviations]);

    private readonly double[] _parameters;
    private readonly Lazy<PerceptronWeights<float>> _preparedSingle;
    private readonly Lazy<PerceptronWeights<double>> _preparedDouble;

    /// <summary>Creates a perceptron with freshly drawn weights.</summary>
    /// <param name="inputCount">The number of inputs in a row. Range: at least 1.</param>
    /// <param name="outputCount">The number of outputs of a row. Range: at least 1.</param>
    /// <param name="options">Its layers; <see langword="null"/> for the defaults, a linear map.</param>
    /// <exception cref="ArgumentOutOfRangeException">A count is below 1.</exception>
    /// <exception cref="ArgumentException">The parameters would not fit in one array.</exception>
    public Perceptron(int inputCount, int outputCount, PerceptronOptions? options = null)
        : this(
            RequireCount(inputCount, nameof(inputCount)),
            RequireCount(outputCount, nameof(outputCount)),
            outputCount,
            options ?? new PerceptronOptions())
    {
    }

    /// <param name="inputCount">The number of inputs.</param>
    /// <param name="outputCount">The number of outputs.</param>
    /// <param name="pathOutputs">The number of outputs, the first ones, that a linear path may lead to.</param>
    /// <param name="options">The layers.</param>
    internal Perceptron(int inputCount, int outputCount, int pathOutputs, PerceptronOptions options)
    {
        InputCount = inputCount;
        OutputCount = outputCount;
        HiddenWidths = options.HiddenWidths;
        Activation = options.Activation;
        Precision = options.Precision;
        AcceptsMissing = options.AcceptsMissing;
        PathOutputs = options.LinearPath && !HiddenWidths.IsEmpty ? pathOutputs : 0;
        _preparedSingle = new Lazy<PerceptronWeights<float>>(() => new PerceptronWeights<float>(this));
        _preparedDouble = new Lazy<PerceptronWeights<double>>(() => new PerceptronWeights<double>(this));
        Scales = NetworkScales.Identity(inputCount, outputCount);
        CheckParameterCount();
        Layers = CreateLayers();
        _parameters = new double[LinearPathOffset + (PathOutputs * InputWidth)];
        DrawWeights(options.Seed);
    }

    private Perceptron(Perceptron original)
    {
        InputCount = original.InputCount;
        OutputCount = original.OutputCount;
        HiddenWidths = original.HiddenWidths;
        Activation = original.Activation;
        Precision = original.Precision;
        AcceptsMissing = original.AcceptsMissing;
        PathOutputs = original.PathOutputs;
        _preparedSingle = new Lazy<PerceptronWeights<float>>(() => new PerceptronWeights<float>(this));
        _preparedDouble = new Lazy<PerceptronWeights<double>>(() => new PerceptronWeights<double>(this));
        IsCalibrated = original.IsCalibrated;
        Scales = original.Scales;
        Layers = original.Layers;
        _parameters = [.. original._parameters];
    }

    /// <inheritdoc/>
    /// <value>perceptron</value>
    public string Kind => Convention.Kind;

    /// <inheritdoc/>
    public int InputCount { get; }

    /// <inheritdoc/>
    public int OutputCount { get; }

    /// <summary>Gets the number of units of each hidden layer, from the input on; empty for a linear map.</summary>
    public ImmutableArray<int> HiddenWidths { get; }

    /// <summary>Gets the function after each hidden layer; a linear map does not use it.</summary>
    public Activation Activation { get; }

    /// <summary>Gets the precision of the layers' own arithmetic.</summary>
    public NetworkPrecision Precision { get; }

    /// <summary>Gets a value indicating whether rows may have missing cells, given as NaN.</summary>
    public bool AcceptsMissing { get; }

    /// <summary>Gets a value indicating whether a separate linear map from the inputs is added to the raw outputs.</summary>
    /// <value>Always <see langword="false"/> without hidden layers.</value>
    public bool HasLinearPath => PathOutputs > 0;

    /// <inheritdoc/>
    /// <value>Always <see langword="true"/>.</value>
    public bool HasInputGradients => true;

    /// <summary>Gets a value indicating whether <see cref="Calibrate"/> has set the scales.</summary>
    /// <value>The default is <see langword="false"/>.</value>
    public bool IsCalibrated { get; private set; }

    /// <summary>Gets the scales of the inputs and outputs.</summary>
    /// <value>The default, before <see cref="Calibrate"/>, is means of 0 and deviations of 1.</value>
    public NetworkScales Scales { get; private set; }

    /// <summary>Gets the parameters φ: each layer's weights, outputs × inputs, and biases, then the linear path.</summary>
    public Memory<double> Parameters => _parameters;

    /// <summary>Gets the number of values that enter the first layer: the inputs, and the marks of those that may be missing.</summary>
    internal int InputWidth => AcceptsMissing ? 2 * InputCount : InputCount;

    /// <summary>Gets the number of outputs, the first ones, that the linear path leads to; 0 without one.</summary>
    internal int PathOutputs { get; }

    /// <summary>Gets the affine layers, the output layer last.</summary>
    internal ImmutableArray<DenseLayer> Layers { get; }

    /// <summary>Gets where the linear path begins in the parameters: behind the layers.</summary>
    internal int LinearPathOffset => Layers[^1].End;

    /// <summary>
    /// Loads a perceptron from a file that <see cref="NetworkFile.Save(INetwork, string)"/> wrote, or another program: see
    /// <see cref="MlpEncoder.Load(string)"/>, which names the tensors. There are as many outputs as the last layer has; scales are those of
    /// <see cref="NetworkScales"/>, and <c>kind</c> is perceptron.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <returns>The perceptron.</returns>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty or <see langword="null"/>.</exception>
    /// <exception cref="ModelFileException">The file is truncated, altered, of another kind or of a newer version.</exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static Perceptron Load(string path)
    {
        Guard.Path(path, nameof(path));
        using FileStream stream = File.OpenRead(path);
        return ModelFile.Read(stream, path, Convention.Kind, Read);
    }

    /// <summary>
    /// Sets the scales, the first time only; a perceptron that was calibrated already keeps its scales. The parameters φ stay as they are.
    /// </summary>
    /// <param name="scales">Location and scale of the inputs and outputs to expect.</param>
    /// <exception cref="ArgumentNullException"><paramref name="scales"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">
    /// A length is wrong, a value is not finite, or a deviation is not positive; the message names the element.
    /// </exception>
    public void Calibrate(NetworkScales scales)
    {
        ArgumentNullException.ThrowIfNull(scales);
        RequireScale(scales.InputMeans, InputCount, positive: false, "scales.InputMeans", "one for each input");
        RequireScale(scales.InputDeviations, InputCount, positive: true, "scales.InputDeviations", "one for each input");
        RequireScale(scales.OutputMeans, OutputCount, positive: false, "scales.OutputMeans", "one for each output");
        RequireScale(scales.OutputDeviations, OutputCount, positive: true, "scales.OutputDeviations", "one for each output");
        if (!IsCalibrated)
        {
            Scales = scales;
            IsCalibrated = true;
        }
    }

    /// <summary>Creates a tape for up to <paramref name="capacity"/> rows at a time; its passes allocate nothing.</summary>
    /// <param name="capacity">The largest number of rows in one pass. Range: at least 1, and no more than its buffers can hold.</param>
    /// <returns>
    /// A tape that reads this perceptron's parameters as they are at each pass. A row's outputs do not depend on the rows beside it, to the
    /// last bit.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="capacity"/> is out of its range.</exception>
    public INetworkTape CreateTape(int capacity) => CreateTape(capacity, prepared: false, Lanes.Widest);

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="capacity"/> is out of its range.</exception>
    public INetworkTape CreatePreparedTape(int capacity) => CreateTape(capacity, prepared: true, Lanes.Widest);

    /// <inheritdoc/>
    public void Prepare()
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

    /// <summary>Copies the perceptron, parameters and scales included; the copy shares nothing that can change with the original.</summary>
    /// <returns>The copy.</returns>
    public Perceptron Clone() => new(this);

    /// <inheritdoc/>
    INetwork INetwork.Clone() => Clone();

    /// <inheritdoc/>
    /// <exception cref="ArgumentNullException"><paramref name="state"/> is <see langword="null"/>.</exception>
    public void Write(ModelState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        PerceptronState.Write(
            state, this, Convention, Scales.InputMeans, Scales.InputDeviations, Scales.OutputMeans, Scales.OutputDeviations);
    }

    /// <inheritdoc/>
    INetwork INetwork.Read(ModelState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        return Read(state);
    }

    /// <summary>Describes the widths of the layers and the activation, as in <c>Perceptron 2-32-32-2 tanh</c>.</summary>
    /// <returns>The description; a linear map says <c>linear</c> for the activation.</returns>
    public override string ToString() => $"{nameof(Perceptron)} {Describe()}";

    /// <summary>Describes the widths of the layers and the activation.</summary>
    internal string Describe() =>
        $"{string.Join('-', LayerWidths())} {(HiddenWidths.IsEmpty ? "linear" : ActivationFunctions.Name(Activation))}";

    /// <summary>Creates a tape that reads the parameters at each pass, or one that relies on <see cref="Prepare"/>.</summary>
    internal INetworkTape CreateTape(int capacity, bool prepared, LaneWidth width)
    {
        RequireCapacity(capacity);
        if (Precision == NetworkPrecision.Bits32)
        {
            PerceptronWeights<float>? weights = prepared ? _preparedSingle.Value : null;
            return width switch
            {
                LaneWidth.Bits512 => new PerceptronTape<SingleLanes512, Vector512<float>, float>(this, capacity, weights),
                LaneWidth.Bits256 => new PerceptronTape<SingleLanes256, Vector256<float>, float>(this, capacity, weights),
                LaneWidth.Bits128 => new PerceptronTape<SingleLanes128, Vector128<float>, float>(this, capacity, weights),
                _ => new PerceptronTape<SingleScalarLanes, float, float>(this, capacity, weights),
            };
        }

        PerceptronWeights<double>? doubles = prepared ? _preparedDouble.Value : null;
        return width switch
        {
            LaneWidth.Bits512 => new PerceptronTape<DoubleLanes<Lanes512, Vector512<double>>, Vector512<double>, double>(this, capacity, doubles),
            LaneWidth.Bits256 => new PerceptronTape<DoubleLanes<Lanes256, Vector256<double>>, Vector256<double>, double>(this, capacity, doubles),
            LaneWidth.Bits128 => new PerceptronTape<DoubleLanes<Lanes128, Vector128<double>>, Vector128<double>, double>(this, capacity, doubles),
            _ => new PerceptronTape<DoubleLanes<ScalarLanes, double>, double, double>(this, capacity, doubles),
        };
    }

    /// <summary>
    /// Makes the first outputs a linear map of the inputs, in their own units, to which hidden layers add little yet; without a linear path of its
    /// own, a perceptron with hidden layers stays as it is.
    /// </summary>
    /// <param name="map">The map, outputs × inputs, for inputs less their means and outputs less theirs.</param>
    /// <param name="areDrawn">Whether the weights were just drawn; otherwise hidden layers add what they did.</param>
    internal void BeginLinear(MathNet.Numerics.LinearAlgebra.Matrix<double> map, bool areDrawn)
    {
        if (!HasLinearPath && !HiddenWidths.IsEmpty)
        {
            return;
        }

        // Enough to break the symmetry between units, too little to matter beside the linear map.
        double share = HiddenWidths.IsEmpty ? 0 : areDrawn ? 0.1 : 1;
        DenseLayer last = Layers[^1];
        foreach (ref double weight in _parameters.AsSpan(last.Offset, last.BiasOffset - last.Offset))
        {
            weight *= share;
        }

        Span<double> path = HasLinearPath ? _parameters.AsSpan(LinearPathOffset) : _parameters.AsSpan(last.Offset);
        for (int o = 0; o < map.RowCount; o++)
        {
            for (int i = 0; i < InputCount; i++)
            {
                path[(o * InputWidth) + i] = map[o, i] * Scales.InputDeviations[i] / Scales.OutputDeviations[o];
            }
        }
    }

    /// <summary>Sets the bias of an output, in its own units.</summary>
    internal void SetOutputBias(int output, double value) => _parameters[Layers[^1].BiasOffset + output] = value / Scales.OutputDeviations[output];

    internal static void RequireScale(ImmutableArray<double> values, int count, bool positive, string name, string meaning)
    {
        Guard.Length(values.IsDefault ? 0 : values.Length, count, name, meaning);
        if (positive)
        {
            Guard.AllPositive(values.AsSpan(), name);
        }
        else
        {
            Guard.AllFinite(values.AsSpan(), name);
        }
    }

    internal static int RequireCount(int count, string name)
    {
        Guard.InArray(count, 1, name);
        return count;
    }

    private static Perceptron Read(ModelState state)
    {
        var read = new PerceptronState(state, Convention);
        if (read.IsCalibrated)
        {
            read.Network.Calibrate(new NetworkScales(read.Scales[0], read.Scales[1], read.Scales[2], read.Scales[3]));
        }

        return read.Network;
    }

    /// <summary>The widest layer decides how many rows the buffers of a tape can hold.</summary>
    private void RequireCapacity(int capacity)
    {
        int itemSize = Precision == NetworkPrecision.Bits32 ? sizeof(float) : sizeof(double);
        int most = AlignedBuffer<byte>.MostBytes / (LayerWidths().Max(DenseKernels.Pad) * itemSize);
        if (capacity < 1 || capacity > most)
        {
            throw new ArgumentOutOfRangeException(
                nameof(capacity), capacity, Guard.Text($"capacity is {capacity}; it must be at least 1 and at most {most}, the rows that the buffers of {this} can hold."));
        }
    }

    private int[] LayerWidths() => [InputWidth, .. HiddenWidths, OutputCount];

    private void CheckParameterCount()
    {
        double inputs = AcceptsMissing ? 2.0 * InputCount : InputCount;
        double count = PathOutputs * inputs;
        foreach (double outputs in (double[])[.. HiddenWidths.Select(width => (double)width), OutputCount])
        {
            count += (inputs + 1.0) * outputs;
            inputs = outputs;
        }

        if (count > Array.MaxLength)
        {
            throw new ArgumentException(
                Guard.Text($"The network would have {count:G3} parameters; at most {Array.MaxLength} are allowed."));
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

    /// <summary>Draws all weights anew; biases and the linear path become zero.</summary>
    internal void DrawWeights(int seed)
    {
        _parameters.AsSpan().Clear();
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
