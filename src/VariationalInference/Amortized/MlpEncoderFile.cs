namespace VariationalInference;

/// <summary>Writes an <see cref="MlpEncoder"/> as a safetensors file and reads it back.</summary>
internal static class MlpEncoderFile
{
    public static void Write(MlpEncoder encoder, Stream stream)
    {
        List<TensorValues> tensors = MlpEncoderTensors.OfParameters(encoder, MlpEncoderTensors.Prefix);
        CheckFinite(tensors);
        tensors.AddRange(MlpEncoderTensors.OfScales(encoder.Scales));
        SafeTensorsWriter.Write(stream, MlpEncoderMetadata.Of(encoder), tensors, TensorType.F64);
    }

    /// <exception cref="ModelFileException">The stream does not hold an encoder.</exception>
    public static MlpEncoder Read(Stream stream, string? fileName)
    {
        var reader = new SafeTensorsReader(stream, fileName);

        // The version comes first: all the rest may be different in a newer one.
        var metadata = new MlpEncoderMetadata(reader.Header.Metadata, fileName);
        reader.CheckData();
        return Create(metadata, reader.Header.Tensors, (entry, values) => reader.ReadValues(entry.Type!.Value, values.Span), fileName);
    }

    /// <summary>Creates an encoder from its part of a file.</summary>
    /// <param name="metadata">The metadata.</param>
    /// <param name="entries">The tensors, in the order of the data.</param>
    /// <param name="read">Reads the values of a tensor.</param>
    /// <param name="fileName">The file, for messages.</param>
    /// <exception cref="ModelFileException">They are not those of an encoder.</exception>
    public static MlpEncoder Create(
        IReadOnlyDictionary<string, string> metadata,
        IReadOnlyList<TensorEntry> entries,
        Action<TensorEntry, Memory<double>> read,
        string? fileName) =>
        Create(new MlpEncoderMetadata(metadata, fileName), entries, read, fileName);

    private static MlpEncoder Create(
        MlpEncoderMetadata metadata, IReadOnlyList<TensorEntry> entries, Action<TensorEntry, Memory<double>> read, string? fileName)
    {
        var shape = new MlpEncoderShape(entries, metadata.AcceptsMissing, fileName);
        MlpEncoder encoder = shape.CreateEncoder(metadata.Activation, metadata.Precision);
        List<TensorValues> scales = MlpEncoderTensors.OfScales(encoder.Scales);
        Dictionary<string, TensorValues> tensors =
            MlpEncoderTensors.OfParameters(encoder, shape.Prefix).Concat(scales).ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        foreach (TensorEntry entry in entries)
        {
            TensorValues tensor = tensors[entry.Name];
            read(entry, tensor.Values);
            CheckValues(tensor, metadata.IsCalibrated, fileName);
        }

        if (metadata.IsCalibrated)
        {
            encoder.Calibrate(MlpEncoderTensors.ToScales(scales));
        }

        return encoder;
    }

    private static void CheckValues(TensorValues tensor, bool calibrated, string? fileName)
    {
        ReadOnlySpan<double> values = tensor.Values.Span;
        bool isScale = MlpEncoderTensors.Scales.Contains(tensor.Name);
        bool positive = MlpEncoderTensors.IsPositive(tensor.Name);
        for (int i = 0; i < values.Length; i++)
        {
            if (!double.IsFinite(values[i]) || (positive && values[i] <= 0))
            {
                string allowed = positive ? "positive and finite" : "finite";
                throw new ModelFileException(fileName, $"{tensor.Name}[{i}] is {values[i]}; it must be {allowed}.");
            }

            double identity = positive ? 1 : 0;
            if (isScale && !calibrated && values[i] != identity)
            {
                throw new ModelFileException(
                    fileName, $"{tensor.Name}[{i}] is {values[i]}; it must be {identity} in an encoder that is not calibrated.");
            }
        }
    }

    // What could not be loaded again must not replace what can.
    public static void CheckFinite(List<TensorValues> tensors)
    {
        foreach (TensorValues tensor in tensors)
        {
            ReadOnlySpan<double> values = tensor.Values.Span;
            for (int i = 0; i < values.Length; i++)
            {
                if (!double.IsFinite(values[i]))
                {
                    throw new InvalidOperationException(
                        Guard.Text($"{tensor.Name}[{i}] is {values[i]}; it must be finite for the encoder to be saved."));
                }
            }
        }
    }
}
