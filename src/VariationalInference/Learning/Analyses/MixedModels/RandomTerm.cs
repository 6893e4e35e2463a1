using System.Collections.Immutable;
using System.Text.Json.Serialization;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>A random term of a <see cref="MixedModelFit"/>: the learned covariance of its effects, and the posterior of each level's.</summary>
/// <remarks><threadsafety>Immutable, hence safe to share.</threadsafety></remarks>
/// <example>
/// <code language="csharp">
/// double[] yield = [9.8, 10.1, 10.0, 11.9, 12.2, 10.9, 11.1, 11.0];
/// string[] batch = ["a", "a", "a", "b", "b", "c", "c", "c"];
/// RandomTerm batches = new MixedModel("yield", yield).Random("batch", batch).Fit().RandomTerms[0];
/// Console.WriteLine(batches);   // batch: 3 levels, (Intercept) sd 0.84466
/// Console.WriteLine(batches["a"]);   // -1.0264 (sd 0.49)
/// Console.WriteLine(string.Join(", ", batches.Levels));   // a, b, c
/// </code>
/// </example>
[JsonConverter(typeof(ResultJsonConverter))]
public sealed class RandomTerm
{
    private readonly int _factor;
    private readonly int[] _effects;
    private readonly MixedUnits _units;
    private readonly Lazy<Dictionary<string, int>> _places;

    internal RandomTerm(RandomTermSpec term, int index, MixedEstimate estimate, MixedUnits units)
    {
        _units = units;
        Group = term.Group;
        Effects = [.. term.Effects.Select(effect => effect.Name)];
        Levels = term.Levels;
        (_factor, _effects) = PlaceOf(estimate.Design, term.Group, index);
        _places = new Lazy<Dictionary<string, int>>(() => Levels.Select((label, level) => (label, level)).ToDictionary(
            item => item.label, item => item.level, StringComparer.Ordinal));
    }

    /// <summary>Gets the name of the grouping factor.</summary>
    public string Group { get; }

    /// <summary>Gets the names of the effects.</summary>
    public ImmutableArray<string> Effects { get; }

    /// <summary>Gets the labels of the levels, in the order of their first rows.</summary>
    public ImmutableArray<string> Levels { get; }

    /// <summary>Gets the posterior of a level's first effect.</summary>
    /// <param name="level">The label.</param>
    /// <exception cref="ArgumentException">There is no such level.</exception>
    public RandomEffectPosterior this[string level] => this[level, 0];

    /// <summary>Gets the posterior of an effect of a level.</summary>
    /// <param name="level">The label.</param>
    /// <param name="effect">The place of the effect in <see cref="Effects"/>.</param>
    /// <exception cref="ArgumentException">There is no such level or effect.</exception>
    public RandomEffectPosterior this[string level, int effect]
    {
        get
        {
            ArgumentNullException.ThrowIfNull(level);
            return _places.Value.TryGetValue(level, out int place)
                ? Posterior(place, effect)
                : throw new ArgumentException(Guard.Text($"level is \"{level}\", which is not a level of \"{Group}\"."), nameof(level));
        }
    }

    /// <summary>Returns the posterior of an effect of a level by their places.</summary>
    /// <param name="level">The place of the level in <see cref="Levels"/>.</param>
    /// <param name="effect">The place of the effect in <see cref="Effects"/>.</param>
    /// <returns>The posterior.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such level or effect.</exception>
    public RandomEffectPosterior Posterior(int level, int effect = 0)
    {
        Guard.InRange(level, 0, Levels.Length, nameof(level));
        Guard.InRange(effect, 0, Effects.Length, nameof(effect));
        return _units.Posterior(_factor, level, _effects[effect]);
    }

    /// <summary>Returns the learned covariance of the effects.</summary>
    /// <returns>A new matrix, with a row and a column for each effect.</returns>
    public Matrix<double> Covariance() =>
        Matrix<double>.Build.Dense(_effects.Length, _effects.Length, (a, b) => _units.Covariance(_factor, _effects[a], _effects[b]));

    /// <summary>Sums up the term in one line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() =>
        $"{Group}: {Wording.Count(Levels.Length, "level")}, {Wording.Join(", ", Effects.Length, e => Guard.Text($"{Effects[e]} sd {Math.Sqrt(_units.Covariance(_factor, _effects[e], _effects[e])):G5}"))}";

    /// <summary>Returns the factor of a term, and where its effects stand in it.</summary>
    internal static (int Factor, int[] Effects) PlaceOf(MixedDesign design, string group, int term)
    {
        int factor = 0;
        while (design.Factors[factor].Name != group)
        {
            factor++;
        }

        return (factor, [.. Enumerable.Range(0, design.Factors[factor].Width).Where(e => design.Factors[factor].Effects[e].Term == term)]);
    }
}
