using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Models;

/// <summary>Names of observations and latents: given once, where columns are defined, and found again in all that comes of them.</summary>
public sealed class NamesTests
{
    private static readonly string[] Columns = ["inside", "outside", "roof"];
    private static readonly string[] Latents = ["temperature", "room"];
    private static readonly Matrix<double> Loadings = Matrix<double>.Build.DenseOfRowArrays([1.0, 0.0], [1.0, 0.5], [1.0, -0.5]);

    private static readonly LinearGaussianModel Model = new(Loadings, [0, 1, 2], [0.1, 0.2, 0.3], [20, 0], [25, 4])
    {
        ObservationNames = Columns,
        LatentNames = Latents,
    };

    private static readonly LinearGaussianModel Nameless = new(Loadings, [0, 1, 2], [0.1, 0.2, 0.3], [20, 0], [25, 4]);
    private static readonly double[] Row = [21.5, double.NaN, 24];
    private static readonly Matrix<double> Table = Model.Sample(40, seed: 1).Observations;

    private static readonly Matrix<double> Holed = Table.MapIndexed((n, k, value) => (n + k) % 7 == 0 ? double.NaN : value);

    [Fact]
    public void Posteriors_OfANamedModel_AreFoundAndSummedUpByName()
    {
        CaviResult fit = new CaviSolver().Solve(Model, Row);
        CaviTable fits = new CaviSolver().Solve(Model, Holed);
        var elbo = new FixedFormElbo(Model.Observe(Row));
        GaussianPosterior[] posteriors =
        [
            Model.Posterior(Row), fit.Exact, fit.MeanField, fits.Exact(3), fits.MeanField(3), new Predictor(Model).Posterior(Row),
            elbo.Maximize().MeanField, elbo.Maximize().Exact,
            elbo.Ascend(new MultivariateGaussian([0, 0], Matrix<double>.Build.DenseIdentity(2)) { LatentNames = Latents }).Posterior,
            elbo.Ascend(new MeanFieldGaussian([0, 0], [1, 1]) { LatentNames = Latents }).Posterior,
            elbo.Ascend(new LowRankGaussian([0, 0], [1, 1], Matrix<double>.Build.Dense(2, 1, 0.1)) { LatentNames = Latents }).Posterior,
        ];

        foreach (GaussianPosterior posterior in posteriors)
        {
            posterior.LatentNames.Should().Equal(Latents);
            posterior["room"].Should().Be(posterior[1]);
            posterior.Summary().Names.Should().Equal(Latents);
        }

        fit.Summary().Names.Should().Equal(Latents);
        fit.Summary(["a", "b"]).Names.Should().Equal("a", "b");
        elbo.Maximize().Summary().Names.Should().Equal(Latents);
        fits.LatentNames.Should().Equal(Latents);
        Nameless.Posterior(Row).Summary().Names.Should().Equal("z1", "z2");
        Nameless.Posterior(Row).LatentNames.Should().BeEmpty();
    }

    [Fact]
    public void Names_ChangeNoBit()
    {
        new CaviSolver().Solve(Model, Holed).Means.Should().BeEquivalentTo(new CaviSolver().Solve(Nameless, Holed).Means);
        new Predictor(Model).Impute(Holed).Values.Should().BeEquivalentTo(new Predictor(Nameless).Impute(Holed).Values);
    }

