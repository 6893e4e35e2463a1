namespace VariationalInference;

/// <content>Saving and loading.</content>
public partial class HybridInference
{
    private const string FileKind = "hybrid_inference";
    private const string EncoderPart = "encoder";
    private const string ModelPart = "model";
    private const string LatentsName = "amortized_latents";
    private const string GapLimitName = "gap_limit";
    private const string SweepsName = "coordinate_sweeps";

    /// <summary>
    /// Loads from one file all that inference needs: encoder, model, amortized latents, gap limit, and coordinate sweeps. It answers with the same bits and
    /// flags the same rows as what was saved. Nothing in the file is believed before it is checked.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="encoder">
    /// An encoder of the kind that the file holds, which reads it; it is not changed. <see langword="null"/> for a kind of the library's own.
    /// </param>
    /// <returns>The inference.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="path"/> is empty or <see langword="null"/>, or <paramref name="encoder"/> is of another kind than the file's, or missing.
    /// </exception>
    /// <exception cref="ModelFileException">
    /// The file is truncated, altered, of another kind or of a newer version; the message says what is wrong and what is allowed.
    /// </exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static HybridInference Load(string path, IEncoder? encoder = null)
    {
        Guard.Path(path, nameof(path));
        using FileStream stream = File.OpenRead(path);
        return Read(stream, path, encoder);
    }

    /// <summary>Loads from a stream what a file would hold, from where the stream stands to its end.</summary>
    /// <param name="stream">The stream; it stays open. One that cannot seek may have 1 GiB of data.</param>
    /// <param name="encoder">The encoder, as for <see cref="Load(string, IEncoder?)"/>.</param>
    /// <returns>The inference.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="stream"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">
    /// <paramref name="stream"/> cannot be read, or <paramref name="encoder"/> is of another kind than the stream's, or missing.
    /// </exception>
    /// <exception cref="ModelFileException">
    /// The contents are truncated, altered, of another kind or of a newer version, or something follows them.
    /// </exception>
    /// <exception cref="IOException">Reading failed.</exception>
    public static HybridInference Load(Stream stream, IEncoder? encoder = null)
    {
        Guard.Readable(stream, nameof(stream));
        return Read(stream, fileName: null, encoder);
    }

    /// <summary>
    /// Saves all that inference needs to one file in the safetensors format, in double precision with a checksum. An old file is replaced once the new one is
    /// whole on the disk; when anything fails the old file stays as it was.
    /// </summary>
    /// <remarks>
    /// How training went is not in it; a <see cref="HybridCheckpoint"/> has that. <see cref="MaxThreads"/>, a matter of the machine, is left out.
    /// </remarks>
    /// <param name="path">The file, created or replaced.</param>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty or <see langword="null"/>.</exception>
    /// <exception cref="InvalidOperationException">A parameter of the encoder is not finite; the message names it.</exception>
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
    /// <exception cref="InvalidOperationException">A parameter of the encoder is not finite; the message names it, and nothing was written.</exception>
    /// <exception cref="IOException">Writing failed.</exception>
    public void Save(Stream stream)
    {
        Guard.Writable(stream, nameof(stream));
        Write(stream);
    }

    private static HybridInference Read(Stream stream, string? fileName, IEncoder? encoder)
    {
        ModelState state = SavedFile.ReadState(stream, fileName, FileKind);

        // Whose fault it is that nobody can read the encoder is known before anything else is made.
        Func<ModelState, IEncoder> read = EncoderFile.Reader(
            state.HasText($"{EncoderPart}.{ModelFile.KindKey}") ? state.Text($"{EncoderPart}.{ModelFile.KindKey}") : null, encoder, fileName);
        IEncoder own = ModelFile.Make(state.Part(EncoderPart), read, fileName);
        return ModelFile.Make(state, Make, fileName);

        HybridInference Make(ModelState whole)
        {
            var made = new HybridInference(
                whole.ReadPart<LinearGaussianModel>(ModelPart), own, whole.WholeNumbers(LatentsName, least: 0))
            {
                GapLimit = whole.Number(GapLimitName),
                CoordinateSweeps = whole.HasText(SweepsName) ? whole.WholeNumber(SweepsName) : null,
            };
            return made;
        }
    }

    private void Write(Stream stream)
    {
        var encoder = new ModelState();
        Encoder.Write(encoder);
        ModelState.RequireFinite(encoder.Tensors);
        var state = new ModelState();
        state.Add($"{EncoderPart}.{ModelFile.KindKey}", Encoder.Kind);
        state.AddPart(EncoderPart, encoder);
        state.AddPart(ModelPart, Model);
        state.AddWholeNumbers(LatentsName, AmortizedLatents);
        state.AddNumber(GapLimitName, GapLimit);
        if (CoordinateSweeps is int sweeps)
        {
            state.Add(SweepsName, sweeps);
        }

        SavedFile.WriteState(stream, FileKind, state);
    }
}
