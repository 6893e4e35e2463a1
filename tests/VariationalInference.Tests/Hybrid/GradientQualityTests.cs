using System.Collections.Immutable;
using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Hybrid;

/// <summary>Signal and noise of gradients, held against closed forms: a linear encoder whose biases alone can move.</summary>
public sealed class GradientQualityTests
{
    private const int BatchRows = 50;

    [Fact]
    public void SignalToNoise_TakesBothNoises() =>
        new GradientQuality
        {
            Estimator = GradientEstimator.Reparameterized,
            Signal = 6,
            RowNoise = 3,
            DrawNoise = 4,
        }.SignalToNoise.Should().Be(6.0 / 5);

    [Fact]
    public void DrawNoise_AtTheOptimum_IsThatOfTheClosedForm()
    {
        // With Λσ² = 1 the reparameterised dμ of a draw is −Λσε and its dρ is ½ − ½ε²: over B rows of L draws each, their means have the
        // variances Λ/(LB) and ½/(LB). Sticking to the landing, both are 0.
        var model = new GaussianSumModel(3, 2, 0.5);
        const int Draws = 3;
        HybridResult result = Trained(model, Draws);

        (GradientQuality reparameterized, GradientQuality landing, GradientQuality analytic) =
            Qualities(GradientDiagnostics.Measure(result, model.Sample(2_000, seed: 2).Observations, batches: 4_000));

        double precision = 1 + (2 / 0.5);
        double rows = Draws * BatchRows;

        // The gradient in the four weights and two biases: of each raw output, 1 + ‖u‖² times the variance, with E‖u‖² = 2 standardised inputs.
        double deviation = ((MlpEncoder)result.Encoder).Scales.OutputDeviations[0];
        double expected = Math.Sqrt(3 * ((precision * deviation * deviation) + 0.5) / rows);
        reparameterized.DrawNoise.Should().BeApproximately(expected, 0.03 * expected);
        landing.DrawNoise.Should().BeLessThan(0.03 * reparameterized.DrawNoise, "the encoder is near its optimum");
        analytic.DrawNoise.Should().Be(0);
        reparameterized.Signal.Should().Be(analytic.Signal);
        reparameterized.RowNoise.Should().Be(analytic.RowNoise);
        analytic.SignalToNoise.Should().Be(analytic.Signal / analytic.RowNoise);
        reparameterized.SignalToNoise.Should().BeLessThan(landing.SignalToNoise);
    }

    [Fact]
    public void Signal_IsTheGradientOfTheMeanElbo()
    {
        var model = new GaussianSumModel(3, 2, 0.5);
        Matrix<double> rows = model.Sample(500, seed: 3).Observations;
        var encoder = new MlpEncoder(2, 1, new PerceptronOptions { Seed = 1, Precision = NetworkPrecision.Bits64 });
        HybridResult result = new HybridSolver(new HybridOptions { MaxEpochs = 1, GapTolerance = 0, BatchSize = BatchRows }).Fit(model, encoder, rows);
        MlpEncoder trained = ((MlpEncoder)result.Encoder).Clone();
        double sum = 0;
        for (int i = 0; i < trained.Parameters.Length; i++)
        {
            const double Step = 1e-5;
            double at = trained.Parameters.Span[i];
            trained.Parameters.Span[i] = at + Step;
            double above = new HybridInference(model, trained, [0]).Infer(rows).Elbos.Average();
            trained.Parameters.Span[i] = at - Step;
            double below = new HybridInference(model, trained, [0]).Infer(rows).Elbos.Average();
            trained.Parameters.Span[i] = at;
            sum += Math.Pow((above - below) / (2 * Step), 2);
        }

        GradientDiagnostics.Measure(result, rows, batches: 1)[GradientEstimator.Reparameterized].Signal.Should().BeApproximately(Math.Sqrt(sum), 1e-6 * Math.Sqrt(sum));
    }

    [Fact]
    public void RowNoise_FallsWithTheSquareRootOfTheBatch()
    {
        var model = new GaussianSumModel(3, 2, 0.5);
        Matrix<double> rows = model.Sample(2_000, seed: 3).Observations;
        double Noise(int batch) => GradientDiagnostics.Measure(
            new HybridSolver(new HybridOptions { MaxEpochs = 1, GapTolerance = 1e9, BatchSize = batch }).Fit(model, new MlpEncoder(2, 1, [8], seed: 1), rows),
            rows,
            batches: 500)[GradientEstimator.Analytic].RowNoise;
        (Noise(20) / Noise(320)).Should().BeApproximately(4, 0.4);
    }

    [Fact]
    public void Measure_BadArguments_NamesThem()
    {
        var model = new GaussianSumModel();
        HybridResult result = Trained(model, draws: 1);
        Refusal.Of<ArgumentNullException>(() => GradientDiagnostics.Measure(null!, Matrix<double>.Build.Dense(3, 2)), "result", "Value cannot be null.");
        Refusal.Of<ArgumentException>(() => GradientDiagnostics.Measure(result, Matrix<double>.Build.Dense(3, 5)), "table", "table has 5 columns");
        Refusal.Of<ArgumentOutOfRangeException>(
            () => GradientDiagnostics.Measure(result, model.Sample(3, seed: 1).Observations, batches: 0), "batches", "batches is 0; it must be at least 1.");
    }

    private static (GradientQuality Reparameterized, GradientQuality Landing, GradientQuality Analytic) Qualities(
        ImmutableSortedDictionary<GradientEstimator, GradientQuality> all)
    {
        all.Keys.Should().Equal(Enum.GetValues<GradientEstimator>());
        all.Values.Select(quality => quality.Estimator).Should().Equal(all.Keys);
        return (all[GradientEstimator.Reparameterized], all[GradientEstimator.StickingTheLanding], all[GradientEstimator.Analytic]);
    }

    private static HybridResult Trained(GaussianSumModel model, int draws) => new HybridSolver(
        new HybridOptions { GapTolerance = 1e-9, BatchSize = BatchRows, DrawCount = draws }).Fit(
            model, new MlpEncoder(2, 1, new PerceptronOptions { Precision = NetworkPrecision.Bits64 }), model.Sample(4_000, seed: 1).Observations);
}
