using System.Collections.Immutable;

namespace VariationalInference;

/// <content>Saving and loading.</content>
public sealed partial class OneWayRandomEffects : ISaved<OneWayRandomEffects>
{
    static string ISaved<OneWayRandomEffects>.Kind => "one_way_random_effects";

    /// <summary>Loads effects that <see cref="Save(string)"/> saved.</summary>
    /// <inheritdoc cref="SavedFile.Load{T}(string)"/>
    public static OneWayRandomEffects Load(string path) => SavedFile.Load<OneWayRandomEffects>(path);

    /// <summary>Loads effects from a stream, from where it stands to its end.</summary>
    /// <inheritdoc cref="SavedFile.Load{T}(Stream)"/>
    public static OneWayRandomEffects Load(Stream stream) => SavedFile.Load<OneWayRandomEffects>(stream);

    /// <inheritdoc cref="SavedFile.Save{T}(T, string)"/>
    public void Save(string path) => SavedFile.Save(this, path);

    /// <inheritdoc cref="SavedFile.Save{T}(T, Stream)"/>
    public void Save(Stream stream) => SavedFile.Save(this, stream);

    /// <summary>Adds the fit, and all cells: the size of a group counts those that are missing.</summary>
    void ISaved<OneWayRandomEffects>.Write(ModelState state)
    {
        state.AddPart("fit", Fit);
        state.Add("cells", [.. _layout.Cells]);
        state.AddWholeNumbers("group_sizes", _layout.Sizes);
    }

    static OneWayRandomEffects ISaved<OneWayRandomEffects>.Read(ModelState state)
    {
        var fit = state.ReadPart<MixedModelFit>("fit");
        ImmutableArray<double> cells = state.Vector("cells");
        ImmutableArray<int> sizes = state.WholeNumbers("group_sizes", least: 0);
        if (sizes.Sum(size => (long)size) != cells.Length)
        {
            throw new FormatException(Guard.Text($"cells have {cells.Length} elements; they must be as many as group_sizes say."));
        }

        int at = 0;
        var layout = new OneWayLayout(sizes.Select(size => cells[at..(at += size)]).ToArray().Select(group => (IReadOnlyList<double>)group), "cells");
        MixedModel model = fit.Model;
        return model.Response.AsSpan().SequenceEqual(layout.Measurements)
            && model.Weights.Length == 0 && model.Columns is [{ Values: null }]
            && model.Terms is [{ Effects: [{ Values: null }] } term] && term.Codes.SequenceEqual(layout.Codes)
            ? new OneWayRandomEffects(fit, layout)
            : throw new FormatException("fit is not one of the cells by group; it must be.");
    }
}
