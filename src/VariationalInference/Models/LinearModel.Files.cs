using System.Collections.Immutable;

namespace VariationalInference;

/// <content>Saving and loading.</content>
public sealed partial class LinearModel
{
    private const string FileKind = "linear_model";

    /// <summary>Loads a model that <see cref="Save(string)"/> saved.</summary>
    /// <param name="path">The file.</param>
    /// <param name="likelihoods">Likelihoods of one's own, one of each <see cref="Likelihood.Kind"/> that the file holds, with whatever parameters.</param>
    /// <returns>The same, to the last bit.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="path"/> is empty or <see langword="null"/>, or <paramref name="likelihoods"/> hold a null or lack a kind that the file has.
    /// </exception>
    /// <exception cref="ModelFileException">
    /// The file is truncated, altered, of another kind or of a newer version; the message says what is wrong and what is allowed.
    /// </exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static LinearModel Load(string path, params ReadOnlySpan<Likelihood> likelihoods)
    {
        Guard.Path(path, nameof(path));
        Likelihood[] own = LikelihoodFile.Checked(likelihoods);
        using FileStream stream = File.OpenRead(path);
        return Read(stream, path, own);
    }

    /// <summary>Loads a model from a stream, from where it stands to its end.</summary>
    /// <param name="stream">The stream; it stays open. One that cannot seek may have 1 GiB of data.</param>
    /// <param name="likelihoods">The likelihoods, as for <see cref="Load(string, ReadOnlySpan{Likelihood})"/>.</param>
    /// <returns>The same, to the last bit.</returns>
    /// <exception cref="ArgumentException"><paramref name="stream"/> cannot be read, or <paramref name="likelihoods"/> hold a null or lack a kind that the stream has.</exception>
    /// <exception cref="ModelFileException">The contents are truncated, altered, of another kind or of a newer version, or something follows them.</exception>
    /// <exception cref="IOException">Reading failed.</exception>
    public static LinearModel Load(Stream stream, params ReadOnlySpan<Likelihood> likelihoods)
    {
        Guard.Readable(stream, nameof(stream));
        return Read(stream, fileName: null, LikelihoodFile.Checked(likelihoods));
    }

    /// <inheritdoc cref="SavedFile.Save{T}(T, string)"/>
    /// <remarks>Of likelihoods of one's own their <see cref="Likelihood.Kind"/> and parameters are saved.</remarks>
    public void Save(string path)
    {
        Guard.Path(path, nameof(path));
        AtomicFile.Write(path, Write);
    }

    /// <inheritdoc cref="SavedFile.Save{T}(T, Stream)"/>
    public void Save(Stream stream)
    {
        Guard.Writable(stream, nameof(stream));
        Write(stream);
    }

    private static LinearModel Read(Stream stream, string? fileName, Likelihood[] likelihoods)
    {
        ModelState state = SavedFile.ReadState(stream, fileName, FileKind);
        LikelihoodFile.RequireKnown(state, likelihoods, fileName);
        return ModelFile.Make(state, Make, fileName);

        LinearModel Make(ModelState whole)
        {
            Likelihood[] all = LikelihoodFile.Read(whole, likelihoods);
            ImmutableArray<int> places = whole.WholeNumbers("likelihood_of_cell", least: 0);
            if (places.Any(place => place >= all.Length))
            {
                throw new FormatException(Guard.Text($"likelihood_of_cell has a place beyond the {all.Length} likelihoods; it must be below."));
            }

            return new LinearModel(
                whole.Matrix("loadings"), places.Select(place => all[place]).ToArray(), whole.ReadPart<GaussianPrior>("prior"), whole.Vector("offset").AsSpan())
            {
                ObservationNames = whole.NamesIfAny("observation_names"),
                LatentNames = whole.NamesIfAny("latent_names"),
            };
        }
    }

    private void Write(Stream stream)
    {
        Likelihood[] all = [.. Likelihoods.Distinct()];
        var places = all.Select((likelihood, i) => (likelihood, i)).ToDictionary(item => item.likelihood, item => item.i);
        var state = new ModelState();
        state.AddMatrix("loadings", _loadings);
        state.Add("offset", Offset.AsSpan());
        state.AddPart("prior", Prior);
        state.AddNames("observation_names", _observationNames);
        state.AddNames("latent_names", _latentNames);
        state.AddWholeNumbers("likelihood_of_cell", Likelihoods.Select(likelihood => places[likelihood]));
        LikelihoodFile.Write(state, all);
        SavedFile.WriteState(stream, FileKind, state);
    }
}
