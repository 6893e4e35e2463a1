using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Tests.FixedForm;
using VariationalInference.Tests.Likelihoods;
using Xunit;

namespace VariationalInference.Tests.Sites;

/// <summary>What holds of the best Gaussian posterior of any likelihoods, whatever the numbers: each asked of full covariance, and of mean field where it holds there.</summary>
public sealed class SitePropertyTests
{
    private const int Rows = 12;

    public enum SiteSolver
    {
        FullCovariance,
        MeanField,
    }

    /// <summary>log evidence(Gaussian cells) + ELBO(the others, with those cells' posterior as prior) is the ELBO of all, since the same q is best for both.</summary>
    [Theory]
    [InlineData(SiteSolver.FullCovariance)]
    [InlineData(SiteSolver.MeanField)]
    public void GaussianCells_MayBeConditionedOnFirst(SiteSolver solver)
    {
        (LinearModel others, Matrix<double> table, Matrix<double> sizes) = ScaledModels.Table(Rows, seed: 21);
        Matrix<double> loadings = Matrix<double>.Build.DenseOfRowArrays([0.7, -0.4, 0.3], [0.2, 0.9, -0.6]);
        double[] offset = [0.3, -0.2], noise = [0.5, 1.7], cells = [1.1, -0.8];
        QuadraticLogJoint known = new LinearGaussianModel(loadings, offset, noise, others.Prior).Observe(cells);
        MultivariateGaussian given = known.Posterior();
        var after = new LinearModel(others.Loadings(), others.Likelihoods.AsSpan(), GaussianPrior.Correlated(given.Means.AsSpan(), given.CovarianceMatrix()), others.Offset.AsSpan());
        var all = new LinearModel(
            loadings.Stack(others.Loadings()),
            [.. noise.Select(variance => Likelihood.Gaussian(variance)), .. others.Likelihoods],
            others.Prior,
            [.. offset, .. others.Offset]);

        for (int n = 0; n < Rows; n++)
        {
            double[] row = table.Row(n).ToArray(), size = sizes.Row(n).ToArray();
            (double elbo, GaussianPosterior posterior) = Solve(solver, all, [.. cells, .. row], [1, 1, .. size]);
            (double rest, GaussianPosterior expected) = Solve(solver, after, row, size);

            elbo.Should().BeApproximately(known.LogEvidence + rest, 1e-9 * (1 + Math.Abs(elbo)), "of row {0}", n);
            ShouldAgree(posterior, expected, index => index, _ => 1);
        }
    }

    [Theory]
    [InlineData(SiteSolver.FullCovariance)]
    [InlineData(SiteSolver.MeanField)]
    public void CellsAndLatents_MayBeInAnyOrder(SiteSolver solver)
    {
        (LinearModel model, Matrix<double> table, Matrix<double> sizes) = ScaledModels.Table(Rows, seed: 22);
        int[] cells = [.. Enumerable.Range(0, model.ObservationCount).OrderBy(k => k * 7 % 11).ThenBy(k => k)], latents = [2, 0, 1];
        GaussianPosterior prior = Unobserved(model);
        Matrix<double> loadings = model.Loadings();
        var moved = new LinearModel(
            Matrix<double>.Build.Dense(cells.Length, 3, (k, j) => loadings[cells[k], latents[j]]),
            [.. cells.Select(k => model.Likelihoods[k])],
            GaussianPrior.Correlated([.. latents.Select(j => prior.Means[j])], Matrix<double>.Build.Dense(3, 3, (i, j) => prior.Covariance(latents[i], latents[j]))),
            [.. cells.Select(k => model.Offset[k])]);

        for (int n = 0; n < Rows; n++)
        {
            double[] row = table.Row(n).ToArray(), size = sizes.Row(n).ToArray();
            (double expected, GaussianPosterior posterior) = Solve(solver, model, row, size);
            (double elbo, GaussianPosterior permuted) = Solve(solver, moved, [.. cells.Select(k => row[k])], [.. cells.Select(k => size[k])]);

            elbo.Should().BeApproximately(expected, 1e-9 * (1 + Math.Abs(expected)), "of row {0}", n);
            ShouldAgree(permuted, posterior, j => latents[j], _ => 1);
        }
    }

