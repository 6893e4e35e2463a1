using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Hybrid;

public sealed class HybridInferenceTests
{
    private static readonly GaussianSumModel Model = new(4, 3, 0.5);

    [Fact]
    public void LoadedEncoder_InfersAsTheTrainedOne()
    {
        var options = new HybridOptions { MaxEpochs = 2, GapTolerance = 0, AmortizedLatents = [3, 1] };
        HybridResult trained = new HybridSolver(options).Fit(Model, new MlpEncoder(3, 2, [6], seed: 1), Model.Sample(400, seed: 1).Observations);
        using var stream = new MemoryStream();
        ((MlpEncoder)trained.Encoder).Save(stream);
        stream.Position = 0;

        var loaded = new HybridInference(Model, MlpEncoder.Load(stream), trained.AmortizedLatents);

        loaded.Infer([1, 2, 3]).MeanField.Means.Should().Equal(trained.Infer([1, 2, 3]).MeanField.Means);
        loaded.AmortizedLatents.Should().Equal(3, 1);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(64)]
    public void Table_AnyNumberOfThreads_SameBits(int threads)
    {
        Matrix<double> rows = Model.Sample(1_000, seed: 2).Observations;
        var encoder = new MlpEncoder(3, 1, [6], seed: 1);
        HybridTable table = new HybridInference(Model, encoder, [1]) { MaxThreads = threads }.Infer(rows);
        HybridTable one = new HybridInference(Model, encoder, [1]) { MaxThreads = 1 }.Infer(rows);
        table.Means.Should().BeEquivalentTo(one.Means);
        table.Elbos.Should().Equal(one.Elbos);
        table.AmortizationGaps.Should().Equal(one.AmortizationGaps);
    }

    [Fact]
    public void Sweeps_CloseTheOptimizationGapAtTheRateOfCoordinateAscent()
    {
        Matrix<double> rows = Model.Sample(50, seed: 2).Observations;
        var encoder = new MlpEncoder(3, 1, [6], seed: 1);
        HybridTable exact = new HybridInference(Model, encoder, [1]).Infer(rows);
        double before = double.PositiveInfinity;
        foreach (int sweeps in new[] { 1, 4, 16, 64 })
        {
            HybridTable table = new HybridInference(Model, encoder, [1]) { CoordinateSweeps = sweeps }.Infer(rows);
            table.AmortizationGaps.Should().Equal(exact.AmortizationGaps, "the encoder is the same");
            table.OptimizationGaps.Average().Should().BeLessThan(before);
            before = table.OptimizationGaps.Average();
        }

        before.Should().BeLessThan(1e-6);
        exact.OptimizationGaps.Should().OnlyContain(gap => gap == 0);
    }

    // Equation (5-2) written out: μ_j ← (h − (K/σ²) Σ_{i≠j} μ_i)/(1 + K/σ²), with h = Σx/σ² and K/σ² = 6.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Sweeps_AreAsManyAsAskedFor(int sweeps)
    {
        double[] row = [1.2, 0.8, -0.5];
        var inference = new HybridInference(Model, new MlpEncoder(3, 1, [6], seed: 1), [1]) { CoordinateSweeps = sweeps };

        MeanFieldGaussian posterior = inference.Infer(row).MeanField;

        double[] means = [0, posterior.Means[1], 0, 0];
        for (int sweep = 0; sweep < sweeps; sweep++)
        {
            foreach (int j in new[] { 0, 2, 3 })
            {
                means[j] = ((row.Sum() / 0.5) - (6 * (means.Sum() - means[j]))) / 7;
            }
        }

        for (int j = 0; j < 4; j++)
        {
            posterior.Means[j].Should().BeApproximately(means[j], 1e-14);
        }
    }

    [Fact]
    public void Table_FlagsRowsUnlikeThoseOfTraining()
    {
        var model = new GaussianSumModel();
        HybridResult result = new HybridSolver().Fit(model, new MlpEncoder(2, 1, [32, 32], seed: 1), model.Sample(20_000, seed: 1).Observations);
        Matrix<double> rows = model.Sample(2_000, seed: 9).Observations;
        rows.SetRow(17, [60, 55]);
        rows.SetRow(1_234, [-80, -90]);

        HybridTable table = result.Infer(rows);

        table.GapLimit.Should().Be(result.LargestAmortizationGap);
        table.FlaggedRows.Should().Contain([17, 1_234]);
        table.FlaggedRows.Length.Should().BeLessThan(10, "of 2,000 rows held out, the largest gap is exceeded once in 2,001 rows");
        result.Refine(rows.Row(17).ToArray()).Converged.Should().BeTrue();
        table.ToString().Should().StartWith("2000 rows, ").And.Contain("flagged");
    }

