using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference.Tests.Persistence;

/// <summary>One or more of everything that is saved.</summary>
internal static class SavedCases
{
    private static readonly Matrix<double> Covariance = Matrix<double>.Build.DenseOfRowArrays([4.0, 0.6], [0.6, 0.25]);

    private static readonly Lazy<SavedCase[]> Cases = new(() => [.. Models(), .. Hybrids(), .. Statistics(), .. Learned(), .. Mixed(), .. Fits()]);

    public static SavedCase[] All => Cases.Value;

    public static GaussianSumModel Sum => new(3, 0.1, [0.5, -1], [1, 2.5]);

    public static LinearGaussianModel Dense => new(
        Matrix<double>.Build.DenseOfRowArrays([1.0, 0, 0.1, 0, 2], [0.3, 1, 0, -0.7, 0]),
        [0.1, -3e10],
        [0.25, 1e-9],
        GaussianPrior.Concat(GaussianPrior.Independent(1, variance: 100, mean: -0.0), GaussianPrior.Repeated(2, Covariance, [1, 2])));

    public static Matrix<double> Table { get; } = Holed(Sum.Sample(40, seed: 3).Observations);

    public static Matrix<double> Wide { get; } = new GaussianSumModel(2, 4, 0.5).Sample(60, seed: 5).Observations;

    public static RegressionStatistics Row { get; } = RegressionStatistics.Of(
        Matrix<double>.Build.Dense(12, 2, (i, j) => j == 0 ? 1 : i / 3.0), [1, 2.1, 2.9, 4.2, 5.1, double.NaN, 7.2, 7.9, 9.1, 10, 10.8, 12.3], ["one", "time"]);

    public static MixedModel Simple => new MixedModel("y", Response(24, 1)).Random("g", [.. Enumerable.Range(0, 24).Select(i => $"g{i % 6}")]);

    public static MixedModel Unlimited => new MixedModel("y", [1, 1, 2, 2, 4, 4]).Random("g", ["a", "a", "b", "b", "c", "c"]);

    public static MixedModel Crossed => new MixedModel("y", Response(60, 2), [.. Enumerable.Range(0, 60).Select(i => 1 + (0.5 * (i % 3)))])
        .Fixed("x", Column)
        .FixedFactor("machine", [.. Enumerable.Range(0, 60).Select(i => $"m{(i * 7) % 3}")])
        .Fixed("z", [.. Column.Select(value => value * value)])
        .Random("subject", [.. Enumerable.Range(0, 60).Select(i => $"s{i % 8}")], slopes: [("x", Column)])
        .Random("day", [.. Enumerable.Range(0, 60).Select(i => i / 12)], slopes: [("x", Column)], correlated: false);

    public static LinearModel AnyCells => new(
        Matrix<double>.Build.Dense(10, 2, (k, j) => 1.0 / (1 + k + j)),
        [
            Likelihood.Bernoulli(), Likelihood.Gaussian(1.0 / 3), Likelihood.Poisson(), Likelihood.Bernoulli(BinaryLink.Probit), Likelihood.Ordinal([-0.1, 0.2, 1e9 / 7]),
            Likelihood.Binomial(), Likelihood.NegativeBinomial(2.5), Likelihood.StudentT(0.7, 5), Likelihood.Gamma(3), Likelihood.Exponential(),
        ],
        GaussianPrior.Correlated([0, 0.1], Covariance))
    {
        LatentNames = ["level", "trend"],
    };

    // Static fields are set in their order: what those below are made of comes first.
    private static double[] Trend { get; } = [.. Enumerable.Range(0, 60).Select(i => ((i * 37) % 60) / 10.0)];

    public static ItemResponseFit Test { get; } = new ItemResponse(1).Learn(Answers(60), ["one", "two", "ü\"|", "four"]);

    public static CountFactorFit Counted { get; } = new CountFactorAnalysis(2).Learn(Counts(50), [.. Enumerable.Range(0, 50).Select(n => 1 + (n % 3 / 2.0))]);

    public static GeneralizedMixedFit Rates { get; } = new MixedModel("y", Whole(60, 5, missing: 7))
        .Fixed("x", Trend)
        .Random("subject", [.. Enumerable.Range(0, 60).Select(i => $"s{i % 8}")], slopes: [("x", Trend)])
        .Random("day", [.. Enumerable.Range(0, 60).Select(i => i / 12)])
        .Fit(Likelihood.NegativeBinomial(), [.. Enumerable.Range(0, 60).Select(i => i == 7 ? double.NaN : 1 + (i % 4))]);

