using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>Writes perceptrons to a <see cref="ModelState"/> and reads them back.</summary>
internal sealed class PerceptronState
{
    private const string ActivationKey = "activation";
    private const string PrecisionKey = "precision";
    private const string CalibratedKey = "calibrated";
    private const string MissingKey = "accepts_missing";
    private const string Bits32 = "bits32";
    private const string Bits64 = "bits64";
    private const string True = "true";
    private const string False = "false";

    /// <summary>Reads a perceptron. Each text may be missing, as all do in files of other programs.</summary>
    /// <param name="state">The state.</param>
    /// <param name="convention">What the outputs mean.</param>
    /// <exception cref="FormatException">The state is not that of such a perceptron.</exception>
    public PerceptronState(ModelState state, PerceptronConvention convention)
    {
        Activation[] activations = Enum.GetValues<Activation>();
        Activation activation = activations[Find(state, ActivationKey, [.. activations.Select(ActivationFunctions.Name)])];
        NetworkPrecision precision = Find(state, PrecisionKey, [Bits32, Bits64]) == 0 ? NetworkPrecision.Bits32 : NetworkPrecision.Bits64;
        IsCalibrated = Find(state, CalibratedKey, [True, False]) == 0;
        bool acceptsMissing = Find(state, MissingKey, [False, True]) == 1;

        var shape = new PerceptronShape(state.Tensors, acceptsMissing, convention);
        Network = shape.Create(activation, precision);
        Dictionary<string, TensorValues> parameters =
            PerceptronTensors.OfParameters(Network, shape.Prefix).ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        var scales = new Dictionary<string, ImmutableArray<double>>(StringComparer.Ordinal);
        foreach (TensorValues tensor in state.Tensors)
        {
            bool isScale = !parameters.TryGetValue(tensor.Name, out TensorValues? parameter);
            RequireValues(tensor, isScale && !IsCalibrated);
            if (isScale)
            {
                scales.Add(tensor.Name, [.. tensor.Values.Span]);
            }
            else
            {
                tensor.Values.CopyTo(parameter!.Values);
            }
        }

        Scales = [.. convention.Scales.Select(name => scales.TryGetValue(name, out ImmutableArray<double> found) ? found : shape.Identity(name))];
    }

    /// <summary>Gets the perceptron, its own scales not set.</summary>
    public Perceptron Network { get; }

    /// <summary>Gets a value indicating whether the scales are to be kept.</summary>
    public bool IsCalibrated { get; }

    /// <summary>Gets the scales, in the order of the convention.</summary>
    public ImmutableArray<ImmutableArray<double>> Scales { get; }

    /// <summary>Writes a perceptron with scales in the order of the convention.</summary>
    public static void Write(
        ModelState state, Perceptron network, PerceptronConvention convention, params ReadOnlySpan<ImmutableArray<double>> scales)
    {
        state.Add(ActivationKey, ActivationFunctions.Name(network.Activation));
        state.Add(PrecisionKey, network.Precision == NetworkPrecision.Bits32 ? Bits32 : Bits64);
        state.Add(CalibratedKey, network.IsCalibrated ? True : False);
        state.Add(MissingKey, network.AcceptsMissing ? True : False);
        foreach (TensorValues tensor in PerceptronTensors.OfParameters(network, PerceptronTensors.Prefix))
        {
            state.Add(tensor);
        }

        for (int i = 0; i < scales.Length; i++)
        {
            state.Add(convention.Scales[i], scales[i].AsSpan());
        }
    }

    /// <summary>Returns which of the values allowed a text has; the first when it is missing.</summary>
    private static int Find(ModelState state, string key, string[] allowed)
    {
        string value = state.Text(key, otherwise: allowed[0]);
        int place = Array.IndexOf(allowed, value);
        return place >= 0
            ? place
            : throw new FormatException($"{key} is {SafeTensors.Show(value)}; it must be {string.Join(" or ", allowed)}.");
    }

    private static void RequireValues(TensorValues tensor, bool identity)
    {
        ReadOnlySpan<double> values = tensor.Values.Span;
        bool positive = PerceptronTensors.IsPositive(tensor.Name);
        double one = positive ? 1 : 0;
        for (int i = 0; i < values.Length; i++)
        {
            if (!double.IsFinite(values[i]) || (positive && values[i] <= 0))
            {
                string allowed = positive ? "positive and finite" : "finite";
                throw new FormatException(Guard.Text($"{tensor.Name}[{i}] is {values[i]}; it must be {allowed}."));
            }

            if (identity && values[i] != one)
            {
                throw new FormatException(
                    Guard.Text($"{tensor.Name}[{i}] is {values[i]}; it must be {one} where the scales are not calibrated."));
            }
        }
    }
}
