using System.Text.Json;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Tests.Likelihoods;

namespace VariationalInference.Tests.FixedForm;

/// <summary>Models of cells of any kind: at random at any scale, and those whose optimum is known.</summary>
internal static class ScaledModels
{
    /// <summary>A model whose predictors, priors and noise go over twice as many orders of magnitude as <paramref name="reach"/>, each on its own.</summary>
    public static (LinearModel Model, double[] Row, double[] Sizes) Create(int seed, int reach)
    {
        var random = new Random(seed);
        int latents = random.Next(1, 6), cells = random.Next(1, 10);
        double Power() => Math.Pow(10, ((2 * random.NextDouble()) - 1) * reach);
        Likelihood Draw(int kind) => kind < LikelihoodCases.All.Count ? LikelihoodCases.All[kind]
            : kind == LikelihoodCases.All.Count ? Likelihood.Gaussian(Power()) : Likelihood.StudentT(Power(), 4);
        Likelihood[] likelihoods = [.. Enumerable.Range(0, cells).Select(_ => Draw(random.Next(LikelihoodCases.All.Count + 2)))];
        double[] sizes = [.. likelihoods.Select(likelihood => LikelihoodCases.Size(likelihood, random))];
        double[] row = [.. likelihoods.Select((likelihood, k) => LikelihoodCases.Value(likelihood, sizes[k], random))];
        double[] scales = [.. Enumerable.Range(0, latents).Select(_ => Power())];
        var model = new LinearModel(
            Matrix<double>.Build.Dense(cells, latents, (_, j) => scales[j] * ((2 * random.NextDouble()) - 1)),
            likelihoods,
            GaussianPrior.Independent(new double[latents], [.. Enumerable.Range(0, latents).Select(_ => Power())]));
        return (model, row, sizes);
    }

    /// <summary>Returns what is wrong with a fit, held against one with a smaller tolerance; <see langword="null"/> if nothing is.</summary>
    public static string? Failure(LinearModelFit fit, LinearModelFit better, GaussianPosterior posterior, GaussianPosterior best)
    {
        double falls = fit.ElboTrace.Zip(fit.ElboTrace.Skip(1), (before, after) => before - after).DefaultIfEmpty(0).Max();
        double distance = Enumerable.Range(0, posterior.Count).Max(j => Math.Abs(posterior.Means[j] - best.Means[j]) / Math.Sqrt(best.Variances[j]));
        double nats = 1e-10 * (1 + Math.Abs(fit.Elbo));
        return !double.IsFinite(fit.Elbo) || !posterior.Means.All(double.IsFinite) ? $"not finite: {fit}"
            : falls > nats ? $"falls by {falls}"
            : fit.IsGlobal && !(distance <= fit.ErrorBound + 1e-9 + better.Distance) ? $"off by {distance}, bound {fit.ErrorBound}"
            : fit.Converged && !(distance <= 1e-7 + better.Distance) ? $"converged, but off by {distance}"
            : fit.IsGlobal && !(better.Elbo - fit.Elbo <= fit.ElboGapBound + nats) ? $"lacks {better.Elbo - fit.Elbo}, bound {fit.ElboGapBound}"
            : null;
    }

    /// <summary>A table of cells of every kind, a tenth of them missing.</summary>
    public static (LinearModel Model, Matrix<double> Table, Matrix<double> Sizes) Table(int rows, int seed)
    {
        var random = new Random(seed);
        IReadOnlyList<Likelihood> likelihoods = LikelihoodCases.All;
        var prior = GaussianPrior.Concat(
            GaussianPrior.Independent([0.2], [1.5]), GaussianPrior.Correlated([0, -0.3], Matrix<double>.Build.DenseOfArray(new[,] { { 1, 0.4 }, { 0.4, 0.8 } })));
        var model = new LinearModel(Matrix<double>.Build.Dense(likelihoods.Count, 3, (_, _) => (2 * random.NextDouble()) - 1), [.. likelihoods], prior);
        Matrix<double> sizes = Matrix<double>.Build.Dense(rows, likelihoods.Count, (_, k) => LikelihoodCases.Size(likelihoods[k], random));
        Matrix<double> table = Matrix<double>.Build.Dense(
            rows, likelihoods.Count, (n, k) => random.Next(10) == 0 ? double.NaN : LikelihoodCases.Value(likelihoods[k], sizes[n, k], random));
        return (model, table, sizes);
    }

    /// <summary>Reads a model of the reference values and its row.</summary>
    public static (LinearModel Model, double[] Row) Read(JsonElement item)
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
}
