using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Hybrid;

/// <summary>Training ends where the theory says: the optimum is affine, so the gap on rows never seen must vanish.</summary>
public sealed class HybridSolverTests
{
    private const int TrainingRows = 20_000;
    private const int UnseenRows = 2_000;

    public static TheoryData<string> Configurations => ["source", "small noise", "two amortized", "two amortized, small noise", "unequal priors"];

    public static TheoryData<string, GradientEstimator> ConfigurationsAndEstimators
    {
        get
        {
            var data = new TheoryData<string, GradientEstimator>();
            foreach (string configuration in new[] { "source", "small noise", "two amortized", "two amortized, small noise", "unequal priors" })
            {
                foreach (GradientEstimator estimator in Enum.GetValues<GradientEstimator>())
                {
                    data.Add(configuration, estimator);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Configurations))]
    public void LinearEncoder_AnalyticGradient_ReachesTheOptimumOnUnseenRows(string configuration)
    {
        (GaussianSumModel model, int[] amortized) = Configuration(configuration);
        var options = new HybridOptions
        {
            AmortizedLatents = [.. amortized],
            Estimator = GradientEstimator.Analytic,
            GapTolerance = 1e-8,
        };
        HybridResult result = Fit(model, new MlpEncoder(model.ObservationCount, amortized.Length), options);
        HybridTable unseen = result.Infer(model.Sample(UnseenRows, seed: 99).Observations);
        result.Converged.Should().BeTrue();
        unseen.AmortizationGaps.Average().Should().BeLessThanOrEqualTo(1e-6);
        CoordinateErrors(model, result, seed: 99).Max().Should().BeLessThanOrEqualTo(0.02);
    }

    [Theory]
    [MemberData(nameof(ConfigurationsAndEstimators))]
    public void MultilayerEncoder_EachEstimator_ComesCloseOnUnseenRows(string configuration, GradientEstimator estimator)
    {
        (GaussianSumModel model, int[] amortized) = Configuration(configuration);
        var options = new HybridOptions { AmortizedLatents = [.. amortized], Estimator = estimator };
        HybridResult result = Fit(model, new MlpEncoder(model.ObservationCount, amortized.Length, [32, 32], seed: 1), options);
        HybridTable unseen = result.Infer(model.Sample(UnseenRows, seed: 99).Observations);
        unseen.AmortizationGaps.Average().Should().BeLessThanOrEqualTo(1e-3);
        double[] errors = CoordinateErrors(model, result, seed: 99);
        Math.Sqrt(errors.Average(error => error * error)).Should().BeLessThanOrEqualTo(0.02);
    }

    [Fact]
    public void Fit_FromScalesAndVarianceFarOff_LearnsMeansAndVariances()
    {
        var model = new GaussianSumModel(3, 2, 0.1);
        var encoder = new MlpEncoder(2, 1, [16], seed: 2);
        encoder.Calibrate(new EncoderScales([3, -3], [5, 5], [2], [4], [9]));
        HybridResult result = Fit(model, encoder, new HybridOptions { Estimator = GradientEstimator.StickingTheLanding });
        result.History[0].AmortizationGap.Should().BeGreaterThan(10);
        result.AmortizationGap.Should().BeLessThanOrEqualTo(1e-3);
    }

    [Fact]
    public void AllLatentsAmortized_StronglyCoupled_ConvergeByTheNaturalGradient()
    {
        var model = new GaussianSumModel(3, 4, 0.01);
        var options = new HybridOptions { AmortizedLatents = [2, 0, 1], GapTolerance = 1e-3 };
        HybridResult result = Fit(model, new MlpEncoder(4, 3), options);
        result.Converged.Should().BeTrue();
        double[] row = [1.2, 0.8, 1, 1.1];
        for (int j = 0; j < 3; j++)
        {
            result.Infer(row).MeanField.Means[j].Should().BeApproximately(model.Posterior(row).Means[j], 0.05);
        }
    }

    [Fact]
    public void OneSweepAVisit_TheSourcesAlternation_ComesCloseToo()
    {
        var model = new GaussianSumModel();
        var options = new HybridOptions { CoordinateSweeps = 1, Estimator = GradientEstimator.Reparameterized, DrawCount = 4 };
        HybridResult result = Fit(model, new MlpEncoder(2, 1, [32, 32], seed: 1), options);
        result.AmortizationGap.Should().BeLessThanOrEqualTo(1e-3);
    }

    [Fact]
    public void Result_EveryRow_EvidenceIsElboPlusGaps()
    {
        (GaussianSumModel model, _) = Configuration("unequal priors");
        var options = new HybridOptions { AmortizedLatents = [1], MaxEpochs = 1, GapTolerance = 0 };
        HybridResult result = Fit(model, new MlpEncoder(3, 1, [8], seed: 1), options, rows: 500);
        Matrix<double> rows = model.Sample(50, seed: 7).Observations;
        HybridTable table = result.Infer(rows);
        for (int n = 0; n < table.RowCount; n++)
        {
            double gaps = table.ApproximationGaps[n] + table.AmortizationGaps[n];
            table.AmortizationGaps[n].Should().BeGreaterThan(0);
            (table.Elbos[n] + gaps).Should().BeApproximately(table.LogEvidences[n], 1e-10);
            MeanFieldGaussian single = result.Infer(rows.Row(n).ToArray()).MeanField;
            single.Means.Should().Equal(table.MeanField(n).Means);
            single.Variances.Should().Equal(table.MeanField(n).Variances);
        }

        (result.ValidationElbo + result.ApproximationGap + result.AmortizationGap)
            .Should().BeApproximately(result.ValidationLogEvidence, 1e-12);
    }

    [Fact]
    public void Fit_LeavesTheGivenEncoderAsItWas_AndKeepsTheBestEpoch()
    {
        var model = new GaussianSumModel();
        var encoder = new MlpEncoder(2, 1, [8], seed: 3);
        double[] before = encoder.Parameters.ToArray();
        HybridResult result = Fit(model, encoder, new HybridOptions { MaxEpochs = 4, GapTolerance = 0 }, rows: 1_000);
        encoder.Parameters.ToArray().Should().Equal(before);
        result.StopReason.Should().Be(StopReason.IterationLimit);
        result.Converged.Should().BeFalse();
        result.Epochs.Should().Be(4);
        result.History.Select(progress => progress.Epoch).Should().Equal(0, 1, 2, 3, 4);
        result.AmortizationGap.Should().Be(result.History.Min(progress => progress.AmortizationGap));
        result.History[result.BestEpoch].AmortizationGap.Should().Be(result.AmortizationGap);
    }

    [Fact]
    public void TrainingElbo_NearConvergence_IsTheExactElboOfTheRows()
    {
        var model = new GaussianSumModel();
        HybridResult result = Fit(model, new MlpEncoder(2, 1), new HybridOptions { GapTolerance = 1e-8 }, rows: 5_000);
        Matrix<double> rows = model.Sample(5_000, seed: 1).Observations;
        double elbo = result.Infer(rows).Elbos.Average();

        // Nine tenths of these rows were trained on: the two averages differ by which rows are held out.
        result.History[^1].TrainingElbo.Should().BeApproximately(elbo, 0.05);
        result.History[^1].ValidationElbo.Should().BeApproximately(elbo, 0.15);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public void Cancel_AtAnyEpoch_KeepsTheBestSoFar(int epoch)
    {
        var model = new GaussianSumModel();
        using var cancellation = new CancellationTokenSource();
        var progress = new Callback(report =>
        {
            if (report.Epoch == epoch)
            {
                cancellation.Cancel();
            }
        });
        HybridResult result = new HybridSolver(new HybridOptions { GapTolerance = 0 }).Fit(
            model, new MlpEncoder(2, 1, [8], seed: 1), model.Sample(1_000, seed: 1).Observations, progress, cancellation.Token);
        result.StopReason.Should().Be(StopReason.Cancelled);
        result.AmortizationGap.Should().BeLessThanOrEqualTo(result.History[0].AmortizationGap);
        result.Infer([1.2, 0.8]).MeanField.Means.Should().OnlyContain(mean => double.IsFinite(mean));
    }

    [Fact]
    public void Fit_StepFarTooLarge_SaysDivergedAndKeepsTheBest()
    {
        var options = new HybridOptions { Optimizer = new Sgd { LearningRate = 1e8 }, Patience = 100 };
        HybridResult result = Fit(new GaussianSumModel(), new MlpEncoder(2, 1, [8], seed: 1), options, rows: 1_000);
        result.StopReason.Should().Be(StopReason.Diverged);
        result.Converged.Should().BeFalse();
        result.Infer([1.2, 0.8]).MeanField.Means.Should().OnlyContain(mean => double.IsFinite(mean));
    }

    [Fact]
    public void Fit_NoRoomForImprovement_StopsAndSaysSo()
    {
        var options = new HybridOptions { GapTolerance = 0, Patience = 1, MaxEpochs = 500, Estimator = GradientEstimator.Reparameterized };
        HybridResult result = Fit(new GaussianSumModel(), new MlpEncoder(2, 1), options, rows: 500);
        result.StopReason.Should().Be(StopReason.NoImprovement);
        result.History[^1].LearningRate.Should().BeLessThan(result.History[0].LearningRate);
    }

    private static (GaussianSumModel Model, int[] Amortized) Configuration(string name) => name switch
    {
        "source" => (new GaussianSumModel(3, 2, 1), [0]),
        "small noise" => (new GaussianSumModel(3, 2, 0.01), [0]),
        "two amortized" => (new GaussianSumModel(5, 4, 1), [0, 1]),
        "two amortized, small noise" => (new GaussianSumModel(5, 4, 0.01), [0, 1]),
        _ => (new GaussianSumModel(3, 0.5, [1, -2, 10], [0.1, 4, 2.5]), [1]),
    };

    [Fact]
    public void Refine_FinishesARowThatTheEncoderNeverSaw()
    {
        var model = new GaussianSumModel();
        HybridResult result = Fit(model, new MlpEncoder(2, 1, [8], seed: 1), new HybridOptions { MaxEpochs = 2 }, rows: 500);
        double[] unlike = [40, -35];

        CaviResult refined = result.Refine(unlike);
        CaviResult plain = result.Refine(unlike, new CaviOptions { Method = CaviMethod.PlainSweeps });

        result.Infer(Matrix<double>.Build.DenseOfRowArrays(unlike)).AmortizationGaps[0].Should().BeGreaterThan(1e-6, "it extrapolates");
        refined.Converged.Should().BeTrue();
        refined.ElboTrace[0].Should().BeLessThan(refined.Elbo);
        refined.MeanField.Means.Should().OnlyContain(mean => Math.Abs(mean - (5.0 / 7)) < 1e-9);
        plain.ElboTrace[0].Should().Be(refined.ElboTrace[0], "both start from the encoder");
        plain.Iterations.Should().BeGreaterThan(refined.Iterations);
    }

    private static HybridResult Fit(LinearGaussianModel model, MlpEncoder encoder, HybridOptions options, int rows = TrainingRows) =>
        new HybridSolver(options).Fit(model, encoder, model.Sample(rows, seed: 1).Observations);

    /// <summary>The differences of the closed-form latents' means from those of coordinate ascent, over unseen rows.</summary>
    private static double[] CoordinateErrors(GaussianSumModel model, HybridResult result, int seed)
    {
        Matrix<double> rows = model.Sample(200, seed).Observations;
        CaviTable exact = new CaviSolver().Solve(model, rows);
        HybridTable hybrid = result.Infer(rows);
        int[] coordinate = [.. Enumerable.Range(0, model.LatentCount).Except(result.AmortizedLatents)];
        return [.. Enumerable.Range(0, rows.RowCount).SelectMany(n => coordinate.Select(j => Math.Abs(exact.Means[n, j] - hybrid.Means[n, j])))];
    }

    private sealed class Callback(Action<HybridProgress> report) : IProgress<HybridProgress>
    {
        public void Report(HybridProgress value) => report(value);
    }
}
