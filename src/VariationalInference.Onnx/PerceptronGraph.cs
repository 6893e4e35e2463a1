namespace VariationalInference.Onnx;

/// <summary>The operators of a perceptron, from rows in their own units to outputs in theirs.</summary>
/// <remarks>u = (x − m)/s, 0 where x is missing, with a mark of that beside it; r = layers(u) + P u; outputs are c + d r.</remarks>
internal sealed class PerceptronGraph
{
    private const string Path = "linear_path.weight";

    private readonly ModelState _state = new();
    private readonly bool _single;
    private readonly double[] _outputMeans;
    private readonly double[] _outputDeviations;

    public PerceptronGraph(MlpEncoder encoder)
        : this((INetwork)encoder)
    {
        // Behind the means stand log variances, about the logarithm of their scale.
        _outputMeans = [.. _outputMeans, .. encoder.Scales.OutputVariances.Select(Math.Log)];
        _outputDeviations = [.. _outputDeviations, .. Enumerable.Repeat(1.0, encoder.LatentCount)];
    }

    public PerceptronGraph(MlpDecoder decoder)
        : this((INetwork)decoder)
    {
    }

    public PerceptronGraph(Perceptron network)
        : this((INetwork)network)
    {
    }

    private PerceptronGraph(INetwork network)
    {
        network.Write(_state);
        _single = _state.Text("precision") == "bits32";
        _outputMeans = [.. _state.Values("scales.output_means")];
        _outputDeviations = [.. _state.Values("scales.output_deviations")];
    }

    /// <summary>Adds the operators, and returns the name of the outputs.</summary>
    public string AddTo(OnnxGraph graph, string input)
    {
        string units = Standardised(graph, input);
        string outputs = Layers(graph, units);
        if (_state.HasTensor(Path))
        {
            outputs = graph.Add("Add", outputs, graph.Affine(units, PathWeights(graph)));
        }

        int[] width = [_outputMeans.Length];
        string whole = graph.Cast(outputs, single: false);
        string scaled = graph.Add("Mul", whole, graph.Numbers("scales.output_deviations", _outputDeviations, width));
        return graph.Add("Add", scaled, graph.Numbers("scales.output_means", _outputMeans, width));
    }

    private string Standardised(OnnxGraph graph, string input)
    {
        ReadOnlySpan<double> means = _state.Values("scales.input_means");
        string difference = graph.Add("Sub", input, graph.Numbers("scales.input_means", means, [means.Length]));
        string units = graph.Add(
            "Div", difference, graph.Numbers("scales.input_deviations", _state.Values("scales.input_deviations"), [means.Length]));
        if (_state.Text("accepts_missing") != "true")
        {
            return graph.Cast(units, _single);
        }

        string missing = graph.Add("IsNaN", input);
        string seen = graph.Cast(graph.Add("Where", missing, graph.Numbers("missing", [0], []), units), _single);
        return graph.Beside(seen, graph.Cast(missing, _single));
    }

    private string Layers(OnnxGraph graph, string units)
    {
        string values = units;
        for (int layer = 0; _state.HasTensor(Name(layer, "weight")); layer++)
        {
            values = graph.Affine(
                layer == 0 ? values : Activated(graph, values), Tensor(graph, Name(layer, "weight")), Tensor(graph, Name(layer, "bias")));
        }

        return values;
    }

    private string Activated(OnnxGraph graph, string values) => _state.Text("activation") switch
    {
        "tanh" => graph.Add("Tanh", values),
        "relu" => graph.Add("Relu", values),
        "silu" => graph.Add("Mul", values, graph.Add("Sigmoid", values)),
        string other => throw new NotSupportedException($"There is no operator for the activation {other}."),
    };

    /// <summary>Adds P, which leads to the first outputs alone, with zeros for the others.</summary>
    private string PathWeights(OnnxGraph graph)
    {
        int inputs = (int)_state.Shape(Path)[1];
        var weights = new double[_outputMeans.Length * inputs];
        _state.Values(Path).CopyTo(weights);
        return graph.Numbers(Path, weights, [_outputMeans.Length, inputs], _single);
    }

    private string Tensor(OnnxGraph graph, string name) =>
        graph.Numbers(name, _state.Values(name), [.. _state.Shape(name).Select(size => (int)size)], _single);

    // Activations take the odd places.
    private static string Name(int layer, string part) => FormattableString.Invariant($"layers.{2 * layer}.{part}");
}
