using System.Collections.Immutable;
using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.Amortized;

public sealed class MlpEncoderTests
{
    [Fact]
    public void Defaults_AreALinearTanhEncoderWithIdentityScales()
    {
        var encoder = new MlpEncoder(2, 3);

        encoder.ObservationCount.Should().Be(2);
        encoder.LatentCount.Should().Be(3);
        encoder.HiddenWidths.Should().BeEmpty();
        encoder.Activation.Should().Be(Activation.Tanh);
        encoder.HasLinearPath.Should().BeFalse("a linear encoder needs no separate linear path");
        encoder.IsCalibrated.Should().BeFalse();
        encoder.Scales.InputMeans.Should().Equal(0, 0);
        encoder.Scales.InputDeviations.Should().Equal(1, 1);
        encoder.Scales.OutputMeans.Should().Equal(0, 0, 0);
        encoder.Scales.OutputDeviations.Should().Equal(1, 1, 1);
        encoder.Scales.OutputVariances.Should().Equal(1, 1, 1);
    }

    [Theory]
    [InlineData(new int[0], true, (2 * 6) + 6)]
    [InlineData(new[] { 5 }, false, (2 * 5) + 5 + (5 * 6) + 6)]
    [InlineData(new[] { 5 }, true, (2 * 5) + 5 + (5 * 6) + 6 + (3 * 2))]
    [InlineData(new[] { 4, 7 }, true, (2 * 4) + 4 + (4 * 7) + 7 + (7 * 6) + 6 + (3 * 2))]
    public void ParameterCount_IsThatOfTheLayersAndTheLinearPath(int[] widths, bool linearPath, int expected)
    {
        var encoder = new MlpEncoder(2, 3, new PerceptronOptions { HiddenWidths = [.. widths], LinearPath = linearPath });

        encoder.Parameters.Length.Should().Be(expected);
        encoder.HasLinearPath.Should().Be(linearPath && widths.Length > 0);
        encoder.HiddenWidths.Should().Equal(widths);
    }

