using System.Collections.Immutable;
using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Random;
using Xunit;

namespace VariationalInference.Tests.Persistence;

/// <summary>What was loaded answers as what was saved does, in bits; that it is the same file again says <see cref="SavedFileTests"/>.</summary>
public sealed class SavedResultsTests
{
    [Fact]
    public void Models_HaveTheSamePosteriors()
    {
        foreach (LinearGaussianModel model in new LinearGaussianModel[] { SavedCases.Sum, SavedCases.Dense })
        {
            LinearGaussianModel loaded = Again(model, LinearGaussianModel.Load);
            double[] row = [.. Enumerable.Range(0, model.ObservationCount).Select(k => k == 1 ? double.NaN : 0.3 + k)];

            loaded.Should().BeOfType(model.GetType());
            loaded.LogEvidence(row).Should().Be(model.LogEvidence(row));
            ShouldBeTheSame(loaded.Posterior(row), model.Posterior(row));
        }
    }

    [Fact]
    public void AThousandRandomModels_AnswerWithTheSameBits()
    {
        for (int seed = 0; seed < 1_000; seed++)
        {
            var random = new Xoshiro256StarStar(seed, false);
            int latents = 1 + random.Next(4), observations = 1 + random.Next(4);
            Matrix<double> root = Matrix<double>.Build.Dense(2, 2, (i, j) => i == j ? 1 + random.NextDouble() : random.NextDouble());
            GaussianPrior prior = random.Next(2) == 0
                ? GaussianPrior.Independent(Many(latents), [.. Many(latents).Select(Math.Exp)])
                : GaussianPrior.Concat(GaussianPrior.Independent(latents, 0.1 + random.NextDouble()), GaussianPrior.Repeated(1 + random.Next(3), root * root.Transpose(), Many(2)));
            LinearGaussianModel model = random.Next(2) == 0
                ? new GaussianSumModel(observations, 0.1 + random.NextDouble(), prior)
                : new LinearGaussianModel(
                    Matrix<double>.Build.Dense(observations, prior.Count, (_, _) => random.NextDouble()), Many(observations), [.. Many(observations).Select(Math.Exp)], prior);
            double[] row = [.. Many(observations).Select(value => random.Next(5) == 0 ? double.NaN : value)];

            LinearGaussianModel loaded = Again(model, LinearGaussianModel.Load);
            CaviResult result = new CaviSolver().Solve(model, row);

            loaded.LogEvidence(row).Should().Be(model.LogEvidence(row), $"seed {seed}");
            loaded.Posterior(row).CovarianceMatrix().ToRowMajorArray().Should().Equal(model.Posterior(row).CovarianceMatrix().ToRowMajorArray());
            new CaviSolver().Solve(loaded, row).MeanField.Means.Should().Equal(result.MeanField.Means);
            Again(result, CaviResult.Load).Exact.Means.Should().Equal(result.Exact.Means);

            double[] Many(int count) => [.. Enumerable.Range(0, count).Select(_ => (4 * random.NextDouble()) - 2)];
        }
    }

    [Fact]
    public void WhatWasLearnedOfAnyCells_AnswersWithTheSameBits()
    {
        ItemResponseFit test = Again(SavedCases.Test, ItemResponseFit.Load);
        test.Summary().ToString().Should().Be(SavedCases.Test.Summary().ToString());
        test.ToString().Should().Be(SavedCases.Test.ToString());
        test.Predict("four", [1, 0, double.NaN, double.NaN]).Should().Equal(SavedCases.Test.Predict("four", [1, 0, double.NaN, double.NaN]));
        ShouldBeTheSame(test.Person(5), SavedCases.Test.Person(5));
        test.Items[3].Information([0.3]).Should().Be(SavedCases.Test.Items[3].Information([0.3]));
        test.Warnings.Select(warning => warning.Message).Should().Equal(SavedCases.Test.Warnings.Select(warning => warning.Message));

        CountFactorFit counted = Again(SavedCases.Counted, CountFactorFit.Load);
        counted.Summary().ToString().Should().Be(SavedCases.Counted.Summary().ToString());
        ShouldBeTheSame(counted.Row(3), SavedCases.Counted.Row(3));
        counted.Predict("x2", [1, double.NaN, 3, 4, 0], exposure: 1.5).Should().Be(SavedCases.Counted.Predict("x2", [1, double.NaN, 3, 4, 0], exposure: 1.5));

        foreach (GeneralizedMixedFit fit in new[] { SavedCases.Rates, SavedCases.Ordered })
        {
            GeneralizedMixedFit loaded = Again(fit, stream => GeneralizedMixedFit.Load(stream));
            loaded.Elbo.Should().Be(fit.Elbo);
            loaded.ToString().Should().Be(fit.ToString());
            loaded.Summary().ToString().Should().Be(fit.Summary().ToString());
            loaded.Fitted().Should().Equal(fit.Fitted());
            loaded.RandomEffect("subject", "s2").Should().Be(fit.RandomEffect("subject", "s2"));
        }

        MeanFieldFit sites = SavedCases.Sites, sitesAgain = Again(sites, MeanFieldFit.Load);
        sitesAgain.Posterior.Variances.Should().Equal(sites.Posterior.Variances);
        sitesAgain.LinearResponse().ToRowMajorArray().Should().Equal(sites.LinearResponse().ToRowMajorArray());
        sitesAgain.ErrorBound.Should().Be(sites.ErrorBound);

        OneWayRandomEffects oneWay = OneWayRandomEffects.Learn([[1, 3], [5, double.NaN, 7], [], [2, 6.5]]), again = Again(oneWay, OneWayRandomEffects.Load);
        again.Effects.Should().Equal(oneWay.Effects);
        again.Anova.Should().Be(oneWay.Anova);
        again.Model.ObservationCount.Should().Be(3, "the largest group has three cells, one of them missing");
        again.Mean.Should().Be(oneWay.Mean);
    }

