using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Samples;
using VariationalInference.Testing;
using Xunit;

namespace VariationalInference.Tests.Samples;

public sealed class SetEncoderTests
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(1, 3, 4)]
    [InlineData(2, 2, 16)]
    [InlineData(5, 1, 16)]
    [InlineData(20, 2, 3)]
    public void Encoder_ConformsCalibratedOrNot(int observations, int latents, int units)
    {
        var encoder = new SetEncoder(observations, latents, units, seed: 4);
        Matrix<double> rows = Rows(observations);

        EncoderConformance.Check(encoder, rows).Should().BeEmpty();
        encoder.Calibrate(Scales(observations, latents));
        EncoderConformance.Check(encoder, rows).Should().BeEmpty();
    }

    [Fact]
    public void OrderOfObservations_ChangesNoBitOfTheOutputs()
    {
        var encoder = new SetEncoder(5, 2, 16, seed: 4);
        encoder.Calibrate(Scales(5, 2));

        double[] outputs = Evaluate(encoder, [1.2, 0.8, -0.3, 2.1, 0.4]);

        Evaluate(encoder, [0.4, 2.1, -0.3, 0.8, 1.2]).Should().Equal(outputs);
        Evaluate(encoder, [-0.3, 0.4, 0.8, 1.2, 2.1]).Should().Equal(outputs);
        Evaluate(encoder, [-0.3, 0.4, 0.8, 1.2, 2.2]).Should().NotEqual(outputs);
    }

    [Fact]
    public void Outputs_MatchTheHandComputation()
    {
        var encoder = new SetEncoder(2, 1, 2, seed: 0);
        double[] parameters = [0.5, -1, 0.25, 0, 2, 3, -1, 4, 0.1, 0.2];
        parameters.CopyTo(encoder.Parameters);
        encoder.Calibrate(new EncoderScales([1, 3], [2, 2], [10], [3], [Math.E]));

        // Pooled: centre 2, variance 4 + 1; one observation on the centre, one a scale above it.
        double[] outputs = Evaluate(encoder, [2, 2 + Math.Sqrt(5)]);

        double first = (Math.Tanh(0.25) + Math.Tanh(0.75)) / 2;
        double second = (Math.Tanh(0) + Math.Tanh(-1)) / 2;
        outputs[0].Should().BeApproximately(10 + (3 * ((2 * first) + (3 * second) + 0.1)), 1e-13);
        outputs[1].Should().BeApproximately(1 - first + (4 * second) + 0.2, 1e-14);
    }

    private static double[] Evaluate(SetEncoder encoder, double[] row)
    {
        double[] outputs = new double[2 * encoder.LatentCount];
        encoder.CreateTape(1).Forward(row, outputs);
        return outputs;
    }

    private static Matrix<double> Rows(int observations) =>
        new GaussianSumModel(latentCount: 3, observations, noiseVariance: 1.0).Sample(12, seed: 5).Observations;

    private static EncoderScales Scales(int observations, int latents) => new(
        [.. Enumerable.Range(0, observations).Select(k => 0.1 * k)],
        [.. Enumerable.Range(0, observations).Select(k => 1 + (0.2 * k))],
        [.. Enumerable.Repeat(-2.0, latents)],
        [.. Enumerable.Repeat(0.7, latents)],
        [.. Enumerable.Repeat(0.3, latents)]);
}