    [Fact]
    public void SameSeed_GivesTheSameParameters()
    {
        var first = new MlpEncoder(2, 1, [8, 8], seed: 5);
        var second = new MlpEncoder(2, 1, [8, 8], seed: 5);

        second.Parameters.ToArray().Should().Equal(first.Parameters.ToArray());
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 2)]
    [InlineData(1, -1)]
    public void DifferentSeeds_GiveDifferentWeights(int seed, int otherSeed)
    {
        double[] first = new MlpEncoder(2, 1, [8], seed: seed).Parameters.ToArray();
        double[] second = new MlpEncoder(2, 1, [8], seed: otherSeed).Parameters.ToArray();

        first.Take(16).Should().NotIntersectWith(second.Take(16));
    }

    [Theory]
    [InlineData(Activation.Tanh, 140)]
    [InlineData(Activation.Relu, 40)]
    [InlineData(Activation.Silu, 40)]
    public void InitialHiddenWeights_HaveTheRangeAndVarianceOfTheirScheme(Activation activation, int fan)
    {
        var encoder = new MlpEncoder(40, 3, new PerceptronOptions { HiddenWidths = [100], Activation = activation });

        double[] weights = encoder.Parameters.Span[..4000].ToArray();

        CheckUniform(weights, Math.Sqrt(6.0 / fan));
    }

    [Theory]
    [InlineData(Activation.Tanh)]
    [InlineData(Activation.Relu)]
    [InlineData(Activation.Silu)]
    public void InitialOutputWeights_HaveTheGlorotRangeAndVariance(Activation activation)
    {
        var encoder = new MlpEncoder(1, 10, new PerceptronOptions { HiddenWidths = [200], Activation = activation });

        double[] weights = encoder.Parameters.Slice(400, 4000).ToArray();

        CheckUniform(weights, Math.Sqrt(6.0 / 220));
    }

    [Fact]
    public void InitialBiasesAndLinearPath_AreZero()
    {
        var encoder = new MlpEncoder(2, 3, [5]);
        double[] parameters = encoder.Parameters.ToArray();

        parameters[10..15].Should().OnlyContain(bias => bias == 0);
        parameters[45..51].Should().OnlyContain(bias => bias == 0);
        parameters[51..].Should().HaveCount(6).And.OnlyContain(weight => weight == 0);
        parameters[..10].Should().NotContain(0);
        parameters[15..45].Should().NotContain(0);
    }

    [Fact]
    public void SecondCalibration_ChangesNothing()
    {
        var encoder = new MlpEncoder(3, 2, [4]);
        double[] parameters = encoder.Parameters.ToArray();
        EncoderScales other = EncoderCases.Scales with { InputMeans = ImmutableArray.Create(7.0, 7.0, 7.0) };

        encoder.Calibrate(EncoderCases.Scales);
        encoder.Calibrate(other);

        encoder.IsCalibrated.Should().BeTrue();
        encoder.Scales.Should().BeSameAs(EncoderCases.Scales);
        encoder.Parameters.ToArray().Should().Equal(parameters);
    }

    [Fact]
    public void Calibration_ReachesATapeThatExists()
    {
        var encoder = new MlpEncoder(3, 2);
        encoder.Parameters.Span.Clear();
        INetworkTape tape = encoder.CreateTape(1);
        double[] outputs = new double[4];

        encoder.Calibrate(EncoderCases.Scales);
        tape.Forward([1, 2, 3], outputs);

        outputs.Should().Equal([.. EncoderCases.Scales.OutputMeans, .. EncoderCases.Scales.OutputVariances.Select(Math.Log)]);
    }

    public static TheoryData<EncoderScales, string> BadScales() => new()
    {
        { EncoderCases.Scales with { InputMeans = [1.0, 2.0] }, "InputMeans has 2 elements; it must have 3, " },
        { EncoderCases.Scales with { InputDeviations = default }, "InputDeviations has 0 elements; it must have 3, " },
        { EncoderCases.Scales with { OutputVariances = [1.0] }, "OutputVariances has 1 elements; it must have 2, " },
        { EncoderCases.Scales with { InputMeans = [1.0, double.NaN, 2.0] }, "InputMeans[1] is NaN; it must be finite." },
        { EncoderCases.Scales with { InputDeviations = [1.0, 1.0, 0.0] }, "InputDeviations[2] is 0; it must be positive and finite." },
        { EncoderCases.Scales with { OutputMeans = [double.PositiveInfinity, 0.0] }, "OutputMeans[0] is Infinity; it must be finite." },
        { EncoderCases.Scales with { OutputDeviations = [1.0, -0.5] }, "OutputDeviations[1] is -0.5; it must be positive and finite." },
        {
            EncoderCases.Scales with { OutputVariances = [double.PositiveInfinity, 1.0] },
            "OutputVariances[0] is Infinity; it must be positive and finite."
        },
    };

    [Theory]
    [MemberData(nameof(BadScales), DisableDiscoveryEnumeration = true)]
    public void BadScales_AreRefusedAndLeaveTheEncoderUncalibrated(EncoderScales scales, string message)
    {
        var encoder = new MlpEncoder(3, 2);

        Action calibrate = () => encoder.Calibrate(scales);

        string property = message.Split(' ', '[')[0];
        calibrate.Should().Throw<ArgumentException>().WithParameterName($"scales.{property}").WithMessage($"scales.{message}*");
        encoder.IsCalibrated.Should().BeFalse();
    }

    [Fact]
    public void NullScales_AreRefused()
    {
        Action calibrate = () => new MlpEncoder(3, 2).Calibrate(null!);

        calibrate.Should().Throw<ArgumentNullException>().WithParameterName("scales");
    }

    [Fact]
    public void Clone_HasTheSameShapeParametersAndScales()
    {
        MlpEncoder encoder = EncoderCases.Create([4, 3], Activation.Silu, linearPath: true);

        MlpEncoder clone = encoder.Clone();

        clone.Should().BeEquivalentTo(encoder, options => options.Excluding(e => e.Parameters));
        clone.Parameters.ToArray().Should().Equal(encoder.Parameters.ToArray());
        Means(clone).Should().Equal(Means(encoder));
        ((IEncoder)encoder).Clone().Should().BeOfType<MlpEncoder>().And.NotBeSameAs(encoder);
    }

    [Fact]
    public void ChangingAClone_LeavesTheOriginalAlone()
    {
        var encoder = new MlpEncoder(3, 2, [4]);
        double[] parameters = encoder.Parameters.ToArray();
        double[] means = Means(encoder);

        MlpEncoder clone = encoder.Clone();
        clone.Parameters.Span.Fill(1.0);
        clone.Calibrate(EncoderCases.Scales);

        encoder.IsCalibrated.Should().BeFalse();
        encoder.Parameters.ToArray().Should().Equal(parameters);
        Means(encoder).Should().Equal(means);
        Means(clone).Should().NotEqual(means);
    }

    [Fact]
    public void Description_GivesWidthsAndActivation()
    {
        new MlpEncoder(2, 1, [32, 32]).ToString().Should().Be("MlpEncoder 2-32-32-2 tanh");
        new MlpEncoder(3, 2, new PerceptronOptions { HiddenWidths = [8], Activation = Activation.Relu }).ToString().Should().Be("MlpEncoder 3-8-4 relu");
        new MlpEncoder(3, 2, new PerceptronOptions { HiddenWidths = [8], Activation = Activation.Silu }).ToString().Should().Be("MlpEncoder 3-8-4 silu");
        new MlpEncoder(3, 2).ToString().Should().Be("MlpEncoder 3-4 linear");
    }

    [Fact]
    public void CountBelowOne_IsRefused()
    {
        Refuse(() => new MlpEncoder(0, 1), "observationCount", "observationCount is 0; it must be at least 1.*");
        Refuse(() => new MlpEncoder(2, -1), "latentCount", "latentCount is -1; it must be at least 1.*");
        Refuse(() => new MlpEncoder(2, 1, [4, 0]), "hiddenWidths", "hiddenWidths is 0; it must be at least 1.*");
        Refuse(() => new MlpEncoder(2, 1).CreateTape(0), "capacity", "capacity is 0; it must be at least 1 and at most *");
    }

    [Fact]
    public void MoreParametersThanAnArrayHolds_IsRefused()
    {
        Action create = () => _ = new MlpEncoder(2, 1, [100_000, 100_000]);

        create.Should().Throw<ArgumentException>().WithMessage("The network would have 1E+10 parameters; at most 2147483591 are allowed.");
    }

    private static void Refuse(Func<object> action, string parameter, string message) =>
        action.Should().Throw<ArgumentOutOfRangeException>().WithParameterName(parameter).WithMessage(message);

    private static double[] Means(MlpEncoder encoder)
    {
        double[] outputs = new double[4];
        encoder.CreateTape(1).Forward([0.3, -1.0, 8.0], outputs);
        return outputs[..2];
    }

    // 4000 draws: 10% of the variance limit²/3 is 7 standard errors, and 10% of the limit is 11 of the mean's.
    private static void CheckUniform(double[] weights, double limit)
    {
        weights.Should().OnlyContain(weight => Math.Abs(weight) <= limit);
        weights.Max(Math.Abs).Should().BeGreaterThan(0.99 * limit);
        weights.Average().Should().BeApproximately(0, 0.1 * limit);
        weights.Average(weight => weight * weight).Should().BeApproximately(limit * limit / 3, 0.1 * limit * limit / 3);
    }
}