    [Fact]
    public void Names_ComeBackWithEveryModelAndTable()
    {
        LinearGaussianModel named = new(Matrix<double>.Build.Dense(2, 1, 1), [0, 0], [1, 1], [0], [1]) { ObservationNames = ["a", "ü"], LatentNames = ["z\n"] };

        LinearGaussianModel loaded = Again(named, LinearGaussianModel.Load);

        loaded.ObservationNames.Should().Equal("a", "ü");
        loaded.LatentNames.Should().Equal("z\n");
        Again(SavedCases.AnyCells, stream => LinearModel.Load(stream)).LatentNames.Should().Equal("level", "trend");
        Again(SavedCases.Row, RegressionStatistics.Load).LatentNames.Should().Equal("one", "time");
        Again(SufficientStatistics.Of(SavedCases.Wide, ["a", "b", "c", "d"]), SufficientStatistics.Load).ColumnNames.Should().Equal("a", "b", "c", "d");
        FactorAnalysis factors = FactorAnalysis.Learn(SufficientStatistics.Of(SavedCases.Wide, ["a", "b", "c", "d"]), 1);
        Again(factors, FactorAnalysis.Load).Summary().ToString().Should().Be(factors.Summary().ToString()).And.Contain("d");
        Again(new CaviSolver().Solve(named, [1, 2]), CaviResult.Load).Summary().Names.Should().Equal("z\n");
    }

    [Fact]
    public void Learned_PredictsAndSumsUpTheSame()
    {
        VariationalEmOptions options = new() { PriorVariances = VarianceLearning.Each, Offset = true };
        VariationalEmResult learned = new VariationalEm(options).Learn(SavedCases.Sum, SavedCases.Table);

        VariationalEmResult loaded = Again(learned, VariationalEmResult.Load);

        loaded.ToString().Should().Be(learned.ToString());
        loaded.Summary().ToCsv().Should().Be(learned.Summary().ToCsv());
        loaded.Optima.Should().Equal(learned.Optima);
        loaded.Warnings.Select(warning => (warning.Kind, warning.Message)).Should().Equal(learned.Warnings.Select(warning => (warning.Kind, warning.Message)));
        foreach (bool uncertain in new[] { false, true })
        {
            PredictedRow actual = loaded.Predictor(uncertain).Predict([1.2, double.NaN, 0.8]), expected = learned.Predictor(uncertain).Predict([1.2, double.NaN, 0.8]);
            actual.ToString().Should().Be(expected.ToString());
            actual[1].Should().Be(expected[1]);
        }
    }

    [Fact]
    public void Learned_WithoutCurvature_SaysSoAfterwardsToo()
    {
        // Of constant columns nothing can be told.
        VariationalEmResult learned = new VariationalEm().Learn(new GaussianSumModel(1, 2), Matrix<double>.Build.Dense(5, 2, 1));

        VariationalEmResult loaded = Again(learned, VariationalEmResult.Load);

        loaded.Summary().ToCsv().Should().Be(learned.Summary().ToCsv());
        Outcome(() => loaded.Predictor(withParameterUncertainty: true).Predict([1, 1])[0])
            .Should().Be(Outcome(() => learned.Predictor(withParameterUncertainty: true).Predict([1, 1])[0]), "both predict the same, or both refuse");

        // Nothing where the prediction is refused.
        static Prediction? Outcome(Func<Prediction> call)
        {
            try
            {
                return call();
            }
            catch (InvalidOperationException)
            {
                return null;
            }
        }
    }