    /// <summary>A latent in other units, with loadings to match, is the same model.</summary>
    [Theory]
    [InlineData(SiteSolver.FullCovariance)]
    [InlineData(SiteSolver.MeanField)]
    public void Latents_MayBeInAnyUnits(SiteSolver solver)
    {
        (LinearModel model, Matrix<double> table, Matrix<double> sizes) = ScaledModels.Table(Rows, seed: 23);
        double[] unit = [1e-3, 40, 700];
        GaussianPosterior prior = Unobserved(model);
        var scaled = new LinearModel(
            model.Loadings() * Matrix<double>.Build.DenseOfDiagonalArray([.. unit.Select(value => 1 / value)]),
            model.Likelihoods.AsSpan(),
            GaussianPrior.Correlated([.. unit.Select((value, j) => value * prior.Means[j])], Matrix<double>.Build.Dense(3, 3, (i, j) => unit[i] * unit[j] * prior.Covariance(i, j))),
            model.Offset.AsSpan());

        for (int n = 0; n < Rows; n++)
        {
            double[] row = table.Row(n).ToArray(), size = sizes.Row(n).ToArray();
            (double expected, GaussianPosterior posterior) = Solve(solver, model, row, size);
            (double elbo, GaussianPosterior other) = Solve(solver, scaled, row, size);

            elbo.Should().BeApproximately(expected, 1e-9 * (1 + Math.Abs(expected)), "of row {0}", n);
            ShouldAgree(other, posterior, j => j, j => unit[j]);
        }
    }

    [Theory]
    [InlineData(SiteSolver.FullCovariance)]
    [InlineData(SiteSolver.MeanField)]
    public void MissingCells_AreCellsThatAreNotThere(SiteSolver solver)
    {
        (LinearModel model, Matrix<double> table, Matrix<double> sizes) = ScaledModels.Table(Rows, seed: 24);
        for (int n = 0; n < Rows; n++)
        {
            int[] kept = [.. Enumerable.Range(0, model.ObservationCount).Where(k => (k + n) % 3 != 0)];
            double[] row = table.Row(n).ToArray(), size = sizes.Row(n).ToArray();
            var smaller = new LinearModel(
                Matrix<double>.Build.DenseOfRows(kept.Select(k => model.Loadings().Row(k))), [.. kept.Select(k => model.Likelihoods[k])], model.Prior, [.. kept.Select(k => model.Offset[k])]);

            (double expected, GaussianPosterior posterior) = Solve(solver, smaller, [.. kept.Select(k => row[k])], [.. kept.Select(k => size[k])]);
            (double elbo, GaussianPosterior other) = Solve(solver, model, [.. row.Select((value, k) => kept.Contains(k) ? value : double.NaN)], size);

            elbo.Should().BeApproximately(expected, 1e-9 * (1 + Math.Abs(expected)), "of row {0}", n);
            ShouldAgree(other, posterior, j => j, _ => 1);
        }
    }

    /// <summary>Bin(n, σ(η − log n)) goes to Poisson(e^η) with an error of 1/n: ten times the trials, a tenth of the difference.</summary>
    [Theory]
    [InlineData(SiteSolver.FullCovariance)]
    [InlineData(SiteSolver.MeanField)]
    public void Counts_AreTheLimitOfTrials(SiteSolver solver)
    {
        Matrix<double> loadings = Matrix<double>.Build.DenseOfRowArrays([1, 0.5], [0.3, -0.8], [-0.6, 0.2]);
        GaussianPrior prior = GaussianPrior.Independent(count: 2, variance: 0.8);
        double[] row = [3, 0, 5], offset = [0.4, -0.1, 0.9];
        double limit = Solve(solver, new LinearModel(loadings, Likelihood.Poisson(), prior, offset), row, []).Elbo;
        double Difference(double trials) => limit - Solve(
            solver, new LinearModel(loadings, Likelihood.Binomial(), prior, [.. offset.Select(value => value - Math.Log(trials))]), row, [trials, trials, trials]).Elbo;

        double few = Difference(1e4), many = Difference(1e5);

        Math.Abs(few).Should().BeLessThan(0.01);
        (few / many).Should().BeInRange(9.8, 10.2);
    }

