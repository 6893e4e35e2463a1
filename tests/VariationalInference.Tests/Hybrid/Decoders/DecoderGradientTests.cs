using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Hybrid.Decoders;

/// <summary>The bound of drawn rows and its gradient in every block of parameters, against dense matrices and central differences.</summary>
public sealed class DecoderGradientTests
{
    private const int Draws = 3;

    // Networks in double precision; central differences of steps 1e-5 leave about 1e-10 of third derivatives and 1e-11 / 1e-5 of rounding.
    private const double Step = 1e-5;
    private const double Tolerance = 1e-6;

    public static TheoryData<GradientEstimator, VarianceLearning, bool, bool, int> Cases => new()
    {
        { GradientEstimator.Reparameterized, VarianceLearning.Each, false, false, DecoderCase.Linear },
        { GradientEstimator.Reparameterized, VarianceLearning.Shared, true, true, DecoderCase.Linear },
        { GradientEstimator.Reparameterized, VarianceLearning.Each, true, false, 0 },
        { GradientEstimator.StickingTheLanding, VarianceLearning.Each, true, true, DecoderCase.Linear },
        { GradientEstimator.StickingTheLanding, VarianceLearning.Fixed, false, false, DecoderCase.Linear },
        { GradientEstimator.StickingTheLanding, VarianceLearning.Shared, false, true, 0 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Gradient_OfEveryBlock_IsTheCentralDifferenceWithReplayedDraws(
        GradientEstimator estimator, VarianceLearning noiseVariances, bool missing, bool correlated, int linear)
    {
        var options = new DecoderOptions { Estimator = estimator, DrawCount = Draws, NoiseVariances = noiseVariances };
        var one = new DecoderCase(missing, correlated, linear);
        DecoderParts parts = one.Parts(options);
        DecoderRows rows = one.AllRows;
        double[] noise = Noise(rows.Count);
        var gradient = new double[parts.Encoder.Parameters.Length + parts.Decoder.Parameters.Length + parts.Linear.Parameters.Length];

        ShardSums sums = new DecoderWorker(parts, options, rows.Count).Run(References(rows), noise, gradient);

        sums.Objective.Should().BeApproximately(one.Bound(parts, noise, Draws, held: null), 1e-10, "of dense matrices");
        double[] held = one.Outputs();
        int place = 0;
        foreach ((Memory<double> block, bool isEncoder) in new[]
        {
            (parts.Encoder.Parameters, true),
            (parts.Decoder.Parameters, false),
            (parts.Linear.Parameters.AsMemory(), false),
        })
        {
            // By paths, the encoder's gradient is that through z alone.
            double[]? kept = isEncoder && estimator == GradientEstimator.StickingTheLanding ? held : null;
            for (int i = 0; i < block.Length; i++)
            {
                double value = block.Span[i];
                block.Span[i] = value + Step;
                double above = one.Bound(parts, noise, Draws, kept);
                block.Span[i] = value - Step;
                double below = one.Bound(parts, noise, Draws, kept);
                block.Span[i] = value;
                gradient[place++].Should().BeApproximately((above - below) / (2 * Step), Tolerance, $"of parameter {i}, the encoder's: {isEncoder}");
            }
        }
    }

    [Theory]
    [InlineData(GradientEstimator.Reparameterized, DecoderCase.Linear)]
    [InlineData(GradientEstimator.StickingTheLanding, 0)]
    public void FreeNats_LeaveOutTheDivergencesBelow(GradientEstimator estimator, int linear)
    {
        var one = new DecoderCase(missing: true, linear: linear);
        double[] held = one.Outputs();
        double[] sorted = [.. Divergences(held).Order()];
        double free = 0.5 * (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]);
        var options = new DecoderOptions { Estimator = estimator, DrawCount = Draws, FreeNats = free };
        DecoderParts parts = one.Parts(options);
        DecoderRows rows = one.AllRows;
        double[] noise = Noise(rows.Count);
        var gradient = new double[parts.Encoder.Parameters.Length + parts.Decoder.Parameters.Length + parts.Linear.Parameters.Length];

        ShardSums sums = new DecoderWorker(parts, options, rows.Count).Run(References(rows), noise, gradient);

        sums.Objective.Should().BeApproximately(one.Bound(parts, noise, Draws, held: null), 1e-10, "the whole divergence is reported");
        bool byPaths = estimator == GradientEstimator.StickingTheLanding;
        Span<double> block = parts.Encoder.Parameters.Span;
        for (int i = 0; i < block.Length; i++)
        {
            double value = block[i];
            block[i] = value + Step;
            double above = Objective();
            block[i] = value - Step;
            double below = Objective();
            block[i] = value;
            gradient[i].Should().BeApproximately((above - below) / (2 * Step), Tolerance, $"of parameter {i}");
        }

        // The bound, less what the latents below the free nats put into it.
        double Objective()
        {
            double[] outputs = one.Outputs();
            double bound = one.Bound(parts, noise, Draws, byPaths ? held : null);
            double[] divergences = Divergences(outputs), before = Divergences(held);
            for (int i = 0; i < divergences.Length; i++)
            {
                int n = i / DecoderCase.Amortized, a = i % DecoderCase.Amortized;
                int mean = (2 * DecoderCase.Amortized * n) + a, logVariance = mean + DecoderCase.Amortized;
                if (!byPaths)
                {
                    bound -= Math.Max(free - divergences[i], 0);
                }
                else if (before[i] < free)
                {
                    for (int l = 0; l < Draws; l++)
                    {
                        double z = outputs[mean] + (Math.Exp(outputs[logVariance] / 2) * noise[(((n * Draws) + l) * DecoderCase.Amortized) + a]);
                        double difference = z - held[mean];
                        bound -= 0.5 * (held[logVariance] + (difference * difference / Math.Exp(held[logVariance])) - (z * z)) / Draws;
                    }
                }
            }

            return bound;
        }
    }

    [Fact]
    public void FreeNats_KeepMoreLatentsFromTheirPrior()
    {
        // Noise alone: whatever a latent says of a row, it costs more than it brings.
        Matrix<double> rows = new LinearGaussianModel(Matrix<double>.Build.Dense(5, 1), new double[5], [1, 1, 1, 1, 1], GaussianPrior.Independent(1))
            .Sample(400, seed: 1).Observations;
        var model = new DecoderModel(new MlpDecoder(2, 5, hiddenWidths: [4], seed: 1), linearLatentCount: 0);
        var options = new DecoderOptions { MaxEpochs = 20, RefinedRows = 0, ExploringEpochs = 0 };

        DecoderResult Fit(DecoderOptions own) => new HybridSolver(own).Fit(model, new MlpEncoder(5, 2, hiddenWidths: [4], seed: 2), rows);
        double[] none = [.. Fit(options).Evaluation.LatentDivergences];
        double[] some = [.. Fit(options with { FreeNats = 0.5 }).Evaluation.LatentDivergences];

        some.Sum().Should().BeGreaterThan(none.Sum());
    }

    [Fact]
    public void FreeNats_WithACorrelatedPrior_AreRefused()
    {
        var one = new DecoderCase(correlated: true);

        Action fit = () => new HybridSolver(new DecoderOptions { FreeNats = 0.1 }).Fit(one.Model, one.Encoder, one.Rows);

        fit.Should().Throw<ArgumentException>().WithMessage("FreeNats is 0.1 and the amortized prior is correlated; FreeNats must be 0 then*");
    }

    [Fact]
    public void FixedDecoder_HasNoGradient()
    {
        var options = new DecoderOptions { Decoder = false };
        var one = new DecoderCase();
        DecoderParts parts = one.Parts(options);
        var gradient = new double[parts.Encoder.Parameters.Length + parts.Decoder.Parameters.Length + parts.Linear.Parameters.Length];

        new DecoderWorker(parts, options, 6).Run(References(one.AllRows), streamSeed: 1, gradient);

        gradient.AsSpan(parts.Encoder.Parameters.Length, parts.Decoder.Parameters.Length).ToArray().Should().OnlyContain(value => value == 0);
        gradient[..parts.Encoder.Parameters.Length].Should().Contain(value => value != 0);
    }

    [Fact]
    public void Run_OfAShard_AllocatesNothing()
    {
        var options = new DecoderOptions();
        var one = new DecoderCase(missing: true);
        DecoderParts parts = one.Parts(options);
        var worker = new DecoderWorker(parts, options, 6);
        RowReference<DecoderRows>[] rows = References(one.AllRows);
        var gradient = new double[parts.Encoder.Parameters.Length + parts.Decoder.Parameters.Length + parts.Linear.Parameters.Length];
        worker.Run(rows, streamSeed: 1, gradient);

        long before = GC.GetAllocatedBytesForCurrentThread();
        worker.Run(rows, streamSeed: 2, gradient);

        (GC.GetAllocatedBytesForCurrentThread() - before).Should().Be(0);
    }

    /// <summary>Returns KL(N(μ, σ²) ‖ N(0, 1)) of each latent of each row.</summary>
    private static double[] Divergences(double[] outputs) => [.. Enumerable.Range(0, outputs.Length / 2).Select(i =>
    {
        int at = (i / DecoderCase.Amortized * 2 * DecoderCase.Amortized) + (i % DecoderCase.Amortized);
        double mean = outputs[at], logVariance = outputs[at + DecoderCase.Amortized];
        return 0.5 * ((mean * mean) + Math.Exp(logVariance) - 1 - logVariance);
    })];

    private static double[] Noise(int rows)
    {
        var noise = new double[rows * Draws * DecoderCase.Amortized];
        NormalStream.Fill(3, noise);
        return noise;
    }

    private static RowReference<DecoderRows>[] References(DecoderRows rows) =>
        [.. Enumerable.Range(0, rows.Count).Select(n => new RowReference<DecoderRows>(rows, n))];
}
