using System.Text.Json;
using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Tests.Likelihoods;
using Xunit;

namespace VariationalInference.Tests.FixedForm;

public sealed class FixedFormSolverTests
{
    public static TheoryData<string> Ids => LikelihoodCases.Theory(Models().Select(model => model.GetProperty("id").GetString()!));

    /// <summary>From an optimiser that shares nothing with the library; see the folder's description.</summary>
    [Theory]
    [MemberData(nameof(Ids))]
    public void Solve_FindsTheReferenceOptimum(string id)
    {
        JsonElement reference = Models().Single(item => item.GetProperty("id").GetString() == id);
        JsonElement expected = reference.GetProperty("full");
        (LinearModel model, double[] row) = Read(reference);

        GaussianFit fit = new FixedFormSolver().Solve(model, row);

        fit.StopReason.Should().Be(StopReason.CertificateMet);
        fit.IsGlobal.Should().Be(reference.GetProperty("log_concave").GetBoolean());
        fit.Elbo.Should().BeApproximately(expected.GetProperty("elbo").GetDouble(), 1e-10);
        double[] means = Numbers(expected.GetProperty("mean")), deviations = Numbers(expected.GetProperty("sd"));
        double[][] covariance = [.. expected.GetProperty("cov").EnumerateArray().Select(Numbers)];
        for (int i = 0; i < means.Length; i++)
        {
            fit.Posterior.Means[i].Should().BeApproximately(means[i], 1e-8 * deviations[i]);
            for (int j = 0; j < means.Length; j++)
            {
                fit.Posterior.Covariance(i, j).Should().BeApproximately(covariance[i][j], 1e-8 * deviations[i] * deviations[j]);
            }
        }

        Falls(fit).Should().BeLessThan(1e-12 * (1 + Math.Abs(fit.Elbo)));
    }

    [Fact]
    public void Solve_GaussianCells_IsTheExactPosterior()
    {
        Matrix<double> loadings = Loadings(5, 3, seed: 1);
        double[] offset = [0.1, 0.2, 0.3, 0.4, 0.5], noise = [1, 2, 3, 0.5, 0.2], row = [1, 2, double.NaN, -1, 0.3];
        GaussianPrior prior = GaussianPrior.Concat(
            GaussianPrior.Independent([0.5], [2]), GaussianPrior.Correlated([1, -1], Matrix<double>.Build.DenseOfArray(new[,] { { 2, 0.5 }, { 0.5, 1 } })));
        QuadraticLogJoint joint = new LinearGaussianModel(loadings, offset, noise, prior).Observe(row);

        GaussianFit fit = new FixedFormSolver().Solve(new LinearModel(loadings, [.. noise.Select(variance => Likelihood.Gaussian(variance))], prior, offset), row);

        fit.Iterations.Should().BeLessThanOrEqualTo(1);
        fit.Elbo.Should().BeApproximately(joint.LogEvidence, 1e-12);
        MultivariateGaussian exact = joint.Posterior();
        for (int i = 0; i < 3; i++)
        {
            fit.Posterior.Means[i].Should().BeApproximately(exact.Means[i], 1e-12);
            for (int j = 0; j < 3; j++)
            {
                fit.Posterior.Covariance(i, j).Should().BeApproximately(exact.Covariance(i, j), 1e-12);
            }
        }
    }

    [Fact]
    public void Solve_Trials_AreAsManyYesOrNoCells()
    {
        Matrix<double> loadings = Loadings(3, 2, seed: 2);
        double[] successes = [2, 0, 4], trials = [5, 1, 4];
        GaussianPrior prior = GaussianPrior.Independent(count: 2, variance: 3);
        int[] cells = [0, 0, 0, 0, 0, 1, 2, 2, 2, 2];
        double[] answers = [1, 0, 0, 1, 0, 0, 1, 1, 1, 1];
        var solver = new FixedFormSolver();

        GaussianFit counted = solver.Solve(new LinearModel(loadings, Likelihood.Binomial(), prior), successes, trials);
        GaussianFit single = solver.Solve(
            new LinearModel(Matrix<double>.Build.DenseOfRows(cells.Select(k => loadings.Row(k))), Likelihood.Bernoulli(), prior), answers);

        counted.Elbo.Should().BeApproximately(single.Elbo + Math.Log(10), 1e-10);
        for (int j = 0; j < 2; j++)
        {
            counted.Posterior.Means[j].Should().BeApproximately(single.Posterior.Means[j], 1e-8);
            counted.Posterior.Covariance(0, j).Should().BeApproximately(single.Posterior.Covariance(0, j), 1e-8);
        }
    }

