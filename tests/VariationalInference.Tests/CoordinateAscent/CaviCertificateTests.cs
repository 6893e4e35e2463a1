using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.CoordinateAscent;

/// <summary>The certificate against true errors, over models of every conditioning, with the truth worked out in exact arithmetic.</summary>
public sealed class CaviCertificateTests
{
    public static TheoryData<int> Seeds() => [.. Enumerable.Range(0, 120)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Bound_OfRandomModel_IsNeverBelowTheTrueError(int seed)
    {
        (LinearGaussianModel model, double[] row) = RandomCase(seed);
        ExactPosterior truth = ExactPosterior.Of(model, row);

        foreach (CaviMethod method in Enum.GetValues<CaviMethod>())
        {
            foreach (int iterations in new[] { 1, 3, 10, 1_000 })
            {
                CaviResult fit = new CaviSolver(new CaviOptions { Method = method, MaxIterations = iterations }).Solve(model, row);

                truth.ErrorOf([.. fit.MeanField.Means]).Should().BeLessThanOrEqualTo(fit.ErrorBound, "{0}, {1}", method, iterations);
                fit.LargestElboDecrease.Should().BeLessThanOrEqualTo(1e-11 * (1 + fit.ElboTrace.Max(Math.Abs)));
            }
        }

        CaviTable table = new CaviSolver().Solve(model, Matrix<double>.Build.DenseOfRowArrays(row, row), CaviOutputs.ErrorBounds);
        truth.ErrorOf([.. table.Means.Row(1)]).Should().BeLessThanOrEqualTo(table.ErrorBounds[1]);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void AcceleratedRun_OfRandomModel_EndsWherePlainSweepsGo(int seed)
    {
        (LinearGaussianModel model, double[] row) = RandomCase(seed);
        int rank = model is GaussianSumModel ? 1 : Math.Min(model.LatentCount, model.ObservationCount);

        CaviResult accelerated = new CaviSolver().Solve(model, row);
        CaviResult direct = new CaviSolver(new CaviOptions { Method = CaviMethod.Direct }).Solve(model, row);
        CaviResult plain = new CaviSolver(new CaviOptions { Method = CaviMethod.PlainSweeps, MaxIterations = 20_000 }).Solve(model, row);

        accelerated.StopReason.Should().BeOneOf(StopReason.CertificateMet, StopReason.RoundingFloor);
        accelerated.Iterations.Should().BeLessThanOrEqualTo(rank + 6);
        for (int j = 0; j < model.LatentCount; j++)
        {
            double sd = Math.Sqrt(accelerated.Exact.Variances[j]);
            double mean = accelerated.MeanField.Means[j];
            plain.MeanField.Means[j].Should().BeApproximately(mean, sd * (accelerated.ErrorBound + plain.ErrorBound));
            direct.MeanField.Means[j].Should().BeApproximately(mean, sd * (accelerated.ErrorBound + direct.ErrorBound));
        }

        accelerated.Elbo.Should().BeGreaterThanOrEqualTo(plain.Elbo - (1e-11 * (10 + Math.Abs(plain.Elbo))));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void ExactPosterior_OfRandomModel_IsThatOf320Bits_HoweverSoonTheRunStops(int seed)
    {
        (LinearGaussianModel model, double[] row) = RandomCase(seed);
        ExactPosterior truth = ExactPosterior.Of(model, row);
        double[] variances = truth.Variances();

        CaviResult fit = new CaviSolver(new CaviOptions { Method = CaviMethod.PlainSweeps, MaxIterations = 1 }).Solve(model, row);

        // What solvers promise by default; refinement stops at the rounding of the gradient.
        truth.ErrorOf([.. fit.Exact.Means]).Should().BeLessThan(1e-8);
        for (int j = 0; j < variances.Length; j++)
        {
            // A norm of B up to 1e4 in doubles, with up to a hundred roundings of each element.
            fit.Exact.Variances[j].Should().BeApproximately(variances[j], 1e-11 * variances[j]);
            fit.MeanField.Variances[j].Should().BeLessThanOrEqualTo(fit.Exact.Variances[j] * (1 + 1e-11));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void ExactVariances_OfFewCellsAndManyLatents_AreThoseOf320Bits_AlsoOfTheFewThatTheRowTells(int seed)
    {
        var random = new Random(seed);
        double[] variances = [.. Enumerable.Range(0, 50).Select(j => j < 3 ? 1e6 : 0.01 * (1 + random.NextDouble()))];
        var model = new LinearGaussianModel(
            Matrix<double>.Build.Dense(4, 50, (_, _) => (2 * random.NextDouble()) - 1), new double[4], [0.1, 0.2, 0.3, 0.4], new double[50], variances);
        double[] truth = ExactPosterior.Of(model, [1, 2, 3, 4]).Variances();

        CaviResult fit = new CaviSolver().Solve(model, [1, 2, 3, 4]);

        (truth[0] / variances[0]).Should().BeLessThan(1e-3, "the row tells the first latents");
        fit.Exact.Variances.Zip(truth, (actual, expected) => Math.Abs(actual - expected) / expected).Max().Should().BeLessThan(1e-12);
        Matrix<double> whole = fit.Exact.CovarianceMatrix();
        fit.Exact.Variances.Should().Equal(whole.Diagonal());
        (whole * model.Observe([1, 2, 3, 4]).Precision() - Matrix<double>.Build.DenseIdentity(50)).L2Norm().Should().BeLessThan(1e-6);
    }

    /// <summary>Rows that no value of the latents explains, where tables magnify every rounding.</summary>
    [Theory]
    [MemberData(nameof(Seeds))]
    public void Bound_OfRowsThatAreAllNoise_IsNeverBelowTheTrueError(int seed)
    {
        var random = new Random(seed);
        int latents = random.Next(1, 5);
        int observations = random.Next(2, 12);
        double noise = Math.Pow(10, -16 + (16 * random.NextDouble()));
        double spread = random.Next(2) * Math.Pow(10, -8 * random.NextDouble());
        var model = new LinearGaussianModel(
            Matrix<double>.Build.Dense(observations, latents, (_, _) => 1 + (spread * random.NextDouble())),
            new double[observations],
            [.. Enumerable.Range(0, observations).Select(k => noise * (1 + (0.1 * k)))],
            new double[latents],
            [.. Enumerable.Range(1, latents).Select(j => (double)j)]);
        double size = Math.Sqrt(noise);
        double[][] rows = [.. Enumerable.Range(0, 3).Select(_ => Enumerable.Range(0, observations).Select(_ => size * ((2 * random.NextDouble()) - 1)).ToArray())];

        CaviTable table = new CaviSolver().Solve(model, Matrix<double>.Build.DenseOfRowArrays(rows), CaviOutputs.ErrorBounds);

        for (int n = 0; n < rows.Length; n++)
        {
            ExactPosterior.Of(model, rows[n]).ErrorOf([.. table.Means.Row(n)]).Should().BeLessThanOrEqualTo(table.ErrorBounds[n]);
        }
    }

    [Fact]
    public void Bound_OfSumWithManyTinyPriors_IsNeverBelowTheTrueError()
    {
        double[] variances = [1, .. Enumerable.Repeat(1e-16, 100)];
        var model = new GaussianSumModel(1, 1, new double[variances.Length], variances);

        CaviTable table = new CaviSolver().Solve(model, Matrix<double>.Build.Dense(1, 1, 1.0), CaviOutputs.ErrorBounds);

        ExactPosterior.Of(model, [1.0]).ErrorOf([.. table.Means.Row(0)]).Should().BeLessThanOrEqualTo(table.ErrorBounds[0]);
        table.ErrorBounds[0].Should().BeLessThan(1e-13);
    }

    [Fact]
    public void Bound_OfCellsWhoseSquaresUnderflow_IsNeverBelowTheTrueError()
    {
        var model = new GaussianSumModel();
        double[] row = [1.3e-163, 0.4e-163];

        CaviResult fit = new CaviSolver(new CaviOptions { Method = CaviMethod.PlainSweeps, MaxIterations = 1 }).Solve(model, row);

        ExactPosterior.Of(model, row).ErrorOf([.. fit.MeanField.Means]).Should().BeLessThanOrEqualTo(fit.ErrorBound);
    }

    [Theory]
    [InlineData(1e-300, 1, 1)]
    [InlineData(1e300, 1, 1)]
    [InlineData(1, 1e-300, 1)]
    [InlineData(1, 1e300, 1)]
    [InlineData(1e-150, 1e150, 1e80)]
    [InlineData(1e-300, 1e300, 1)]
    [InlineData(1, 1, 1e153)]
    [InlineData(1, 1, 1e300)]
    [InlineData(5e-324, 5e-324, 5e-324)]
    [InlineData(1e308, 1e308, 1e154)]
    public void Extremes_GiveANamedErrorOrAnAnswer_NeverNaN(double noise, double prior, double value)
    {
        double[] cells = [value, -value / 3, double.NaN];
        Matrix<double> table = Matrix<double>.Build.Dense(50, 3, (_, k) => cells[k]);
        Func<LinearGaussianModel>[] models =
        [
            () => new GaussianSumModel(3, noise, [0, value / 2], [prior, prior / 2]),
            () => new LinearGaussianModel(
                Matrix<double>.Build.DenseOfRowArrays([1, -2], [0.5, 1], [1, 1]), [0, 0, value], [noise, 2 * noise, noise], [0, value / 2], [prior, prior / 2]),
        ];

        foreach (Func<LinearGaussianModel> create in models)
        {
            foreach (CaviMethod method in Enum.GetValues<CaviMethod>())
            {
                foreach (CaviOutputs outputs in new[] { CaviOutputs.ErrorBounds, CaviOutputs.All })
                {
                    var solver = new CaviSolver(new CaviOptions { Method = method, MaxIterations = 100 });
                    Exception? error = Record.Exception(() =>
                    {
                        LinearGaussianModel model = create();
                        CaviTable fits = solver.Solve(model, table, outputs);
                        fits.Means.Enumerate().Should().OnlyContain(mean => double.IsFinite(mean));
                        fits.ErrorBounds.Should().OnlyContain(bound => double.IsFinite(bound) && bound >= 0);
                        fits.Exact(0).Variances.Should().OnlyContain(variance => variance >= 0 && double.IsFinite(variance));
                        CaviResult alone = solver.Solve(model, cells);
                        alone.MeanField.Means.Should().OnlyContain(mean => double.IsFinite(mean));
                        double.IsFinite(alone.Elbo).Should().BeTrue();
                    });

                    if (error is not (null or NonFiniteValueException or ArgumentException))
                    {
                        throw error;
                    }
                }
            }
        }
    }

    /// <summary>σ² from 1e-10 to 1e10, J ≤ 60, K ≤ 40, prior variances from 1e-6 to 1e6; every third model a sum.</summary>
    private static (LinearGaussianModel Model, double[] Row) RandomCase(int seed)
    {
        var random = new Random(seed);
        double LogUniform(double low, double high) => Math.Pow(10, low + ((high - low) * random.NextDouble()));
        int latents = random.Next(1, 61);
        int observations = random.Next(1, 41);
        double noise = LogUniform(-10, 10);
        double[] means = [.. Enumerable.Range(0, latents).Select(_ => (2 * random.NextDouble()) - 1)];
        double[] variances = [.. Enumerable.Range(0, latents).Select(_ => LogUniform(-6, 6))];
        LinearGaussianModel model = seed % 3 == 0
            ? new GaussianSumModel(observations, noise, means, variances)
            : new LinearGaussianModel(
                Matrix<double>.Build.Dense(observations, latents, (_, _) => (2 * random.NextDouble()) - 1),
                new double[observations],
                [.. Enumerable.Range(0, observations).Select(_ => noise * LogUniform(-1, 1))],
                means,
                variances);
        return (model, model.Sample(1, seed).Observations.Row(0).ToArray());
    }
}