    [Fact]
    public void Analyses_SumUpAndPredictTheSame()
    {
        FactorAnalysis factors = FactorAnalysis.Learn(SufficientStatistics.Of(SavedCases.Wide), 1);
        FactorAnalysis loadedFactors = Again(factors, FactorAnalysis.Load);
        loadedFactors.Summary().ToString().Should().Be(factors.Summary().ToString());
        loadedFactors.ExactFit.Should().NotBeNull().And.Be(factors.ExactFit);
        (loadedFactors.Aic, loadedFactors.Bic, loadedFactors.ParameterCount).Should().Be((factors.Aic, factors.Bic, factors.ParameterCount));
        loadedFactors.Rotate(FactorRotation.Varimax).Scores([1, 2, 3, 4]).Should().Equal(factors.Rotate(FactorRotation.Varimax).Scores([1, 2, 3, 4]));
        loadedFactors.Predictor(true).Predict([1, double.NaN, 0, 2])[1].Should().Be(factors.Predictor(true).Predict([1, double.NaN, 0, 2])[1]);

        ProbabilisticPca components = ProbabilisticPca.Solve(SavedCases.Wide, 2);
        ProbabilisticPca loadedComponents = Again(components, ProbabilisticPca.Load);
        loadedComponents.ToString().Should().Be(components.ToString());
        loadedComponents.Eigenvalues.Should().Equal(components.Eigenvalues);
        loadedComponents.NoiseVarianceError.Should().Be(components.NoiseVarianceError);
        loadedComponents.Predictor().Predict([1, double.NaN, 0, 2])[1].Should().Be(components.Predictor().Predict([1, double.NaN, 0, 2])[1]);

        BayesianRegression regression = BayesianRegression.Learn(SavedCases.Row, [0, 0], [10, 10]);
        BayesianRegression loadedRegression = Again(regression, BayesianRegression.Load);
        loadedRegression.Summary().ToCsv().Should().Be(regression.Summary().ToCsv());
        loadedRegression.Predict([1, 5], true).Should().Be(regression.Predict([1, 5], true));
        loadedRegression.LogEvidence.Should().Be(regression.LogEvidence);
    }

    [Fact]
    public void MixedModels_PredictSimulateAndHaveIntervalsTheSame()
    {
        foreach (MixedModelFit fit in new[] { SavedCases.Simple.Fit(), SavedCases.Unlimited.Fit(), SavedCases.Crossed.Fit(new MixedModelOptions { Restricted = true }) })
        {
            MixedModelFit loaded = Again(fit, MixedModelFit.Load);

            loaded.Summary().ToString().Should().Be(fit.Summary().ToString());
            loaded.Summary().ToCsv().Should().Be(fit.Summary().ToCsv());
            loaded.LogLikelihoods.Should().Equal(fit.LogLikelihoods);
            loaded.Fitted.Should().Equal(fit.Fitted);
            loaded.Simulate(3).Should().Equal(fit.Simulate(3));
            loaded.RandomTerms[0].Levels.Should().Equal(fit.RandomTerms[0].Levels);
            loaded.RandomTerms[0].Posterior(2).Should().Be(fit.RandomTerms[0].Posterior(2));
            if (!fit.IsUnbounded)
            {
                loaded.VarianceIntervals().Should().Equal(fit.VarianceIntervals());
            }

            loaded.Warnings.Select(warning => warning.Message).Should().Equal(fit.Warnings.Select(warning => warning.Message));
            loaded.Refit(fit.Simulate(4)).LogLikelihood.Should().Be(fit.Refit(fit.Simulate(4)).LogLikelihood);
        }
    }

    [Fact]
    public void CancelledMixedModel_StaysCancelled()
    {
        using var source = new CancellationTokenSource();
        MixedModelFit fit = SavedCases.Crossed.Fit(progress: new Cancel(source), cancellationToken: source.Token);

        MixedModelFit loaded = Again(fit, MixedModelFit.Load);

        fit.WasCancelled.Should().BeTrue();
        loaded.WasCancelled.Should().BeTrue();
        loaded.Summary().ToString().Should().Be(fit.Summary().ToString());
    }

