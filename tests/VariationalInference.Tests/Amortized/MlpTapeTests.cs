using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.Amortized;

public sealed class MlpTapeTests
{
    private const int RowCount = 7;

    [Fact]
    public void LinearEncoder_MatchesTheHandComputation()
    {
        var encoder = new MlpEncoder(2, 1, precision: NetworkPrecision.Bits64);
        double[] parameters = [1, 2, -3, 0.5, 0.25, -1];
        parameters.CopyTo(encoder.Parameters);
        encoder.Calibrate(new EncoderScales([1.0, -1.0], [2.0, 4.0], [10.0], [3.0], [Math.E]));
        double[] means = new double[2];
        double[] logVariances = new double[2];

        encoder.CreateTape(2).Forward([3, 3, 1, -1], means, logVariances);

        // u = (1, 1): raw mean 1 + 2 + 0.25 = 3.25, raw log-variance -3 + 0.5 - 1 = -3.5. u = (0, 0): the biases.
        means.Should().Equal(10 + (3 * 3.25), 10 + (3 * 0.25));
        logVariances.Should().Equal(1 - 3.5, 1 - 1);
    }

    [Theory]
    [InlineData(Activation.Tanh)]
    [InlineData(Activation.Relu)]
    [InlineData(Activation.Silu)]
    public void HiddenLayerAndLinearPath_MatchTheHandComputation(Activation activation)
    {
        var encoder = new MlpEncoder(1, 1, [2], activation, precision: NetworkPrecision.Bits64);
        double[] parameters = [2, -1, 0.5, 0.25, 3, 4, 5, 6, 0.1, 0.2, 7];
        parameters.CopyTo(encoder.Parameters);
        double[] means = new double[1];
        double[] logVariances = new double[1];

        encoder.CreateTape(1).Forward([1.5], means, logVariances);

        // Units: 2 · 1.5 + 0.5 = 3.5 and -1.5 + 0.25 = -1.25.
        (double first, double second) = (Apply(activation, 3.5), Apply(activation, -1.25));
        means[0].Should().BeApproximately((3 * first) + (4 * second) + 0.1 + (7 * 1.5), 1e-13);
        logVariances[0].Should().BeApproximately((5 * first) + (6 * second) + 0.2, 1e-13);
    }

    [Theory]
    [MemberData(nameof(EncoderCases.Shapes), MemberType = typeof(EncoderCases))]
    public void Gradient_MatchesCentralDifferencesInEveryParameter(int[] widths, Activation activation, bool linearPath)
    {
        MlpEncoder encoder = EncoderCases.Create(widths, activation, linearPath);
        IEncoderTape tape = encoder.CreateTape(RowCount);
        double[] gradient = new double[encoder.Parameters.Length];
        Objective(encoder, tape);
        tape.Backward(MeanGradients(), LogVarianceGradients(), gradient);

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
        var batch = Pass.Run(encoder, EncoderCases.Rows(RowCount), MeanGradients(), LogVarianceGradients(), RowCount);
        var single = Pass.Run(encoder, EncoderCases.Rows(RowCount), MeanGradients(), LogVarianceGradients(), 1);

        batch.Means.Should().Equal(single.Means);
        batch.LogVariances.Should().Equal(single.LogVariances);
        batch.Gradient.Should().Equal(single.Gradient, (a, b) => Math.Abs(a - b) <= 1e-13 * (1 + Math.Abs(b)), "sums over rows are rounded");
    }

