using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference.Samples;

/// <summary>Draws an encoder's means of one latent against the exact posterior means, and by how much they differ.</summary>
public static class EncoderMeansChart
{
    private const int Draws = 400;

    /// <summary>Draws the picture.</summary>
    /// <param name="name">The picture's name.</param>
    /// <param name="inference">The encoder, trained; its first latent is shown.</param>
    /// <param name="seed">The seed of the draws from the model that are shown.</param>
    /// <param name="unit">The unit of the observations, or null.</param>
    /// <param name="dataRows">Rows of data to show beside them, or null.</param>
    public static Chart Draw(string name, HybridInference inference, int seed, string? unit = null, Matrix<double>? dataRows = null)
    {
        ArgumentNullException.ThrowIfNull(inference);
        string latent = $"z{inference.AmortizedLatents[0] + 1}";
        Point[] draws = Compare(inference, inference.Model.Sample(Draws, seed).Observations);
        Point[] data = dataRows is null ? [] : Compare(inference, dataRows);
        double[] exact = [.. draws.Concat(data).Select(point => point.Exact)];
        (double, double)[] ends = [(exact.Min(), exact.Min()), (exact.Max(), exact.Max())];
        var exactAxis = new Axis(Format.WithUnit($"exact mean of {latent}", unit));
        var means = new Panel(
            exactAxis,
            new Axis(Format.WithUnit($"encoder's mean of {latent}", unit)),
            [new Curve("equal", new Look(Hue.Grey, Stroke.Dashed), ends), .. Clouds(point => point.Encoder)])
        {
            Title = "Encoder against exact",
        };
        var differences = new Panel(
            exactAxis,
            new Axis("encoder − exact (posterior sd)"),
            [new Rule("equal", new Look(Hue.Grey, Stroke.Dashed), 0), .. Clouds(point => point.Difference)])
        {
            Title = "The difference, enlarged",
        };
        return new Chart(
            name,
            $"The encoder's mean of {latent} against the exact one",
            $"{Draws} rows newly drawn from the model, which training never saw{(data.Length > 0 ? ", and the rows of the data" : string.Empty)}. "
                + "The right panel shows the difference in exact posterior standard deviations: 0.1 of these would still be of little account.",
            [means, differences]);

        IEnumerable<Curve> Clouds(Func<Point, double> height)
        {
            yield return Cloud("draws from the model", new Look(Hue.Blue, Stroke.None, Marker.Speck), draws, height);
            if (data.Length > 0)
            {
                yield return Cloud("rows of the data", new Look(Hue.Vermilion, Stroke.None, Marker.Ring), data, height);
            }
        }
    }

    private static Curve Cloud(string label, Look look, Point[] points, Func<Point, double> height) =>
        new(label, look, [.. points.Select(point => (point.Exact, height(point)))]);

    private static Point[] Compare(HybridInference inference, Matrix<double> rows)
    {
        int latent = inference.AmortizedLatents[0];
        HybridTable inferred = inference.Infer(rows);
        return [.. rows.EnumerateRows().Select((row, n) =>
        {
            Gaussian exact = inference.Model.Posterior(row.ToArray())[latent];
            return new Point(exact.Mean, inferred.Means[n, latent], (inferred.Means[n, latent] - exact.Mean) / exact.StandardDeviation);
        })];
    }

    private readonly record struct Point(double Exact, double Encoder, double Difference);
}
