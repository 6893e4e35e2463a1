using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Hybrid.Decoders;

/// <summary>What models, decoders and evaluations say of themselves, and networks that are their own after being saved.</summary>
public sealed class DecoderTextTests
{
    [Fact]
    public void Solver_RefusesModels_ThatItsOptionsMeanNothingFor()
    {
        var decoder = new DecoderModel(new MlpDecoder(1, 2, hiddenWidths: [4]), linearLatentCount: 1);
        var linear = new GaussianSumModel(latentCount: 2, observationCount: 2, noiseVariance: 1);
        Matrix<double> rows = linear.Sample(10, seed: 1).Observations;

        new HybridSolver(new HybridOptions()).Invoking(solver => solver.Fit(decoder, new MlpEncoder(2, 1), rows))
            .Should().Throw<InvalidOperationException>().WithMessage("*HybridOptions*make it with DecoderOptions.");
        new HybridSolver(new DecoderOptions()).Invoking(solver => solver.Fit(linear, new MlpEncoder(2, 1), rows))
            .Should().Throw<InvalidOperationException>().WithMessage("*DecoderOptions*make it with HybridOptions.");
    }

    [Fact]
    public void Texts_AreWhole()
    {
        var model = new DecoderModel(new MlpDecoder(1, 2, hiddenWidths: [4]), linearLatentCount: 1);
        model.ToString().Should().Be("MlpDecoder 1-4-2 tanh + 1 linear latent, 2 observations");
        model.HasNumbers.Should().BeFalse();
        new DecoderOptions { MaxThreads = 2 }.ToString().Should().Be(
            "DecoderOptions { Estimator = StickingTheLanding, DrawCount = 1, FreeNats = 0, BatchSize = null, MaxEpochs = 500, ExploringEpochs = null, Optimizer = Adam { LearningRate = 0.002, Beta1 = 0.9, Beta2 = 0.999, Epsilon = 1E-08 }, Patience = 15, ImprovementTolerance = 0.01, ValidationFraction = 0.1, JudgePairs = 4, FinalDraws = 200, RefinedRows = 32, Loadings = True, Offset = True, NoiseVariances = Each, NoiseFloor = null, Decoder = True, Seed = 0, ShuffleRows = True, CheckpointPath = null, CheckpointEpochs = 50, MaxThreads = 2 }");
        Evaluation().ToString().Should().Be(
            "9 rows: ELBO -2.5 ± 0.1, importance-weighted bound -2.25 ± 0.2, amortization gap 0.125, approximation gap 0.0625 (k 0.40) of 4 rows nats a row, 1 of 2 latents active");
        (Evaluation() with { RefinedRowCount = 0 }).ToString().Should().Be(
            "9 rows: ELBO -2.5 ± 0.1, importance-weighted bound -2.25 ± 0.2 nats a row, 1 of 2 latents active");
        new DecoderPosterior(new MeanFieldGaussian([1], [0.5]), null, -3, isUnlikeTraining: true).ToString()
            .Should().Be("N(1, 0.5); ELBO -3, unlike training");
    }

    [Fact]
    public void Evaluations_WithEqualNumbers_AreEqual()
    {
        Evaluation().Should().Be(Evaluation());
        Evaluation().GetHashCode().Should().Be(Evaluation().GetHashCode());
        Evaluation().Should().NotBe(Evaluation() with { LatentDivergences = [1, 0.5] });
        Evaluation().Should().NotBe(Evaluation() with { ApproximationGap = 1 });
    }

    [Fact]
    public void Decoder_SavedAndLoaded_IsTheSameToTheLastBit()
    {
        var decoder = new MlpDecoder(2, 3, hiddenWidths: [4], seed: 3);
        decoder.Calibrate(new NetworkScales([0.5, 1], [1, 2], [3, 4, 5], [0.1, 0.2, 0.3]));
        using var stream = new MemoryStream();
        decoder.Save(stream);
        stream.Position = 0;

        MlpDecoder loaded = MlpDecoder.Load(stream);

        double[] expected = new double[3], actual = new double[3];
        decoder.CreateTape(1).Forward([0.2, -0.7], expected);
        loaded.CreateTape(1).Forward([0.2, -0.7], actual);
        actual.Should().Equal(expected);
        loaded.Scales.Should().Be(decoder.Scales);
        VariationalInference.Testing.NetworkConformance.Check(new MlpDecoder(2, 3, new PerceptronOptions { HiddenWidths = [4], Precision = NetworkPrecision.Bits64 }), Matrix<double>.Build.Random(6, 2, seed: 1))
            .Should().BeEmpty();
    }

    private static DecoderEvaluation Evaluation() => new()
    {
        RowCount = 9,
        DrawCount = 5,
        Elbo = -2.5,
        ElboStandardError = 0.1,
        ElboMonteCarloError = 0.05,
        ImportanceWeightedBound = -2.25,
        ImportanceWeightedStandardError = 0.2,
        LowestElbo = -4,
        LatentDivergences = [1, 0.001],
        RefinedRowCount = 4,
        AmortizationGap = 0.125,
        AmortizationGapStandardError = 0.01,
        ApproximationGap = 0.0625,
        ParetoShape = 0.4,
    };
}
