namespace VariationalInference.Samples;

/// <summary>The posterior of one row, a panel a latent: by mean field, by linear response and exactly.</summary>
internal static class PosteriorDensities
{
    private const int MostPanels = 3;

    public static Chart Draw(CaviResult fit, MultivariateGaussian exact, IReadOnlyList<string> quantities) => new(
        "posteriors",
        "The posterior of one row, three ways",
        "The posterior of each latent, given the first row. Mean field has the exact means and variances that are too small; linear response, from the "
            + "same fit, lies on the exact posterior.",
        [.. Enumerable.Range(0, Math.Min(MostPanels, exact.Count)).Select(j => DrawPanel(fit, exact, quantities[j], j))]);

    private static Panel DrawPanel(CaviResult fit, MultivariateGaussian exact, string quantity, int j) => new(
        new Axis(quantity),
        new Axis("density") { From = 0 },
        [
            Density("exact", new Look(Hue.Green, Stroke.Broad), exact[j]),
            Density("linear response", new Look(Hue.Purple, Stroke.Dashed), fit.LinearResponse[j]),
            Density("mean field (4-4)", new Look(Hue.Blue), fit.Posterior[j]),
        ]);

    private static Density Density(string label, Look look, Gaussian posterior) => new(label, look, posterior.Mean, posterior.StandardDeviation);
}
