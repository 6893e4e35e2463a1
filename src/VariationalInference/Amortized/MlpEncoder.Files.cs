namespace VariationalInference;

/// <content>Saving to and loading from safetensors files.</content>
public sealed partial class MlpEncoder
{
    /// <summary>Loads an encoder from a file in the safetensors format, as <see cref="Save(string)"/> writes it or another program does.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The encoder; of a file that <see cref="Save(string)"/> wrote, with the same parameters and outputs to the last bit.</returns>
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
    /// missing). Without scales, means are 0, deviations and variances 1; these count as calibrated, since the weights were trained with
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
        ArgumentException.ThrowIfNullOrEmpty(path);
        using FileStream stream = File.OpenRead(path);
        return MlpEncoderFile.Read(stream, path);
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
        return MlpEncoderFile.Read(stream, fileName: null);
    }

    /// <summary>
    /// Saves the encoder, parameters and scales included, to a file in the safetensors format (see <see cref="Load(string)"/>), in double
    /// precision. An old file is replaced once the new one is whole on the disk; when anything fails the old file stays as it was.
    /// </summary>
    /// <param name="path">The file, created or replaced.</param>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty or <see langword="null"/>.</exception>
    /// <exception cref="InvalidOperationException">A parameter is not finite; the message names it.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be written, or is a folder or a device.</exception>
    public void Save(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        AtomicFile.Write(path, stream => MlpEncoderFile.Write(this, stream));
    }

    /// <summary>Saves the encoder to a stream, in the format of <see cref="Save(string)"/>, from where the stream stands.</summary>
    /// <param name="stream">The stream; it stays open, behind what was written.</param>
    /// <exception cref="ArgumentNullException"><paramref name="stream"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="stream"/> cannot be written.</exception>
    /// <exception cref="InvalidOperationException">A parameter is not finite; the message names it, and nothing was written.</exception>
    /// <exception cref="IOException">Writing failed.</exception>
    public void Save(Stream stream)
    {
        Guard.Writable(stream, nameof(stream));
        MlpEncoderFile.Write(this, stream);
    }
}
