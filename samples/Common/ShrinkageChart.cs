namespace VariationalInference.Samples;

/// <summary>Draws groups' means, one line a group: the group's own, where the model puts it, the interval of that, and the mean of all.</summary>
public static class ShrinkageChart
{
    /// <summary>Draws the picture.</summary>
    /// <param name="quantity">What was measured.</param>
    /// <param name="unit">Its unit, or null.</param>
    /// <param name="grouping">What the groups are.</param>
    /// <param name="centre">The mean of all groups.</param>
    /// <param name="means">The groups' means.</param>
    public static Chart Draw(string quantity, string? unit, string grouping, double centre, IReadOnlyList<ShrunkenMean> means)
    {
        ArgumentNullException.ThrowIfNull(means);
        double spread = means.Max(mean => mean.Upper - mean.Lower);
        var lines = new Panel(
            new Axis(Format.WithUnit(quantity, unit)),
            new Axis(grouping) { Categories = [.. means.Select(mean => mean.Label)] },
            [
                new Rule($"mean of all, {Format.Number(centre, spread > 0 ? spread : double.NaN)}", new Look(Hue.Grey, Stroke.Dashed), centre, IsUpright: true),
                new Intervals("95 % interval", new Look(Hue.Blue), [.. means.Select((mean, n) => (mean.Lower, mean.Upper, (double)n))]),
                new Intervals("shrinkage", new Look(Hue.Vermilion, Stroke.Dotted), [.. means.Select((mean, n) => (mean.Own, mean.Value, (double)n))]),
                new Curve("own mean", new Look(Hue.Vermilion, Stroke.None, Marker.Ring), [.. means.Select((mean, n) => (mean.Own, (double)n))]),
                new Curve("shrunken mean", new Look(Hue.Blue, Stroke.None, Marker.Dot), [.. means.Select((mean, n) => (mean.Value, (double)n))]),
            ]);
        return new Chart(
            "shrinkage",
            $"{quantity} by {grouping}: own and shrunken means",
            "Each group's own mean (ring) is drawn towards the mean of all groups (dashed), the further away and the fewer its "
                + "measurements, the more: the model takes part of the distance for noise. Intervals hold for the learned parameters.",
            [lines]);
    }
}
