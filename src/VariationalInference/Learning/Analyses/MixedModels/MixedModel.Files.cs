using System.Collections.Immutable;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <content>Saving and loading, as a part of a fit: the columns and labels from which the model was made.</content>
public sealed partial class MixedModel : ISaved<MixedModel>
{
    static string ISaved<MixedModel>.Kind => "mixed_model";

    void ISaved<MixedModel>.Write(ModelState state)
    {
        state.Add("response_name", _responseName);
        state.Add("response", _response.AsSpan());
        state.Add("weights", _weights.AsSpan());
        state.AddFlag("has_intercept", _columns.Any(column => column.Values is null));

        // A factor stands where the first of its columns does.
        state.AddTexts("fixed_factors", _fixedFactors.Select(factor => factor.Name));
        state.AddWholeNumbers("fixed_factor_places", _fixedFactors.Select(factor => PlaceOf(factor)));
        for (int f = 0; f < _fixedFactors.Length; f++)
        {
            AddLabels(state, $"fixed_factor_{f}", _fixedFactors[f].Levels, _fixedFactors[f].Codes);
        }

        HashSet<string> ofFactors = [.. _fixedFactors.SelectMany(factor => factor.Levels.Select(level => $"{factor.Name}[{level}]"))];
        FixedColumn[] columns = [.. _columns.Where(column => column.Values is not null && !ofFactors.Contains(column.Name))];
        AddColumns(state, "fixed", columns.Select(column => (column.Name, column.Values)));
        state.AddTexts("random_groups", _terms.Select(term => term.Group));
        for (int t = 0; t < _terms.Length; t++)
        {
            AddLabels(state, $"random_{t}", _terms[t].Levels, _terms[t].Codes);
            state.AddFlag($"random_{t}.has_intercept", _terms[t].Effects.Any(effect => effect.Values is null));
            AddColumns(state, $"random_{t}.slope", _terms[t].Effects.Where(effect => effect.Values is not null));
        }
    }

    /// <summary>Makes the model by the same steps as whoever made it.</summary>
    static MixedModel ISaved<MixedModel>.Read(ModelState state)
    {
        var model = new MixedModel(state.Text("response_name"), state.Vector("response").AsSpan(), state.Vector("weights").AsSpan());
        model = state.Flag("has_intercept") ? model : model.WithoutIntercept();
        ImmutableArray<string> factors = state.Names("fixed_factors");
        ImmutableArray<int> places = state.WholeNumbers("fixed_factor_places", least: 0, factors.Length);
        var columns = new Queue<(string Name, double[] Values)>(ReadColumns(state, "fixed"));
        int next = 0;
        while (next < factors.Length || columns.Count > 0)
        {
            if (next < factors.Length && (places[next] == model._columns.Length || columns.Count == 0))
            {
                model = model.FixedFactor(factors[next], ReadLabels(state, $"fixed_factor_{next}", model.RowCount));
                next++;
                continue;
            }

            (string name, double[] values) = columns.Dequeue();
            model = model.Fixed(name, values);
        }

        ImmutableArray<string> groups = state.Names("random_groups");
        for (int t = 0; t < groups.Length; t++)
        {
            string[] labels = ReadLabels(state, $"random_{t}", model.RowCount);
            model = model.Random(groups[t], labels, [.. ReadColumns(state, $"random_{t}.slope")], state.Flag($"random_{t}.has_intercept"));
        }

        return model;
    }

    private int PlaceOf(FixedFactor factor) => _columns.IndexOf(_columns.First(column => column.Name == $"{factor.Name}[{factor.Levels[1]}]"));

    private static void AddLabels(ModelState state, string name, ImmutableArray<string> levels, ImmutableArray<int> codes)
    {
        state.AddTexts($"{name}.levels", levels);
        state.AddWholeNumbers($"{name}.codes", codes);
    }

    private static string[] ReadLabels(ModelState state, string name, int rows)
    {
        ImmutableArray<string> levels = state.Names($"{name}.levels");
        ImmutableArray<int> codes = state.WholeNumbers($"{name}.codes", least: 0, rows);
        if (codes.Any(code => code >= levels.Length))
        {
            throw new FormatException(Guard.Text($"{name}.codes has a place beyond the {levels.Length} levels; it must be below."));
        }

        return [.. codes.Select(code => levels[code])];
    }

    private static void AddColumns(ModelState state, string name, IEnumerable<(string Name, double[]? Values)> columns)
    {
        (string Name, double[]? Values)[] all = [.. columns];
        state.AddTexts($"{name}_names", all.Select(column => column.Name));
        if (all.Length > 0)
        {
            state.Add($"{name}_columns", [.. all.SelectMany(column => column.Values!)], all.Length, all[0].Values!.Length);
        }
    }

    private static IEnumerable<(string Name, double[] Values)> ReadColumns(ModelState state, string name)
    {
        ImmutableArray<string> names = state.Names($"{name}_names");
        if (names.IsEmpty)
        {
            return [];
        }

        Matrix<double> columns = state.Matrix($"{name}_columns", names.Length);
        return names.Select((column, i) => (column, columns.Row(i).ToArray()));
    }
}
