using Google.Protobuf;
using Onnx;

namespace VariationalInference.Onnx;

/// <summary>Saves encoders, decoders and perceptrons as ONNX models, which take raw rows.</summary>
/// <remarks>
/// <para>
/// Inputs and outputs are matrices of doubles with a row for each row, of any number; a missing cell is NaN where the network accepts that. The model scales
/// inputs and outputs itself, and computes its layers in the network's own precision. Operators are those of opset 17.
/// </para>
/// <para>A file is replaced once the new one is whole; when anything fails the old file stays as it was.</para>
/// <threadsafety>Safe to share, as long as nobody writes the parameters of the network meanwhile.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// var encoder = new MlpEncoder(observationCount: 2, latentCount: 1, hiddenWidths: [8]);
/// encoder.SaveOnnx("encoder.onnx");   // observations to means and variances
/// Console.WriteLine(new FileInfo("encoder.onnx").Length > 0);   // True
/// ]]></code>
/// </example>
public static class OnnxFile
{
    // Protocol buffers hold no more than that.
    private const long MostBytes = int.MaxValue;

    /// <summary>Saves an encoder: <c>observations</c>, N×K, to <c>means</c> and <c>variances</c>, N×A each.</summary>
    /// <param name="encoder">The encoder.</param>
    /// <param name="path">The file, created or replaced.</param>
    /// <exception cref="ArgumentNullException"><paramref name="encoder"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty or <see langword="null"/>, or the network is too large for the format.</exception>
    /// <exception cref="InvalidOperationException">A parameter is not finite; the message names it.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be written, or is a folder.</exception>
    public static void SaveOnnx(this MlpEncoder encoder, string path) => Save(path, () => Model(encoder));

    /// <summary>Saves an encoder to a stream: <c>observations</c>, N×K, to <c>means</c> and <c>variances</c>, N×A each.</summary>
    /// <param name="encoder">The encoder.</param>
    /// <param name="stream">The stream; it stays open, behind what was written.</param>
    /// <exception cref="ArgumentNullException">An argument is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="stream"/> cannot be written, or the network is too large for the format.</exception>
    /// <exception cref="InvalidOperationException">A parameter is not finite; the message names it, and nothing was written.</exception>
    /// <exception cref="IOException">Writing failed.</exception>
    public static void SaveOnnx(this MlpEncoder encoder, Stream stream) => Save(stream, () => Model(encoder));

    /// <summary>Saves a decoder: <c>latents</c>, N×A, to <c>outputs</c>, N×K.</summary>
    /// <param name="decoder">The decoder.</param>
    /// <param name="path">The file, created or replaced.</param>
    /// <inheritdoc cref="SaveOnnx(MlpEncoder, string)"/>
    public static void SaveOnnx(this MlpDecoder decoder, string path) => Save(path, () => Model(decoder));

    /// <summary>Saves a decoder to a stream: <c>latents</c>, N×A, to <c>outputs</c>, N×K.</summary>
    /// <param name="decoder">The decoder.</param>
    /// <param name="stream">The stream; it stays open, behind what was written.</param>
    /// <inheritdoc cref="SaveOnnx(MlpEncoder, Stream)"/>
    public static void SaveOnnx(this MlpDecoder decoder, Stream stream) => Save(stream, () => Model(decoder));

    /// <summary>
    /// Saves what a model makes of its latents: <c>amortized</c>, N×A, and <c>linear</c>, N×C, if there are any, to the <c>mean</c>, N×K, f_θ(z_A) + A z_C + b.
    /// </summary>
    /// <param name="model">The model; its decoder must be an <see cref="MlpDecoder"/>.</param>
    /// <param name="path">The file, created or replaced.</param>
    /// <inheritdoc cref="SaveOnnx(MlpEncoder, string)"/>
    public static void SaveOnnx(this DecoderModel model, string path) => Save(path, () => Model(model));

    /// <summary>
    /// Saves what a model makes of its latents to a stream: <c>amortized</c>, N×A, and <c>linear</c>, N×C, if there are any, to the <c>mean</c>, N×K.
    /// </summary>
    /// <param name="model">The model; its decoder must be an <see cref="MlpDecoder"/>.</param>
    /// <param name="stream">The stream; it stays open, behind what was written.</param>
    /// <inheritdoc cref="SaveOnnx(MlpEncoder, Stream)"/>
    public static void SaveOnnx(this DecoderModel model, Stream stream) => Save(stream, () => Model(model));

