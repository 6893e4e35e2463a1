using System.Collections.Immutable;
using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Testing;
using VariationalInference.Tests.Amortized;
using Xunit;

namespace VariationalInference.Tests.Testing;

public sealed class EncoderConformanceTests
{
    private const int RowCount = 7;

    [Theory]
    [MemberData(nameof(EncoderCases.Shapes), MemberType = typeof(EncoderCases))]
    public void Perceptron_Conforms(int[] widths, Activation activation, bool linearPath)
    {
        MlpEncoder encoder = EncoderCases.Create(widths, activation, linearPath);

        EncoderConformance.Check(encoder, Rows()).Should().BeEmpty();
    }

    [Theory]
    [InlineData(Activation.Tanh)]
    [InlineData(Activation.Relu)]
    [InlineData(Activation.Silu)]
    public void UncalibratedPerceptronOfManyParameters_Conforms(Activation activation)
    {
        var model = new GaussianSumModel(latentCount: 3, observationCount: 4, noiseVariance: 1.0);
        var encoder = new MlpEncoder(4, 2, new PerceptronOptions { HiddenWidths = [32, 32], Activation = activation, Seed = 1, Precision = NetworkPrecision.Bits64 });

        EncoderConformance.Check(encoder, model.Sample(50, seed: 1).Observations).Should().BeEmpty();
    }

    // The speed of light in m/s, known to 0.1: eleven of a double's sixteen digits are the same in every output.
    [Fact]
    public void PerceptronFarFromZero_Conforms()
    {
        var encoder = new MlpEncoder(3, 2, new PerceptronOptions { HiddenWidths = [5], Seed = 2, Precision = NetworkPrecision.Bits64 });
        encoder.Calibrate(new EncoderScales([3e8, 3e8, 3e8], [0.1, 0.1, 0.1], [3e8, 0.0], [0.1, 0.1], [0.01, 0.01]));
        Matrix<double> rows = Rows().Map(value => 3e8 + (0.01 * value));

        EncoderConformance.Check(encoder, rows).Should().BeEmpty();
    }

    // More inputs than a vector has lanes, and as many outputs as an odd number of vectors hold.
    [Theory]
    [InlineData(9, 20)]
    [InlineData(17, 8)]
    public void PerceptronWiderThanAVector_Conforms(int observations, int hidden)
    {
        var encoder = new MlpEncoder(observations, 4, new PerceptronOptions { HiddenWidths = [hidden], Seed = 3, Precision = NetworkPrecision.Bits64 });
        Matrix<double> rows = Matrix<double>.Build.DenseOfRows(EncoderCases.Values(5 * observations, seed: 4).Chunk(observations));

        EncoderConformance.Check(encoder, rows).Should().BeEmpty();
    }

    [Fact]
    public void OneObservation_Conforms() =>
        EncoderConformance.Check(new MlpEncoder(1, 1, new PerceptronOptions { HiddenWidths = [4], Seed = 3, Precision = NetworkPrecision.Bits64 }), Rows().SubMatrix(0, RowCount, 0, 1))
            .Should().BeEmpty();

    // The unit's input is 3e-6, so that a step of 1e-5 in its bias reaches the kink and one of 1e-6 does not.
    [Fact]
    public void KinkCloserThanTheStep_IsNoViolation()
    {
        var encoder = new MlpEncoder(
            1, 1, new PerceptronOptions { HiddenWidths = [1], Activation = Activation.Relu, LinearPath = false, Precision = NetworkPrecision.Bits64 });
        double[] parameters = [1, 0, 0.5, 0.5, 0, 0];
        parameters.CopyTo(encoder.Parameters);

        EncoderConformance.Check(encoder, Matrix<double>.Build.Dense(2, 1, (n, _) => n + 3e-6)).Should().BeEmpty();
    }

    public static TheoryData<string> Faults() => [.. EncoderFaults.All.Keys];