    [Fact]
    public void Solve_NothingObserved_IsThePrior()
    {
        GaussianPrior prior = GaussianPrior.Correlated([1, -1], Matrix<double>.Build.DenseOfArray(new[,] { { 2, 0.5 }, { 0.5, 1 } }));

        GaussianFit fit = new FixedFormSolver().Solve(new LinearModel(Loadings(2, 2, seed: 3), Likelihood.Poisson(), prior), [double.NaN, double.NaN]);

        fit.Elbo.Should().BeApproximately(0, 1e-14);
        fit.Posterior.Means.Should().Equal(1, -1);
        fit.Posterior.Covariance(0, 1).Should().BeApproximately(0.5, 1e-14);
        fit.Converged.Should().BeTrue();
    }

    /// <summary>The ELBO is a bound: ∫ p(x, z) dz by a sum over a grid.</summary>
    [Fact]
    public void Elbo_IsBelowTheEvidence_AndNotFar()
    {
        foreach (Likelihood likelihood in LikelihoodCases.All)
        {
            var random = new Random(4);
            double[] sizes = [.. Enumerable.Range(0, 4).Select(_ => LikelihoodCases.Size(likelihood, random))];
            double[] row = [.. sizes.Select(size => LikelihoodCases.Value(likelihood, size, random))];
            double[] loadings = [0.5, -0.3, 0.8, 0.1];
            var model = new LinearModel(Matrix<double>.Build.Dense(4, 1, loadings), likelihood, GaussianPrior.Independent(1, variance: 1.5));

            GaussianFit fit = new FixedFormSolver().Solve(model, row, sizes);

            const double step = 0.01;
            double evidence = Math.Log(Enumerable.Range(-1500, 3001).Sum(i =>
            {
                double z = i * step;
                double log = (-0.5 * z * z / 1.5) - (0.5 * Math.Log(2 * Math.PI * 1.5));
                return step * Math.Exp(log + row.Select((value, k) => likelihood.LogDensity(value, loadings[k] * z, sizes[k])).Sum());
            }));
            fit.Elbo.Should().BeLessThanOrEqualTo(evidence + 1e-9, "of {0}", likelihood).And.BeGreaterThan(evidence - 0.2, "of {0}", likelihood);
        }
    }

    /// <summary>Loadings over six orders of magnitude, and priors under which predictors have variances from 1e-3 to 1e3.</summary>
    [Fact]
    public void Solve_AtAnyScale_Climbs_AndItsCertificateHolds()
    {
        var failures = new List<string>();
        for (int seed = 0; seed < 400; seed++)
        {
            var random = new Random(seed);
            int latents = random.Next(1, 5), cells = random.Next(1, 9);
            double Power(int reach) => Math.Pow(10, random.Next(-reach, reach + 1));
            Likelihood[] likelihoods = [.. Enumerable.Range(0, cells).Select(_ => LikelihoodCases.All[random.Next(LikelihoodCases.All.Count)])];
            double[] sizes = [.. likelihoods.Select(likelihood => LikelihoodCases.Size(likelihood, random))];
            double[] row = [.. likelihoods.Select((likelihood, k) => LikelihoodCases.Value(likelihood, sizes[k], random))];
            double size = Power(3);
            var model = new LinearModel(
                Matrix<double>.Build.Dense(cells, latents, (_, _) => size * ((2 * random.NextDouble()) - 1)),
                likelihoods,
                GaussianPrior.Independent(new double[latents], [.. Enumerable.Range(0, latents).Select(_ => Power(3) / (size * size))]));

            GaussianFit fit = new FixedFormSolver(new FixedFormOptions { Tolerance = 1e-4 }).Solve(model, row, sizes);
            GaussianFit better = new FixedFormSolver(new FixedFormOptions { Tolerance = 1e-12, MaxIterations = 3000 }).Solve(model, row, sizes);

            double distance = Enumerable.Range(0, latents).Max(j => Math.Abs(fit.Posterior.Means[j] - better.Posterior.Means[j]) / Math.Sqrt(better.Posterior.Variances[j]));
            double floor = 1e-10 + better.Slope, nats = 1e-10 * (1 + Math.Abs(fit.Elbo));
            string? failure = !double.IsFinite(fit.Elbo) || !fit.Posterior.Means.All(double.IsFinite) ? $"not finite: {fit}"
                : Falls(fit) > nats ? $"falls by {Falls(fit)}"
                : !fit.Converged || !(better.Slope < 1e-5) ? $"stopped: {fit}; {better}"
                : fit.IsGlobal && !(distance <= fit.ErrorBound + floor) ? $"off by {distance}, bound {fit.ErrorBound}"
                : fit.IsGlobal && !(better.Elbo - fit.Elbo <= fit.ElboGapBound + nats) ? $"lacks {better.Elbo - fit.Elbo}, bound {fit.ElboGapBound}"
                : null;
            if (failure is not null)
            {
                failures.Add($"{seed}: {failure}");
            }
        }

        failures.Should().BeEmpty();
    }

