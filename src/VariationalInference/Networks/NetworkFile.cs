namespace VariationalInference;

/// <summary>Saves networks of any kind, encoders among them, to files in the safetensors format, and loads networks of one's own.</summary>
/// <remarks>
/// A file holds what <see cref="INetwork.Write"/> writes, numbers in double precision; the metadata hold <c>format_version</c> (1), <c>kind</c>
/// (<see cref="INetwork.Kind"/>), the texts, and <c>content_sha256</c>, a checksum over all of it. <see cref="Perceptron.Load(string)"/>, <see cref="MlpEncoder.Load(string)"/> and
/// <see cref="EncoderFile"/> load what they name.
/// <threadsafety>Stateless, hence safe to share; a network must not change while it is saved.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp">
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// HybridResult hybrid = new HybridSolver().Fit(model, new MlpEncoder(2, 1), model.Sample(2_000, seed: 1).Observations);
/// hybrid.Encoder.Save("trained.safetensors");
/// Console.WriteLine(MlpEncoder.Load("trained.safetensors"));   // MlpEncoder 2-2 linear
/// </code>
/// </example>
public static class NetworkFile
{
    /// <summary>
    /// Saves a network to a file. An old file is replaced once the new one is whole on the disk; when anything fails the old file stays as it was.
    /// </summary>
    /// <param name="network">The network.</param>
    /// <param name="path">The file, created or replaced.</param>
    /// <exception cref="ArgumentNullException"><paramref name="network"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty or <see langword="null"/>.</exception>
    /// <exception cref="InvalidOperationException">A number is not finite; the message names it.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be written, or is a folder or a device.</exception>
    public static void Save(this INetwork network, string path)
    {
        ArgumentNullException.ThrowIfNull(network);
        Guard.Path(path, nameof(path));
        AtomicFile.Write(path, stream => Write(network, stream));
    }

    /// <summary>Saves a network to a stream, in the format of <see cref="Save(INetwork, string)"/>, from where the stream stands.</summary>
    /// <param name="network">The network.</param>
    /// <param name="stream">The stream; it stays open, behind what was written.</param>
    /// <exception cref="ArgumentNullException"><paramref name="network"/> or <paramref name="stream"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="stream"/> cannot be written.</exception>
    /// <exception cref="InvalidOperationException">A number is not finite; the message names it, and nothing was written.</exception>
    /// <exception cref="IOException">Writing failed.</exception>
    public static void Save(this INetwork network, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(network);
        Guard.Writable(stream, nameof(stream));
        Write(network, stream);
    }

    /// <summary>Loads a network from a file that <see cref="Save(INetwork, string)"/> wrote.</summary>
    /// <param name="path">The file.</param>
    /// <param name="network">A network of the kind that the file holds, which reads it; it is not changed.</param>
    /// <returns>What <see cref="INetwork.Read"/> makes of the file.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="network"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty or <see langword="null"/>.</exception>
    /// <exception cref="ModelFileException">The file is truncated, altered, of another kind or of a newer version.</exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static INetwork Load(string path, INetwork network)
    {
        Guard.Path(path, nameof(path));
        ArgumentNullException.ThrowIfNull(network);
        using FileStream stream = File.OpenRead(path);
        return ModelFile.Read(stream, path, network.Kind, state => network.Read(state) ?? throw NoNetwork(network.Kind));
    }

    internal static FormatException NoNetwork(string kind) => new($"Read of a network of the kind {kind} returned null; it must return a network.");

    internal static void Write(INetwork network, Stream stream)
    {
        var state = new ModelState();
        network.Write(state);
        ModelFile.Write(stream, network.Kind, state);
    }
}
