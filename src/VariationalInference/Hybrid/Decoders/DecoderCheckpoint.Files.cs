namespace VariationalInference;

/// <content>Saving and loading.</content>
public sealed partial class DecoderCheckpoint
{
    /// <summary>
    /// Loads the state of training from one file. Nothing in the file is believed before it is checked.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="encoder">
    /// An encoder of the kind that the file holds, which reads it; it is not changed. <see langword="null"/> for a kind of the library's own.
    /// </param>
    /// <param name="decoder">
    /// A decoder of the kind that the file holds, which reads it; it is not changed. <see langword="null"/> for a kind of the library's own.
    /// </param>
    /// <param name="optimizer">
    /// An optimiser of the kind that the file holds, of whatever settings. <see langword="null"/> for a kind of the library's own.
    /// </param>
    /// <returns>The checkpoint. Its options have no <see cref="DecoderOptions.CheckpointPath"/>.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="path"/> is empty or <see langword="null"/>, or a network that was given is of another kind than the file's, or missing.
    /// </exception>
    /// <exception cref="ModelFileException">
    /// The file is truncated, altered, of another kind or of a newer version; the message says what is wrong and what is allowed.
    /// </exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static DecoderCheckpoint Load(string path, IEncoder? encoder = null, IDecoder? decoder = null, Optimizer? optimizer = null)
    {
        Guard.Path(path, nameof(path));
        using FileStream stream = File.OpenRead(path);
        return DecoderCheckpointFile.Read(stream, path, encoder, decoder, optimizer);
    }

    /// <summary>Loads from a stream what a file would hold, from where the stream stands to its end.</summary>
    /// <param name="stream">The stream; it stays open. One that cannot seek may have 1 GiB of data.</param>
    /// <param name="encoder">
    /// An encoder of the kind that the file holds, which reads it; it is not changed. <see langword="null"/> for a kind of the library's own.
    /// </param>
    /// <param name="decoder">
    /// A decoder of the kind that the file holds, which reads it; it is not changed. <see langword="null"/> for a kind of the library's own.
    /// </param>
    /// <param name="optimizer">
    /// An optimiser of the kind that the file holds, of whatever settings. <see langword="null"/> for a kind of the library's own.
    /// </param>
    /// <returns>The checkpoint. Its options have no <see cref="DecoderOptions.CheckpointPath"/>.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="stream"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">
    /// <paramref name="stream"/> cannot be read, or a network that was given is of another kind than the stream's, or missing.
    /// </exception>
    /// <exception cref="ModelFileException">
    /// The contents are truncated, altered, of another kind or of a newer version, or something follows them.
    /// </exception>
    /// <exception cref="IOException">Reading failed.</exception>
    public static DecoderCheckpoint Load(Stream stream, IEncoder? encoder = null, IDecoder? decoder = null, Optimizer? optimizer = null)
    {
        Guard.Readable(stream, nameof(stream));
        return DecoderCheckpointFile.Read(stream, fileName: null, encoder, decoder, optimizer);
    }

    /// <summary>
    /// Saves the state of training to one file in the safetensors format, in double precision with a checksum. An old file is replaced once the new one is
    /// whole on the disk; when anything fails the old file stays as it was.
    /// </summary>
    /// <remarks>
    /// The metadata hold <c>options</c> (<see cref="DecoderOptions.ToJson"/>) and <c>training</c> with the fingerprints of model and rows. Encoder and
    /// model stand there with their best parameters, with the names that <see cref="DecoderInference.Save(string)"/> gives them.
    /// </remarks>
    /// <param name="path">The file, created or replaced.</param>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty or <see langword="null"/>.</exception>
    /// <exception cref="InvalidOperationException">A parameter of a network is not finite; the message names it.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be written, or is a folder or a device.</exception>
    public void Save(string path)
    {
        Guard.Path(path, nameof(path));
        AtomicFile.Write(path, stream => DecoderCheckpointFile.Write(this, stream));
    }

    /// <summary>Saves to a stream what a file would hold, from where the stream stands.</summary>
    /// <param name="stream">The stream; it stays open, behind what was written.</param>
    /// <exception cref="ArgumentNullException"><paramref name="stream"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="stream"/> cannot be written.</exception>
    /// <exception cref="InvalidOperationException">A parameter of a network is not finite; the message names it, and nothing was written.</exception>
    /// <exception cref="IOException">Writing failed.</exception>
    public void Save(Stream stream)
    {
        Guard.Writable(stream, nameof(stream));
        DecoderCheckpointFile.Write(this, stream);
    }
}