    [Fact]
    public void Predictions_OfANamedModel_AreFoundAndSummedUpByName()
    {
        var predictor = new Predictor(Model);
        PredictedRow row = predictor.Predict(Row);
        PredictedTable table = predictor.Predict(Holed);
        ImputedTable imputed = predictor.Impute(Holed);

        row.ColumnNames.Should().Equal(Columns);
        row["outside"].Should().Be(row[1]);
        row.Summary().Names.Should().Equal(Columns);
        table.ColumnNames.Should().Equal(Columns);
        table[2, "roof"].Should().Be(table[2, 2]);
        imputed.ColumnNames.Should().Equal(Columns);
        imputed.Summary().Names[0].Should().Be("row 0, inside");
        Refusal.Of<ArgumentException>(
            () => _ = row["cellar"], "column", "column is 'cellar'; it must be one of 'inside', 'outside', 'roof'.");
        Refusal.Of<ArgumentException>(() => _ = table[0, "cellar"], "column", "column is 'cellar'");
        Refusal.Of<ArgumentException>(() => _ = Model.Posterior(Row)["attic"], "latent", "latent is 'attic'; it must be one of 'temperature', 'room'.");
        Refusal.Of<ArgumentException>(
            () => _ = Nameless.Posterior(Row)["room"], "latent", "latent is 'room'; LatentNames is empty, so that only numbers are known.");
    }

    [Fact]
    public void Hybrid_OfANamedModel_HasItsNames()
    {
        LinearGaussianModel model = Model;
        var inference = new HybridInference(model, new MlpEncoder(3, 1, [4], seed: 1), [0]);

        inference.Infer(Table.Row(0).ToArray()).MeanField.LatentNames.Should().Equal(Latents);
        inference.Infer(Table).LatentNames.Should().Equal(Latents);
        inference.Infer(Table).MeanField(1)["room"].Should().Be(inference.Infer(Table).MeanField(1)[1]);
        inference.Refine(Table.Row(0).ToArray()).Summary().Names.Should().Equal(Latents);
        Refusal.Of<ArgumentException>(() => inference.Infer(Row), "row", "row[1] ('outside') is NaN; it must be finite.");
        Refusal.Of<ArgumentException>(() => inference.Infer(Holed), "table", "table[0, 0] ('inside') is NaN; it must be finite.");
        Refusal.Of<ArgumentException>(
            () => new HybridSolver().Fit(model, new MlpEncoder(3, 1), [Holed], Table), "chunks", "chunks[0][0, 0] ('inside') is NaN; it must be finite.");
    }

    [Fact]
    public void RefusedCells_OfANamedModel_AreNamed()
    {
        double[] row = [1, double.PositiveInfinity, 2];
        Matrix<double> table = Table.Clone();
        table[31, 2] = double.NegativeInfinity;
        const string cell = "[31, 2] ('roof') is -Infinity; it must be finite, or NaN when it is missing.";

        Refusal.Of<ArgumentException>(
            () => Model.Observe(row), "row", "row[1] ('outside') is Infinity; it must be finite, or NaN when it is missing.");
        Refusal.Of<ArgumentException>(() => Nameless.Observe(row), "row", "row[1] is Infinity;");
        Refusal.Of<ArgumentException>(() => new CaviSolver().Solve(Model, table), "table", "table" + cell);
        Refusal.Of<ArgumentException>(() => _ = new CaviSolver().SolveChunks(Model, [table]).ToList(), "chunks", "chunks[0]" + cell);
        Refusal.Of<ArgumentException>(() => new Predictor(Model).Impute(table), "table", "table" + cell);
        Refusal.Of<ArgumentException>(() => new VariationalEm().Learn(Model, table), "table", "table" + cell);
        Refusal.Of<ArgumentException>(() => SufficientStatistics.Of(table, Columns), "table", "table" + cell);
        Refusal.Of<ArgumentException>(() => SufficientStatistics.OfChunks([Table, table], Columns), "chunks", "chunks[1]" + cell);
        Refusal.Of<ArgumentException>(
            () => new SufficientStatisticsBuilder(3, Columns).Add(row), "row", "row[1] ('outside') is Infinity; it must be finite");
        Refusal.Of<ArgumentException>(() => ProbabilisticPca.Solve(table, 1, Columns), "table", "table[31, 2] ('roof') is -Infinity;");
        Refusal.Of<ArgumentException>(
            () => ProbabilisticPca.SolveChunks([Table, table], 1, Columns), "chunks", "chunks[1][31, 2] ('roof') is -Infinity;");
        Refusal.Of<ArgumentException>(
            () => RegressionStatistics.Of(table, Table.Column(0).ToArray(), Columns), "design", "design[31, 2] ('roof') is -Infinity; it must be finite");
        var yesOrNo = new LinearModel(Loadings, Likelihood.Bernoulli(), GaussianPrior.Independent(2)) { ObservationNames = Columns };
        ((Action)(() => new FixedFormSolver().Solve(yesOrNo, [0, 1, 2]))).Should().Throw<ArgumentException>().WithMessage("row[2] ('roof') is 2;*");
    }

