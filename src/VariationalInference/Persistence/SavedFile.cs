namespace VariationalInference;

/// <summary>Saves and loads models and results: one way for all kinds.</summary>
internal static class SavedFile
{
    /// <summary>Saves to a file in the safetensors format, which holds every number in double precision and a checksum over all of it.</summary>
    /// <remarks>An old file is replaced once the new one is whole on the disk; when anything fails the old file stays as it was.</remarks>
    /// <param name="saved">What is saved.</param>
    /// <param name="path">The file, created or replaced.</param>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty or <see langword="null"/>.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be written, or is a folder or a device.</exception>
    public static void Save<T>(T saved, string path)
        where T : class, ISaved<T>
    {
        Guard.Path(path, nameof(path));
        AtomicFile.Write(path, stream => Write(saved, stream));
    }

    /// <summary>Saves to a stream what a file would hold, from where the stream stands.</summary>
    /// <param name="saved">What is saved.</param>
    /// <param name="stream">The stream; it stays open, behind what was written.</param>
    /// <exception cref="ArgumentNullException"><paramref name="stream"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="stream"/> cannot be written.</exception>
    /// <exception cref="IOException">Writing failed.</exception>
    public static void Save<T>(T saved, Stream stream)
        where T : class, ISaved<T>
    {
        Guard.Writable(stream, nameof(stream));
        Write(saved, stream);
    }

    /// <summary>Loads what was saved to a file. Nothing in the file is believed before it is checked.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The same, to the last bit.</returns>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty or <see langword="null"/>.</exception>
    /// <exception cref="ModelFileException">
    /// The file is truncated, altered, of another kind or of a newer version; the message says what is wrong and what is allowed.
    /// </exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static T Load<T>(string path)
        where T : class, ISaved<T>
    {
        Guard.Path(path, nameof(path));
        using FileStream stream = File.OpenRead(path);
        return ModelFile.Make(ReadState(stream, path, T.Kind), T.Read, path);
    }

    /// <summary>Loads what was saved to a stream, from where the stream stands to its end. Nothing in it is believed before it is checked.</summary>
    /// <param name="stream">The stream; it stays open. One that cannot seek may have 1 GiB of data.</param>
    /// <returns>The same, to the last bit.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="stream"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="stream"/> cannot be read.</exception>
    /// <exception cref="ModelFileException">The contents are truncated, altered, of another kind or of a newer version, or something follows them.</exception>
    /// <exception cref="IOException">Reading failed.</exception>
    public static T Load<T>(Stream stream)
        where T : class, ISaved<T>
    {
        Guard.Readable(stream, nameof(stream));
        return ModelFile.Make(ReadState(stream, fileName: null, T.Kind), T.Read, fileName: null);
    }

    /// <summary>Writes a state of a kind, whose numbers may be NaN or infinite.</summary>
    public static void WriteState(Stream stream, string kind, ModelState state) =>
        SafeTensorsWriter.WriteHashed(stream, ModelFile.Metadata(kind, state), state.Tensors);

    /// <summary>Reads a state of a kind, whose checksum must be there.</summary>
    /// <exception cref="ModelFileException">The stream does not hold such a state.</exception>
    /// <param name="stream">The stream.</param>
    /// <param name="fileName">The file, for messages.</param>
    /// <param name="kind">The kind that it must be of.</param>
    /// <param name="start">The first bytes, where they were read already: as many as a header's length takes, or all that there are.</param>
    public static ModelState ReadState(Stream stream, string? fileName, string kind, ReadOnlyMemory<byte> start = default)
    {
        using var file = new SafeTensorsReader(stream, fileName, start);
        IReadOnlyDictionary<string, string> metadata = file.Header.Metadata;
        ModelFile.RequireVersion(metadata, ModelFile.VersionKey, fileName);
        string found = metadata.GetValueOrDefault(ModelFile.KindKey)
            ?? throw new ModelFileException(fileName, $"{ModelFile.KindKey} is missing; it must be {kind}.");
        if (found != kind)
        {
            throw new ModelFileException(fileName, $"the file holds a {SafeTensors.Show(found)}; {ModelFile.KindKey} must be {kind}.");
        }

        if (!metadata.ContainsKey(ContentHash.Key))
        {
            throw new ModelFileException(fileName, $"{ContentHash.Key} is missing; a {kind} must have it.");
        }

        return ModelFile.ReadState(file, fileName);
    }

    private static void Write<T>(T saved, Stream stream)
        where T : class, ISaved<T>
    {
        var state = new ModelState();
        saved.Write(state);
        WriteState(stream, T.Kind, state);
    }
}
