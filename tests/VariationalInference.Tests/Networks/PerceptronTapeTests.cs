using FluentAssertions;
using VariationalInference.Tests.Amortized;
using Xunit;

namespace VariationalInference.Tests.Networks;

public sealed class PerceptronTapeTests
{
    private const int RowCount = 7;

    [Fact]
    public void LinearEncoder_MatchesTheHandComputation()
    {
        var encoder = new MlpEncoder(2, 1, new PerceptronOptions { Precision = NetworkPrecision.Bits64 });
        double[] parameters = [1, 2, -3, 0.5, 0.25, -1];
        parameters.CopyTo(encoder.Parameters);
        encoder.Calibrate(new EncoderScales([1.0, -1.0], [2.0, 4.0], [10.0], [3.0], [Math.E]));
        double[] outputs = new double[4];

        encoder.CreateTape(2).Forward([3, 3, 1, -1], outputs);

        // u = (1, 1): raw mean 1 + 2 + 0.25 = 3.25, raw log-variance -3 + 0.5 - 1 = -3.5. u = (0, 0): the biases.
        outputs.Should().Equal(10 + (3 * 3.25), 1 - 3.5, 10 + (3 * 0.25), 1 - 1);
    }

    [Theory]
    [InlineData(Activation.Tanh)]
    [InlineData(Activation.Relu)]
    [InlineData(Activation.Silu)]
    public void HiddenLayerAndLinearPath_MatchTheHandComputation(Activation activation)
    {
        var encoder = new MlpEncoder(1, 1, new PerceptronOptions { HiddenWidths = [2], Activation = activation, Precision = NetworkPrecision.Bits64 });
        double[] parameters = [2, -1, 0.5, 0.25, 3, 4, 5, 6, 0.1, 0.2, 7];
        parameters.CopyTo(encoder.Parameters);
        double[] outputs = new double[2];

        encoder.CreateTape(1).Forward([1.5], outputs);

        // Units: 2 · 1.5 + 0.5 = 3.5 and -1.5 + 0.25 = -1.25.
        (double first, double second) = (Apply(activation, 3.5), Apply(activation, -1.25));
        outputs[0].Should().BeApproximately((3 * first) + (4 * second) + 0.1 + (7 * 1.5), 1e-13);
        outputs[1].Should().BeApproximately((5 * first) + (6 * second) + 0.2, 1e-13);
    }

    [Theory]
    [MemberData(nameof(EncoderCases.Shapes), MemberType = typeof(EncoderCases))]
    public void Gradient_MatchesCentralDifferencesInEveryParameter(int[] widths, Activation activation, bool linearPath)
    {
        MlpEncoder encoder = EncoderCases.Create(widths, activation, linearPath);
        INetworkTape tape = encoder.CreateTape(RowCount);
        double[] gradient = new double[encoder.Parameters.Length];
        Objective(encoder, tape);
        tape.Backward(OutputGradients(), gradient);

        // Elements far below the largest one are compared at a thousandth of it: rounding of the differences limits those.
        double floor = 1e-3 * gradient.Max(Math.Abs);
        floor.Should().BePositive();
        for (int i = 0; i < gradient.Length; i++)
        {
            double difference = CentralDifference(encoder, tape, i);
            double error = Math.Abs(gradient[i] - difference) / Math.Max(Math.Abs(gradient[i]), floor);
            error.Should().BeLessThanOrEqualTo(1e-6, "parameter {0} has gradient {1}, differences {2}", i, gradient[i], difference);
        }
    }

    [Theory]
    [MemberData(nameof(EncoderCases.Shapes), MemberType = typeof(EncoderCases))]
    public void Batch_EqualsRowByRow(int[] widths, Activation activation, bool linearPath)
    {
        MlpEncoder encoder = EncoderCases.Create(widths, activation, linearPath);
        var batch = Pass.Run(encoder, EncoderCases.Rows(RowCount), OutputGradients(), RowCount);
        var single = Pass.Run(encoder, EncoderCases.Rows(RowCount), OutputGradients(), 1);

        batch.Outputs.Should().Equal(single.Outputs);
        batch.Gradient.Should().Equal(single.Gradient, (a, b) => Math.Abs(a - b) <= 1e-13 * (1 + Math.Abs(b)), "sums over rows are rounded");
    }

