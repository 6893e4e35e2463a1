namespace VariationalInference;

/// <content>Writing to and reading from safetensors files.</content>
public sealed partial class MlpEncoder
{
    private static readonly PerceptronConvention Convention = new(
        "mlp_encoder",
        "an encoder",
        Parts: 2,
        [PerceptronTensors.OutputMeans, PerceptronTensors.OutputDeviations, PerceptronTensors.OutputVariances]);

    /// <summary>Loads an encoder from a file in the safetensors format, as <see cref="NetworkFile.Save(INetwork, string)"/> writes it or another program does.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The encoder; of a file that <see cref="NetworkFile.Save(INetwork, string)"/> wrote, with the same parameters and outputs to the last bit.</returns>
    /// <remarks>
    /// <para>
    /// The tensors are named as in a PyTorch module with an <c>nn.Sequential</c> called <c>layers</c>, whose activations stand between
    /// the affine layers: <c>layers.0.weight</c> (outputs × inputs), <c>layers.0.bias</c>, <c>layers.2.weight</c> and so on, 64 or 32 bits
    /// wide. The state of a bare <c>nn.Sequential</c> (<c>0.weight</c>, <c>0.bias</c>, <c>2.weight</c>) does as well. The last layer has
    /// 2A outputs: A raw means, then A raw log-variances. <c>linear_path.weight</c> (A × K) may follow, and the scales, all five or none:
    /// <c>scales.input_means</c>, <c>scales.input_deviations</c>, <c>scales.output_means</c>, <c>scales.output_deviations</c>,
    /// <c>scales.output_variances</c>. Any other tensor is refused.
    /// </para>
    /// <para>
    /// Each entry of the metadata may be missing: <c>format_version</c> (1), <c>kind</c> (mlp_encoder), <c>activation</c> (tanh, relu or
    /// silu; tanh when missing), <c>precision</c> (bits32 or bits64; bits32 when missing), <c>calibrated</c> (true or false; true when
    /// missing), <c>content_sha256</c> (a checksum over all of the file, compared where it is there). Without scales, means are 0, deviations and variances 1; these count as calibrated, since the weights were trained with
    /// them.
    /// </para>
    /// </remarks>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty or <see langword="null"/>.</exception>
    /// <exception cref="ModelFileException">
    /// The file is truncated, altered, of another kind or of a newer version; the message says what is wrong and what is allowed.
    /// </exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static MlpEncoder Load(string path)
    {
        Guard.Path(path, nameof(path));
        using FileStream stream = File.OpenRead(path);
        return ModelFile.Read(stream, path, Convention.Kind, Read);
    }

    /// <summary>Loads an encoder from a stream in the format of <see cref="Load(string)"/>, from where the stream stands to its end.</summary>
    /// <param name="stream">The stream; it stays open. One that cannot seek may have 1 GiB of data.</param>
    /// <returns>The encoder.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="stream"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="stream"/> cannot be read.</exception>
    /// <exception cref="ModelFileException">
    /// The contents are truncated, altered, of another kind or of a newer version, or something follows them.
    /// </exception>
    /// <exception cref="IOException">Reading failed.</exception>
    public static MlpEncoder Load(Stream stream)
    {
        Guard.Readable(stream, nameof(stream));
        return ModelFile.Read(stream, fileName: null, Convention.Kind, Read);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentNullException"><paramref name="state"/> is <see langword="null"/>.</exception>
    public void Write(ModelState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        PerceptronState.Write(
            state,
            Network,
            Convention,
            Scales.InputMeans,
            Scales.InputDeviations,
            Scales.OutputMeans,
            Scales.OutputDeviations,
            Scales.OutputVariances);
    }

    /// <inheritdoc/>
    IEncoder IEncoder.Read(ModelState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        return Read(state);
    }

    private static MlpEncoder Read(ModelState state)
    {
        var read = new PerceptronState(state, Convention);
        var encoder = new MlpEncoder(read.Network, IdentityScales(read.Network.InputCount, read.Network.OutputCount / 2));
        if (read.IsCalibrated)
        {
            encoder.Calibrate(new EncoderScales(read.Scales[0], read.Scales[1], read.Scales[2], read.Scales[3], read.Scales[4]));
        }

        return encoder;
    }
}
