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

    private static double[] Column { get; } = [.. Enumerable.Range(0, 60).Select(i => ((i * 37) % 60) / 10.0)];

    private static double[] Response(int count, int seed)
    {
        var random = new Random(seed);
        double[] groups = [.. Enumerable.Range(0, 8).Select(_ => 3 * random.NextDouble())];
        return [.. Enumerable.Range(0, count).Select(i => i == 5 ? double.NaN : groups[i % (count == 24 ? 6 : 8)] + random.NextDouble())];
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
        yield return SavedCase.Of("regression", "bayesian_regression", BayesianRegression.Learn(Row, [0, 0], [10, 10]), BayesianRegression.Load);
        yield return SavedCase.Of("regression, all known", "bayesian_regression", BayesianRegression.Solve(Row, [0, 1], [10, 2], 0.3), BayesianRegression.Load);
    }

    private static IEnumerable<SavedCase> Mixed()
    {
        yield return SavedCase.Of("one variance", "mixed_model_fit", Simple.Fit(), MixedModelFit.Load);
        yield return SavedCase.Of("a likelihood without limit", "mixed_model_fit", Unlimited.Fit(), MixedModelFit.Load);
        yield return SavedCase.Of("slopes and factors", "mixed_model_fit", Crossed.Fit(new MixedModelOptions { Restricted = true }), MixedModelFit.Load);
    }

    private static IEnumerable<SavedCase> Fits()
    {
        yield return SavedCase.Of("a row's result", "cavi_result", new CaviSolver().Solve(Dense, [0.3, double.NaN]), CaviResult.Load);
        yield return SavedCase.Of("a row's result, sum", "cavi_result", new CaviSolver().Solve(Sum, [1.2, 0.8, double.NaN]), CaviResult.Load);
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