    public static GeneralizedMixedFit Ordered { get; } = new MixedModel("y", Whole(60, 3, missing: -1))
        .Random("subject", [.. Enumerable.Range(0, 60).Select(i => $"s{i % 8}")])
        .Fit(Likelihood.Ordinal([-1, 1]));

    public static MeanFieldFit Sites => new CaviSolver().Solve(AnyCells, [1, 0.5, 3, 0, 2, 1, 2, 0.7, 1.5, 1], [1, 1, 1, 1, 1, 4, 1, 1, 1, 1]);

    private static double[] Column => Trend;

    private static double[] Response(int count, int seed)
    {
        var random = new Random(seed);
        double[] groups = [.. Enumerable.Range(0, 8).Select(_ => 3 * random.NextDouble())];
        return [.. Enumerable.Range(0, count).Select(i => i == 5 ? double.NaN : groups[i % (count == 24 ? 6 : 8)] + random.NextDouble())];
    }

    private static Matrix<double> Answers(int persons)
    {
        var random = new Random(4);
        Matrix<double> answers = Matrix<double>.Build.Dense(persons, 4, (n, k) => Math.Floor((k == 3 ? 3 : 2) * ((0.6 * random.NextDouble()) + (0.4 * (n % 7) / 7))));
        answers[5, 2] = double.NaN;
        return answers;
    }

    private static Matrix<double> Counts(int rows)
    {
        var random = new Random(5);
        Matrix<double> counts = Matrix<double>.Build.Dense(rows, 5, (n, k) => Math.Floor(4 * random.NextDouble() * (1 + (n % (3 + k)))));
        counts[3, 1] = double.NaN;
        return counts;
    }

    private static double[] Whole(int count, int values, int missing)
    {
        var random = new Random(6);
        return [.. Enumerable.Range(0, count).Select(i => i == missing ? double.NaN : Math.Floor(values * ((0.6 * random.NextDouble()) + (0.4 * (i % 8) / 8))))];
    }

    private static Matrix<double> Holed(Matrix<double> table)
    {
        table[3, 1] = double.NaN;
        table[4, 0] = double.NaN;
        table[5, 2] = double.NaN;
        table[6, 2] = double.NaN;
        return table;
    }

    private static IEnumerable<SavedCase> Models()
    {
        yield return SavedCase.Of("sum", "linear_gaussian_model", Sum, LinearGaussianModel.Load);
        yield return SavedCase.Of("dense", "linear_gaussian_model", Dense, LinearGaussianModel.Load);
        yield return SavedCase.Of(
            "correlated sum", "linear_gaussian_model", new GaussianSumModel(2, 1.0 / 3, GaussianPrior.Correlated([1, 2], Covariance)), LinearGaussianModel.Load);
    }

    private static IEnumerable<SavedCase> Statistics()
    {
        yield return SavedCase.Of("statistics", "sufficient_statistics", SufficientStatistics.Of(Table, ["a", "b", "ü\"|"]), SufficientStatistics.Load);
        yield return SavedCase.Of("statistics of a row", "sufficient_statistics", SufficientStatistics.Of(Table.SubMatrix(0, 1, 0, 3)), SufficientStatistics.Load);
        yield return SavedCase.Of("regression statistics", "regression_statistics", Row, RegressionStatistics.Load);
    }

    private static IEnumerable<SavedCase> Learned()
    {
        VariationalEmOptions options = new() { PriorVariances = VarianceLearning.Each, PriorMeans = true, NoiseFloor = 0.01 };
        yield return SavedCase.Of("learned", "variational_em_result", new VariationalEm(options).Learn(Sum, Table), VariationalEmResult.Load);
        yield return SavedCase.Of("factor analysis", "factor_analysis", FactorAnalysis.Learn(SufficientStatistics.Of(Wide, ["a", "b", "c", "d"]), 1), FactorAnalysis.Load);
        yield return SavedCase.Of("factor analysis, missing cells", "factor_analysis", FactorAnalysis.Learn(SufficientStatistics.Of(Table), 1), FactorAnalysis.Load);
        yield return SavedCase.Of("principal components", "probabilistic_pca", ProbabilisticPca.Solve(Wide, 2), ProbabilisticPca.Load);
        yield return SavedCase.Of("principal components without noise", "probabilistic_pca", ProbabilisticPca.Solve(Wide.SubMatrix(0, 3, 0, 4), 2), ProbabilisticPca.Load);
        yield return SavedCase.Of("principal components, learned", "probabilistic_pca", ProbabilisticPca.Learn(SufficientStatistics.Of(Table), 1), ProbabilisticPca.Load);
        yield return SavedCase.Of("one way", "one_way_random_effects", OneWayRandomEffects.Learn([[1, 3], [5, double.NaN, 7], [], [2, 6.5]]), OneWayRandomEffects.Load);
        yield return SavedCase.Of("a test", "item_response_fit", Test, ItemResponseFit.Load);
        yield return SavedCase.Of(
            "a test, equal discriminations", "item_response_fit", new ItemResponse(1, new ItemResponseOptions { EqualDiscriminations = true }).Learn(Answers(40)), ItemResponseFit.Load);
        yield return SavedCase.Of("a test of two dimensions", "item_response_fit", new ItemResponse(2).Learn(Answers(60)), ItemResponseFit.Load);
        yield return SavedCase.Of("counts", "count_factor_fit", Counted, CountFactorFit.Load);
        yield return SavedCase.Of(
            "counts with dispersion", "count_factor_fit", new CountFactorAnalysis(1, new CountFactorOptions { Overdispersed = true }).Learn(Counts(50)), CountFactorFit.Load);
        yield return SavedCase.Of("regression", "bayesian_regression", BayesianRegression.Learn(Row, [0, 0], [10, 10]), BayesianRegression.Load);
        yield return SavedCase.Of("regression, all known", "bayesian_regression", BayesianRegression.Solve(Row, [0, 1], [10, 2], 0.3), BayesianRegression.Load);
    }