    /// <summary>Mean field ≤ full covariance ≤ log ∫ p(x, z) dz, the last by a sum over a grid of two latents.</summary>
    [Fact]
    public void Bounds_AreInOrder_InTwoDimensions()
    {
        const double step = 0.1;
        const int reach = 75;
        double[][] loadings = [[0.5, 0.4], [-0.3, 0.7], [0.8, -0.2]];
        foreach (Likelihood likelihood in LikelihoodCases.All)
        {
            var random = new Random(25);
            double[] sizes = [.. loadings.Select(_ => LikelihoodCases.Size(likelihood, random))];
            double[] row = [.. sizes.Select(size => LikelihoodCases.Value(likelihood, size, random))];
            var model = new LinearModel(Matrix<double>.Build.DenseOfRowArrays(loadings), likelihood, GaussianPrior.Independent(count: 2, variance: 1));

            double full = Solve(SiteSolver.FullCovariance, model, row, sizes).Elbo, meanField = Solve(SiteSolver.MeanField, model, row, sizes).Elbo;

            double sum = 0;
            for (int a = -reach; a <= reach; a++)
            {
                for (int b = -reach; b <= reach; b++)
                {
                    double x = a * step, y = b * step;
                    double log = (-0.5 * ((x * x) + (y * y))) - Math.Log(2 * Math.PI);
                    for (int k = 0; k < row.Length; k++)
                    {
                        log += likelihood.LogDensity(row[k], (loadings[k][0] * x) + (loadings[k][1] * y), sizes[k]);
                    }

                    sum += step * step * Math.Exp(log);
                }
            }

            meanField.Should().BeLessThanOrEqualTo(full + 1e-9, "of {0}", likelihood);
            full.Should().BeLessThanOrEqualTo(Math.Log(sum) + 1e-9, "of {0}", likelihood).And.BeGreaterThan(Math.Log(sum) - 0.2, "of {0}", likelihood);
        }
    }

    private static (double Elbo, GaussianPosterior Posterior) Solve(SiteSolver solver, LinearModel model, ReadOnlySpan<double> row, ReadOnlySpan<double> sizes)
    {
        if (solver == SiteSolver.MeanField)
        {
            MeanFieldFit factorised = new CaviSolver(new CaviOptions { Tolerance = 1e-10 }).Solve(model, row, sizes);
            return (factorised.Elbo, factorised.Posterior);
        }

        GaussianFit fit = new FixedFormSolver().Solve(model, row, sizes);
        return (fit.Elbo, fit.Posterior);
    }

    /// <summary>Returns the prior, as the posterior of a row without cells.</summary>
    private static MultivariateGaussian Unobserved(LinearModel model)
    {
        double[] nothing = new double[model.ObservationCount];
        Array.Fill(nothing, double.NaN);
        return new FixedFormSolver().Solve(model, nothing).Posterior;
    }

    /// <summary>Latent j of the one is latent <paramref name="latent"/>(j) of the other, in units <paramref name="unit"/>(j) times as small.</summary>
    private static void ShouldAgree(GaussianPosterior posterior, GaussianPosterior expected, Func<int, int> latent, Func<int, double> unit)
    {
        for (int i = 0; i < posterior.Count; i++)
        {
            double deviation = Math.Sqrt(expected.Variances[latent(i)]);
            (posterior.Means[i] / unit(i)).Should().BeApproximately(expected.Means[latent(i)], 1e-6 * deviation);
            for (int j = 0; j < posterior.Count; j++)
            {
                double scale = deviation * Math.Sqrt(expected.Variances[latent(j)]);
                (posterior.Covariance(i, j) / unit(i) / unit(j)).Should().BeApproximately(expected.Covariance(latent(i), latent(j)), 1e-6 * scale);
            }
        }
    }
}