    [Theory]
    [InlineData(Activation.Relu)]
    [InlineData(Activation.Silu)]
    public void Table_RowsFarBeyondTraining_AreFlagged_AndCanBeRefined(Activation activation)
    {
        HybridResult result = new HybridSolver(new HybridOptions { MaxEpochs = 5 }).Fit(
            Model, new MlpEncoder(3, 1, new PerceptronOptions { HiddenWidths = [8], Activation = activation, Seed = 1 }), Model.Sample(500, seed: 1).Observations);
        Matrix<double> rows = Model.Sample(6, seed: 2).Observations;
        rows.SetRow(1, [1e3, -1e3, 0]);
        rows.SetRow(2, [-1e4, 1e4, 1e4]);
        rows.SetRow(3, [-1e6, -1e6, -1e6]);
        rows.SetRow(4, [1e6, 1e6, 1e6]);

        HybridTable table = result.Infer(rows);

        table.FlaggedRows.Should().Contain([1, 2, 3, 4]);
        for (int n = 0; n < rows.RowCount; n++)
        {
            CaviResult refined = result.Refine(rows.Row(n).ToArray());
            table.LogEvidences[n].Should().BeApproximately(refined.LogEvidence, 1e-9 * Math.Abs(refined.LogEvidence));
            (table.Elbos[n] + table.AmortizationGaps[n] + table.ApproximationGaps[n]).Should().BeApproximately(
                table.LogEvidences[n], 1e-9 * (1 + table.AmortizationGaps[n] - table.LogEvidences[n]));
            table.MeanField(n).Variances.Should().OnlyContain(variance => variance > 0 && double.IsFinite(variance));
        }
    }

    [Fact]
    public void LargestGap_IsThatOfTheHeldOutRows()
    {
        var model = new GaussianSumModel();
        Matrix<double> heldOut = model.Sample(700, seed: 8).Observations;
        HybridResult result = new HybridSolver(new HybridOptions { MaxEpochs = 2, GapTolerance = 0 }).Fit(
            model, new MlpEncoder(2, 1, [8], seed: 1), [model.Sample(500, seed: 1).Observations], heldOut);
        HybridTable table = result.Infer(heldOut);
        result.LargestAmortizationGap.Should().Be(table.AmortizationGaps.Max());
        result.AmortizationGap.Should().BeApproximately(table.AmortizationGaps.Average(), 1e-12);
        result.ValidationLogEvidence.Should().BeApproximately(table.LogEvidences.Average(), 1e-10);
        result.ValidationElbo.Should().BeApproximately(table.Elbos.Average(), 1e-10);
    }

    [Fact]
    public void SweptTraining_ReportsWhatItsCoordinatesLose()
    {
        var model = new GaussianSumModel(5, 4, 0.1);
        Matrix<double> rows = model.Sample(1_000, seed: 1).Observations;
        HybridResult Fit(int? sweeps) => new HybridSolver(new HybridOptions { MaxEpochs = 3, GapTolerance = 0, CoordinateSweeps = sweeps }).Fit(
            model, new MlpEncoder(4, 1, [8], seed: 1), rows);
        HybridResult swept = Fit(1);
        swept.History[0].OptimizationGap.Should().Be(double.NaN);
        swept.History[1].OptimizationGap.Should().BeGreaterThan(swept.History[3].OptimizationGap);
        swept.OptimizationGap.Should().BeGreaterThan(0);
        Fit(null).OptimizationGap.Should().Be(0);
    }

    [Fact]
    public void Construction_BadArguments_NamesThem()
    {
        var encoder = new MlpEncoder(3, 1);
        Refusal.Of<ArgumentNullException>(() => _ = new HybridInference(null!, encoder, [0]), "model", "Value");
        Refusal.Of<ArgumentNullException>(() => _ = new HybridInference(Model, null!, [0]), "encoder", "Value");
        Refusal.Of<ArgumentException>(() => _ = new HybridInference(Model, encoder, []), "amortizedLatents", "amortizedLatents is empty");
        Refusal.Of<ArgumentException>(() => _ = new HybridInference(Model, encoder, [4]), "amortizedLatents", "amortizedLatents names latent 4; the model has 4");
        Refusal.Of<ArgumentException>(() => _ = new HybridInference(Model, encoder, [1, 0]), "encoder", "encoder maps 3 observations to 1 latents");
        Refusal.Of<ArgumentOutOfRangeException>(() => _ = new HybridInference(Model, encoder, [0]) { GapLimit = -1 }, "GapLimit", "GapLimit is -1");
        Refusal.Of<ArgumentOutOfRangeException>(() => _ = new HybridInference(Model, encoder, [0]) { MaxThreads = 0 }, "MaxThreads", "MaxThreads is 0");
        Refusal.Of<ArgumentOutOfRangeException>(
            () => _ = new HybridInference(Model, encoder, [0]) { CoordinateSweeps = 0 }, "CoordinateSweeps", "CoordinateSweeps is 0");
        HybridTable table = new HybridInference(Model, encoder, [0]).Infer(Model.Sample(3, seed: 1).Observations);
        Refusal.Of<ArgumentOutOfRangeException>(() => _ = table.MeanField(3), "row", "row is 3; it must be at least 0 and less than 3.");
    }

    [Fact]
    public void Table_OutputsNotFinite_NamesTheFirstRow()
    {
        var encoder = new MlpEncoder(3, 1, new PerceptronOptions { Precision = NetworkPrecision.Bits64 });
        encoder.Parameters.Span[0] = 1e200;
        var inference = new HybridInference(Model, encoder, [0]);
        Matrix<double> rows = Matrix<double>.Build.Dense(600, 3, (n, _) => n is 599 or 300 ? 1e200 : 0);
        NonFiniteValueException exception = ((Action)(() => inference.Infer(rows))).Should().ThrowExactly<NonFiniteValueException>().Which;
        exception.Row.Should().Be(300);
    }

    [Fact]
    public void Table_Cancelled_Throws()
    {
        var inference = new HybridInference(Model, new MlpEncoder(3, 1), [0]);
        using var cancellation = new CancellationTokenSource();
        cancellation.Cancel();
        ((Action)(() => inference.Infer(Model.Sample(3, seed: 1).Observations, cancellation.Token))).Should().Throw<OperationCanceledException>();
    }
}
