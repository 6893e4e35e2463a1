using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Testing;
using VariationalInference.Tests.Amortized;
using Xunit;

namespace VariationalInference.Tests.Networks;

public sealed class PerceptronTests
{
    private static readonly PerceptronOptions Double = new() { Precision = NetworkPrecision.Bits64, Seed = 6 };

    // Fewer outputs than inputs, as many, more, more than a vector holds; with missing cells in MissingCellsTests.
    [Theory]
    [InlineData(1, 1, new int[0], Activation.Tanh, true)]
    [InlineData(4, 3, new int[0], Activation.Tanh, true)]
    [InlineData(3, 3, new[] { 5 }, Activation.Silu, true)]
    [InlineData(2, 20, new[] { 7, 4 }, Activation.Tanh, true)]
    [InlineData(2, 20, new[] { 7, 4 }, Activation.Silu, false)]
    [InlineData(18, 33, new[] { 40 }, Activation.Tanh, true)]
    public void Perceptron_OfAnyWidth_Conforms(int inputs, int outputs, int[] widths, Activation activation, bool linearPath)
    {
        var network = new Perceptron(
            inputs, outputs, Double with { HiddenWidths = [.. widths], Activation = activation, LinearPath = linearPath });
        Matrix<double> rows = Matrix<double>.Build.DenseOfRows(EncoderCases.Values(6 * inputs, seed: 4).Chunk(inputs));
        EncoderCases.Values(network.Parameters.Length, seed: 9).CopyTo(network.Parameters);

        NetworkConformance.Check(network, rows).Should().BeEmpty();
        network.Calibrate(new NetworkScales(
            [.. EncoderCases.Values(inputs, seed: 1)],
            [.. EncoderCases.Values(inputs, seed: 2).Select(value => 2 + value)],
            [.. EncoderCases.Values(outputs, seed: 3)],
            [.. EncoderCases.Values(outputs, seed: 5).Select(value => 2 + value)]));
        NetworkConformance.Check(network, rows).Should().BeEmpty();
    }

    [Fact]
    public void InputGradients_OfALinearMap_AreItsScaledWeights()
    {
        var network = new Perceptron(2, 3, Double);
        double[] parameters = [1, 2, 3, 4, 5, 6, 0, 0, 0];
        parameters.CopyTo(network.Parameters);
        network.Calibrate(new NetworkScales([7, 8], [2, 4], [0, 0, 0], [1, 10, 100]));
        INetworkTape tape = network.CreateTape(2);
        double[] inputGradients = new double[4];

        tape.Forward([1, 2, 3, 4], new double[6]);
        tape.Backward([1, 0, 0, 0, 1, -1], new double[9], inputGradients);

        inputGradients.Should().Equal(0.5, 0.5, (30.0 - 500) / 2, (40.0 - 600) / 4);
    }

    [Fact]
    public void LinearPath_LeadsToEveryOutput()
    {
        var network = new Perceptron(2, 3, new PerceptronOptions { HiddenWidths = [4], Precision = NetworkPrecision.Bits64 });
        network.Parameters.Span.Clear();
        ((double[])[1, 2, 3, 4, 5, 6]).CopyTo(network.Parameters[^6..]);
        double[] outputs = new double[3];

        network.CreateTape(1).Forward([1, 10], outputs);

        outputs.Should().Equal(21, 43, 65);
        network.HasLinearPath.Should().BeTrue();
        network.ToString().Should().Be("Perceptron 2-4-3 tanh");
        new Perceptron(2, 3).ToString().Should().Be("Perceptron 2-3 linear");
    }

    [Theory]
    [InlineData(NetworkPrecision.Bits32)]
    [InlineData(NetworkPrecision.Bits64)]
    public void Capacity_BeyondWhatBuffersHold_IsRefusedByName(NetworkPrecision precision)
    {
        // Sixteen padded units of four or eight bytes are a row of the widest layer, and a buffer has at most 2³¹ − 57 − 64 bytes.
        int most = (Array.MaxLength - 64) / (16 * (precision == NetworkPrecision.Bits32 ? 4 : 8));
        var encoder = new MlpEncoder(2, 1, new PerceptronOptions { HiddenWidths = [3], Precision = precision });
        foreach (int capacity in (int[])[int.MaxValue, most + 1, 0, -1])
        {
            string message = FormattableString.Invariant($"capacity is {capacity}; it must be at least 1 and at most {most}, ");
            Refusal.Of<ArgumentOutOfRangeException>(() => encoder.CreateTape(capacity), "capacity", message);
            Refusal.Of<ArgumentOutOfRangeException>(() => encoder.CreatePreparedTape(capacity), "capacity", message);
        }
    }

    [Fact]
    public void BadArguments_AreRefusedByName()
    {
        Refusal.Of<ArgumentOutOfRangeException>(() => _ = new Perceptron(0, 1), "inputCount", "inputCount is 0; it must be at least 1.");
        Refusal.Of<ArgumentOutOfRangeException>(() => _ = new Perceptron(1, -2), "outputCount", "outputCount is -2; it must be at least 1.");
        Refusal.Of<ArgumentOutOfRangeException>(
            () => _ = new MlpEncoder(2, int.MaxValue), "latentCount", "latentCount is 2147483647; it must be at most 1073741795.");
        Refusal.Of<ArgumentNullException>(() => _ = new MlpEncoder(2, 1, null!), "options", "Value cannot be null.");
        Refusal.Of<ArgumentNullException>(() => new Perceptron(2, 1).Calibrate(null!), "scales", "Value cannot be null.");
        Refusal.Of<ArgumentException>(
            () => new Perceptron(2, 1).Calibrate(new NetworkScales([0, 0], [1, 0], [0], [1])),
            "scales.InputDeviations",
            "scales.InputDeviations[1] is 0; it must be positive and finite.");
        Refusal.Of<ArgumentException>(
            () => new Perceptron(2, 1).Calibrate(new NetworkScales([0, 0], [1, 1], [0, 0], [1])),
            "scales.OutputMeans",
            "scales.OutputMeans has 2 elements; it must have 1, one for each output.");
    }

    [Fact]
    public void Clone_SharesNothing_AndKeepsItsScales()
    {
        var network = new Perceptron(2, 1, Double);
        var scales = new NetworkScales([1, 2], [3, 4], [5], [6]);
        network.Calibrate(scales);

        Perceptron clone = network.Clone();
        clone.Parameters.Span.Clear();
        clone.Calibrate(scales with { OutputMeans = [0] });

        network.Parameters.Span[0].Should().NotBe(0);
        clone.Scales.Should().Be(scales);
        clone.Scales.Should().NotBe(scales with { OutputDeviations = [7] });
        scales.GetHashCode().Should().Be((scales with { OutputMeans = [5] }).GetHashCode());
    }

    [Fact]
    public void TapeWithoutInputGradients_RefusesThem()
    {
        INetworkTape tape = new OneWayTape();

        Action backward = () => tape.Backward([], [], []);

        backward.Should().Throw<NotSupportedException>().WithMessage("OneWayTape gives no gradients in the inputs; *");
    }

    private sealed class OneWayTape : INetworkTape
    {
        public void Forward(ReadOnlySpan<double> inputs, Span<double> outputs)
        {
        }

        public void Backward(ReadOnlySpan<double> outputGradients, Span<double> parameterGradient)
        {
        }
    }
}
