namespace VariationalInference;

/// <summary>Loads encoders of any kind, the library's own or one's own, from files that <see cref="NetworkFile"/> saved.</summary>
/// <remarks><threadsafety>Stateless, hence safe to share.</threadsafety></remarks>
/// <example>
/// <code language="csharp">
/// new MlpEncoder(2, 1, hiddenWidths: [8]).Save("encoder.safetensors");
/// IEncoder encoder = EncoderFile.Load("encoder.safetensors");   // of one's own kind: Load(path, an encoder of that kind)
/// Console.WriteLine(encoder);   // MlpEncoder 2-8-2 tanh
/// </code>
/// </example>
public static class EncoderFile
{
    /// <summary>Loads an encoder.</summary>
    /// <param name="path">The file.</param>
    /// <param name="encoder">
    /// An encoder of the kind that the file holds, which reads it; it is not changed. <see langword="null"/> for a kind of the library's own.
    /// </param>
    /// <returns>A new encoder.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="path"/> is empty or <see langword="null"/>, or <paramref name="encoder"/> is of another kind than the file, or missing.
    /// </exception>
    /// <exception cref="ModelFileException">The file is truncated, altered, or of a newer version.</exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static IEncoder Load(string path, IEncoder? encoder = null)
    {
        Guard.Path(path, nameof(path));
        using FileStream stream = File.OpenRead(path);
        return ModelFile.Read(stream, path, kind => Reader(kind, encoder, path));
    }

    /// <summary>Finds who reads encoders of a kind.</summary>
    /// <param name="kind">The kind that a file says; null if it does not.</param>
    /// <param name="encoder">The encoder that a caller gave; null if none.</param>
    /// <param name="fileName">The file, for messages.</param>
    /// <exception cref="ArgumentException">The encoder is of another kind, or missing.</exception>
    /// <exception cref="ModelFileException">The file does not say its kind.</exception>
    internal static Func<ModelState, IEncoder> Reader(string? kind, IEncoder? encoder, string? fileName)
    {
        if (kind is null)
        {
            throw new ModelFileException(fileName, $"{ModelFile.KindKey} is missing; a file of an encoder must have it.");
        }

        // A perceptron of any shape reads those of all shapes.
        IEncoder[] own = [new MlpEncoder(1, 1)];
        IEncoder reader = encoder ?? own.FirstOrDefault(one => one.Kind == kind) ?? throw new ArgumentNullException(
            nameof(encoder),
            $"The file holds an encoder of the kind {SafeTensors.Show(kind)}, which the library does not know; encoder must be given.");
        if (reader.Kind != kind)
        {
            throw new ArgumentException(
                $"The file holds an encoder of the kind {SafeTensors.Show(kind)}; encoder is of the kind {reader.Kind} and must be of the same.",
                nameof(encoder));
        }

        return state => reader.Read(state) ?? throw NetworkFile.NoNetwork(kind);
    }

    /// <summary>Copies an encoder.</summary>
    /// <exception cref="ArgumentException">There is no copy.</exception>
    internal static IEncoder Copy(IEncoder encoder, string name) =>
        encoder.Clone() ?? throw new ArgumentException($"Clone of {name} returned null; it must return a copy.", name);
}