    [Fact]
    public void LikelihoodFits_OfANamedModel_HaveItsNames()
    {
        var model = new LinearModel(Loadings, Likelihood.Poisson(), GaussianPrior.Independent(2)) { ObservationNames = Columns, LatentNames = Latents };

        GaussianFit fit = new FixedFormSolver().Solve(model, [1, 0, 3]);

        fit.Posterior["room"].Should().Be(fit.Posterior[1]);
        model.ObservationNames.Should().Equal(Columns);
    }

    [Fact]
    public void Learning_FromNamedColumns_NamesModelPredictionsAndWarnings()
    {
        SufficientStatistics statistics = SufficientStatistics.Of(Table, Columns);
        statistics.ColumnNames.Should().Equal(Columns);
        SufficientStatistics.OfMoments(9, [0, 0, 0], Matrix<double>.Build.DenseIdentity(3), Columns).ColumnNames.Should().Equal(Columns);
        var builder = new SufficientStatisticsBuilder(3, Columns);
        builder.ColumnNames.Should().Equal(Columns);
        builder.Add(Table);
        builder.Build().ColumnNames.Should().Equal(Columns);

        FactorAnalysis analysis = FactorAnalysis.Learn(statistics, 1, starts: 1);
        analysis.Fit.Model.ObservationNames.Should().Equal(Columns);
        analysis.Fit.Summary().Names[0].Should().Be("loading inside");
        analysis.Summary().ToString().Should().Contain("outside");
        analysis.Predictor().Predict(Row).Summary().Names.Should().Equal(Columns);
        ProbabilisticPca.Solve(statistics, 1).Model.ObservationNames.Should().Equal(Columns);
        ProbabilisticPca.Learn(statistics, 1, starts: 1).Model.ObservationNames.Should().Equal(Columns);
        ProbabilisticPca.Solve(Table, 1, Columns).Model.ObservationNames.Should().Equal(Columns);
        ProbabilisticPca.SolveChunks([Table], 1, Columns).Model.ObservationNames.Should().Equal(Columns);

        var learner = new VariationalEm(new VariationalEmOptions { PriorMeans = true });
        LinearGaussianModel learned = learner.Learn(Model, statistics).Model;
        learned.ObservationNames.Should().Equal(Columns);
        learned.LatentNames.Should().Equal(Latents);
        learner.Learn(Nameless, statistics).Model.ObservationNames.Should().Equal(Columns);
        learner.Learn(Model, SufficientStatistics.Of(Table)).Summary().Names.Should().Equal("noise variance", "prior mean temperature", "prior mean room");
        var sum = new GaussianSumModel(2, 3) { ObservationNames = Columns, LatentNames = Latents };
        learner.Learn(sum, Table).Model.Should().BeOfType<GaussianSumModel>().Which.LatentNames.Should().Equal(Latents);

        Matrix<double> constant = Table.Clone();
        constant.SetColumn(1, [.. Enumerable.Repeat(7.0, 40)]);
        FactorAnalysis.Learn(SufficientStatistics.Of(constant, Columns), 1, starts: 1).Fit.Warnings[0].Message
            .Should().Be("Column 1 ('outside') is constant; it was left out of the fit and of the bound.");
    }

