using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Samples;
using Xunit;

namespace VariationalInference.Tests.Samples;

/// <summary>What the samples' pictures say is so.</summary>
public sealed class SamplePicturesTests
{
    private static readonly double[] Row = [196.3, 196.1, 196.2];

    private static readonly GaussianSumModel Model = new(observationCount: 3, noiseVariance: 0.0108, priorMeans: [196, 0], priorVariances: [1, 0.01]);

    [Fact]
    public void ErrorBySweep_OfAnyRun_HasTheCertificateAboveTheError()
    {
        foreach (CaviMethod method in new[] { CaviMethod.PlainSweeps, CaviMethod.Accelerated })
        {
            IReadOnlyList<(int Iterations, double Error, double Certificate)> run = ErrorBySweep.Run(Model, Row, method);

            run.Should().OnlyContain(point => point.Certificate >= point.Error);
            run.Select(point => point.Iterations).Should().BeInAscendingOrder().And.OnlyHaveUniqueItems();
            run[0].Iterations.Should().Be(1);
            run[0].Error.Should().BeGreaterThan(1e-3, "the first iteration does not solve it");
            run[^1].Iterations.Should().Be(new CaviSolver(new CaviOptions { Method = method }).Solve(Model, Row).Iterations);
        }
    }

    [Fact]
    public void ErrorBySweep_HasAPanelForEachNoiseVariance()
    {
        DrawnChart chart = new(ErrorBySweep.Draw(Model, Row));

        chart.Texts("panel").Should().Equal("σ² = 0.0108", "σ² = 0.00108", "σ² = 0.000108");
        chart.Texts("key").Should().Equal(
            "plain sweeps: certificate", "plain sweeps: true error", "accelerated: certificate", "accelerated: true error");
        chart.Of("line").Count(element => element.Name.LocalName == "path").Should().Be(12);
    }

    [Fact]
    public void ElboSurface_LeadsBothPathsToTheCompletedSquare()
    {
        Chart chart = ElboSurface.Draw(Model, Row, ["a", "b"]);

        Curve[] curves = [.. chart.Panels[0].Marks.OfType<Curve>()];
        MultivariateGaussian exact = Model.Posterior(Row);
        foreach (Curve path in curves.Where(curve => curve.Look.Stroke != Stroke.None))
        {
            path.Points[0].X.Should().Be(196, "both start at the prior means, the second moved by three sd");
            path.Points[0].Y.Should().BeApproximately(0.3, 1e-12);
            path.Points[^1].X.Should().BeApproximately(exact.Means[0], 1e-6);
            path.Points[^1].Y.Should().BeApproximately(exact.Means[1], 1e-6);
        }

        // Coordinate ascent moves along one axis at a time, and climbs with every move.
        (double X, double Y)[] corners = [.. curves.Single(curve => curve.Label!.StartsWith("coordinate", StringComparison.Ordinal)).Points];
        double[] variances = [.. new FixedFormElbo(Model.Observe(Row)).StationaryPoint().Variances];
        var elbo = new FixedFormElbo(Model.Observe(Row));
        for (int i = 1; i < corners.Length; i++)
        {
            (i % 2 == 1 ? corners[i].Y == corners[i - 1].Y : corners[i].X == corners[i - 1].X).Should().BeTrue();
            elbo.Value([corners[i].X, corners[i].Y], variances).Should()
                .BeGreaterThanOrEqualTo(elbo.Value([corners[i - 1].X, corners[i - 1].Y], variances) - 1e-12);
        }

        new DrawnChart(chart).Of("level-label").Length.Should().BeGreaterThan(2, "contours are labelled");
    }

    [Fact]
    public void PosteriorDensities_ShowTheExactAndTheMeanFieldPosteriorOfEachLatent()
    {
        CaviResult fit = new CaviSolver().Solve(Model, Row);
        MultivariateGaussian exact = Model.Posterior(Row);

        Chart chart = PosteriorDensities.Draw(fit, ["a", "b"]);

        chart.Panels.Should().HaveCount(2);
        Density[] densities = [.. chart.Panels[1].Marks.OfType<Density>()];
        densities.Select(density => density.StandardDeviation).Should().Equal(
            exact[1].StandardDeviation, fit.MeanField[1].StandardDeviation);
        densities.Should().OnlyContain(density => Math.Abs(density.Mean - exact.Means[1]) < 1e-8);
    }

    [Fact]
    public void TrainingAndMeans_OfAnEncoder_AreDrawnFromItsResult()
    {
        var model = new GaussianSumModel();
        Matrix<double> rows = model.Sample(400, seed: 1).Observations;
        HybridResult result = new HybridSolver(new HybridOptions { AmortizedLatents = [1], MaxEpochs = 3, CoordinateSweeps = 1 })
            .Fit(model, new MlpEncoder(observationCount: 2, latentCount: 1, hiddenWidths: [8], seed: 1), rows);

        Chart training = TrainingChart.Draw("training", result);
        Curve[] gaps = [.. training.Panels[1].Marks.Cast<Curve>()];
        gaps.Should().HaveCount(4, "coordinate updates that stop short have a gap too");
        for (int epoch = 0; epoch <= result.Epochs; epoch++)
        {
            gaps[0].Points[epoch].Y.Should().BeApproximately(gaps[1].Points[epoch].Y + gaps[2].Points[epoch].Y, 1e-9);
            training.Panels[0].Marks.Cast<Curve>().Last().Points[epoch].Should().Be((epoch, result.History[epoch].ValidationElbo));
        }

        Chart means = EncoderMeansChart.Draw("means", result, seed: 2, "km/s", rows.SubMatrix(0, 3, 0, 2));
        Curve data = means.Panels[0].Marks.OfType<Curve>().Last();
        data.Points[2].X.Should().BeApproximately(model.Posterior(rows.Row(2).ToArray()).Means[1], 1e-12);
        data.Points[2].Y.Should().Be(result.Infer(rows.SubMatrix(2, 1, 0, 2)).Means[0, 1]);
        new DrawnChart(means).Texts("key").Should().Equal("equal", "draws from the model", "rows of the data");
        new DrawnChart(means).Texts("axis").Should().Contain("exact mean of z2 (km/s)");
        new DrawnChart(means).Texts("title").Should().Equal("The encoder's mean of z2 against the exact one");
    }
}
