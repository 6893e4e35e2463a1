using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference.Samples;

/// <summary>Draws training, and digits in rows and columns.</summary>
internal static class DigitPictures
{
    private const double PixelSize = 5;
    private const double SmallPixel = 4;

    /// <summary>Draws the held-out ELBO by epoch.</summary>
    public static Chart Training(DecoderResult plain, DecoderResult hybrid)
    {
        // Epochs of small bounds would take all the room.
        const double least = 20;
        var panel = new Panel(
            new Axis("epochs"),
            new Axis("held-out ELBO, nats a row"),
            [
                Curve("hybrid", new Look(Hue.Blue), hybrid),
                Curve("plain VAE", new Look(Hue.Vermilion, Stroke.Dashed), plain),
            ]);
        return new Chart(
            "digits-training",
            "Training by epoch",
            "The ELBO of rows that are held out of training. Both begin at a factor analysis, the plain VAE at one with fewer factors, and look for a better start at first.",
            [panel]);

        static Curve Curve(string label, Look look, DecoderResult result) => new(
            label, look, [.. result.History.Select(epoch => ((double)epoch.Epoch, epoch.ValidationElbo > least ? epoch.ValidationElbo : double.NaN))]);
    }

    /// <summary>Draws what is made of rows: a line of pictures for each way.</summary>
    public static Chart Rows(
        string name, string title, string caption, IReadOnlyList<int> shown, (string Name, Func<double[], double[]> Make)[] ways, Matrix<double> rows) =>
        Tables(name, title, caption, shown, [.. ways.Select(way => (
            way.Name, Matrix<double>.Build.DenseOfRows(rows.EnumerateRows().Select(row => way.Make(row.ToArray())))))]);

    /// <summary>Draws rows of tables: a line of pictures for each table.</summary>
    public static Chart Tables(string name, string title, string caption, IReadOnlyList<int> shown, (string Name, Matrix<double> Rows)[] tables)
    {
        IEnumerable<(double, double, IReadOnlyList<double>)> pictures = tables.SelectMany((table, line) => shown.Select((row, column) =>
            ((double)column, (double)line, (IReadOnlyList<double>)[.. table.Rows.Row(row)])));
        return new Chart(name, title, caption, [Pictures("digit", (-0.5, shown.Count - 0.5), PixelSize, [.. tables.Select(table => table.Name)], pictures)]);
    }

    /// <summary>Draws a row with one latent changed at a time, the others as the row has them.</summary>
    public static Chart Latents(DecoderInference inference, double[] row)
    {
        double[] values = [-3, -1.5, 0, 1.5, 3];
        DecoderPosterior posterior = inference.Infer(row);
        double[] amortized = [.. posterior.Amortized.Means], linear = [.. posterior.Linear!.Means];
        return new Chart(
            "digits-latents",
            "A row with one latent changed at a time",
            "A test row, a 3; in each line one latent takes the values below and the others stay. Those of the network lead to other digits; those with "
                + "loadings change how the digit is drawn, to equal parts on either side.",
            [
                Panel("zA", "latents of the network", amortized, latents => inference.Decode(latents, linear)),
                Panel("zC", "latents with loadings", linear, latents => inference.Decode(amortized, latents)),
            ]);

        Panel Panel(string name, string title, double[] latents, Func<double[], double[]> decode) => Pictures(
            "value of the latent",
            (-4, 4),
            SmallPixel,
            [.. latents.Select((_, j) => $"{name} {j + 1}")],
            latents.SelectMany((_, j) => values.Select(value =>
            {
                double[] changed = [.. latents];
                changed[j] = value;
                return (value, (double)j, (IReadOnlyList<double>)decode(changed));
            }))) with
        {
            Title = title,
        };
    }

    private static Panel Pictures(
        string title,
        (double From, double To) range,
        double pixelSize,
        string[] names,
        IEnumerable<(double X, double Y, IReadOnlyList<double> Pixels)> pictures)
    {
        const double gap = 6;
        return new Panel(
            new Axis(title) { From = range.From, To = range.To },
            new Axis(string.Empty) { Categories = names, CategoryHeight = (DigitTable.Side * pixelSize) + gap },
            [new Images(null, DigitTable.Side, pixelSize, [.. pictures.Select(picture => (picture.X, picture.Y, (IReadOnlyList<double>)[.. picture.Pixels.Select(pixel => double.IsNaN(pixel) ? pixel : Math.Max(pixel, 0))]))])]);
    }
}
