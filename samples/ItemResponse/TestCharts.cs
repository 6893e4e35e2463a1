namespace VariationalInference.Samples;

/// <summary>Pictures of a test with one ability: the items' curves, and what answers say.</summary>
internal static class TestCharts
{
    private const double Reach = 4;
    private const int Points = 80;
    private const int MostCurves = 8;

    private static readonly (Hue Hue, Stroke Stroke)[] Looks =
        [.. from stroke in new[] { Stroke.Solid, Stroke.Dashed } from hue in new[] { Hue.Blue, Hue.Vermilion, Hue.Green, Hue.Purple } select (hue, stroke)];

    /// <summary>The probability of the highest category of each item, and the information of the whole test.</summary>
    public static Chart Curves(ItemResponseFit test)
    {
        double[] abilities = [.. Enumerable.Range(0, Points + 1).Select(i => Reach * ((2.0 * i / Points) - 1))];
        ResponseItem[] items = [.. test.Items.Take(MostCurves)];
        string left = items.Length == test.Items.Length ? string.Empty : FormattableString.Invariant($" The first {MostCurves} of {test.Items.Length} items are shown.");
        var ability = new Axis("ability (sd of the persons)");
        return new Chart(
            "item-curves",
            "Items by ability",
            "Left: how probable the highest answer to each item is; the steeper, the better it tells persons apart, and where it is even lies the item's difficulty. Right: the information of all items, "
                + "the inverse variance that they alone would leave an ability with." + left,
            [
                new Panel(ability, new Axis("probability") { From = 0, To = 1 }, [.. items.Select((item, k) => new Curve(
                    item.Name, new Look(Looks[k].Hue, Looks[k].Stroke), [.. abilities.Select(z => (z, item.Probabilities([z])[^1]))]))])
                {
                    Title = "Item curves",
                },
                new Panel(ability, new Axis("information") { From = 0 }, [new Curve(
                    "all items", new Look(Hue.Grey, Stroke.Broad), [.. abilities.Select(z => (z, test.Items.Sum(item => item.Information([z]))))])])
                {
                    Title = "Test information",
                },
            ]);
    }

    /// <summary>Abilities with their intervals, by pattern of answers.</summary>
    public static Chart Abilities(ItemResponseFit test, (double[] Answers, int Persons)[] patterns)
    {
        (string Text, Gaussian Ability)[] rows =
            [.. patterns.Select(pattern => (AnswerTable.TextOf(pattern.Answers), test.Ability(pattern.Answers))).OrderByDescending(row => row.Item2.Mean)];
        return new Chart(
            "abilities",
            "What answers say of ability",
            "Means and 95 % intervals of the ability behind each pattern of answers, the most frequent ones; the dashed line is the average of all persons.",
            [
                new Panel(
                    new Axis("ability (sd of the persons)"),
                    new Axis("answers") { Categories = [.. rows.Select(row => row.Text)] },
                    [
                        new Rule("average", new Look(Hue.Grey, Stroke.Dashed), 0, IsUpright: true),
                        new Intervals("95 % interval", new Look(Hue.Blue), [.. rows.Select((row, n) => (row.Ability.Interval(0.95).Lower, row.Ability.Interval(0.95).Upper, (double)n))]),
                        new Curve("mean", new Look(Hue.Blue, Stroke.None, Marker.Dot), [.. rows.Select((row, n) => (row.Ability.Mean, (double)n))]),
                    ]),
            ]);
    }
}
