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

    /// <exception cref="EncoderFileException">The stream does not hold an encoder.</exception>
    public static MlpEncoder Read(Stream stream, string? fileName)
    {
        var reader = new SafeTensorsReader(stream, fileName);

        // The version comes first: all the rest may be different in a newer one.
        var metadata = new MlpEncoderMetadata(reader.Header.Metadata, fileName);
        reader.CheckData();
        var shape = new MlpEncoderShape(reader.Header.Tensors, fileName);
        MlpEncoder encoder = shape.CreateEncoder(metadata.Activation, metadata.Precision);
        List<TensorValues> scales = MlpEncoderTensors.OfScales(encoder.Scales);
        Dictionary<string, TensorValues> tensors =
            MlpEncoderTensors.OfParameters(encoder, shape.Prefix).Concat(scales).ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        foreach (TensorEntry entry in reader.Header.Tensors)
        {
            TensorValues tensor = tensors[entry.Name];
            reader.ReadValues(entry.Type!.Value, tensor.Values.Span);
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
                throw new EncoderFileException(fileName, $"{tensor.Name}[{i}] is {values[i]}; it must be {allowed}.");
            }

            double identity = positive ? 1 : 0;
            if (isScale && !calibrated && values[i] != identity)
            {
                throw new EncoderFileException(
                    fileName, $"{tensor.Name}[{i}] is {values[i]}; it must be {identity} in an encoder that is not calibrated.");
            }
        }
    }

    // What could not be loaded again must not replace what can.
    private static void CheckFinite(List<TensorValues> tensors)
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
