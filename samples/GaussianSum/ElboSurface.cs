using System.Globalization;

namespace VariationalInference.Samples;

/// <summary>
/// The ELBO of one row as a surface over the means of two latents, with the path of coordinate ascent, the path of gradient ascent, and the point
/// that completing the square gives.
/// </summary>
internal static class ElboSurface
{
    private const int MostSweeps = 400;
    private const double Reach = 0.25;

    private static readonly double[] Levels = [0.01, 0.1, 1, 3, 10, 30, 100, 300, 1e3, 1e4, 1e5, 1e6];

    public static Chart Draw(GaussianSumModel model, double[] row, IReadOnlyList<string> quantities)
    {
        double[] start = Start(model);
        var elbo = new FixedFormElbo(model.Observe(row));
        MeanFieldGaussian completed = elbo.StationaryPoint();
        (double, double)[] sweeps = Corners(Sweeps(model, row, start));
        GradientAscentResult walked = elbo.Maximize(
            new GradientAscentOptions { PathLimit = MostSweeps + 1 }, new MeanFieldGaussian(start, completed.Variances.AsSpan()));
        (double, double)[] steps = [.. walked.Path.Select(q => (q.Means[0], q.Means[1]))];
        (double X, double Y)[] points = [.. sweeps, .. steps, (completed.Means[0], completed.Means[1])];
        var panel = new Panel(
            Ends(new Axis($"mean of {quantities[0]}"), points.Select(point => point.X)),
            Ends(new Axis($"mean of {quantities[1]}"), points.Select(point => point.Y)),
            [
                Surface(elbo, completed),
                new Curve("gradient ascent, a corner a step", new Look(Hue.Vermilion, Stroke.Dashed), steps),
                new Curve("coordinate ascent, a corner an update", new Look(Hue.Blue), sweeps),
                new Curve("start", new Look(Hue.Grey, Stroke.None, Marker.Square), [(start[0], start[1])]),
                new Curve("completed the square (4-3)", new Look(Hue.Green, Stroke.None, Marker.Cross), [(completed.Means[0], completed.Means[1])]),
            ]);
        return new Chart(
            "elbo-surface",
            "Two ways up the ELBO of one row, to one point",
            "Contours: how many nats the ELBO lies below its maximum, with the variances at their optimum (4-4). The data know the sum of the two "
                + "latents better than either, so that the surface is a ridge. Coordinate ascent goes up it in updates of one latent at a time, "
                + "gradient ascent in steps of both, which overshoot across the ridge; both lead to the point that completing the square gives at once. "
                + "Both start at the prior means, the second latent moved by three prior standard deviations so that there is a way to go; of long ways "
                + $"the first {MostSweeps} sweeps and steps are shown.",
            [panel]);
    }

    private static double[] Start(GaussianSumModel model) =>
        [model.PriorMeans[0], model.PriorMeans[1] + (3 * Math.Sqrt(model.PriorVariances[1]))];

    /// <summary>Takes sweeps (4-1) one by one, each from where the last one ended.</summary>
    private static List<double[]> Sweeps(GaussianSumModel model, double[] row, double[] start)
    {
        var sweep = new CaviSolver(new CaviOptions { Method = CaviMethod.PlainSweeps, MaxIterations = 1 });
        List<double[]> path = [start];
        for (int t = 0; t < MostSweeps; t++)
        {
            CaviResult result = sweep.Solve(model, row, path[^1]);
            path.Add([.. result.MeanField.Means]);
            if (result.Converged)
            {
                break;
            }
        }

        return path;
    }

    /// <summary>Puts the point between the two updates of each sweep: the first latent is new there, the second still the old one.</summary>
    private static (double, double)[] Corners(List<double[]> sweeps) =>
    [
        (sweeps[0][0], sweeps[0][1]),
        .. sweeps.Zip(sweeps.Skip(1)).SelectMany(pair => new[] { (pair.Second[0], pair.First[1]), (pair.Second[0], pair.Second[1]) }),
    ];

    /// <summary>Draws distances √(2 · nats), which are linear in the means: contours come out round also where the ridge is steep.</summary>
    private static Contours Surface(FixedFormElbo elbo, MeanFieldGaussian completed)
    {
        double best = elbo.Value(completed);
        return new Contours(
            "nats below the maximum",
            (x, y) => Distance(best - elbo.Value([x, y], completed.Variances.AsSpan())),
            [.. Levels.Select(level => new ContourLevel(Distance(level), Name(level)))]);
    }

    private static string Name(double level) => level < 1e4 ? Format.Exact(level) : level.ToString("0E+0", CultureInfo.InvariantCulture);

    private static double Distance(double nats) => Math.Sqrt(2 * Math.Max(0, nats));

    private static Axis Ends(Axis axis, IEnumerable<double> values)
    {
        (double low, double high) = (values.Min(), values.Max());
        double margin = Reach * (high - low);
        return axis with { From = low - margin, To = high + margin };
    }
}
