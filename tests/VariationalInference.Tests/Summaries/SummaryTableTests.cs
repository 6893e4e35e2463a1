using System.Globalization;
using FluentAssertions;
using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Summaries;

/// <summary>Results as tables: their numbers, and the three ways in which they are written.</summary>
public sealed class SummaryTableTests
{
    private static readonly MeanFieldGaussian OneLatent = new([0], [1]);

    private static readonly SummaryTable Table = new(
        ["mean", "97.5 %"], [("plain", [1.5, -0.1]), ("with \"quotes\", a comma", [double.NaN, 1e-300]), (" a|b\n", [double.PositiveInfinity, 2])]);

    [Fact]
    public void ToString_AlignsNamesLeftAndNumbersRight()
    {
        SummaryTable table = new(["mean", "sd"], [("a", [1.5, 0.123456]), ("longer", [-10, double.NaN])]);

        table.ToString().Should().Be("        mean       sd\na        1.5  0.12346\nlonger   -10");
    }

    [Fact]
    public void ToCsv_QuotesWhatNeedsIt_AndKeepsEveryBit()
    {
        Table.ToCsv().Should().Be("name,mean,97.5 %\nplain,1.5,-0.1\n\"with \"\"quotes\"\", a comma\",,1E-300\n\" a|b\n\",Infinity,2\n");
        var third = new SummaryTable(["x"], [("third", [1.0 / 3])]);
        double.Parse(third.ToCsv().Split('\n')[1].Split(',')[1], CultureInfo.InvariantCulture).Should().Be(1.0 / 3);
    }

    [Fact]
    public void ToMarkdown_EscapesBarsAndLineBreaks() => Table.ToMarkdown().Should().Be(
        "| name | mean | 97.5 % |\n|---|---:|---:|\n| plain | 1.5 | -0.1 |\n| with \"quotes\", a comma |  | 1E-300 |\n|  a\\|b  | Infinity | 2 |\n");

