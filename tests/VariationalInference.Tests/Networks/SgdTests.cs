using FluentAssertions;
using VariationalInference.Tests.Amortized;
using Xunit;

namespace VariationalInference.Tests.Networks;

public sealed class SgdTests
{
    [Fact]
    public void Defaults_AreAsDocumented()
    {
        var sgd = new Sgd();

        sgd.LearningRate.Should().Be(0.1);
        sgd.Momentum.Should().Be(0.9);
    }

    [Fact]
    public void Steps_FollowTheMomentumRecurrenceUphill()
    {
        OptimizerState state = new Sgd { LearningRate = 0.5, Momentum = 0.25 }.CreateState(2);
        double[] parameters = [1, -1];

        // Velocities (4, -8), then (4/4 + 2, -8/4 + 0) = (3, -2), then (3/4 + 0, -2/4 + 1) = (0.75, 0.5).
        state.Step(parameters, [4, -8], 1);
        parameters.Should().Equal(3, -5);
        state.Step(parameters, [2, 0], 1);
        parameters.Should().Equal(4.5, -6);
        state.Step(parameters, [0, 1], 2);
        parameters.Should().Equal(5.25, -5.5);
    }

    [Fact]
    public void NoMomentum_IsPlainGradientAscent()
    {
        OptimizerState state = new Sgd { LearningRate = 0.5, Momentum = 0 }.CreateState(1);
        double[] parameters = [0];

        state.Step(parameters, [2], 1);
        state.Step(parameters, [4], 0.5);

        parameters.Should().Equal(2);
    }

    [Fact]
    public void States_ShareNothing()
    {
        var sgd = new Sgd();
        OptimizerState used = sgd.CreateState(1);
        used.Step([0.0], [100], 1);
        double[] parameters = [0];

        sgd.CreateState(1).Step(parameters, [1], 1);

        parameters.Should().Equal(0.1);
    }

    [Fact]
    public void Step_AllocatesNothing()
    {
        OptimizerState state = new Sgd().CreateState(50);
        double[] parameters = new double[50];
        double[] gradient = EncoderCases.Values(50, seed: 1);
        state.Step(parameters, gradient, 1);

        long before = GC.GetAllocatedBytesForCurrentThread();
        state.Step(parameters, gradient, 1);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        allocated.Should().Be(0);
    }

    [Fact]
    public void BadSetting_IsRefused()
    {
        Refuse(() => new Sgd { LearningRate = 0 }, "LearningRate", "LearningRate is 0; it must be positive and finite.*");
        Refuse(
            () => new Sgd { LearningRate = double.PositiveInfinity }, "LearningRate", "LearningRate is Infinity; it must be positive*");
        Refuse(() => new Sgd { LearningRate = double.NaN }, "LearningRate", "LearningRate is NaN; it must be positive*");
        Refuse(() => new Sgd { Momentum = -0.5 }, "Momentum", "Momentum is -0.5; it must be at least 0 and less than 1.*");
        Refuse(() => new Sgd { Momentum = 1 }, "Momentum", "Momentum is 1; it must be at least 0 and less than 1.*");
        Refuse(() => new Sgd { Momentum = double.NaN }, "Momentum", "Momentum is NaN; it must be at least 0 and less than 1.*");
        Refuse(() => new Sgd().CreateState(0), "parameterCount", "parameterCount is 0; it must be at least 1.*");
    }

    [Theory]
    [InlineData(3, 2, "parameters", "parameters has 3 elements; it must have 2, *")]
    [InlineData(2, 1, "gradient", "gradient has 1 elements; it must have 2, *")]
    public void StepWithAWrongLength_IsRefused(int parameters, int gradient, string name, string message)
    {
        OptimizerState state = new Sgd().CreateState(2);
        Action step = () => state.Step(new double[parameters], new double[gradient], 1);

        step.Should().Throw<ArgumentException>().WithParameterName(name).WithMessage(message);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void StepWithABadRateFactor_IsRefusedAndChangesNothing(double rateFactor)
    {
        OptimizerState state = new Sgd().CreateState(1);
        double[] parameters = [1];
        Action step = () => state.Step(parameters, [1], rateFactor);

        step.Should().Throw<ArgumentOutOfRangeException>().WithParameterName(nameof(rateFactor)).WithMessage("*positive and finite*");
        parameters.Should().Equal(1);
    }

    private static void Refuse(Func<object> action, string parameter, string message) =>
        action.Should().Throw<ArgumentOutOfRangeException>().WithParameterName(parameter).WithMessage(message);
}