    [Fact]
    public void Solve_AtTheLimit_ReturnsWhatItHas()
    {
        (LinearModel model, double[] row) = Read(Models().First());

        GaussianFit fit = new FixedFormSolver(new FixedFormOptions { MaxIterations = 1, Tolerance = 0 }).Solve(model, row);
        GaussianFit cancelled = new FixedFormSolver().Solve(model, row, cancellationToken: new CancellationToken(canceled: true));

        fit.StopReason.Should().Be(StopReason.IterationLimit);
        fit.Iterations.Should().Be(1);
        fit.Converged.Should().BeFalse();
        cancelled.StopReason.Should().Be(StopReason.Cancelled);
        cancelled.Iterations.Should().Be(0);
    }

    [Fact]
    public void Solve_RefusesCells_ByName()
    {
        var model = new LinearModel(
            Loadings(2, 2, seed: 5), [Likelihood.Bernoulli(), Likelihood.Binomial()], GaussianPrior.Independent(count: 2));
        var solver = new FixedFormSolver();

        solver.Invoking(s => s.Solve(model, [0, 0.5], [1, 3])).Should().Throw<ArgumentException>().WithMessage("row[1] is 0.5; it must be *").WithParameterName("row");
        solver.Invoking(s => s.Solve(model, [0, 1], [1, 0.5])).Should().Throw<ArgumentException>().WithMessage("sizes[1] is 0.5; it must be *").WithParameterName("sizes");
        solver.Invoking(s => s.Solve(model, [0])).Should().Throw<ArgumentException>().WithParameterName("row");
    }

    private static double Falls(GaussianFit fit) => fit.ElboTrace.Zip(fit.ElboTrace.Skip(1), (before, after) => before - after).DefaultIfEmpty(0).Max();

    private static Matrix<double> Loadings(int cells, int latents, int seed)
    {
        var random = new Random(seed);
        return Matrix<double>.Build.Dense(cells, latents, (_, _) => (2 * random.NextDouble()) - 1);
    }

    private static (LinearModel Model, double[] Row) Read(JsonElement item)
    {
        Likelihood[] likelihoods = [.. item.GetProperty("likelihoods").EnumerateArray().Select(SiteReference.Create)];
        return (
            new LinearModel(
                Matrix<double>.Build.DenseOfRowArrays(item.GetProperty("A").EnumerateArray().Select(Numbers)),
                [.. item.GetProperty("row_likelihood").EnumerateArray().Select(index => likelihoods[index.GetInt32()])],
                GaussianPrior.Independent(Numbers(item.GetProperty("prior_mean")), [.. Numbers(item.GetProperty("prior_sd")).Select(sd => sd * sd)]),
                Numbers(item.GetProperty("b"))),
            Numbers(item.GetProperty("y")));
    }

    private static double[] Numbers(JsonElement item) => [.. item.EnumerateArray().Select(value => value.GetDouble())];

    private static IEnumerable<JsonElement> Models() => SiteReference.Items("gaussian_vi.json", "models");
}
