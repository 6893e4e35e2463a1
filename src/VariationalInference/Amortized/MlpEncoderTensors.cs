namespace VariationalInference;

/// <summary>The tensors of an <see cref="MlpEncoder"/> as its files have them, with the names of a PyTorch state.</summary>
internal static class MlpEncoderTensors
{
    public const string LinearPath = "linear_path.weight";
    public const string InputMeans = "scales.input_means";
    public const string InputDeviations = "scales.input_deviations";
    public const string OutputMeans = "scales.output_means";
    public const string OutputDeviations = "scales.output_deviations";
    public const string OutputVariances = "scales.output_variances";

    /// <summary>The name of the layers' <c>nn.Sequential</c> within its module.</summary>
    public const string Prefix = "layers.";

    public static readonly string[] Scales = [InputMeans, InputDeviations, OutputMeans, OutputDeviations, OutputVariances];

    // Activations stand between the affine layers and take the odd places.
    public static string Weight(string prefix, int layer) => Guard.Text($"{prefix}{2 * layer}.weight");

    public static string Bias(string prefix, int layer) => Guard.Text($"{prefix}{2 * layer}.bias");

    /// <summary>Lists the tensors of the parameters. They are the parameters themselves: filling one changes the encoder.</summary>
    /// <param name="encoder">The encoder.</param>
    /// <param name="prefix">What stands before the places of the layers in their names.</param>
    /// <param name="pathPrefix">What stands before the name of the linear path.</param>
    public static List<TensorValues> OfParameters(MlpEncoder encoder, string prefix, string pathPrefix = "")
    {
        var tensors = new List<TensorValues>();
        for (int l = 0; l < encoder.Network.Layers.Length; l++)
        {
            DenseLayer layer = encoder.Network.Layers[l];
            Memory<double> weights = encoder.Parameters[layer.Offset..layer.BiasOffset];
            tensors.Add(new TensorValues(Weight(prefix, l), [layer.OutputWidth, layer.InputWidth], weights));
            tensors.Add(new TensorValues(Bias(prefix, l), [layer.OutputWidth], encoder.Parameters[layer.BiasOffset..layer.End]));
        }

        if (encoder.HasLinearPath)
        {
            Memory<double> path = encoder.Parameters[encoder.Network.LinearPathOffset..];
            tensors.Add(new TensorValues(pathPrefix + LinearPath, [encoder.LatentCount, encoder.Network.InputWidth], path));
        }

        return tensors;
    }

    /// <summary>Copies the scales, in the order of <see cref="Scales"/>.</summary>
    public static List<TensorValues> OfScales(EncoderScales scales, string prefix = "") =>
    [
        Vector(prefix + InputMeans, [.. scales.InputMeans]),
        Vector(prefix + InputDeviations, [.. scales.InputDeviations]),
        Vector(prefix + OutputMeans, [.. scales.OutputMeans]),
        Vector(prefix + OutputDeviations, [.. scales.OutputDeviations]),
        Vector(prefix + OutputVariances, [.. scales.OutputVariances]),
    ];

    /// <summary>Gets the scales from tensors in the order of <see cref="Scales"/>.</summary>
    public static EncoderScales ToScales(List<TensorValues> tensors) => new(
        [.. tensors[0].Values.Span],
        [.. tensors[1].Values.Span],
        [.. tensors[2].Values.Span],
        [.. tensors[3].Values.Span],
        [.. tensors[4].Values.Span]);

    /// <summary>Whether a tensor's values must be positive.</summary>
    public static bool IsPositive(string name) => name is InputDeviations or OutputDeviations or OutputVariances;

    private static TensorValues Vector(string name, double[] values) => new(name, [values.Length], values);
}
