using System.Text.Json;
using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Tests.FixedForm;
using VariationalInference.Tests.Likelihoods;
using Xunit;

namespace VariationalInference.Tests.CoordinateAscent;

public sealed class CaviSolverSitesTests
{
    public static TheoryData<string> Ids => LikelihoodCases.Theory(Models().Select(model => model.GetProperty("id").GetString()!));

    /// <summary>From an optimiser that shares nothing with the library; see the folder's description.</summary>
    [Theory]
    [MemberData(nameof(Ids))]
    public void Solve_FindsTheReferenceOptimum(string id)
    {
        JsonElement reference = Models().Single(item => item.GetProperty("id").GetString() == id), expected = reference.GetProperty("mean_field");
        (LinearModel model, double[] row) = ScaledModels.Read(reference);

        foreach (CaviMethod method in Enum.GetValues<CaviMethod>())
        {
            MeanFieldFit fit = new CaviSolver(new CaviOptions { Method = method }).Solve(model, row);

            fit.Converged.Should().BeTrue("of {0}: {1}", method, fit);
            fit.Elbo.Should().BeApproximately(expected.GetProperty("elbo").GetDouble(), 1e-10);
            for (int j = 0; j < fit.Posterior.Count; j++)
            {
                double deviation = expected.GetProperty("sd")[j].GetDouble();
                fit.Posterior.Means[j].Should().BeApproximately(expected.GetProperty("mean")[j].GetDouble(), 1e-7 * deviation, "of {0}", method);
                Math.Sqrt(fit.Posterior.Variances[j]).Should().BeApproximately(deviation, 1e-7 * deviation, "of {0}", method);
            }

            fit.ElboTrace.Zip(fit.ElboTrace.Skip(1), (before, after) => before - after).DefaultIfEmpty(0).Max().Should().BeLessThan(1e-12 * (1 + Math.Abs(fit.Elbo)));
        }
    }

    [Fact]
    public void Solve_GaussianCells_IsMeanFieldOfTheQuadratic()
    {
        Matrix<double> loadings = Matrix<double>.Build.DenseOfRowArrays([1, 0.5, 0.2], [-0.3, 1, 0.4], [0.7, 0.1, -1], [0.2, 0.2, 0.9]);
        double[] noise = [1, 0.5, 2, 0.3], row = [1, double.NaN, -1, 0.4];
        GaussianPrior prior = GaussianPrior.Concat(
            GaussianPrior.Independent([0.5], [2]), GaussianPrior.Correlated([1, -1], Matrix<double>.Build.DenseOfArray(new[,] { { 2, 0.5 }, { 0.5, 1 } })));
        var quadratic = new LinearGaussianModel(loadings, [0, 0, 0, 0], noise, prior);
        CaviResult expected = new CaviSolver().Solve(quadratic, row);

        MeanFieldFit fit = new CaviSolver().Solve(new LinearModel(loadings, [.. noise.Select(variance => Likelihood.Gaussian(variance))], prior), row);

        fit.Elbo.Should().BeApproximately(expected.Elbo, 1e-12);
        for (int i = 0; i < 3; i++)
        {
            fit.Posterior.Means[i].Should().BeApproximately(expected.MeanField.Means[i], 1e-12);
            fit.Posterior.Variances[i].Should().BeApproximately(expected.MeanField.Variances[i], 1e-12);
            for (int j = 0; j < 3; j++)
            {
                fit.LinearResponse()[i, j].Should().BeApproximately(expected.Exact.Covariance(i, j), 1e-9, "linear response is exact for Gaussian cells");
            }
        }
    }

    /// <summary>A prior mean that moves by δ pulls with S⁻¹δ.</summary>
    [Fact]
    public void LinearResponse_IsTheDerivativeOfTheMeans()
    {
        (LinearModel model, Matrix<double> table, Matrix<double> sizes) = ScaledModels.Table(rows: 4, seed: 11);
        var solver = new CaviSolver(new CaviOptions { Tolerance = 1e-12 });
        for (int n = 0; n < table.RowCount; n++)
        {
            double[] row = table.Row(n).ToArray(), size = sizes.Row(n).ToArray();
            Matrix<double> response = solver.Solve(model, row, size).LinearResponse();
            Matrix<double> expected = response * model.Prior.CovarianceMatrix().Inverse();
            for (int i = 0; i < model.LatentCount; i++)
            {
                double[] up = Means(i, 1e-4), down = Means(i, -1e-4);
                for (int j = 0; j < model.LatentCount; j++)
                {
                    expected[j, i].Should().BeApproximately((up[j] - down[j]) / 2e-4, 2e-6);
                }
            }

            double[] Means(int latent, double change)
            {
                double[] means = [.. model.Prior.Means];
                means[latent] += change;
                GaussianPrior prior = GaussianPrior.Correlated(means, model.Prior.CovarianceMatrix());
                return [.. solver.Solve(new LinearModel(model.Loadings(), [.. model.Likelihoods], prior, [.. model.Offset]), row, size).Posterior.Means];
            }
        }
    }