    [Theory]
    [MemberData(nameof(EncoderCases.Shapes), MemberType = typeof(EncoderCases))]
    public void SinglePrecision_AgreesWithDouble_AndIsTheSameForEveryWidthAndBatch(int[] widths, Activation activation, bool linearPath)
    {
        const int rows = 35;
        double[] data = EncoderCases.Rows(rows);
        double[] outputGradients = EncoderCases.Values(rows * 2 * EncoderCases.Latents, seed: 4);
        var exact = Pass.Run(EncoderCases.Create(widths, activation, linearPath), data, outputGradients, rows);
        MlpEncoder encoder = EncoderCases.Create(widths, activation, linearPath, NetworkPrecision.Bits32);
        var whole = Pass.Run(encoder, data, outputGradients, rows);
        var parts = Pass.Run(encoder, data, outputGradients, 5);

        whole.Outputs.Should().Equal(exact.Outputs, (a, b) => Math.Abs(a - b) <= 1e-5 * (1 + Math.Abs(b)));
        double scale = exact.Gradient.Max(Math.Abs);
        whole.Gradient.Should().Equal(exact.Gradient, (a, b) => Math.Abs(a - b) <= 1e-5 * scale);
        parts.Outputs.Should().Equal(whole.Outputs);
        parts.InputGradients.Should().Equal(whole.InputGradients);
        foreach (LaneWidth width in Enum.GetValues<LaneWidth>().Where(Lanes.IsSupported))
        {
            foreach (NetworkPrecision precision in Enum.GetValues<NetworkPrecision>())
            {
                MlpEncoder other = EncoderCases.Create(widths, activation, linearPath, precision);
                double[] outputs = new double[outputGradients.Length], inputGradients = new double[data.Length];
                double[] gradient = new double[other.Parameters.Length];
                INetworkTape tape = other.Network.CreateTape(rows, prepared: false, width);
                tape.Forward(data, outputs);
                tape.Backward(outputGradients, gradient, inputGradients);
                var widest = Pass.Run(other, data, outputGradients, rows);
                outputs.Should().Equal(widest.Outputs, "{0}", width);
                inputGradients.Should().Equal(widest.InputGradients, "{0}", width);
                gradient.Should().Equal(widest.Gradient, "{0}", width);
            }
        }
    }

    [Fact]
    public void Backward_AddsToTheGradient()
    {
        MlpEncoder encoder = EncoderCases.Create([4, 3], Activation.Tanh, linearPath: true);
        INetworkTape tape = encoder.CreateTape(RowCount);
        Objective(encoder, tape);
        double[] once = new double[encoder.Parameters.Length];
        double[] twice = new double[encoder.Parameters.Length];

        tape.Backward(OutputGradients(), once);
        tape.Backward(OutputGradients(), twice);
        double[] first = [.. twice];
        tape.Backward(OutputGradients(), twice);

        first.Should().Equal(once, "a backward pass leaves the forward pass in place");
        for (int i = 0; i < once.Length; i++)
        {
            twice[i].Should().BeApproximately(2 * once[i], 1e-12 * Math.Max(1, Math.Abs(once[i])));
        }
    }

    [Fact]
    public void SmallerBatch_UsesOnlyItsOwnRows()
    {
        MlpEncoder encoder = EncoderCases.Create([5], Activation.Silu, linearPath: true);
        INetworkTape used = encoder.CreateTape(RowCount);
        Objective(encoder, used);
        double[] gradient = new double[encoder.Parameters.Length];
        double[] expected = new double[encoder.Parameters.Length];

        foreach ((INetworkTape tape, double[] destination) in new[] { (used, gradient), (encoder.CreateTape(2), expected) })
        {
            tape.Forward(EncoderCases.Rows(2), new double[8]);
            tape.Backward([1, 2, -1, 1, 3, 4, -2, 2], destination);
        }

        gradient.Should().Equal(expected);
    }

    [Theory]
    [InlineData(Activation.Tanh)]
    [InlineData(Activation.Relu)]
    [InlineData(Activation.Silu)]
    public void NoRows_GiveNoGradient(Activation activation)
    {
        MlpEncoder encoder = EncoderCases.Create([5], activation, linearPath: true);
        INetworkTape tape = encoder.CreateTape(4);
        double[] gradient = new double[encoder.Parameters.Length];

        tape.Forward([], []);
        tape.Backward([], gradient);
        tape.Backward([], gradient, []);

        gradient.Should().OnlyContain(element => element == 0);
    }

    [Theory]
    [InlineData(Activation.Tanh)]
    [InlineData(Activation.Relu)]
    [InlineData(Activation.Silu)]
    public void ForwardAndBackward_AllocateNothing(Activation activation)
    {
        MlpEncoder encoder = EncoderCases.Create([4, 3], activation, linearPath: true);
        INetworkTape tape = encoder.CreateTape(RowCount);
        double[] rows = EncoderCases.Rows(RowCount);
        double[] outputs = new double[RowCount * 2 * EncoderCases.Latents];
        double[] gradient = new double[encoder.Parameters.Length];
        double[] inputGradients = new double[rows.Length];
        tape.Forward(rows, outputs);
        tape.Backward(outputs, gradient, inputGradients);
        tape.Backward(outputs, gradient);

        long before = GC.GetAllocatedBytesForCurrentThread();
        tape.Forward(rows, outputs);
        tape.Backward(outputs, gradient, inputGradients);
        tape.Backward(outputs, gradient);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        allocated.Should().Be(0);
    }

