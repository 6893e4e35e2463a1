using FluentAssertions;
using VariationalInference.Tests.Amortized;
using Xunit;

namespace VariationalInference.Tests.Networks;

public sealed class AdamTests
{
    [Fact]
    public void Defaults_AreAsDocumented()
    {
        var adam = new Adam();

        adam.LearningRate.Should().Be(0.01);
        adam.Beta1.Should().Be(0.9);
        adam.Beta2.Should().Be(0.999);
        adam.Epsilon.Should().Be(1e-8);
    }

    [Fact]
    public void FirstStep_IsTheLearningRateUphill()
    {
        OptimizerState state = new Adam().CreateState(3);
        double[] parameters = [1, 1, 1];

        state.Step(parameters, [5, -0.002, 0], 1);

        // Bias correction makes m̂ = ∇ and v̂ = ∇².
        parameters[0].Should().BeApproximately(1 + (0.01 * 5 / (5 + 1e-8)), 1e-15);
        parameters[1].Should().BeApproximately(1 - (0.01 * 0.002 / (0.002 + 1e-8)), 1e-15);
        parameters[2].Should().Be(1);
    }

    // Fewer parameters than a vector has lanes, as many, and several vectors with a remainder.
    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(21)]
    public void Steps_FollowThePublishedAlgorithm(int count)
    {
        const double Rate = 0.05;
        const double Beta1 = 0.8;
        const double Beta2 = 0.95;
        const double Epsilon = 1e-4;
        OptimizerState state = new Adam { LearningRate = Rate, Beta1 = Beta1, Beta2 = Beta2, Epsilon = Epsilon }.CreateState(count);
        double[] parameters = [.. Enumerable.Range(0, count).Select(i => 0.5 - i)];
        double[] theta = [.. parameters];
        double[] m = new double[count];
        double[] v = new double[count];

        for (int t = 1; t <= 25; t++)
        {
            double rateFactor = 1.0 / t;
            double[] g = [.. Enumerable.Range(0, count).Select(i => Math.Sin((3 * t) + i) / t)];
            for (int i = 0; i < count; i++)
            {
                m[i] = (Beta1 * m[i]) + ((1 - Beta1) * g[i]);
                v[i] = (Beta2 * v[i]) + ((1 - Beta2) * g[i] * g[i]);
                double mHat = m[i] / (1 - Math.Pow(Beta1, t));
                double vHat = v[i] / (1 - Math.Pow(Beta2, t));
                theta[i] += Rate * rateFactor * mHat / (Math.Sqrt(vHat) + Epsilon);
            }

            state.Step(parameters, g, rateFactor);

            for (int i = 0; i < count; i++)
            {
                parameters[i].Should().BeApproximately(theta[i], 1e-14 * (1 + count), "of step {0}, parameter {1}", t, i);
            }
        }
    }

    [Fact]
    public void ZeroBetas_DivideTheGradientByItsSize()
    {
        OptimizerState state = new Adam { LearningRate = 1, Beta1 = 0, Beta2 = 0, Epsilon = 1 }.CreateState(1);
        double[] parameters = [0];

        state.Step(parameters, [3], 1);
        state.Step(parameters, [-1], 1);

        parameters.Should().Equal(0.75 - 0.5);
    }

    [Fact]
    public void States_ShareNothing()
    {
        var adam = new Adam();
        double[] first = [0];
        double[] second = [0];

        OptimizerState used = adam.CreateState(1);
        used.Step(first, [100], 1);
        adam.CreateState(1).Step(second, [100], 1);

        second.Should().Equal(first);
    }

    [Fact]
    public void Step_AllocatesNothing()
    {
        OptimizerState state = new Adam().CreateState(50);
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
        Refuse(() => new Adam { LearningRate = -1 }, "LearningRate", "LearningRate is -1; it must be positive and finite.*");
        Refuse(() => new Adam { Beta1 = 1 }, "Beta1", "Beta1 is 1; it must be at least 0 and less than 1.*");
        Refuse(() => new Adam { Beta2 = -0.1 }, "Beta2", "Beta2 is -0.1; it must be at least 0 and less than 1.*");
        Refuse(() => new Adam { Epsilon = 0 }, "Epsilon", "Epsilon is 0; it must be positive and finite.*");
        Refuse(() => new Adam().CreateState(-2), "parameterCount", "parameterCount is -2; it must be at least 1.*");
    }

    [Theory]
    [InlineData(3, 2, "parameters", "parameters has 3 elements; it must have 2, *")]
    [InlineData(2, 1, "gradient", "gradient has 1 elements; it must have 2, *")]
    public void StepWithAWrongLength_IsRefused(int parameters, int gradient, string name, string message)
    {
        OptimizerState state = new Adam().CreateState(2);
        Action step = () => state.Step(new double[parameters], new double[gradient], 1);

        step.Should().Throw<ArgumentException>().WithParameterName(name).WithMessage(message);
    }

    [Fact]
    public void StepWithABadRateFactor_IsRefusedAndDoesNotCount()
    {
        OptimizerState state = new Adam().CreateState(1);
        double[] parameters = [0];
        Action step = () => state.Step(parameters, [1], 0);

        step.Should().Throw<ArgumentOutOfRangeException>().WithParameterName("rateFactor").WithMessage("*positive and finite*");
        state.Step(parameters, [1], 1);

        parameters[0].Should().BeApproximately(0.01, 1e-9);
    }

    private static void Refuse(Func<object> action, string parameter, string message) =>
        action.Should().Throw<ArgumentOutOfRangeException>().WithParameterName(parameter).WithMessage(message);
}
