namespace VariationalInference.Tests.Persistence;

/// <summary>One or more of everything that is saved.</summary>
internal static partial class SavedCases
{
    private static readonly Lazy<SavedCase[]> Cases = new(() => [.. Models(), .. Hybrids(), .. Statistics(), .. Learned(), .. Mixed(), .. Fits()]);

    public static SavedCase[] All => Cases.Value;

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
        var named = new DecoderModel(new MlpDecoder(2, 3), linearLatentCount: 1) { ObservationNames = ["a", "ü\"|", "c"], AmortizedLatentNames = ["bend", "twist"], LinearLatentNames = ["level"] };
        yield return SavedCase.Of("with names", "decoder_model", named, stream => DecoderModel.Load(stream));
        yield return SavedCase.Of("without linear latents", "decoder_model", new DecoderModel(new MlpDecoder(1, 2), null, [1, 2]), stream => DecoderModel.Load(stream));
        yield return SavedCase.Of("trained", "decoder_checkpoint", decoder.Checkpoint, stream => DecoderCheckpoint.Load(stream));
    }
}