    [Theory]
    [MemberData(nameof(EncoderCases.Shapes), MemberType = typeof(EncoderCases))]
    public void SinglePrecision_AgreesWithDouble_AndIsTheSameForEveryWidthAndBatch(int[] widths, Activation activation, bool linearPath)
    {
        const int rows = 35;
        double[] data = EncoderCases.Rows(rows);
        double[] meanGradients = EncoderCases.Values(rows * EncoderCases.Latents, seed: 4);
        double[] logVarianceGradients = EncoderCases.Values(rows * EncoderCases.Latents, seed: 5);
        var exact = Pass.Run(EncoderCases.Create(widths, activation, linearPath), data, meanGradients, logVarianceGradients, rows);
        MlpEncoder encoder = EncoderCases.Create(widths, activation, linearPath, NetworkPrecision.Bits32);
        var whole = Pass.Run(encoder, data, meanGradients, logVarianceGradients, rows);
        var parts = Pass.Run(encoder, data, meanGradients, logVarianceGradients, 5);

        whole.Means.Should().Equal(exact.Means, (a, b) => Math.Abs(a - b) <= 1e-5 * (1 + Math.Abs(b)));
        whole.LogVariances.Should().Equal(exact.LogVariances, (a, b) => Math.Abs(a - b) <= 1e-5 * (1 + Math.Abs(b)));
        double scale = exact.Gradient.Max(Math.Abs);
        whole.Gradient.Should().Equal(exact.Gradient, (a, b) => Math.Abs(a - b) <= 1e-5 * scale);
        parts.Means.Should().Equal(whole.Means);
        parts.LogVariances.Should().Equal(whole.LogVariances);
        foreach (LaneWidth width in Enum.GetValues<LaneWidth>().Where(Lanes.IsSupported))
        {
            foreach (NetworkPrecision precision in Enum.GetValues<NetworkPrecision>())
            {
                MlpEncoder other = EncoderCases.Create(widths, activation, linearPath, precision);
                double[] means = new double[meanGradients.Length], logVariances = new double[meanGradients.Length];
                double[] gradient = new double[other.Parameters.Length], expected = new double[gradient.Length];
                IEncoderTape tape = other.CreateTape(rows, prepared: false, width);
                tape.Forward(data, means, logVariances);
                tape.Backward(meanGradients, logVarianceGradients, gradient);
                var widest = Pass.Run(other, data, meanGradients, logVarianceGradients, rows);
                means.Should().Equal(widest.Means, "{0}", width);
                logVariances.Should().Equal(widest.LogVariances, "{0}", width);
                gradient.Should().Equal(widest.Gradient, "{0}", width);
            }
        }
    }

