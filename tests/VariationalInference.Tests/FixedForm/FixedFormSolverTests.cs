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
        (LinearModel model, double[] row) = ScaledModels.Read(reference);

        GaussianFit fit = new FixedFormSolver().Solve(model, row);

        fit.Converged.Should().BeTrue();
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

    /// <summary>Loadings and priors over six orders of magnitude each way would say nothing of their own if a latent's loadings and prior cancelled: they do not.</summary>
    [Theory]
    [InlineData(3)]
    [InlineData(6)]
    public void Solve_AtAnyScale_Climbs_AndItsCertificateHolds(int reach)
    {
        var failures = new List<string>();
        int unconverged = 0;
        for (int seed = 0; seed < 400; seed++)
        {
            (LinearModel model, double[] row, double[] sizes) = ScaledModels.Create(seed, reach);
            GaussianFit fit = new FixedFormSolver().Solve(model, row, sizes);
            GaussianFit better = new FixedFormSolver(new FixedFormOptions { Tolerance = 1e-13, MaxIterations = 3000 }).Solve(model, row, sizes);

            string? failure = ScaledModels.Failure(fit, better, fit.Posterior, better.Posterior);
            unconverged += fit.Converged ? 0 : 1;
            if (failure is not null)
            {
                failures.Add($"{seed}: {failure}");
            }
        }

        failures.Should().BeEmpty();
        unconverged.Should().BeLessThanOrEqualTo(reach == 3 ? 0 : 10, "rounding keeps few from the tolerance, and those say so");
    }

    [Fact]
    public void Solve_LongRow_HasTheSameBits_ByAnyNumberOfThreads()
    {
        var random = new Random(3);
        LinearModel model = new(Loadings(7000, 4, seed: 8), [.. Enumerable.Range(0, 7000).Select(k => LikelihoodCases.All[k % 3])], GaussianPrior.Independent(count: 4, variance: 2));
        double[] row = [.. model.Likelihoods.Select(likelihood => LikelihoodCases.Value(likelihood, 1, random))];

        GaussianFit[] fits = [.. new[] { 1, 2, 8 }.Select(threads => new FixedFormSolver(new FixedFormOptions { MaxThreads = threads }).Solve(model, row))];

        fits[0].Converged.Should().BeTrue();
        foreach (GaussianFit fit in fits)
        {
            fit.ElboTrace.Should().Equal(fits[0].ElboTrace);
            fit.Posterior.Means.Should().Equal(fits[0].Posterior.Means);
            fit.Posterior.CovarianceMatrix().Should().Be(fits[0].Posterior.CovarianceMatrix());
        }
    }

    [Fact]
    public void Solve_Table_IsTheRows()
    {
        (LinearModel model, Matrix<double> table, Matrix<double> sizes) = ScaledModels.Table(rows: 300, seed: 5);

        foreach (int threads in new[] { 1, 3 })
        {
            GaussianTable fits = new FixedFormSolver(new FixedFormOptions { MaxThreads = threads }).Solve(model, table, sizes);

            fits.Converged.Should().BeTrue();
            fits.SolvedRowCount.Should().Be(300);
            for (int n = 0; n < fits.RowCount; n++)
            {
                GaussianFit fit = new FixedFormSolver().Solve(model, table.Row(n).ToArray(), sizes.Row(n).ToArray());
                fits.Elbos[n].Should().Be(fit.Elbo);
                fits.Slopes[n].Should().Be(fit.Slope);
                fits.StopReasons[n].Should().Be(fit.StopReason);
                fits.Posterior(n).Means.Should().Equal(fit.Posterior.Means);
                fits.Posterior(n).CovarianceMatrix().Should().Be(fit.Posterior.CovarianceMatrix());
                fits.Variances().Row(n).Should().Equal(fit.Posterior.Variances);
            }
        }
    }

    [Fact]
    public void Solve_Table_Cancelled_KeepsTheRowsThatWereDone()
    {
        using var source = new CancellationTokenSource();
        var likelihood = new Counting(() => source.Cancel(), calls: 5_000);
        var model = new LinearModel(Loadings(3, 2, seed: 9), likelihood, GaussianPrior.Independent(count: 2));

        GaussianTable fits = new FixedFormSolver(new FixedFormOptions { MaxThreads = 1 }).Solve(model, Matrix<double>.Build.Dense(2000, 3, 1), cancellationToken: source.Token);

        fits.SolvedRowCount.Should().BeInRange(1, 1999);
        fits.StopReasons[^1].Should().Be(StopReason.Cancelled);
        fits.Means[1999, 0].Should().Be(double.NaN);
        fits.Variances()[1999, 1].Should().Be(double.NaN);
        fits.UnconvergedRowCount.Should().BeGreaterThan(0);
        fits.Invoking(table => table.Posterior(1999)).Should().Throw<InvalidOperationException>();
        new FixedFormSolver().Invoking(solver => solver.Solve(model, Matrix<double>.Build.Dense(2, 3, 1), cancellationToken: source.Token)).Should().Throw<OperationCanceledException>();
    }

    [Fact]
    public void Solve_CancelledWithinAnIteration_ReturnsTheOneBefore()
    {
        using var source = new CancellationTokenSource();
        const int cells = 3000;
        Matrix<double> loadings = Loadings(cells, 2, seed: 10);
        double[] row = [.. Enumerable.Range(0, cells).Select(k => k % 3 == 0 ? 1.0 : 0)];
        int all = 0;
        GaussianFit whole = new FixedFormSolver(new FixedFormOptions { MaxThreads = 1 }).Solve(
            new LinearModel(loadings, new Counting(() => { }, calls: 0, count => all = count), GaussianPrior.Independent(count: 2)), row);
        var likelihood = new Counting(() => source.Cancel(), calls: all - (cells / 2));

        GaussianFit fit = new FixedFormSolver(new FixedFormOptions { MaxThreads = 1 }).Solve(
            new LinearModel(loadings, likelihood, GaussianPrior.Independent(count: 2)), row, cancellationToken: source.Token);

        fit.StopReason.Should().Be(StopReason.Cancelled);
        fit.ElboTrace.Should().Equal(whole.ElboTrace[..^1]);
    }

    [Fact]
    public void Starts_FindTheBestOfSeveralOptima()
    {
        double largest = 0;
        for (int seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            double[] row = [.. Enumerable.Range(0, 5).Select(_ => 12 * (random.NextDouble() - 0.5))];
            var model = new LinearModel(Matrix<double>.Build.Dense(5, 1, 1), Likelihood.StudentT(0.1, 2), GaussianPrior.Independent(count: 1, variance: 9));

            GaussianFit first = new FixedFormSolver().Solve(model, row);
            GaussianFit best = new FixedFormSolver(new FixedFormOptions { Starts = 12 }).Solve(model, row);
            GaussianTable table = new FixedFormSolver(new FixedFormOptions { Starts = 12 }).Solve(model, Matrix<double>.Build.DenseOfRowArrays(row));

            best.IsGlobal.Should().BeFalse();
            best.Elbo.Should().BeGreaterThanOrEqualTo(first.Elbo);
            table.Elbos[0].Should().Be(best.Elbo);
            largest = Math.Max(largest, best.Elbo - first.Elbo);
        }

        largest.Should().BeGreaterThan(1);
    }

    [Fact]
    public void Run_WithoutATrace_AllocatesNothing()
    {
        (LinearModel model, Matrix<double> table, Matrix<double> sizes) = ScaledModels.Table(rows: 20, seed: 6);
        foreach (SiteFamily family in Enum.GetValues<SiteFamily>())
        {
            var ascent = new SiteAscent(model.Cells(family), new SiteRules { Steps = SiteSteps.Mixed, Tolerance = 1e-8, MaxIterations = 1000 });
            double[][] rows = table.ToRowArrays(), rowSizes = sizes.ToRowArrays();
            long before = 0;
            for (int pass = 0; pass < 2; pass++)
            {
                before = GC.GetAllocatedBytesForCurrentThread();
                for (int n = 0; n < rows.Length; n++)
                {
                    ascent.Load(rows[n], rowSizes[n]);
                    ascent.Run(n, trace: null, start: 0, CancellationToken.None);
                }
            }

            (GC.GetAllocatedBytesForCurrentThread() - before).Should().Be(0);
        }
    }

    [Fact]
    public void Solve_AtTheLimit_ReturnsWhatItHas()
    {
        (LinearModel model, double[] row) = ScaledModels.Read(Models().First());

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
        Matrix<double> ones = Matrix<double>.Build.Dense(2, 2, 1), bad = Matrix<double>.Build.DenseOfRowArrays([1, 1], [1, 0.5]);
        solver.Invoking(s => s.Solve(model, bad)).Should().Throw<ArgumentException>().WithMessage("table[1, 1] is 0.5; it must be *").WithParameterName("table");
        solver.Invoking(s => s.Solve(model, ones, bad)).Should().Throw<ArgumentException>().WithMessage("sizes[1, 1] is 0.5; it must be *").WithParameterName("sizes");
        solver.Invoking(s => s.Solve(model, Matrix<double>.Build.Dense(2, 3))).Should().Throw<ArgumentException>().WithParameterName("table");
        solver.Invoking(s => s.Solve(model, ones, Matrix<double>.Build.Dense(1, 2, 1))).Should().Throw<ArgumentException>().WithParameterName("sizes");
    }

    private static double Falls(GaussianFit fit) => fit.ElboTrace.Zip(fit.ElboTrace.Skip(1), (before, after) => before - after).DefaultIfEmpty(0).Max();

    private static Matrix<double> Loadings(int cells, int latents, int seed)
    {
        var random = new Random(seed);
        return Matrix<double>.Build.Dense(cells, latents, (_, _) => (2 * random.NextDouble()) - 1);
    }

    private static double[] Numbers(JsonElement item) => [.. item.EnumerateArray().Select(value => value.GetDouble())];

    /// <summary>Bernoulli cells whose log density says how often it was asked.</summary>
    private sealed class Counting(Action act, int calls, Action<int>? report = null) : Likelihood
    {
        private int _count;

        public override bool IsLogConcave => true;

        public override string AllowedValues => "0 or 1";

        public override bool Accepts(double value, double size = 1) => value is 0 or 1;

        protected override double EvaluateLogDensity(double value, double predictor, double size) => Bernoulli().LogDensity(value, predictor);

        protected override SiteExpectation EvaluateExpectation(double value, double mean, double variance, double size)
        {
            if (++_count == calls)
            {
                act();
            }

            report?.Invoke(_count);
            return Bernoulli().Expect(value, mean, variance);
        }
    }

    private static IEnumerable<JsonElement> Models() => SiteReference.Items("gaussian_vi.json", "models");
}