    [Theory]
    [InlineData(3)]
    [InlineData(6)]
    public void Solve_AtAnyScale_Climbs_AndItsCertificateHolds(int reach)
    {
        var failures = new List<string>();
        int unconverged = 0;
        for (int seed = 0; seed < 300; seed++)
        {
            (LinearModel model, double[] row, double[] sizes) = ScaledModels.Create(seed, reach);
            MeanFieldFit fit = new CaviSolver().Solve(model, row, sizes);
            MeanFieldFit better = new CaviSolver(new CaviOptions { Tolerance = 1e-13, MaxIterations = 3000 }).Solve(model, row, sizes);

            string? failure = ScaledModels.Failure(fit, better, fit.Posterior, better.Posterior);
            unconverged += fit.Converged ? 0 : 1;
            if (failure is not null)
            {
                failures.Add($"{seed}: {failure}");
            }
        }

        failures.Should().BeEmpty();
        unconverged.Should().BeLessThanOrEqualTo(reach == 3 ? 0 : 5);
    }

    [Fact]
    public void Solve_StopsByChange_WhereAsked()
    {
        (LinearModel model, Matrix<double> table, Matrix<double> sizes) = ScaledModels.Table(rows: 1, seed: 12);
        double[] row = table.Row(0).ToArray(), size = sizes.Row(0).ToArray();
        MeanFieldFit Solve(CaviOptions options) => new CaviSolver(options).Solve(model, row, size);
        MeanFieldFit byMean = Solve(new CaviOptions { Method = CaviMethod.PlainSweeps, Tolerance = 0, MeanChangeTolerance = 1e-3 });
        MeanFieldFit byElbo = Solve(new CaviOptions { Method = CaviMethod.PlainSweeps, Tolerance = 0, ElboChangeTolerance = 1e-4 });

        byMean.StopReason.Should().Be(StopReason.MeanChangeBelowTolerance);
        byMean.Converged.Should().BeFalse();
        byMean.ErrorBound.Should().BeGreaterThan(1e-6);
        byElbo.StopReason.Should().Be(StopReason.ElboChangeBelowTolerance);
        (byElbo.ElboTrace[^1] - byElbo.ElboTrace[^2]).Should().BeLessThanOrEqualTo(1e-4);
        (byElbo.ElboTrace[^2] - byElbo.ElboTrace[^3]).Should().BeGreaterThan(1e-4);
        Solve(new CaviOptions { Method = CaviMethod.Direct }).Iterations.Should().BeGreaterThan(Solve(new CaviOptions()).Iterations);
    }

    [Fact]
    public void Solve_Table_IsTheRows()
    {
        (LinearModel model, Matrix<double> table, Matrix<double> sizes) = ScaledModels.Table(rows: 150, seed: 13);

        MeanFieldTable fits = new CaviSolver().Solve(model, table, sizes);

        fits.Converged.Should().BeTrue();
        for (int n = 0; n < fits.RowCount; n++)
        {
            MeanFieldFit fit = new CaviSolver().Solve(model, table.Row(n).ToArray(), sizes.Row(n).ToArray());
            fits.Elbos[n].Should().Be(fit.Elbo);
            fits.Posterior(n).Means.Should().Equal(fit.Posterior.Means);
            fits.Posterior(n).Variances.Should().Equal(fit.Posterior.Variances);
        }
    }

    [Fact]
    public void MeanField_IsBelowTheFullCovariance()
    {
        (LinearModel model, Matrix<double> table, Matrix<double> sizes) = ScaledModels.Table(rows: 40, seed: 14);

        MeanFieldTable meanField = new CaviSolver().Solve(model, table, sizes);
        GaussianTable full = new FixedFormSolver(new FixedFormOptions { Starts = 4 }).Solve(model, table, sizes);

        for (int n = 0; n < 40; n++)
        {
            meanField.Elbos[n].Should().BeLessThan(full.Elbos[n] + 1e-10);
        }
    }

    private static IEnumerable<JsonElement> Models() => SiteReference.Items("gaussian_vi.json", "models");
}
