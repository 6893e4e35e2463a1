using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <content>Saving and loading.</content>
public sealed partial class GeneralizedMixedFit
{
    private const string FileKind = "generalized_mixed_fit";

    /// <summary>Loads a fit that <see cref="Save(string)"/> saved.</summary>
    /// <inheritdoc cref="LinearModel.Load(string, ReadOnlySpan{Likelihood})"/>
    public static GeneralizedMixedFit Load(string path, params ReadOnlySpan<Likelihood> likelihoods)
    {
        Guard.Path(path, nameof(path));
        Likelihood[] own = LikelihoodFile.Checked(likelihoods);
        using FileStream stream = File.OpenRead(path);
        return Read(stream, path, own);
    }

    /// <summary>Loads a fit from a stream, from where it stands to its end.</summary>
    /// <inheritdoc cref="LinearModel.Load(Stream, ReadOnlySpan{Likelihood})"/>
    public static GeneralizedMixedFit Load(Stream stream, params ReadOnlySpan<Likelihood> likelihoods)
    {
        Guard.Readable(stream, nameof(stream));
        return Read(stream, fileName: null, LikelihoodFile.Checked(likelihoods));
    }

    /// <inheritdoc cref="SavedFile.Save{T}(T, string)"/>
    /// <remarks>The file has the columns, labels, responses and sizes that were fitted, and the optimum that was found; nothing is searched again.</remarks>
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

    private static GeneralizedMixedFit Read(Stream stream, string? fileName, Likelihood[] likelihoods)
    {
        ModelState state = SavedFile.ReadState(stream, fileName, FileKind);
        LikelihoodFile.RequireKnown(state, likelihoods, fileName);
        return ModelFile.Make(state, Make, fileName);

        GeneralizedMixedFit Make(ModelState whole)
        {
            var model = whole.ReadPart<MixedModel>("model");
            Likelihood likelihood = LikelihoodFile.Read(whole, likelihoods) is [Likelihood one] ? one : throw new FormatException("likelihood_kinds must have one element.");
            int[] learned = [.. whole.WholeNumbers("learned_places", least: 0)];
            if (learned.Any(place => place >= likelihood.Parameters.Length) || learned.Distinct().Count() < learned.Length)
            {
                throw new FormatException("learned_places are not among the parameters of the likelihood; they must be, each once.");
            }

            double[] sizes = [.. whole.Vector("sizes")];
            if (sizes.Length > 0)
            {
                Guard.Length(sizes.Length, model.RowCount, nameof(sizes), "one for each response");
            }

            var there = new MixedSiteState(
                [.. whole.Vector("site_precisions")], [.. whole.Vector("first_means")], [.. whole.Vector("other_means")], [.. whole.Vector("fixed_effects")]);
            Matrix<double>? covariance = whole.Flag("has_covariance") ? whole.Matrix("covariance") : null;
            try
            {
                return GeneralizedFitting.Again(
                    model, sizes, new SiteColumn(likelihood, learned), [.. whole.Vector("point")], there, covariance, whole.Number("distance"), whole.Flag("was_cancelled"));
            }
            catch (InvalidOperationException exception)
            {
                // What cannot be fitted was not.
                throw new FormatException(exception.Message, exception);
            }
        }
    }

    private void Write(Stream stream)
    {
        var state = new ModelState();
        state.AddPart("model", _estimate.Model);
        LikelihoodFile.Write(state, [_estimate.Column.Likelihood]);
        state.AddWholeNumbers("learned_places", _estimate.Column.Learned);
        state.Add("sizes", _estimate.Design.AllSizes);
        state.Add("point", _estimate.Point);
        MixedSiteState there = _estimate.Profile.State;
        state.Add("site_precisions", there.Precisions);
        state.Add("first_means", there.First);
        state.Add("other_means", there.Rest);
        state.Add("fixed_effects", there.Effects);
        state.AddFlag("has_covariance", _estimate.Covariance is not null);
        if (_estimate.Covariance is Matrix<double> covariance)
        {
            state.AddMatrix("covariance", covariance);
        }

        state.AddNumber("distance", _estimate.Distance);
        state.AddFlag("was_cancelled", _estimate.IsCancelled);
        SavedFile.WriteState(stream, FileKind, state);
    }
}
