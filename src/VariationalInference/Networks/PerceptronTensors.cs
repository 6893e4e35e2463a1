namespace VariationalInference;

/// <summary>The tensors of a perceptron as files have them, with the names of a PyTorch state.</summary>
internal static class PerceptronTensors
{
    public const string LinearPath = "linear_path.weight";
    public const string InputMeans = "scales.input_means";
    public const string InputDeviations = "scales.input_deviations";
    public const string OutputMeans = "scales.output_means";
    public const string OutputDeviations = "scales.output_deviations";
    public const string OutputVariances = "scales.output_variances";

    /// <summary>The name of the layers' <c>nn.Sequential</c> within its module.</summary>
    public const string Prefix = "layers.";

    // Activations stand between the affine layers and take the odd places.
    public static string Weight(string prefix, int layer) => Guard.Text($"{prefix}{2 * layer}.weight");

    public static string Bias(string prefix, int layer) => Guard.Text($"{prefix}{2 * layer}.bias");

    /// <summary>Lists the tensors of the parameters. They are the parameters themselves: filling one changes the perceptron.</summary>
    /// <param name="network">The perceptron.</param>
    /// <param name="prefix">What stands before the places of the layers in their names.</param>
    public static List<TensorValues> OfParameters(Perceptron network, string prefix)
    {
        var tensors = new List<TensorValues>();
        for (int l = 0; l < network.Layers.Length; l++)
        {
            DenseLayer layer = network.Layers[l];
            Memory<double> weights = network.Parameters[layer.Offset..layer.BiasOffset];
            tensors.Add(new TensorValues(Weight(prefix, l), [layer.OutputWidth, layer.InputWidth], weights));
            tensors.Add(new TensorValues(Bias(prefix, l), [layer.OutputWidth], network.Parameters[layer.BiasOffset..layer.End]));
        }

        if (network.HasLinearPath)
        {
            Memory<double> path = network.Parameters[network.LinearPathOffset..];
            tensors.Add(new TensorValues(LinearPath, [network.PathOutputs, network.InputWidth], path));
        }

        return tensors;
    }

    /// <summary>Whether a scale's values must be positive.</summary>
    public static bool IsPositive(string name) => name is InputDeviations or OutputDeviations or OutputVariances;
}
