using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Tests.Persistence;

namespace VariationalInference.Tests.Serialization;

/// <summary>One or more of every type that is written as JSON, with NaN, infinities and negative zeros where they may be.</summary>
internal static class JsonSamples
{
    private static readonly GaussianSumModel Model = new();

    /// <summary>Gets what is plain numbers, and comes back.</summary>
    public static IEnumerable<object> Plain()
    {
        CaviResult row = new CaviSolver().Solve(Model, [1.2, 0.8]);
        yield return OneWayRandomEffects.Learn([[1.0, 3.0], [5.0, 7.0], [2.0, 6.5]]).Anova;
        yield return new CaviSummary { Elbo = -0.0, ErrorBound = double.NaN, Iterations = 3, StopReason = StopReason.CertificateMet, Converged = true };
        yield return new CaviTableSummary { RowCount = 4, UnconvergedRowCount = 1, LargestErrorBound = double.PositiveInfinity };
        yield return new FixedFormElbo(Model.Observe([1.2, 0.8])).Terms(row.MeanField);
        yield return new FactorFitTest { Statistic = 11.5, DegreesOfFreedom = 2, PValue = 1.0 / 3 };
        yield return new FixedEffect { Name = "ü \"x\"", Estimate = double.NegativeInfinity, StandardError = double.NaN };
        yield return new Gaussian(double.Epsilon, double.MaxValue);
        yield return new GradientQuality { Estimator = GradientEstimator.StickingTheLanding, Signal = 1, RowNoise = 2, DrawNoise = 0.1 };
        yield return new ImputedCell { Row = 3, Column = 1, Value = new Prediction { Mean = 1, MeanSd = 0.1, Sd = 0.3 } };
        yield return new LearnedOptimum { Elbo = double.PositiveInfinity, RemainingNats = 1e-300, Converged = false, Starts = 8 };
        yield return new Prediction { Mean = -1.0 / 3, MeanSd = 0.25, Sd = double.PositiveInfinity };
        yield return new RandomEffectPosterior { Mean = 1, ConditionalSd = 0.5, Sd = 0.75 };
        yield return Component(null);
        yield return Component("slope");
        yield return new VarianceInterval { Component = Component("slope"), Lower = 0, Upper = double.NaN };
        yield return new LearnedParameter(1, double.NaN);
        yield return new LikelihoodParameter("scale", 0.1, 0, double.PositiveInfinity);
        yield return Likelihood.Poisson().Expect(3, 0.5, 0.2);
        yield return ResultJson.Deserialize<LearningWarning>("""{"kind":"heywoodCase","message":"a message","indices":[1,4]}""")!;
        yield return new HybridProgress
        {
            Epoch = 1,
            MaxEpochs = 9,
            TrainingElbo = double.NaN,
            OptimizationGap = double.NaN,
            ValidationElbo = -1.5,
            ValidationLogEvidence = -1,
            AmortizationGap = double.PositiveInfinity,
            ApproximationGap = 0.5,
            LearningRate = 1e-3,
            Elapsed = TimeSpan.FromTicks(long.MaxValue),
        };
        yield return new DecoderEvaluation
        {
            RowCount = 3,
            DrawCount = 7,
            Elbo = -1.0 / 3,
            ElboStandardError = double.NaN,
            ElboMonteCarloError = 0.25,
            ImportanceWeightedBound = -0.25,
            ImportanceWeightedStandardError = 1e-300,
            LowestElbo = double.NegativeInfinity,
            LatentDivergences = [0.5, -0.0],
            RefinedRowCount = 0,
            AmortizationGap = double.NaN,
            AmortizationGapStandardError = double.NaN,
            ApproximationGap = double.NaN,
            ParetoShape = 0.7,
        };
        yield return new DecoderProgress
        {
            Epoch = 0,
            MaxEpochs = 9,
            TrainingElbo = double.NaN,
            ValidationElbo = -1.5,
            ValidationStandardError = double.PositiveInfinity,
            LearningRate = 1e-3,
            IsExploring = true,
            Elapsed = TimeSpan.FromTicks(3),
        };
        yield return row.Summary(["a", "b", "c"]);
        yield return new MixedModel("y", [1, 2.5, 2, 4, 3.5, 5]).Random("g", ["a", "a", "b", "b", "c", "c"]).Fit().Summary();
        yield return row.MeanField;
        yield return new MeanFieldGaussian([1, -0.0], [double.Epsilon, 1e300]) { LatentNames = ["level", "trend"] };
        yield return row.Exact;
        yield return SavedCases.Dense.Posterior([0.3, 1]);
        yield return new LowRankGaussian([0, 0.1], [1, 2], Matrix<double>.Build.DenseOfArray(new[,] { { 1.0 / 3 }, { 2 } }));
        var gaps = new HybridGaps { Elbo = -3.5, LogEvidence = -3, Approximation = 0.25, Amortization = double.PositiveInfinity, Optimization = 0, IsFlagged = true };
        yield return gaps;
        yield return new HybridRow { MeanField = row.MeanField, Gaps = gaps };
        yield return EvidenceEstimate.FromDraws(Model.Observe([1.2, 0.8]), row.Exact, drawCount: 100);
        yield return new FixedFormSolver().Solve(SavedCases.AnyCells, [1, 0.5, 3, 0, 2, 1, 2, 0.7, 1.5, 1], [1, 1, 1, 1, 1, 4, 1, 1, 1, 1]);
    }