    /// <summary>Saves a perceptron: <c>inputs</c> to <c>outputs</c>.</summary>
    /// <param name="network">The perceptron.</param>
    /// <param name="path">The file, created or replaced.</param>
    /// <inheritdoc cref="SaveOnnx(MlpEncoder, string)"/>
    public static void SaveOnnx(this Perceptron network, string path) => Save(path, () => Model(network));

    /// <summary>Saves a perceptron to a stream: <c>inputs</c> to <c>outputs</c>.</summary>
    /// <param name="network">The perceptron.</param>
    /// <param name="stream">The stream; it stays open, behind what was written.</param>
    /// <inheritdoc cref="SaveOnnx(MlpEncoder, Stream)"/>
    public static void SaveOnnx(this Perceptron network, Stream stream) => Save(stream, () => Model(network));

    private static ModelProto Model(MlpEncoder encoder)
    {
        ArgumentNullException.ThrowIfNull(encoder);
        var graph = new OnnxGraph(encoder.ToString());
        string outputs = new PerceptronGraph(encoder).AddTo(graph, graph.Input("observations", encoder.ObservationCount));
        (string means, string logVariances) = graph.Halves(outputs, encoder.LatentCount);
        graph.Output("means", means, encoder.LatentCount);
        graph.Output("variances", graph.Add("Exp", logVariances), encoder.LatentCount);
        return graph.Model();
    }

    private static ModelProto Model(MlpDecoder decoder)
    {
        ArgumentNullException.ThrowIfNull(decoder);
        var graph = new OnnxGraph(decoder.ToString());
        graph.Output("outputs", new PerceptronGraph(decoder).AddTo(graph, graph.Input("latents", decoder.LatentCount)), decoder.ObservationCount);
        return graph.Model();
    }

    private static ModelProto Model(Perceptron network)
    {
        ArgumentNullException.ThrowIfNull(network);
        var graph = new OnnxGraph(network.ToString());
        graph.Output("outputs", new PerceptronGraph(network).AddTo(graph, graph.Input("inputs", network.InputCount)), network.OutputCount);
        return graph.Model();
    }

    private static ModelProto Model(DecoderModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        MlpDecoder decoder = model.Decoder as MlpDecoder ?? throw new ArgumentException(
            $"The decoder of model is of the kind {model.Decoder.Kind}; it must be an {nameof(MlpDecoder)}.", nameof(model));
        var graph = new OnnxGraph(model.ToString());
        string mean = new PerceptronGraph(decoder).AddTo(graph, graph.Input("amortized", model.AmortizedLatentCount));
        mean = graph.Add("Add", mean, graph.Numbers("offset", model.Offset.AsSpan(), [model.ObservationCount]));
        if (model.Loadings() is { } loadings)
        {
            string linear = graph.Input("linear", model.LinearLatentCount);
            string values = graph.Numbers("loadings", loadings.Transpose().ToRowMajorArray(), [model.LinearLatentCount, model.ObservationCount]);
            mean = graph.Add("Add", mean, graph.Add("MatMul", linear, values));
        }

        graph.Output("mean", mean, model.ObservationCount);
        return graph.Model();
    }

    private static byte[] Bytes(Func<ModelProto> make)
    {
        ModelProto model = make();
        long size = model.Graph.Initializer.Sum(tensor => (sizeof(float) * (long)tensor.FloatData.Count) + (sizeof(double) * (long)tensor.DoubleData.Count));
        return size < MostBytes / 2 ? model.ToByteArray() : throw new ArgumentException(
            FormattableString.Invariant($"The numbers of {model.DocString} take {size} bytes; a model may have at most {MostBytes / 2}."));
    }

    private static void Save(Stream stream, Func<ModelProto> make)
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (!stream.CanWrite)
        {
            throw new ArgumentException("stream cannot be written; it must be open and writable.", nameof(stream));
        }

        stream.Write(Bytes(make));
    }

    private static void Save(string path, Func<ModelProto> make)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        byte[] bytes = Bytes(make);
        string whole = $"{path}.{Path.GetRandomFileName()}";
        try
        {
            File.WriteAllBytes(whole, bytes);
            File.Move(whole, path, overwrite: true);
        }
        finally
        {
            File.Delete(whole);
        }
    }
}
