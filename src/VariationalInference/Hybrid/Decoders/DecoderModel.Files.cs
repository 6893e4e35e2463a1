using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <content>Saving and loading.</content>
public sealed partial class DecoderModel
{
    private const string FileKind = "decoder_model";
    private const string DecoderPart = "decoder";
    private const string LoadingsName = "loadings";
    private const string OffsetName = "offset";
    private const string NoiseName = "noise_variances";
    private const string ObservationNamesName = "observation_names";
    private const string AmortizedNamesName = "amortized_latent_names";
    private const string LinearNamesName = "linear_latent_names";
    private const string AmortizedPriorPart = "amortized_prior";
    private const string LinearPriorPart = "linear_prior";

    /// <summary>
    /// Loads the model from one file. Nothing in the file is believed before it is checked.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="decoder">
    /// A decoder of the kind that the file holds, which reads it; it is not changed. <see langword="null"/> for a kind of the library's own.
    /// </param>
    /// <returns>The model; it answers with the same bits.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="path"/> is empty or <see langword="null"/>, or a network that was given is of another kind than the file's, or missing.
    /// </exception>
    /// <exception cref="ModelFileException">
    /// The file is truncated, altered, of another kind or of a newer version; the message says what is wrong and what is allowed.
    /// </exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static DecoderModel Load(string path, IDecoder? decoder = null)
    {
        Guard.Path(path, nameof(path));
        using FileStream stream = File.OpenRead(path);
        return Read(stream, path, decoder);
    }

    /// <summary>Loads from a stream what a file would hold, from where the stream stands to its end.</summary>
    /// <param name="stream">The stream; it stays open. One that cannot seek may have 1 GiB of data.</param>
    /// <param name="decoder">
    /// A decoder of the kind that the file holds, which reads it; it is not changed. <see langword="null"/> for a kind of the library's own.
    /// </param>
    /// <returns>The model; it answers with the same bits.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="stream"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">
    /// <paramref name="stream"/> cannot be read, or a network that was given is of another kind than the stream's, or missing.
    /// </exception>
    /// <exception cref="ModelFileException">
    /// The contents are truncated, altered, of another kind or of a newer version, or something follows them.
    /// </exception>
    /// <exception cref="IOException">Reading failed.</exception>
    public static DecoderModel Load(Stream stream, IDecoder? decoder = null)
    {
        Guard.Readable(stream, nameof(stream));
        return Read(stream, fileName: null, decoder);
    }

    /// <summary>
    /// Saves the model to one file in the safetensors format, in double precision with a checksum. An old file is replaced once the new one is
    /// whole on the disk; when anything fails the old file stays as it was.
    /// </summary>
    /// <remarks>
    /// The decoder stands under <c>decoder.</c> with the names of <see cref="INetwork.Write"/>, beside <c>loadings</c> (K×C), <c>offset</c> and
    /// <c>noise_variances</c>. PyTorch takes the weights as they are.
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

    /// <summary>Finds who reads the decoder of a state; whose fault it is that nobody can is known before anything is made.</summary>
    /// <exception cref="ArgumentException">The decoder that was given is of another kind, or missing.</exception>
    /// <exception cref="ModelFileException">The state does not say its kind.</exception>
    internal static Func<ModelState, IDecoder> Reader(ModelState state, IDecoder? decoder, string? fileName)
    {
        const string key = $"{DecoderPart}.{ModelFile.KindKey}";
        if (!state.HasText(key))
        {
            throw new ModelFileException(fileName, $"{key} is missing; a model with a decoder must have it.");
        }

        // A perceptron of any shape reads those of all shapes.
        string kind = state.Text(key);
        IDecoder[] own = [new MlpDecoder(1, 1)];
        IDecoder reader = decoder ?? own.FirstOrDefault(one => one.Kind == kind) ?? throw new ArgumentNullException(
            nameof(decoder),
            $"The file holds a decoder of the kind {SafeTensors.Show(kind)}, which the library does not know; decoder must be given.");
        return reader.Kind == kind
            ? part => reader.Read(part) ?? throw NetworkFile.NoNetwork(kind)
            : throw new ArgumentException(
                $"The file holds a decoder of the kind {SafeTensors.Show(kind)}; decoder is of the kind {reader.Kind} and must be of the same.", nameof(decoder));
    }