    [Fact]
    public void Texts_InACultureOfDecimalCommas_KeepTheirPoints()
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        string[] expected = [Table.ToString(), Table.ToCsv(), Table.ToMarkdown()];
        var commas = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        commas.NumberFormat.NumberDecimalSeparator = ",";
        CultureInfo.CurrentCulture = commas;
        try
        {
            new[] { Table.ToString(), Table.ToCsv(), Table.ToMarkdown() }.Should().Equal(expected);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void Element_OutsideTheTable_IsRefused()
    {
        Table[0, 1].Should().Be(-0.1);
        Refusal.Of<ArgumentOutOfRangeException>(() => _ = Table[3, 0], "row", "row is 3; it must be at least 0 and less than 3.");
        Refusal.Of<ArgumentOutOfRangeException>(() => _ = Table[0, 2], "column", "column is 2; it must be at least 0 and less than 2.");
    }

    [Fact]
    public void SummaryOfARow_HasExactMarginals_AndMeanFieldBeside()
    {
        SummaryTable summary = new CaviSolver().Solve(new GaussianSumModel(), [1.2, 0.8]).Summary(["a", "b", "c"], probability: 0.9);

        summary.Columns.Should().Equal("mean", "sd", "5 %", "95 %", "mean-field sd");
        summary.Names.Should().Equal("a", "b", "c");
        double sd = Math.Sqrt(5 / 7.0), reach = Normal.InvCDF(0, 1, 0.95) * sd;
        Close(summary, 1, 2 / 7.0, sd, (2 / 7.0) - reach, (2 / 7.0) + reach, Math.Sqrt(1 / 3.0));
        new FixedFormElbo(new GaussianSumModel().Observe([1.2, 0.8])).Maximize().Summary().Names.Should().Equal("z1", "z2", "z3");
        Close(new FixedFormElbo(new GaussianSumModel().Observe([1.2, 0.8])).Maximize().Summary(probability: 0.9), 0, 2 / 7.0, sd, (2 / 7.0) - reach, (2 / 7.0) + reach);
        Refusal.Of<ArgumentException>(
            () => OneLatent.Summary(["a", "b"]), "names", "names has 2 elements; it must have 1, one for each latent.");
        Refusal.Of<ArgumentException>(() => OneLatent.Summary([null!]), "names", "names[0] is null; it must be a name.");
        Refusal.Of<ArgumentOutOfRangeException>(
            () => OneLatent.Summary(probability: 1), "probability", "probability is 1; it must lie strictly between 0 and 1.");
    }

    [Fact]
    public void SummaryOfWhatWasLearned_ListsWhatWasLearned_AndNothingElse()
    {
        Matrix<double> table = new GaussianSumModel(1, 3, 0.25).Sample(500, seed: 1).Observations;
        VariationalEmResult shared = new VariationalEm().Learn(new GaussianSumModel(1, 3), table);
        var options = new VariationalEmOptions { Offset = true, Loadings = true, NoiseVariances = VarianceLearning.Each };
        VariationalEmResult all = new VariationalEm(options).Learn(new GaussianSumModel(1, 3), table);

        SummaryTable one = shared.Summary();
        one.Names.Should().Equal("noise variance");
        var expected = new LearnedParameter(shared.NoiseVariances[0], shared.StandardErrors.NoiseVariances[0]);
        Close(one, 0, expected.Value, expected.StandardError, expected.PositiveInterval(0.95).Lower, expected.PositiveInterval(0.95).Upper);

        SummaryTable many = all.Summary(["p", "q", "r"]);
        many.Names.Should().Equal(
            "loading p", "loading q", "loading r", "offset p", "offset q", "offset r", "noise variance p", "noise variance q", "noise variance r");
        expected = new LearnedParameter(all.Offset[1], all.StandardErrors.Offset[1]);
        Close(many, 4, expected.Value, expected.StandardError, expected.Interval(0.95).Lower, expected.Interval(0.95).Upper);
        many[2, 0].Should().Be(all.Loadings()[2, 0]);
        Refusal.Of<ArgumentException>(() => all.Summary(["p"]), "columnNames", "columnNames has 1 elements; it must have 3, one for each observation.");
        Refusal.Of<ArgumentException>(() => all.Summary(latentNames: []), "latentNames", "latentNames has 0 elements; it must have 1, one for each latent.");
    }

    [Fact]
    public void SummariesOfPredictions_NameCells()
    {
        var predictor = new Predictor(new GaussianSumModel());
        Matrix<double> table = Matrix<double>.Build.DenseOfRowArrays([1.0, 2.0], [1.2, double.NaN]);

        SummaryTable row = predictor.Predict([1.2, double.NaN]).Summary(["first", "second"]);
        SummaryTable cells = predictor.Impute(table).Summary(["first", "second"]);

        row.Columns.Should().Equal("mean", "sd of the mean", "sd", "2.5 %", "97.5 %");
        row.Names.Should().Equal("first", "second");
        double reach = Normal.InvCDF(0, 1, 0.975) * Math.Sqrt(1.75);
        Close(row, 1, 0.9, Math.Sqrt(0.75), Math.Sqrt(1.75), 0.9 - reach, 0.9 + reach);
        cells.Names.Should().Equal("row 1, second");
        Close(cells, 0, 0.9, Math.Sqrt(0.75), Math.Sqrt(1.75), 0.9 - reach, 0.9 + reach);
    }

    [Fact]
    public void TablesOfRegressionsAndMixedModels_HaveTheirParameters()
    {
        double[] response = [9.8, 10.1, 10.0, 11.9, 12.2, 10.9, 11.1, 11.0];
        MixedModelFit fit = new MixedModel("yield", response).Random("batch", ["a", "a", "a", "b", "b", "c", "c", "c"]).Fit();
        BayesianRegression line = BayesianRegression.Solve(
            RegressionStatistics.Of(Matrix<double>.Build.Dense(8, 1, 1), response), [0], [100], noiseVariance: 1);

        SummaryTable table = fit.Summary();
        (double lower, double upper) = fit.FixedEffects[0].Interval(0.95);
        Close(table, 0, fit.FixedEffects[0].Estimate, fit.FixedEffects[0].StandardError, lower, upper);
        table.RowCount.Should().Be(1 + fit.VarianceComponents.Length);
        table.Names[1].Should().StartWith("variance batch");
        table[1, 0].Should().Be(fit.VarianceComponents[0].Value);
        double.IsNaN(table[1, 2]).Should().BeTrue();
        line.Summary(["mean"]).Names.Should().Equal("mean");
        line.Summary()[0, 1].Should().Be(line.Coefficients[0].StandardDeviation);
    }

    [Fact]
    public void TablesOfRows_SumUpEachLatentAndWhatWasAskedFor()
    {
        var model = new GaussianSumModel(latentCount: 2, observationCount: 1, noiseVariance: 1.0);
        var rows = Matrix<double>.Build.DenseOfRowArrays([3.0], [0.0], [double.NaN]);

        SummaryTable table = new CaviSolver().Solve(model, rows, CaviOutputs.LogEvidences).Summary(["a", "b"]);

        // Means 1, 0 and 0; variances 2/3, 2/3 and 1 without an observation, mean-field 1/2, 1/2 and 1.
        table.Columns.Should().Equal("mean", "sd", "least", "largest", "posterior sd", "mean-field sd");
        table.Names.Should().Equal("a", "b", "log evidence");
        Close(table, 1, 1 / 3.0, Math.Sqrt(2) / 3, 0, 1, Math.Sqrt(7 / 9.0), Math.Sqrt(2 / 3.0));
        double[] evidences = [.. rows.Column(0).Select(x => double.IsNaN(x) ? 0 : -0.5 * (Math.Log(2 * Math.PI * 3) + (x * x / 3)))];
        table[2, 0].Should().BeApproximately(evidences.Average(), 1e-14);
        table[2, 2].Should().BeApproximately(evidences.Min(), 1e-14);
        double.IsNaN(table[2, 4]).Should().BeTrue();
    }

    [Fact]
    public void HybridTablesAndResults_SumUpTheirGaps()
    {
        var model = new GaussianSumModel();
        HybridResult hybrid = new HybridSolver(new HybridOptions { MaxEpochs = 2, GapTolerance = 0 }).Fit(model, new MlpEncoder(2, 1), model.Sample(200, seed: 1).Observations);
        HybridTable rows = hybrid.Infer(model.Sample(30, seed: 2).Observations);

        SummaryTable table = rows.Summary(), training = hybrid.Summary();

        table.Names.Should().Equal("z1", "z2", "z3", "ELBO", "log evidence", "approximation gap", "amortization gap", "optimization gap");
        table[6, 3].Should().Be(rows.AmortizationGaps.Max());
        table[4, 0].Should().BeApproximately(table[3, 0] + table[5, 0] + table[6, 0] + table[7, 0], 1e-12);
        table[1, 4].Should().BeApproximately(Math.Sqrt(rows.MeanFieldVariances.Column(1).Average()), 1e-15);
        training[3, 0].Should().Be(hybrid.History[0].AmortizationGap);
        training[3, 1].Should().Be(hybrid.AmortizationGap);
        training[1, 1].Should().BeApproximately(training[0, 1] + training[2, 1] + training[3, 1], 1e-12);
        training.ToString().Should().Contain("largest amortization gap");
    }

    [Fact]
    public void FitsOfAnyCells_SumUpTheirPosteriors()
    {
        var model = new LinearModel(Matrix<double>.Build.Dense(2, 1, 1), Likelihood.Poisson(), GaussianPrior.Independent(1)) { LatentNames = ["level"] };
        var rows = Matrix<double>.Build.DenseOfRowArrays([3.0, 5.0], [0.0, double.NaN]);
        GaussianTable fits = new FixedFormSolver().Solve(model, rows);
        GaussianFit full = new FixedFormSolver().Solve(model, [3, 5]);

        SummaryTable table = fits.Summary();

        table.Columns.Should().Equal("mean", "sd", "least", "largest", "posterior sd");
        table.Names.Should().Equal("level", "ELBO");
        table[0, 0].Should().BeApproximately((fits.Means[0, 0] + fits.Means[1, 0]) / 2, 1e-15);
        table[0, 4].Should().BeApproximately(Math.Sqrt((fits.Variances()[0, 0] + fits.Variances()[1, 0]) / 2), 1e-15);
        table[1, 3].Should().Be(fits.Elbos.Max());
        full.Summary(["a"]).ToString().Should().Be(full.Posterior.Summary(["a"]).ToString());
        new CaviSolver().Solve(model, [3, 5]).Summary().Names.Should().Equal("level");
    }

    [Fact]
    public void Components_HaveSharesOfAllVariance()
    {
        Matrix<double> rows = new GaussianSumModel(2, 4, 0.5).Sample(60, seed: 5).Observations;

        SummaryTable table = ProbabilisticPca.Solve(rows, 2).Summary();

        table.Names.Should().Equal("component 1", "component 2", "noise");
        (table[0, 1] + table[1, 1] + table[2, 1]).Should().BeApproximately(1, 1e-14);
        double total = Enumerable.Range(0, 4).Sum(k => rows.Column(k).Select(x => Math.Pow(x - rows.Column(k).Average(), 2)).Average());
        (table[0, 0] + table[1, 0] + table[2, 0]).Should().BeApproximately(total, 1e-12 * total, "a model by maximum likelihood has the variances of the rows");
    }

    [Fact]
    public void GroupsAndDecoders_SumUpWhatWasLearned()
    {
        OneWayRandomEffects groups = OneWayRandomEffects.Learn([[1.0, 3.0], [5.0, 7.0], [2.0, 6.5]]);
        DecoderResult decoder = new HybridSolver(new DecoderOptions { MaxEpochs = 1 })
            .Fit(new DecoderModel(new MlpDecoder(1, 2), 1), new MlpEncoder(2, 1), new GaussianSumModel().Sample(60, seed: 1).Observations);

        SummaryTable table = groups.Summary(), bounds = decoder.Summary();

        table.Names.Should().Equal("mean", "variance between", "variance within");
        table[0, 0].Should().Be(groups.Mean.Value);
        table[2, 3].Should().Be(groups.WithinVariance.PositiveInterval(0.95).Upper);
        bounds.Names.Should().Equal("ELBO", "importance-weighted bound", "amortization gap", "approximation gap");
        bounds[0, 0].Should().Be(decoder.Evaluation.Elbo);
        bounds[2, 1].Should().Be(decoder.Evaluation.AmortizationGapStandardError);
    }

    private static void Close(SummaryTable table, int row, params double[] expected)
    {
        for (int c = 0; c < expected.Length; c++)
        {
            table[row, c].Should().BeApproximately(expected[c], 1e-8);
        }
    }
}
