namespace VariationalInference.Samples;

/// <summary>The posterior of one row, a panel a latent: exactly, and by mean field.</summary>
internal static class PosteriorDensities
{
    private const int MostPanels = 3;

    public static Chart Draw(CaviResult fit, IReadOnlyList<string> quantities) => new(
        "posteriors",
        "The posterior of one row, exact and by mean field",
        "The posterior of each latent, given the first row. Mean field has the exact means, and variances that are too small.",
        [.. Enumerable.Range(0, Math.Min(MostPanels, fit.Exact.Count)).Select(j => DrawPanel(fit, quantities[j], j))]);

    private static Panel DrawPanel(CaviResult fit, string quantity, int j) => new(
        new Axis(quantity),
        new Axis("density") { From = 0 },
        [
            Density("exact", new Look(Hue.Green, Stroke.Broad), fit.Exact[j]),
            Density("mean field (4-4)", new Look(Hue.Blue), fit.MeanField[j]),
        ]);

    private static Density Density(string label, Look look, Gaussian posterior) => new(label, look, posterior.Mean, posterior.StandardDeviation);
}
