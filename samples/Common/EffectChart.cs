namespace VariationalInference.Samples;

/// <summary>Draws the effects of a grouping's levels with their intervals, one line a level, the largest on top: a panel for each effect.</summary>
public static class EffectChart
{
    /// <summary>More lines than that are no picture any more.</summary>
    public const int MostLevels = 60;

    /// <summary>Draws the picture.</summary>
    /// <param name="name">Its name, of letters, digits and dashes.</param>
    /// <param name="quantity">What was measured.</param>
    /// <param name="grouping">What the levels are of.</param>
    /// <param name="effects">The effects by their axis' title, each with the same levels in the same order; the first decides the order of the lines.</param>
    /// <exception cref="ArgumentException">There is no effect, or there are no levels.</exception>
    public static Chart Draw(string name, string quantity, string grouping, IReadOnlyList<(string Title, IReadOnlyList<LevelEffect> Levels)> effects)
    {
        ArgumentNullException.ThrowIfNull(effects);
        if (effects.Count == 0 || effects[0].Levels.Count == 0)
        {
            throw new ArgumentException($"effects of {grouping} have no levels; at least 1 is needed.", nameof(effects));
        }

        IReadOnlyList<LevelEffect> first = effects[0].Levels;
        int[] order = [.. Enumerable.Range(0, first.Count).OrderByDescending(level => first[level].Mean)];
        int[] lines = order.Length <= MostLevels ? order : [.. order[..(MostLevels / 2)], .. order[^(MostLevels / 2)..]];
        string[] labels = [.. lines.Select(level => first[level].Label)];
        string left = lines.Length == order.Length
            ? string.Empty
            : FormattableString.Invariant($" The {MostLevels / 2} largest and the {MostLevels / 2} smallest of {order.Length} are shown.");
        return new Chart(
            name,
            $"{quantity}: effects of {grouping}",
            $"What each {grouping} adds to the average (dashed), with 95 % intervals; the uncertainty of the fixed effects is in them, that of the "
                + "variances is not." + left,
            [.. effects.Select((effect, e) => Panel(e == 0 ? grouping : string.Empty, effect.Title, labels, [.. lines.Select(level => effect.Levels[level])]))]);
    }

    private static Panel Panel(string grouping, string title, string[] labels, LevelEffect[] levels) => new(
        new Axis(title),
        new Axis(grouping) { Categories = labels },
        [
            new Rule("average", new Look(Hue.Grey, Stroke.Dashed), 0, IsUpright: true),
            new Intervals("95 % interval", new Look(Hue.Blue), [.. levels.Select((level, n) => (level.Lower, level.Upper, (double)n))]),
            new Curve("effect", new Look(Hue.Blue, Stroke.None, Marker.Dot), [.. levels.Select((level, n) => (level.Mean, (double)n))]),
        ]);
}