    [Fact]
    public void Coefficients_OfANamedDesign_AreNamed()
    {
        double[] response = [.. Table.Column(2)];
        Matrix<double> design = Table.SubMatrix(0, 40, 0, 2);
        RegressionStatistics statistics = RegressionStatistics.Of(design, response, ["level", "slope"]);

        BayesianRegression fit = BayesianRegression.Learn(statistics, [0, 0], [1, 1]);

        fit.Coefficients.LatentNames.Should().Equal("level", "slope");
        fit.Summary().Names.Should().Equal("level", "slope");
        RegressionStatistics.OfChunks([(design, response)], ["level", "slope"]).LatentNames.Should().Equal("level", "slope");
        Refusal.Of<ArgumentException>(() => fit.Predict([1, double.NaN]), "design", "design[1] ('slope') is NaN; it must be finite.");
        Refusal.Of<ArgumentException>(() => fit.Predict(Matrix<double>.Build.Dense(1, 2, double.NaN)), "designs", "designs[0, 0] ('level') is NaN;");
        statistics.Merge(RegressionStatistics.Of(design, response)).LatentNames.Should().Equal("level", "slope");
        Refusal.Of<ArgumentException>(
            () => statistics.Merge(RegressionStatistics.Of(design, response, ["level", "tilt"])), "other", "other.LatentNames[1] is 'tilt'; it must be 'slope'");
    }

    [Fact]
    public void Names_ThatContradict_AreRefused()
    {
        SufficientStatistics swapped = SufficientStatistics.Of(Table, ["inside", "roof", "outside"]);

        Refusal.Of<ArgumentException>(
            () => new VariationalEm().Learn(Model, swapped),
            "statistics",
            "statistics.ColumnNames[1] is 'roof'; it must be 'outside', as start.ObservationNames[1] is, or there must be no names.");
        Refusal.Of<ArgumentException>(
            () => SufficientStatistics.Of(Table, Columns).Merge(swapped), "other", "other.ColumnNames[1] is 'roof'; it must be 'outside', as ColumnNames[1] is");
        SufficientStatistics.Of(Table).Merge(swapped).ColumnNames.Should().Equal("inside", "roof", "outside");
    }

    [Fact]
    public void Names_ThatAreNone_AreRefused()
    {
        foreach ((string[] names, string message) in new (string[], string)[]
        {
            (["a", "b"], "ObservationNames has 2 elements; it must have 3, one for each observation."),
            (["a", "b", "a"], "ObservationNames[2] is 'a', as ObservationNames[0] is; names must differ."),
            (["a", " ", "b"], "ObservationNames[1] is ' '; a name must not be blank."),
            (["a", null!, "b"], "ObservationNames[1] is null; it must be a name."),
            (["a", "\ud83d", "b"], "ObservationNames[1] holds half of a surrogate pair; a name must be text."),
        })
        {
            Refusal.Of<ArgumentException>(() => _ = new GaussianSumModel(2, 3) { ObservationNames = names }, "ObservationNames", message);
            Refusal.Of<ArgumentException>(
                () => _ = SufficientStatistics.Of(Table, names), "columnNames", message.Replace("ObservationNames", "columnNames", StringComparison.Ordinal)
                    .Replace("one for each observation", "one for each column", StringComparison.Ordinal));
        }

        Refusal.Of<ArgumentException>(() => _ = new GaussianSumModel(2, 3) { LatentNames = ["a"] }, "LatentNames", "LatentNames has 1 elements; it must have 2");
        Refusal.Of<ArgumentException>(() => _ = new MeanFieldGaussian([0], [1]) { LatentNames = ["a", "b"] }, "LatentNames", "LatentNames has 2 elements");
        Refusal.Of<ArgumentException>(
            () => RegressionStatistics.Of(Table, Table.Column(0).ToArray(), ["a", "a", "b"]), "latentNames", "latentNames[1] is 'a', as latentNames[0] is");
        new GaussianSumModel(2, 3) { ObservationNames = ["\ud83d\ude00", "温度", "a b"] }.ObservationNames.Should().Equal("😀", "温度", "a b");
    }

    [Fact]
    public void Names_AreCopied()
    {
        string[] names = ["a", "b", "c"];
        var model = new GaussianSumModel(2, 3) { ObservationNames = names };

        names[0] = "changed";

        model.ObservationNames.Should().Equal("a", "b", "c");
    }
}
