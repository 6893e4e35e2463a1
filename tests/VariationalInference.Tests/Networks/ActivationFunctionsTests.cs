using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.Networks;

public sealed class ActivationFunctionsTests
{
    private static readonly double[] Inputs = [-800, -30, -3.1, -1, -0.2, 0.3, 1, 2.7, 30, 800];

    [Theory]
    [InlineData(Activation.Tanh)]
    [InlineData(Activation.Relu)]
    [InlineData(Activation.Silu)]
    public void Value_MatchesTheDefinition(Activation activation)
    {
        double[] outputs = new double[Inputs.Length];

        ActivationFunctions.Evaluate(activation, Inputs, outputs);

        for (int i = 0; i < Inputs.Length; i++)
        {
            outputs[i].Should().BeApproximately(Definition(activation, Inputs[i]), 1e-14 * Math.Max(1, Math.Abs(Inputs[i])));
        }
    }

    [Theory]
    [InlineData(Activation.Tanh)]
    [InlineData(Activation.Relu)]
    [InlineData(Activation.Silu)]
    public void Derivative_MatchesCentralDifferences(Activation activation)
    {
        double[] outputs = new double[Inputs.Length];
        double[] derivatives = new double[Inputs.Length];
        ActivationFunctions.Evaluate(activation, Inputs, outputs);

        ActivationFunctions.Differentiate(activation, Inputs, outputs, derivatives);

        for (int i = 0; i < Inputs.Length; i++)
        {
            const double Step = 1e-5;
            double difference = Definition(activation, Inputs[i] + Step) - Definition(activation, Inputs[i] - Step);
            derivatives[i].Should().BeApproximately(difference / (2 * Step), 1e-8);
        }
    }

    [Fact]
    public void ReluAtZero_HasDerivativeZero()
    {
        double[] derivative = [double.NaN];

        ActivationFunctions.Differentiate(Activation.Relu, [0.0], [0.0], derivative);

        derivative.Should().Equal(0.0);
    }

    [Fact]
    public void UnnamedActivation_IsRefused()
    {
        var activation = (Activation)7;
        double[] numbers = [1.0];

        ((Action)(() => ActivationFunctions.Evaluate(activation, numbers, numbers))).Should().Throw<ArgumentOutOfRangeException>();
        ((Action)(() => ActivationFunctions.Differentiate(activation, numbers, numbers, numbers)))
            .Should().Throw<ArgumentOutOfRangeException>();
        ((Action)(() => ActivationFunctions.Name(activation))).Should().Throw<ArgumentOutOfRangeException>();
    }

    private static double Definition(Activation activation, double input) => activation switch
    {
        Activation.Tanh => Math.Tanh(input),
        Activation.Relu => Math.Max(input, 0),
        _ => input / (1 + Math.Exp(-input)),
    };
}