    private static IEnumerable<SavedCase> Mixed()
    {
        yield return SavedCase.Of("one variance", "mixed_model_fit", Simple.Fit(), MixedModelFit.Load);
        yield return SavedCase.Of("a likelihood without limit", "mixed_model_fit", Unlimited.Fit(), MixedModelFit.Load);
        yield return SavedCase.Of("rates", "generalized_mixed_fit", Rates, stream => GeneralizedMixedFit.Load(stream));
        yield return SavedCase.Of("ordered responses", "generalized_mixed_fit", Ordered, stream => GeneralizedMixedFit.Load(stream));
        yield return SavedCase.Of("slopes and factors", "mixed_model_fit", Crossed.Fit(new MixedModelOptions { Restricted = true }), MixedModelFit.Load);
    }

    private static IEnumerable<SavedCase> Fits()
    {
        yield return SavedCase.Of("a row's result", "cavi_result", new CaviSolver().Solve(Dense, [0.3, double.NaN]), CaviResult.Load);
        yield return SavedCase.Of("a row's result, sum", "cavi_result", new CaviSolver().Solve(Sum, [1.2, 0.8, double.NaN]), CaviResult.Load);
        yield return SavedCase.Of("a mean-field fit", "mean_field_fit", Sites, MeanFieldFit.Load);
        yield return SavedCase.Of("cells of any kind", "linear_model", AnyCells, stream => LinearModel.Load(stream));
        yield return SavedCase.Of(
            "a fit", "gaussian_fit", new FixedFormSolver().Solve(AnyCells, [1, 0.5, 3, 0, 2, 1, 2, 0.7, 1.5, 1], [1, 1, 1, 1, 1, 4, 1, 1, 1, 1]), GaussianFit.Load);
    }

    private static IEnumerable<SavedCase> Hybrids()
    {
        HybridResult trained = new HybridSolver(new HybridOptions { MaxEpochs = 2 }).Fit(Sum, new MlpEncoder(3, 1, [4]), Sum.Sample(200, seed: 1).Observations);
        yield return SavedCase.Of("trained", "hybrid_inference", trained, stream => HybridInference.Load(stream));
        var inference = new HybridInference(Dense, new MlpEncoder(2, 1, [3]), [0]) { GapLimit = 0.125, CoordinateSweeps = 2 };
        yield return SavedCase.Of("untrained", "hybrid_inference", inference, stream => HybridInference.Load(stream));
        DecoderResult decoder = new HybridSolver(new DecoderOptions { MaxEpochs = 2 }).Fit(
            new DecoderModel(new MlpDecoder(1, 3, [4]), linearLatentCount: 1), new MlpEncoder(3, 1, [4]), Sum.Sample(60, seed: 1).Observations);
        yield return SavedCase.Of("trained", "decoder_inference", (DecoderInference)decoder, stream => DecoderInference.Load(stream));
        yield return SavedCase.Of("trained", "decoder_model", decoder.Model, stream => DecoderModel.Load(stream));
        yield return SavedCase.Of("without numbers", "decoder_model", new DecoderModel(new MlpDecoder(2, 3), linearLatentCount: 2), stream => DecoderModel.Load(stream));
        yield return SavedCase.Of("without linear latents", "decoder_model", new DecoderModel(new MlpDecoder(1, 2), null, [1, 2]), stream => DecoderModel.Load(stream));
        yield return SavedCase.Of("trained", "decoder_checkpoint", decoder.Checkpoint, stream => DecoderCheckpoint.Load(stream));
    }
}