    [Fact]
    public void Backward_AddsToTheGradient()
    {
        MlpEncoder encoder = EncoderCases.Create([4, 3], Activation.Tanh, linearPath: true);
        IEncoderTape tape = encoder.CreateTape(RowCount);
        Objective(encoder, tape);
        double[] once = new double[encoder.Parameters.Length];
        double[] twice = new double[encoder.Parameters.Length];

        tape.Backward(MeanGradients(), LogVarianceGradients(), once);
        tape.Backward(MeanGradients(), LogVarianceGradients(), twice);
        double[] first = [.. twice];
        tape.Backward(MeanGradients(), LogVarianceGradients(), twice);

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
        IEncoderTape used = encoder.CreateTape(RowCount);
        Objective(encoder, used);
        double[] gradient = new double[encoder.Parameters.Length];
        double[] expected = new double[encoder.Parameters.Length];

        foreach ((IEncoderTape tape, double[] destination) in new[] { (used, gradient), (encoder.CreateTape(2), expected) })
        {
            tape.Forward(EncoderCases.Rows(2), new double[4], new double[4]);
            tape.Backward([1, 2, 3, 4], [-1, 1, -2, 2], destination);
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
        IEncoderTape tape = encoder.CreateTape(4);
        double[] gradient = new double[encoder.Parameters.Length];

        tape.Forward([], [], []);
        tape.Backward([], [], gradient);

        gradient.Should().OnlyContain(element => element == 0);
    }

    [Theory]
    [InlineData(Activation.Tanh)]
    [InlineData(Activation.Relu)]
    [InlineData(Activation.Silu)]
    public void ForwardAndBackward_AllocateNothing(Activation activation)
    {
        MlpEncoder encoder = EncoderCases.Create([4, 3], activation, linearPath: true);
        IEncoderTape tape = encoder.CreateTape(RowCount);
        double[] rows = EncoderCases.Rows(RowCount);
        double[] means = new double[RowCount * EncoderCases.Latents];
        double[] logVariances = new double[RowCount * EncoderCases.Latents];
        double[] gradient = new double[encoder.Parameters.Length];
        tape.Forward(rows, means, logVariances);
        tape.Backward(means, logVariances, gradient);

        long before = GC.GetAllocatedBytesForCurrentThread();
        tape.Forward(rows, means, logVariances);
        tape.Backward(means, logVariances, gradient);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        allocated.Should().Be(0);
    }

    [Fact]
    public void BackwardWithoutForward_IsRefused()
    {
        var encoder = new MlpEncoder(2, 1, precision: NetworkPrecision.Bits64);
        Action backward = () => encoder.CreateTape(1).Backward([1], [1], new double[encoder.Parameters.Length]);

        backward.Should().Throw<InvalidOperationException>().WithMessage("*Forward*");
    }

    [Theory]
    [InlineData(3, 1, 1, "rows", "rows has 3 elements; it must have a multiple of 2, for at most 2 rows.*")]
    [InlineData(6, 3, 3, "rows", "rows has 6 elements; it must have a multiple of 2, for at most 2 rows.*")]
    [InlineData(4, 1, 2, "means", "means has 1 elements; it must have 2, *")]
    [InlineData(4, 2, 3, "logVariances", "logVariances has 3 elements; it must have 2, *")]
    public void ForwardWithAWrongLength_IsRefused(int rows, int means, int logVariances, string parameter, string message)
    {
        IEncoderTape tape = new MlpEncoder(2, 1).CreateTape(2);
        Action forward = () => tape.Forward(new double[rows], new double[means], new double[logVariances]);

        forward.Should().Throw<ArgumentException>().WithParameterName(parameter).WithMessage(message);
    }

    [Theory]
    [InlineData(1, 2, 6, "meanGradients", "meanGradients has 1 elements; it must have 2, *")]
    [InlineData(2, 4, 6, "logVarianceGradients", "logVarianceGradients has 4 elements; it must have 2, *")]
    [InlineData(2, 2, 5, "parameterGradient", "parameterGradient has 5 elements; it must have 6, *")]
    public void BackwardWithAWrongLength_IsRefused(int means, int logVariances, int parameters, string parameter, string message)
    {
        IEncoderTape tape = new MlpEncoder(2, 1).CreateTape(2);
        tape.Forward(new double[4], new double[2], new double[2]);
        Action backward = () => tape.Backward(new double[means], new double[logVariances], new double[parameters]);

        backward.Should().Throw<ArgumentException>().WithParameterName(parameter).WithMessage(message);
    }

    private static double Apply(Activation activation, double input) => activation switch
    {
        Activation.Tanh => Math.Tanh(input),
        Activation.Relu => Math.Max(input, 0),
        _ => input / (1 + Math.Exp(-input)),
    };

    private static double[] MeanGradients() => EncoderCases.Values(RowCount * EncoderCases.Latents, seed: 31);

    private static double[] LogVarianceGradients() => EncoderCases.Values(RowCount * EncoderCases.Latents, seed: 32);

    // f = Σ (c · μ + d · ρ), whose output gradients are c and d.
    private static double Objective(MlpEncoder encoder, IEncoderTape tape)
    {
        double[] means = new double[RowCount * encoder.LatentCount];
        double[] logVariances = new double[RowCount * encoder.LatentCount];
        tape.Forward(EncoderCases.Rows(RowCount), means, logVariances);
        return means.Zip(MeanGradients(), (mean, c) => mean * c).Sum()
            + logVariances.Zip(LogVarianceGradients(), (logVariance, d) => logVariance * d).Sum();
    }

    private static double CentralDifference(MlpEncoder encoder, IEncoderTape tape, int index)
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

    private sealed record Pass(double[] Means, double[] LogVariances, double[] Gradient)
    {
        /// <summary>Evaluates and differentiates the rows, so many at a time.</summary>
        public static Pass Run(MlpEncoder encoder, double[] rows, double[] meanGradients, double[] logVarianceGradients, int batch)
        {
            IEncoderTape tape = encoder.CreateTape(batch);
            int inputs = batch * encoder.ObservationCount;
            int values = batch * encoder.LatentCount;
            var pass = new Pass(
                new double[meanGradients.Length], new double[meanGradients.Length], new double[encoder.Parameters.Length]);
            for (int at = 0; at < meanGradients.Length; at += values)
            {
                ReadOnlySpan<double> batchRows = rows.AsSpan(at / values * inputs, inputs);
                tape.Forward(batchRows, pass.Means.AsSpan(at, values), pass.LogVariances.AsSpan(at, values));
                tape.Backward(meanGradients.AsSpan(at, values), logVarianceGradients.AsSpan(at, values), pass.Gradient);
            }

            return pass;
        }
    }
}
