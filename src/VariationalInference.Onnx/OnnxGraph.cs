using Onnx;

namespace VariationalInference.Onnx;

/// <summary>Builds a graph of operators, each of which gets a name for what it puts out.</summary>
internal sealed class OnnxGraph
{
    // Of 2022: old enough for any runtime in use.
    private const int Opset = 17;
    private const int IrVersion = 8;

    private readonly GraphProto _graph = new() { Name = "network" };
    private readonly string _description;
    private int _count;

    /// <param name="description">What is exported, for people.</param>
    public OnnxGraph(string description) => _description = description;

    /// <summary>Adds an input of rows of doubles, and returns its name.</summary>
    public string Input(string name, int width)
    {
        _graph.Input.Add(Rows(name, width));
        return name;
    }

    /// <summary>Makes a value an output under a name.</summary>
    public void Output(string name, string value, int width)
    {
        _graph.Node.Add(new NodeProto { OpType = "Identity", Input = { value }, Output = { name } });
        _graph.Output.Add(Rows(name, width));
    }

    /// <summary>Adds an operator, and returns the name of what it puts out.</summary>
    public string Add(string operation, params string[] inputs)
    {
        string output = Name(operation);
        var node = new NodeProto { OpType = operation, Output = { output } };
        node.Input.AddRange(inputs);
        _graph.Node.Add(node);
        return output;
    }

    /// <summary>Adds x Wᵀ + b.</summary>
    /// <param name="input">x.</param>
    /// <param name="weights">W, outputs × inputs.</param>
    /// <param name="biases">b; none for zeros.</param>
    public string Affine(string input, string weights, params string[] biases)
    {
        string output = Add("Gemm", [input, weights, .. biases]);
        _graph.Node[^1].Attribute.Add(Whole("transB", 1));
        return output;
    }

    /// <summary>Adds a conversion to single or double precision.</summary>
    public string Cast(string input, bool single)
    {
        string output = Add("Cast", input);
        _graph.Node[^1].Attribute.Add(Whole("to", (long)Type(single)));
        return output;
    }

    /// <summary>Puts the columns of two values side by side.</summary>
    public string Beside(string left, string right)
    {
        string output = Add("Concat", left, right);
        _graph.Node[^1].Attribute.Add(Whole("axis", 1));
        return output;
    }

    /// <summary>Takes the left and the right half of a value's columns.</summary>
    public (string Left, string Right) Halves(string input, int width)
    {
        string sizes = Name("sizes");
        _graph.Initializer.Add(new TensorProto { Name = sizes, DataType = (int)TensorProto.Types.DataType.Int64, Dims = { 2 }, Int64Data = { width, width } });
        string left = Add("Split", input, sizes), right = Name("Split");
        _graph.Node[^1].Output.Add(right);
        _graph.Node[^1].Attribute.Add(Whole("axis", 1));
        return (left, right);
    }

    /// <summary>Adds numbers, and returns their name.</summary>
    /// <param name="name">What they are called.</param>
    /// <param name="values">The numbers, row-major.</param>
    /// <param name="shape">Their shape.</param>
    /// <param name="single">Whether they are in single precision.</param>
    /// <exception cref="InvalidOperationException">A number is not finite.</exception>
    public string Numbers(string name, ReadOnlySpan<double> values, ReadOnlySpan<int> shape, bool single = false)
    {
        var tensor = new TensorProto { Name = Name(name), DataType = (int)Type(single) };
        foreach (int size in shape)
        {
            tensor.Dims.Add(size);
        }

        for (int i = 0; i < values.Length; i++)
        {
            if (!double.IsFinite(single ? (float)values[i] : values[i]))
            {
                throw new InvalidOperationException(
                    FormattableString.Invariant($"{name}[{i}] is {values[i]}; it must be finite{(single ? " in single precision" : string.Empty)} to be exported."));
            }

            if (single)
            {
                tensor.FloatData.Add((float)values[i]);
            }
            else
            {
                tensor.DoubleData.Add(values[i]);
            }
        }

        _graph.Initializer.Add(tensor);
        return tensor.Name;
    }

    /// <summary>Makes the model.</summary>
    public ModelProto Model() => new()
    {
        IrVersion = IrVersion,
        Graph = _graph,
        ProducerName = nameof(VariationalInference),
        DocString = _description,
        OpsetImport = { new OperatorSetIdProto { Domain = string.Empty, Version = Opset } },
    };

    private static TensorProto.Types.DataType Type(bool single) => single ? TensorProto.Types.DataType.Float : TensorProto.Types.DataType.Double;

    private static AttributeProto Whole(string name, long value) => new() { Name = name, Type = AttributeProto.Types.AttributeType.Int, I = value };

    private static ValueInfoProto Rows(string name, int width) => new()
    {
        Name = name,
        Type = new TypeProto
        {
            TensorType = new TypeProto.Types.Tensor
            {
                ElemType = (int)TensorProto.Types.DataType.Double,
                Shape = new TensorShapeProto
                {
                    Dim = { new TensorShapeProto.Types.Dimension { DimParam = "rows" }, new TensorShapeProto.Types.Dimension { DimValue = width } },
                },
            },
        },
    };

    private string Name(string what) => FormattableString.Invariant($"{what}_{_count++}");
}
