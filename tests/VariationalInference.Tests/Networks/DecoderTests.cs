using FluentAssertions;
using VariationalInference.Tests.Amortized;
using Xunit;

namespace VariationalInference.Tests.Networks;

/// <summary>A network used as a decoder: its gradients, through a likelihood, against central differences of the log density.</summary>
public sealed class DecoderTests
{
    private const int Rows = 5;
    private const int Latents = 2;
    private const int Observations = 6;

    [Theory]
    [InlineData(new int[0], Activation.Tanh)]
    [InlineData(new[] { 9 }, Activation.Tanh)]
    [InlineData(new[] { 9, 5 }, Activation.Silu)]
    public void Gradients_InLatentsAndParameters_AreThoseOfTheLogDensity(int[] widths, Activation activation)
    {
        var network = new Perceptron(
            Latents,
            Observations,
            new PerceptronOptions { HiddenWidths = [.. widths], Activation = activation, Precision = NetworkPrecision.Bits64 });
        EncoderCases.Values(network.Parameters.Length, seed: 3).CopyTo(network.Parameters);
        var decoder = new DecoderDouble(network, noiseVariance: 0.25);
        double[] latents = EncoderCases.Values(Rows * Latents, seed: 1);
        double[] observations = EncoderCases.Values(Rows * Observations, seed: 2);

        (double[] inLatents, double[] inParameters) = decoder.Gradients(latents, observations);

        Check(inLatents, latents, () => decoder.LogDensity(latents, observations));
        Check(inParameters, network.Parameters, () => decoder.LogDensity(latents, observations));
    }

    // A central difference at 1e-5 errs by 1e-10 of the third derivative, and by rounding of a value of some hundred: 1e-14 · 1e2 / 1e-5.
    private static void Check(double[] gradient, Memory<double> place, Func<double> value)
    {
        const double step = 1e-5;
        double scale = gradient.Max(Math.Abs);
        scale.Should().BePositive();
        for (int i = 0; i < gradient.Length; i++)
        {
            double at = place.Span[i];
            place.Span[i] = at + step;
            double above = value();
            place.Span[i] = at - step;
            double below = value();
            place.Span[i] = at;
            gradient[i].Should().BeApproximately((above - below) / (at + step - (at - step)), 1e-6 * scale, "of place {0}", i);
        }
    }
}