    [Fact]
    public void BackwardWithoutForward_IsRefused()
    {
        var encoder = new MlpEncoder(2, 1, new PerceptronOptions { Precision = NetworkPrecision.Bits64 });
        Action backward = () => encoder.CreateTape(1).Backward([1, 1], new double[encoder.Parameters.Length]);

        backward.Should().Throw<InvalidOperationException>().WithMessage("*Forward*");
    }

    [Theory]
    [InlineData(3, 2, "inputs", "inputs has 3 elements; it must have a multiple of 2, for at most 2 rows.*")]
    [InlineData(6, 6, "inputs", "inputs has 6 elements; it must have a multiple of 2, for at most 2 rows.*")]
    [InlineData(4, 3, "outputs", "outputs has 3 elements; it must have 4, *")]
    public void ForwardWithAWrongLength_IsRefused(int inputs, int outputs, string parameter, string message)
    {
        INetworkTape tape = new MlpEncoder(2, 1).CreateTape(2);
        Action forward = () => tape.Forward(new double[inputs], new double[outputs]);

        forward.Should().Throw<ArgumentException>().WithParameterName(parameter).WithMessage(message);
    }

    [Theory]
    [InlineData(3, 6, 4, "outputGradients", "outputGradients has 3 elements; it must have 4, *")]
    [InlineData(4, 5, 4, "parameterGradient", "parameterGradient has 5 elements; it must have 6, *")]
    [InlineData(4, 6, 3, "inputGradients", "inputGradients has 3 elements; it must have 4, *")]
    public void BackwardWithAWrongLength_IsRefused_AndChangesNothing(int outputs, int parameters, int inputs, string parameter, string message)
    {
        INetworkTape tape = new MlpEncoder(2, 1).CreateTape(2);
        tape.Forward(new double[4], new double[4]);
        double[] gradient = new double[parameters];
        Action backward = () => tape.Backward([.. Enumerable.Repeat(1.0, outputs)], gradient, new double[inputs]);

        backward.Should().Throw<ArgumentException>().WithParameterName(parameter).WithMessage(message);
        gradient.Should().OnlyContain(element => element == 0);
    }

    private static double Apply(Activation activation, double input) => activation switch
    {
        Activation.Tanh => Math.Tanh(input),
        Activation.Relu => Math.Max(input, 0),
        _ => input / (1 + Math.Exp(-input)),
    };

    private static double[] OutputGradients() => EncoderCases.Values(RowCount * 2 * EncoderCases.Latents, seed: 31);

    // F = Σ c · f, whose output gradients are c.
    private static double Objective(MlpEncoder encoder, INetworkTape tape)
    {
        double[] outputs = new double[RowCount * 2 * encoder.LatentCount];
        tape.Forward(EncoderCases.Rows(RowCount), outputs);
        return outputs.Zip(OutputGradients(), (output, c) => output * c).Sum();
    }

    private static double CentralDifference(MlpEncoder encoder, INetworkTape tape, int index)
    {
        double value = encoder.Parameters.Span[index];
        double step = 1e-5 * Math.Max(1, Math.Abs(value));
        encoder.Parameters.Span[index] = value + step;
        double above = Objective(encoder, tape);
        encoder.Parameters.Span[index] = value - step;
        double below = Objective(encoder, tape);
        encoder.Parameters.Span[index] = value;
        return (above - below) / (value + step - (value - step));
    }

    private sealed record Pass(double[] Outputs, double[] Gradient, double[] InputGradients)
    {
        /// <summary>Evaluates and differentiates the rows, so many at a time.</summary>
        public static Pass Run(MlpEncoder encoder, double[] rows, double[] outputGradients, int batch)
        {
            INetworkTape tape = encoder.CreateTape(batch);
            int inputs = batch * encoder.ObservationCount;
            int values = batch * 2 * encoder.LatentCount;
            var pass = new Pass(new double[outputGradients.Length], new double[encoder.Parameters.Length], new double[rows.Length]);
            for (int at = 0; at < outputGradients.Length; at += values)
            {
                int first = at / values * inputs;
                tape.Forward(rows.AsSpan(first, inputs), pass.Outputs.AsSpan(at, values));
                tape.Backward(outputGradients.AsSpan(at, values), pass.Gradient, pass.InputGradients.AsSpan(first, inputs));
            }

            return pass;
        }
    }
}