    [Fact]
    public void RowsResults_HaveTheSamePosteriors()
    {
        LinearGaussianModel extended = new(Matrix<double>.Build.DenseOfRowArrays([1.0, 0.5], [0.9, 1.5], [1, 1]), [0, 0, 0], [1e-14, 1e-14, 1e-13], [1, 2], [1, 1]);
        (LinearGaussianModel, double[])[] cases =
            [(SavedCases.Sum, [1.2, 0.8, double.NaN]), (SavedCases.Dense, [0.3, 1]), (SavedCases.Dense, [double.NaN, double.NaN]), (extended, [1.5, 2.5, 3.1])];
        foreach ((LinearGaussianModel model, double[] row) in cases)
        {
            CaviResult result = new CaviSolver().Solve(model, row);

            CaviResult loaded = Again(result, CaviResult.Load);

            loaded.ToString().Should().Be(result.ToString());
            loaded.MeanField.Variances.Should().Equal(result.MeanField.Variances);
            ShouldBeTheSame(loaded.Exact, result.Exact);
            (loaded.LogEvidence, loaded.ApproximationGap, loaded.ParetoShape).Should().Be((result.LogEvidence, result.ApproximationGap, result.ParetoShape));
            (loaded.ErrorBound, loaded.ElboGapBound, loaded.LargestElboDecrease).Should().Be((result.ErrorBound, result.ElboGapBound, result.LargestElboDecrease));
        }
    }

    [Fact]
    public void FitsOfAnyCells_HaveTheSamePosteriors_AndSoHaveTheirModels()
    {
        double[] row = [1, 0.5, 3, 0, 2, 1, 2, 0.7, 1.5, 1], sizes = [1, 1, 1, 1, 1, 4, 1, 1, 1, 1];
        GaussianFit fit = new FixedFormSolver().Solve(SavedCases.AnyCells, row, sizes);

        GaussianFit loaded = Again(fit, GaussianFit.Load);
        LinearModel model = Again(SavedCases.AnyCells, stream => LinearModel.Load(stream));

        loaded.ToString().Should().Be(fit.ToString());
        loaded.ElboTrace.Should().Equal(fit.ElboTrace);
        ShouldBeTheSame(loaded.Posterior, fit.Posterior);
        model.Likelihoods.Select(likelihood => likelihood.ToString()).Should().Equal(SavedCases.AnyCells.Likelihoods.Select(likelihood => likelihood.ToString()));
        ShouldBeTheSame(new FixedFormSolver().Solve(model, row, sizes).Posterior, fit.Posterior);
    }

    [Fact]
    public void ModelsWithLikelihoodsOfOnesOwn_NeedThem()
    {
        var model = new LinearModel(
            Matrix<double>.Build.Dense(3, 1, 1), [new Cauchy(2), Likelihood.Poisson(), new Cauchy(3)], GaussianPrior.Independent(1));
        byte[] file = SavedCase.Save(model);

        LinearModel loaded = LinearModel.Load(new MemoryStream(file), new Cauchy(1));

        loaded.Likelihoods.Select(likelihood => likelihood.LogDensity(1, 0)).Should().Equal(model.Likelihoods.Select(likelihood => likelihood.LogDensity(1, 0)));
        Refusal.Of<ArgumentException>(
            () => LinearModel.Load(new MemoryStream(file)),
            "likelihoods",
            "The file holds a likelihood of the kind 'Cauchy', which the library does not know; likelihoods must have one of that kind.");
    }

    private static T Again<T>(T saved, Func<Stream, T> load)
        where T : class => load(new MemoryStream(SavedCase.Save(saved)));

    private static void ShouldBeTheSame(MultivariateGaussian actual, MultivariateGaussian expected)
    {
        actual.Means.Should().Equal(expected.Means);
        actual.Variances.Should().Equal(expected.Variances);
        actual.CovarianceMatrix().ToRowMajorArray().Should().Equal(expected.CovarianceMatrix().ToRowMajorArray());
        actual.LogDeterminant.Should().Be(expected.LogDeterminant);
        actual.CholeskyFactor().ToRowMajorArray().Should().Equal(expected.CholeskyFactor().ToRowMajorArray());
    }

    private sealed class Cancel(CancellationTokenSource source) : IProgress<double>
    {
        public void Report(double value) => source.Cancel();
    }

    private sealed class Cauchy(double scale) : Likelihood
    {
        public override ImmutableArray<LikelihoodParameter> Parameters => [new("scale", scale, 0, double.PositiveInfinity)];

        protected override Likelihood Replace(ReadOnlySpan<double> values) => new Cauchy(values[0]);

        protected override double EvaluateLogDensity(double value, double predictor, double size) =>
            -Math.Log(Math.PI * scale * (1 + ((value - predictor) / scale * ((value - predictor) / scale))));
    }
}
