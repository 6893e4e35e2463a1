namespace VariationalInference.Samples;

/// <summary>The error of coordinate ascent by iteration, and its certificate, for the row's own noise variance and for smaller ones.</summary>
internal static class ErrorBySweep
{
    private const int MostSweeps = 20_000;
    private const int PointsPerDecade = 10;
    private const double Floor = 1e-13;

    private static readonly double[] NoiseFactors = [1, 0.1, 0.01];

    public static Chart Draw(GaussianSumModel model, double[] row)
    {
        Panel[] panels = [.. NoiseFactors.Select(factor => DrawPanel(WithNoise(model, factor * model.NoiseVariance), row))];
        return new Chart(
            "error-by-sweep",
            "Error of coordinate ascent, and the bound that it comes with",
            "The first row under its own noise variance σ² and, for comparison, under a tenth and a hundredth of it. Plain sweeps (4-1) take the more, the "
                + "smaller σ² is; accelerated iterations, the default, do not. Throughout, the certificate (dashed) stays above the true error. Errors "
                + "below 1e-13 are not shown.",
            panels);
    }

    /// <summary>Returns a run's true error and certificate after each of some numbers of iterations, until it ends by itself.</summary>
    public static IReadOnlyList<(int Iterations, double Error, double Certificate)> Run(GaussianSumModel model, double[] row, CaviMethod method)
    {
        MultivariateGaussian exact = model.Posterior(row);
        var points = new List<(int Iterations, double Error, double Certificate)>();
        foreach (int limit in Limits())
        {
            CaviResult result = new CaviSolver(new CaviOptions { Method = method, MaxIterations = limit }).Solve(model, row);
            double error = Enumerable.Range(0, exact.Count)
                .Max(j => Math.Abs(result.MeanField.Means[j] - exact.Means[j]) / exact[j].StandardDeviation);
            if (points.Count == 0 || result.Iterations > points[^1].Iterations)
            {
                points.Add((result.Iterations, error, result.ErrorBound));
            }

            if (result.Iterations < limit)
            {
                break;
            }
        }

        return points;
    }

    private static Panel DrawPanel(GaussianSumModel model, double[] row) => new(
        new Axis("iterations") { IsLogarithmic = true, From = 1, To = MostSweeps },
        new Axis("largest error of a mean (posterior sd)") { IsLogarithmic = true, From = Floor },
        [.. Curves("plain sweeps", Hue.Blue, Marker.Dot, Run(model, row, CaviMethod.PlainSweeps)),
         .. Curves("accelerated", Hue.Vermilion, Marker.Square, Run(model, row, CaviMethod.Accelerated))])
    {
        Title = $"σ² = {Format.Number(model.NoiseVariance)}",
    };

    private static IEnumerable<Curve> Curves(
        string name, Hue hue, Marker marker, IReadOnlyList<(int Iterations, double Error, double Certificate)> run) =>
    [
        new Curve($"{name}: certificate", new Look(hue, Stroke.Dashed), [.. run.Select(point => ((double)point.Iterations, point.Certificate))]),
        new Curve($"{name}: true error", new Look(hue, Stroke.Solid, marker), [.. run.Select(point => ((double)point.Iterations, point.Error))]),
    ];

    private static GaussianSumModel WithNoise(GaussianSumModel model, double noiseVariance) =>
        new(model.ObservationCount, noiseVariance, [.. model.PriorMeans], [.. model.PriorVariances]);

    /// <summary>Returns 1, 2, 3, … at first, and then numbers at about equal ratios.</summary>
    private static IEnumerable<int> Limits() => Enumerable.Range(0, int.MaxValue)
        .Select(i => (int)Math.Round(Math.Pow(10, (double)i / PointsPerDecade)))
        .TakeWhile(limit => limit <= MostSweeps)
        .Distinct();
}
