namespace VariationalInference.Samples;

/// <summary>Draws how an encoder was trained: the exact ELBO of held-out rows by epoch, and what it lacks of the evidence, in its parts.</summary>
public static class TrainingChart
{
    /// <summary>Draws the picture.</summary>
    /// <param name="name">The picture's name.</param>
    /// <param name="result">What training returned.</param>
    public static Chart Draw(string name, HybridResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        var epochs = new Axis("epochs");
        var bound = new Panel(
            epochs,
            new Axis("nats a row"),
            [
                Curve("log evidence", new Look(Hue.Grey, Stroke.Dashed), epoch => epoch.ValidationLogEvidence),
                Curve("best mean field", new Look(Hue.Green, Stroke.Broad), epoch => epoch.ValidationLogEvidence - epoch.ApproximationGap),
                Curve("ELBO", new Look(Hue.Blue, Stroke.Solid, Marker.Dot), epoch => epoch.ValidationElbo),
            ])
        {
            Title = "ELBO of held-out rows",
        };
        var gaps = new Panel(
            epochs,
            new Axis("nats a row") { IsLogarithmic = true },
            [
                Curve("log evidence − ELBO", new Look(Hue.Blue, Stroke.Broad), epoch => epoch.ValidationLogEvidence - epoch.ValidationElbo),
                Curve("approximation gap (mean field)", new Look(Hue.Green, Stroke.Dashed), epoch => epoch.ApproximationGap),
                Curve("amortization gap (encoder)", new Look(Hue.Vermilion, Stroke.Solid, Marker.Square), epoch => epoch.AmortizationGap),
                .. result.History.Any(epoch => epoch.OptimizationGap > 0)
                    ? [Curve("optimization gap (training rows)", new Look(Hue.Purple, Stroke.Dotted, Marker.Triangle), epoch => epoch.OptimizationGap)]
                    : Array.Empty<Mark>(),
            ])
        {
            Title = "Gap to the log evidence, in its parts",
        };
        return new Chart(
            name,
            "Training by epoch: the ELBO, and what it lacks of the log evidence",
            "Exact values, means over rows that training never saw. The gap to the log evidence is the sum of what mean field loses, whoever infers, and "
                + "of what the encoder adds to that; training can only shrink the latter.",
            [bound, gaps]);

        Curve Curve(string label, Look look, Func<HybridProgress, double> value) =>
            new(label, look, [.. result.History.Select(epoch => ((double)epoch.Epoch, value(epoch)))]);
    }
}
