using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Hybrid;

/// <summary>How long a step is: Adam divides by the gradient's size, so only plain ascent shows it.</summary>
public sealed class GradientScaleTests
{
    // Four shards, the last of which is not full.
    private const int RowCount = 200;

    private static readonly GaussianSumModel Model = new(3, 2, 0.5);
    private static readonly Matrix<double> Rows = Model.Sample(RowCount, seed: 1).Observations;

    [Fact]
    public void OneStep_IsTheLearningRateTimesTheGradientOfTheMeanElbo()
    {
        const double rate = 0.01;
        var options = new HybridOptions
        {
            AmortizedLatents = [0, 2],
            NaturalGradient = false,
            BatchSize = RowCount,
            MaxEpochs = 1,
            GapTolerance = 0,
            Optimizer = new Sgd { LearningRate = rate, Momentum = 0 },
        };
        var encoder = new MlpEncoder(2, 2, new PerceptronOptions { HiddenWidths = [3], Seed = 3, Precision = NetworkPrecision.Bits64 });
        double[] start = encoder.Parameters.ToArray();

        HybridCheckpoint checkpoint = new HybridSolver(options).Fit(Model, encoder, [Rows], Model.Sample(20, seed: 2).Observations).Checkpoint;

        checkpoint.Steps.Should().Be(1);
        double[] stepped = checkpoint.CurrentEncoder().Parameters.ToArray();
        for (int i = 0; i < start.Length; i++)
        {
            stepped[i].Should().BeApproximately(start[i] + (rate * Derivative(checkpoint, options, start, i)), 1e-10);
        }
    }

    /// <summary>Differentiates the mean ELBO of the rows by differences of fourth order.</summary>
    private static double Derivative(HybridCheckpoint checkpoint, HybridOptions options, double[] start, int parameter)
    {
        const double distance = 1e-3;
        double Difference(double step) => MeanElbo(start[parameter] + step) - MeanElbo(start[parameter] - step);
        return ((8 * Difference(distance)) - Difference(2 * distance)) / (12 * distance);

        double MeanElbo(double value)
        {
            IEncoder encoder = checkpoint.CurrentEncoder();
            start.CopyTo(encoder.Parameters);
            encoder.Parameters.Span[parameter] = value;
            return new HybridInference(Model, encoder, options.AmortizedLatents).Infer(Rows).Elbos.Average();
        }
    }
}