    /// <summary>Makes a model of a state.</summary>
    /// <exception cref="FormatException">Something is missing, or not what it should be.</exception>
    /// <exception cref="ArgumentException">A value is outside its range.</exception>
    internal static DecoderModel Read(ModelState state, Func<ModelState, IDecoder> reader)
    {
        IDecoder decoder = reader(state.Part(DecoderPart));
        GaussianPrior amortized = state.ReadPart<GaussianPrior>(AmortizedPriorPart);
        GaussianPrior? linear = state.ReadPartIfAny<GaussianPrior>(LinearPriorPart);
        Matrix<double>? loadings = linear is null ? null : state.Matrix(LoadingsName, decoder.ObservationCount, linear.Count);
        bool hasLoadings = state.Flag(Has(LoadingsName)), hasOffset = state.Flag(Has(OffsetName)), hasNoise = state.Flag(Has(NoiseName));
        IReadOnlyList<string> observations = state.NamesIfAny(ObservationNamesName);
        IReadOnlyList<string> amortizedNames = state.NamesIfAny(AmortizedNamesName), linearNames = state.NamesIfAny(LinearNamesName);
        return hasLoadings
            ? new DecoderModel(
                decoder,
                loadings,
                hasOffset ? state.Vector(OffsetName).AsSpan() : default,
                hasNoise ? state.Vector(NoiseName).AsSpan() : default,
                amortized,
                linear)
            {
                ObservationNames = observations,
                AmortizedLatentNames = amortizedNames,
                LinearLatentNames = linearNames,
            }
            : new DecoderModel(decoder, linear?.Count ?? 0)
            {
                ObservationNames = observations,
                AmortizedLatentNames = amortizedNames,
                LinearLatentNames = linearNames,
            };
    }

    /// <summary>Adds all that <see cref="Read(ModelState, Func{ModelState, IDecoder})"/> needs.</summary>
    /// <exception cref="InvalidOperationException">A parameter of the decoder is not finite.</exception>
    internal void Write(ModelState state)
    {
        var decoder = new ModelState();
        Decoder.Write(decoder);
        ModelState.RequireFinite(decoder.Tensors);
        state.Add($"{DecoderPart}.{ModelFile.KindKey}", Decoder.Kind);
        state.AddPart(DecoderPart, decoder);
        state.AddPart(AmortizedPriorPart, AmortizedPrior);
        state.AddPartIfAny(LinearPriorPart, LinearPrior);
        state.AddNames(ObservationNamesName, _observationNames);
        state.AddNames(AmortizedNamesName, _amortizedNames);
        state.AddNames(LinearNamesName, _linearNames);
        state.AddFlag(Has(LoadingsName), HasLoadings);
        state.AddFlag(Has(OffsetName), HasOffset);
        state.AddFlag(Has(NoiseName), HasNoise);
        state.Add(OffsetName, Offset.AsSpan());
        state.Add(NoiseName, NoiseVariances.AsSpan());
        if (Loadings() is { } loadings)
        {
            state.AddMatrix(LoadingsName, loadings);
        }
    }

    private static string Has(string name) => $"has_{name}";

    private static DecoderModel Read(Stream stream, string? fileName, IDecoder? decoder)
    {
        ModelState state = SavedFile.ReadState(stream, fileName, FileKind);
        Func<ModelState, IDecoder> reader = Reader(state, decoder, fileName);
        return ModelFile.Make(state, whole => Read(whole, reader), fileName);
    }

    private void Write(Stream stream)
    {
        var state = new ModelState();
        Write(state);
        SavedFile.WriteState(stream, FileKind, state);
    }
}
