using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Onnx;

namespace VariationalInference.Benchmarks;

/// <summary>The forward pass of a tanh perceptron in ONNX Runtime, on rows in single precision.</summary>
internal sealed class OnnxPeer : IDisposable
{
    private static readonly string[] Names = ["x"];

    private readonly int[] _widths;
    private readonly byte[] _model;
    private readonly float[] _cells;
    private readonly Dictionary<int, InferenceSession> _sessions = [];
    private readonly RunOptions _options = new();

    /// <param name="widths">The widths of the layers, the inputs' first.</param>
    /// <param name="cells">The rows, one after another.</param>
    public OnnxPeer(int[] widths, double[] cells)
    {
        _widths = widths;
        _cells = [.. cells.Select(cell => (float)cell)];
        _model = Model(widths);
    }

    /// <summary>Evaluates the network on the first rows.</summary>
    public void Run(int threads, int rows)
    {
        if (!_sessions.TryGetValue(threads, out InferenceSession? session))
        {
            using var options = new SessionOptions { IntraOpNumThreads = threads, InterOpNumThreads = 1 };
            _sessions[threads] = session = new InferenceSession(_model, options);
        }

        using OrtValue input = OrtValue.CreateTensorValueFromMemory(
            OrtMemoryInfo.DefaultInstance, _cells.AsMemory(0, rows * _widths[0]), [rows, _widths[0]]);
        using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(_options, Names, [input], session.OutputNames);
    }

    public void Dispose()
    {
        foreach (InferenceSession session in _sessions.Values)
        {
            session.Dispose();
        }

        _options.Dispose();
    }

    private static byte[] Model(int[] widths)
    {
        var graph = new GraphProto { Name = "perceptron" };
        graph.Input.Add(Value("x", widths[0]));
        var random = new Random(1);
        string last = "x";
        for (int layer = 0; layer + 1 < widths.Length; layer++)
        {
            graph.Initializer.Add(Weights($"w{layer}", [widths[layer + 1], widths[layer]], random));
            graph.Initializer.Add(Weights($"b{layer}", [widths[layer + 1]], random));
            var product = new NodeProto { OpType = "Gemm", Input = { last, $"w{layer}", $"b{layer}" }, Output = { $"u{layer}" } };
            product.Attribute.Add(new AttributeProto { Name = "transB", Type = AttributeProto.Types.AttributeType.Int, I = 1 });
            graph.Node.Add(product);
            last = $"u{layer}";
            if (layer + 2 < widths.Length)
            {
                graph.Node.Add(new NodeProto { OpType = "Tanh", Input = { last }, Output = { $"h{layer}" } });
                last = $"h{layer}";
            }
        }

        graph.Output.Add(Value(last, widths[^1]));
        var model = new ModelProto { IrVersion = 8, Graph = graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = string.Empty, Version = 17 });
        return model.ToByteArray();
    }

    private static ValueInfoProto Value(string name, int width)
    {
        var shape = new TensorShapeProto();
        shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimParam = "rows" });
        shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = width });
        return new ValueInfoProto
        {
            Name = name,
            Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)TensorProto.Types.DataType.Float, Shape = shape } },
        };
    }

    private static TensorProto Weights(string name, int[] shape, Random random)
    {
        var tensor = new TensorProto { Name = name, DataType = (int)TensorProto.Types.DataType.Float };
        foreach (int size in shape)
        {
            tensor.Dims.Add(size);
        }

        for (int i = shape.Aggregate(1, (count, size) => count * size); i > 0; i--)
        {
            tensor.FloatData.Add((float)((random.NextDouble() - 0.5) / Math.Sqrt(shape[^1])));
        }

        return tensor;
    }
}
