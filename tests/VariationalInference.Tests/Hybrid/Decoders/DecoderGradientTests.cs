using FluentAssertions;
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

    private static double[] Noise(int rows)
    {
        var noise = new double[rows * Draws * DecoderCase.Amortized];
        NormalStream.Fill(3, noise);
        return noise;
    }

    private static RowReference<DecoderRows>[] References(DecoderRows rows) =>
        [.. Enumerable.Range(0, rows.Count).Select(n => new RowReference<DecoderRows>(rows, n))];
}
