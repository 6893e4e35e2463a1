using System.Collections.Immutable;

namespace VariationalInference;

/// <content>Saving and loading.</content>
public sealed partial class MixedModelFit : ISaved<MixedModelFit>
{
    static string ISaved<MixedModelFit>.Kind => "mixed_model_fit";

    /// <summary>Loads a fit that <see cref="Save(string)"/> saved.</summary>
    /// <inheritdoc cref="SavedFile.Load{T}(string)"/>
    public static MixedModelFit Load(string path) => SavedFile.Load<MixedModelFit>(path);

    /// <summary>Loads a fit from a stream, from where it stands to its end.</summary>
    /// <inheritdoc cref="SavedFile.Load{T}(Stream)"/>
    public static MixedModelFit Load(Stream stream) => SavedFile.Load<MixedModelFit>(stream);

    /// <inheritdoc cref="SavedFile.Save{T}(T, string)"/>
    /// <remarks>
    /// The file has the columns, labels and responses that were fitted, from which a loaded fit works out its posteriors and intervals, and the maxima that were
    /// found; nothing is searched again.
    /// </remarks>
    public void Save(string path) => SavedFile.Save(this, path);

    /// <inheritdoc cref="SavedFile.Save{T}(T, Stream)"/>
    public void Save(Stream stream) => SavedFile.Save(this, stream);

    void ISaved<MixedModelFit>.Write(ModelState state)
    {
        state.AddPart("model", Model);
        state.AddFlag("restricted", Options.Restricted);
        state.Add("max_iterations", Options.MaxIterations);
        state.AddFlag("was_cancelled", WasCancelled);
        state.AddWholeNumbers("flat_variances", _estimate.Flat.Select(item => item.Parameter));
        state.AddWholeNumbers("flat_variances_move_residual", _estimate.Flat.Select(item => item.MovesResidual ? 1 : 0));
        state.Add("optimum_count", _estimate.Optima.Count);
        for (int i = 0; i < _estimate.Optima.Count; i++)
        {
            state.AddPart($"optimum_{i}", _estimate.Optima[i]);
        }
    }

    static MixedModelFit ISaved<MixedModelFit>.Read(ModelState state)
    {
        var model = state.ReadPart<MixedModel>("model");
        var options = new MixedModelOptions { Restricted = state.Flag("restricted"), MaxIterations = state.WholeNumber("max_iterations") };
        int count = state.WholeNumber("optimum_count");
        if (count < 1)
        {
            throw new FormatException(Guard.Text($"optimum_count is {count}; it must be at least 1."));
        }

        var optima = new List<MixedOptimum>();
        for (int i = 0; i < count; i++)
        {
            optima.Add(state.ReadPart<MixedOptimum>($"optimum_{i}"));
        }

        ImmutableArray<int> flat = state.WholeNumbers("flat_variances", least: 0);
        ImmutableArray<int> moves = state.WholeNumbers("flat_variances_move_residual", least: 0, flat.Length);
        try
        {
            return MixedFitting.Again(model, options, optima, [.. flat.Zip(moves, (parameter, move) => (parameter, move != 0))], state.Flag("was_cancelled"));
        }
        catch (InvalidOperationException exception)
        {
            // What cannot be fitted was not.
            throw new FormatException(exception.Message, exception);
        }
    }
}