    /// <summary>Gets what is bound to a model or a table, and is written only.</summary>
    public static IEnumerable<object> Bound()
    {
        var elbo = new FixedFormElbo(Model.Observe([1.2, 0.8]));
        Matrix<double> table = Model.Sample(30, seed: 1).Observations;
        Matrix<double> holed = table.Clone();
        holed[2, 1] = double.NaN;
        MultivariateGaussian exact = Model.Posterior([1.2, 0.8]);
        var predictor = new Predictor(Model);
        HybridResult hybrid = new HybridSolver(new HybridOptions { MaxEpochs = 1 }).Fit(Model, new MlpEncoder(2, 1), table);
        FactorCountComparison factors = FactorAnalysis.Compare(SufficientStatistics.Of(SavedCases.Wide, ["a", "b", "c", "d"]), 1);
        MixedModelFit smaller = SavedCases.Simple.Fit();
        DecoderResult decoder = new HybridSolver(new DecoderOptions { MaxEpochs = 1 })
            .Fit(new DecoderModel(new MlpDecoder(1, 2), 1), new MlpEncoder(2, 1), table);
        yield return decoder;
        yield return decoder.Infer([1.2, 0.8]);
        yield return new CaviSolver().Solve(SavedCases.Dense, [0.3, double.NaN]);
        yield return new CaviSolver().Solve(Model, holed, CaviOutputs.Elbos | CaviOutputs.ErrorBounds);
        yield return new CaviSolver().Solve(Model, table);
        yield return elbo.Maximize();
        yield return elbo.Evaluate(exact);
        yield return elbo.Gradient(new MeanFieldGaussian([0, 0, 0], [1, 1, 1]));
        yield return elbo.Ascend(exact);
        yield return elbo.Ascend(new MeanFieldGaussian([0, 0, 0], [1, 1, 1]));
        yield return elbo.Ascend(new LowRankGaussian([0, 0, 0], [1, 1, 1], Matrix<double>.Build.Dense(3, 1, 0.1)));
        yield return elbo.Ascend<GaussianPosterior>(exact);
        var counts = new LinearModel(Matrix<double>.Build.Dense(2, 1, 1), Likelihood.Poisson(), GaussianPrior.Independent(1)) { LatentNames = ["level"] };
        Matrix<double> seen = Matrix<double>.Build.DenseOfRowArrays([3.0, 5.0], [0.0, double.NaN]);
        yield return new CaviSolver().Solve(counts, [3, 5]);
        yield return new CaviSolver().Solve(counts, seen);
        yield return new FixedFormSolver().Solve(counts, seen);
        yield return hybrid;
        yield return hybrid.Infer(table);
        yield return Model.Sample(3, seed: 1);
        yield return new VariationalEm().Learn(Model, table);
        yield return new VariationalEm().Learn(Model, table).StandardErrors;
        yield return factors;
        yield return factors.Analyses[0];
        yield return factors.Analyses[0].Rotate(FactorRotation.None);
        yield return ProbabilisticPca.Solve(SavedCases.Wide, 2);
        yield return BayesianRegression.Solve(SavedCases.Row, [0, 1], [10, 2], 0.3);
        yield return OneWayRandomEffects.Learn([[1.0, 3.0], [5.0, 7.0], [2.0, 6.5]]);
        yield return SavedCases.Test;
        yield return SavedCases.Test.Items[3];
        yield return SavedCases.Counted;
        yield return SavedCases.Rates;
        yield return SavedCases.Row;
        yield return SufficientStatistics.Of(holed);
        yield return SufficientStatistics.Of(holed).Patterns[1];
        yield return smaller;
        yield return smaller.RandomTerms[0];
        yield return LikelihoodRatioTest.Of(smaller, SavedCases.Simple.Random("h", [.. Enumerable.Range(0, 24).Select(i => i % 4)]).Fit());
        yield return predictor.Predict([1.2, double.NaN]);
        yield return predictor.Predict(holed);
        yield return predictor.Impute(holed);
        yield return predictor.Score(holed);
    }

    private static VarianceComponent Component(string? other) => new()
    {
        Group = "g",
        Effect = "e",
        OtherEffect = other,
        Value = 1,
        StandardError = double.NaN,
        SdOrCorrelation = 1,
    };
}