    [Theory]
    [MemberData(nameof(Faults))]
    public void OneFault_IsTheOneViolation(string fault)
    {
        (Func<FaultyEncoder> create, string violation) = EncoderFaults.All[fault];

        ImmutableArray<string> violations = EncoderConformance.Check(create(), Rows());

        violations.Should().ContainSingle().Which.Should().Match(violation);
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public void ParametersAreAsBefore_WhateverIsFound(string fault)
    {
        FaultyEncoder encoder = EncoderFaults.All[fault].Create();
        double[] parameters = encoder.Inner.Parameters.ToArray();

        EncoderConformance.Check(encoder, Rows());

        encoder.Inner.Parameters.ToArray().Should().Equal(parameters);
    }

    [Fact]
    public void Calibration_IsByLocationAndSpreadOfTheRows_ThenByOthers()
    {
        var scales = new List<EncoderScales>();
        MlpEncoder inner = new(3, 2, new PerceptronOptions { HiddenWidths = [3], Seed = 2, Precision = NetworkPrecision.Bits64 });
        var encoder = new FaultyEncoder { Inner = inner, SetScales = (_, given) => scales.Add(given) };

        // Columns 1, 2, 6 about 3; three times 5; -1, 0, 1 about 0.
        EncoderConformance.Check(encoder, Matrix<double>.Build.DenseOfRows([[1.0, 5, -1], [2.0, 5, 0], [6.0, 5, 1]]));

        scales.Should().HaveCount(3, "what is read back is compared once more, with the first scales");
        scales[0].InputMeans.Should().Equal(3, 5, 0);
        scales[0].InputDeviations.Should().Equal(6, 2, 2);
        scales[0].OutputMeans.Should().Equal(1, 1);
        scales[0].OutputDeviations.Should().Equal(2, 2);
        scales[0].OutputVariances.Should().Equal(0.5, 0.5);
        scales[1].InputMeans.Should().Equal(6, 5, 1);
        scales[1].InputDeviations.Should().Equal(9, 3, 3);
        scales[1].OutputMeans.Should().Equal(2, 2);
        scales[1].OutputDeviations.Should().Equal(3, 3);
        scales[1].OutputVariances.Should().Equal(1.0 / 3, 1.0 / 3);
    }

    [Fact]
    public void LengthsThatForwardAccepts_AreAViolationEach()
    {
        var encoder = new FaultyEncoder
        {
            Forward = (tape, inputs, outputs) =>
            {
                int count = Math.Min(RowCount, inputs.Length / EncoderCases.Observations);
                double[] written = new double[count * 2 * EncoderCases.Latents];
                tape.Forward(inputs[..(count * EncoderCases.Observations)], written);
                written.AsSpan(0, Math.Min(outputs.Length, written.Length)).CopyTo(outputs);
            },
        };

        (int Inputs, int Outputs)[] lengths = [(24, 32), (21, 27), (21, 29), (20, 28), (20, 24)];
        EncoderConformance.Check(encoder, Rows()).Should().Equal(lengths.Select(length =>
            $"Forward with {length.Inputs} elements in inputs and {length.Outputs} in outputs, "
            + "where at most 7 rows of 3 and 4 fit, threw nothing; it must throw an ArgumentException."));
    }

    [Fact]
    public void LengthsThatBackwardAccepts_AreAViolationEach()
    {
        var encoder = new FaultyEncoder
        {
            Backward = (tape, outputs, gradient) =>
            {
                // The wrong lengths are one off those of the seven rows; no others occur but those of no rows.
                double[] added = new double[34];
                tape.Backward(Fitted(outputs, outputs.IsEmpty ? 0 : RowCount * 2 * EncoderCases.Latents), added);
                for (int i = 0; i < Math.Min(gradient.Length, added.Length); i++)
                {
                    gradient[i] += added[i];
                }
            },
        };

        (int Outputs, int Parameters)[] lengths = [(27, 34), (29, 34), (28, 33), (28, 35)];
        EncoderConformance.Check(encoder, Rows()).Should().Equal(lengths.Select(length =>
            $"Backward with {length.Outputs} elements in outputGradients and {length.Parameters} in parameterGradient, "
            + "where 28 and 34 fit, threw nothing; it must throw an ArgumentException."));
    }

    [Fact]
    public void RefusalByAnotherException_IsAViolation()
    {
        var encoder = new FaultyEncoder
        {
            Forward = (tape, inputs, outputs) =>
            {
                try
                {
                    tape.Forward(inputs, outputs);
                }
                catch (ArgumentException)
                {
                    throw new NotSupportedException();
                }
            },
        };

        EncoderConformance.Check(encoder, Rows()).Should().HaveCount(5).And.OnlyContain(
            violation => violation.EndsWith("threw NotSupportedException; it must throw an ArgumentException.", StringComparison.Ordinal));
    }

    [Fact]
    public void IndependentFaults_AreAllFound()
    {
        FaultyEncoder encoder = EncoderFaults.All["a gradient is wrong"].Create() with { Copy = original => original };

        EncoderConformance.Check(encoder, Rows()).Should().HaveCount(2);
    }

    [Fact]
    public void WrongGradient_IsFoundWhenItsParameterIsExamined()
    {
        FaultyEncoder encoder = EncoderFaults.All["a gradient is wrong"].Create();

        // One parameter of 34: parameter 4 is among those of some seeds, not of all.
        bool[] found = [.. Enumerable.Range(0, 200).Select(seed =>
            !EncoderConformance.Check(encoder, Rows(), new ConformanceOptions { MaxParameters = 1, Seed = seed }).IsEmpty)];

        // 200/34 = 5.9 are expected; none at all has a probability of 0.3 %, more than 20 less.
        found.Count(each => each).Should().BeInRange(1, 20);
    }

    [Fact]
    public void LooserTolerance_AcceptsTheGradient()
    {
        FaultyEncoder encoder = EncoderFaults.All["a gradient is wrong"].Create();

        EncoderConformance.Check(encoder, Rows(), new ConformanceOptions { GradientTolerance = 0.1 }).Should().BeEmpty();
    }

    // Single precision leaves rounding of about 1e-6 in outputs of order one, over a step of 0.01 some 1e-4 in a difference; small gradients
    // are compared at a thousandth of the largest, where that is a tenth.
    [Theory]
    [MemberData(nameof(EncoderCases.Shapes), MemberType = typeof(EncoderCases))]
    public void SinglePrecision_ConformsWithALargerStepAndTolerance(int[] widths, Activation activation, bool linearPath)
    {
        MlpEncoder encoder = EncoderCases.Create(widths, activation, linearPath, NetworkPrecision.Bits32);
        var options = new ConformanceOptions { GradientTolerance = 0.1, StepSize = 1e-2 };

        EncoderConformance.Check(encoder, Rows(), options).Should().BeEmpty();
        EncoderConformance.Check(encoder, Rows()).Should().HaveCount(2, "of parameters and of inputs").And
            .OnlyContain(violation => violation.Contains("central differences", StringComparison.Ordinal));
    }

    [Fact]
    public void SameSeed_GivesTheSameSentences()
    {
        FaultyEncoder encoder = EncoderFaults.All["a gradient is wrong"].Create();

        EncoderConformance.Check(encoder, Rows()).Should().Equal(EncoderConformance.Check(encoder, Rows()));
    }

    [Fact]
    public void BadInput_IsRefused()
    {
        MlpEncoder encoder = EncoderCases.Create([3], Activation.Tanh, linearPath: true);
        Matrix<double> rows = Rows();
        rows[4, 1] = double.NaN;

        Refuse<ArgumentNullException>(null!, Rows(), "encoder", "Value cannot be null.");
        Refuse<ArgumentNullException>(encoder, null!, "rows", "Value cannot be null.");
        Refuse<ArgumentException>(encoder, rows, "rows", "rows[4, 1] is NaN; it must be finite.");
        Refuse<ArgumentException>(
            encoder, rows.SubMatrix(0, 3, 0, 2), "rows", "rows has 2 columns; it must have 3, one for each observation.");
        Refuse<ArgumentException>(
            encoder, rows.SubMatrix(0, 1, 0, 3), "rows", "rows has 1 rows; it must have at least 2, so that a batch is more than a row.");
    }

    private static void Refuse<TException>(IEncoder encoder, Matrix<double> rows, string parameter, string message)
        where TException : ArgumentException =>
        Refusal.Of<TException>(() => EncoderConformance.Check(encoder, rows), parameter, message);

    private static double[] Fitted(ReadOnlySpan<double> values, int length)
    {
        double[] fitted = new double[length];
        values[..Math.Min(length, values.Length)].CopyTo(fitted);
        return fitted;
    }

    private static Matrix<double> Rows() =>
        Matrix<double>.Build.DenseOfRows(EncoderCases.Rows(RowCount).Chunk(EncoderCases.Observations));
}
