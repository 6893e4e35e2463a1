namespace VariationalInference;

/// <content>Saving and loading.</content>
public partial class DecoderInference
{
    private const string FileKind = "decoder_inference";
    private const string EncoderPart = "encoder";
    private const string ModelPart = "model";
    private const string LimitName = "elbo_limit";

    /// <summary>
    /// Loads all that inference needs, encoder, model and the limit of flags, from one file. Nothing in the file is believed before it is checked.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="encoder">
    /// An encoder of the kind that the file holds, which reads it; it is not changed. <see langword="null"/> for a kind of the library's own.
    /// </param>
    /// <param name="decoder">
    /// A decoder of the kind that the file holds, which reads it; it is not changed. <see langword="null"/> for a kind of the library's own.
    /// </param>
    /// <returns>The inference; it answers with the same bits and flags the same rows.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="path"/> is empty or <see langword="null"/>, or a network that was given is of another kind than the file's, or missing.
    /// </exception>
    /// <exception cref="ModelFileException">
    /// The file is truncated, altered, of another kind or of a newer version; the message says what is wrong and what is allowed.
    /// </exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static DecoderInference Load(string path, IEncoder? encoder = null, IDecoder? decoder = null)
    {
        Guard.Path(path, nameof(path));
        using FileStream stream = File.OpenRead(path);
        return Read(stream, path, encoder, decoder);
    }

    /// <summary>Loads from a stream what a file would hold, from where the stream stands to its end.</summary>
    /// <param name="stream">The stream; it stays open. One that cannot seek may have 1 GiB of data.</param>
    /// <param name="encoder">
    /// An encoder of the kind that the file holds, which reads it; it is not changed. <see langword="null"/> for a kind of the library's own.
    /// </param>
    /// <param name="decoder">
    /// A decoder of the kind that the file holds, which reads it; it is not changed. <see langword="null"/> for a kind of the library's own.
    /// </param>
    /// <returns>The inference; it answers with the same bits and flags the same rows.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="stream"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">
    /// <paramref name="stream"/> cannot be read, or a network that was given is of another kind than the stream's, or missing.
    /// </exception>
    /// <exception cref="ModelFileException">
    /// The contents are truncated, altered, of another kind or of a newer version, or something follows them.
    /// </exception>
    /// <exception cref="IOException">Reading failed.</exception>
    public static DecoderInference Load(Stream stream, IEncoder? encoder = null, IDecoder? decoder = null)
    {
        Guard.Readable(stream, nameof(stream));
        return Read(stream, fileName: null, encoder, decoder);
    }

    /// <summary>
    /// Saves all that inference needs, encoder, model and the limit of flags, to one file in the safetensors format, in double precision with a checksum. An old file is replaced once the new one is
    /// whole on the disk; when anything fails the old file stays as it was.
    /// </summary>
    /// <remarks>
    /// The encoder stands under <c>encoder.</c> and the decoder under <c>model.decoder.</c>, with the names of <see cref="INetwork.Write"/>; PyTorch takes the
    /// weights as they are. How training went is not in it; a <see cref="DecoderCheckpoint"/> has that.
    /// </remarks>
    /// <param name="path">The file, created or replaced.</param>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty or <see langword="null"/>.</exception>
    /// <exception cref="InvalidOperationException">A parameter of a network is not finite; the message names it.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be written, or is a folder or a device.</exception>
    public void Save(string path)
    {
        Guard.Path(path, nameof(path));
        AtomicFile.Write(path, Write);
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
        Write(stream);
    }

    private static DecoderInference Read(Stream stream, string? fileName, IEncoder? encoder, IDecoder? decoder)
    {
        ModelState state = SavedFile.ReadState(stream, fileName, FileKind);
        string kind = $"{EncoderPart}.{ModelFile.KindKey}";
        Func<ModelState, IEncoder> readEncoder = EncoderFile.Reader(state.HasText(kind) ? state.Text(kind) : null, encoder, fileName);
        ModelState model = ModelFile.Make(state, whole => whole.Part(ModelPart), fileName);
        Func<ModelState, IDecoder> readDecoder = DecoderModel.Reader(model, decoder, fileName);
        return ModelFile.Make(
            state,
            whole => new DecoderInference(DecoderModel.Read(model, readDecoder), readEncoder(whole.Part(EncoderPart)))
            {
                ElboLimit = whole.Number(LimitName),
            },
            fileName);
    }

    private void Write(Stream stream)
    {
        var encoder = new ModelState();
        Encoder.Write(encoder);
        ModelState.RequireFinite(encoder.Tensors);
        var model = new ModelState();
        Model.Write(model);
        var state = new ModelState();
        state.Add($"{EncoderPart}.{ModelFile.KindKey}", Encoder.Kind);
        state.AddPart(EncoderPart, encoder);
        state.AddPart(ModelPart, model);
        state.AddNumber(LimitName, ElboLimit);
        SavedFile.WriteState(stream, FileKind, state);
    }
}
