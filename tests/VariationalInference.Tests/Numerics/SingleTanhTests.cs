using System.Runtime.Intrinsics;
using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.Numerics;

/// <summary>Hyperbolic tangents in single precision against those in double precision.</summary>
public sealed class SingleTanhTests
{
    [Fact]
    public void Tangents_AreWithinTheirUnits_OddAndBounded()
    {
        float[] x = Arguments();
        float[] tanh = Evaluate<SingleScalarLanes, float>(x);
        double worst = 0;
        for (int i = 0; i < x.Length; i++)
        {
            double exact = Math.Tanh(x[i]);
            double unit = exact == 0 ? float.Epsilon : MathF.BitIncrement(MathF.Abs((float)exact)) - MathF.Abs((float)exact);
            worst = Math.Max(worst, Math.Abs(tanh[i] - exact) / unit);
            MathF.Abs(tanh[i]).Should().BeLessThanOrEqualTo(1);
        }

        worst.Should().BeLessThan(2.6);
        float[] negative = Evaluate<SingleScalarLanes, float>([.. x.Select(value => -value)]);
        negative.Should().Equal(tanh.Select(value => -value));
    }

    [Theory]
    [LaneWidthData(LaneWidth.Bits128)]
    [LaneWidthData(LaneWidth.Bits256)]
    [LaneWidthData(LaneWidth.Bits512)]
    internal void EveryWidth_HasTheSameBits(LaneWidth width)
    {
        float[] x = [.. Arguments(), float.NaN, float.NegativeInfinity, -0f];
        float[] tanh = width switch
        {
            LaneWidth.Bits512 => Evaluate<SingleLanes512, Vector512<float>>(x),
            LaneWidth.Bits256 => Evaluate<SingleLanes256, Vector256<float>>(x),
            _ => Evaluate<SingleLanes128, Vector128<float>>(x),
        };

        tanh.Select(BitConverter.SingleToInt32Bits).Should().Equal(Evaluate<SingleScalarLanes, float>(x).Select(BitConverter.SingleToInt32Bits));
    }

    [Fact]
    public void Ends_AreOneAndZeroAndNaN()
    {
        float[] tanh = Evaluate<SingleScalarLanes, float>([0, -0f, 9.02f, 40, float.PositiveInfinity, float.NegativeInfinity, float.NaN, 1e-30f]);

        tanh.Should().Equal(0, -0f, 1, 1, 1, -1, float.NaN, 1e-30f);
        float.IsNegative(tanh[1]).Should().BeTrue();
    }

    [Fact]
    public unsafe void Derivatives_AreThoseOfTheOutputs()
    {
        var outputs = new AlignedBuffer<float>(16);
        var gradients = new AlignedBuffer<float>(16);
        (outputs.Span[0], outputs.Span[1], gradients.Span[0], gradients.Span[1]) = (0.5f, -1, 3, 4);

        SingleTanh.MultiplyByDerivatives<SingleScalarLanes, float>(outputs.Pointer, gradients.Pointer, 2);

        gradients.Span[..2].ToArray().Should().Equal(3 * 0.75f, 0);
    }

    /// <summary>Every 4,001st number in single precision up to 12, and both sides of where the reduction changes.</summary>
    private static float[] Arguments()
    {
        List<float> x = [];
        for (uint bits = BitConverter.SingleToUInt32Bits(1e-9f); bits < BitConverter.SingleToUInt32Bits(12); bits += 4_001)
        {
            x.Add(BitConverter.UInt32BitsToSingle(bits));
        }

        for (int n = 0; n < 27; n++)
        {
            float edge = (float)((n + 0.5) * Math.Log(2) / 2);
            x.AddRange([MathF.BitDecrement(edge), edge, MathF.BitIncrement(edge)]);
        }

        return [.. x];
    }

    private static unsafe float[] Evaluate<TLanes, TVector>(float[] x)
        where TLanes : ISingleLanes<TVector>
        where TVector : struct
    {
        var buffer = new AlignedBuffer<float>(x.Length + 16);
        x.CopyTo(buffer.Span);
        SingleTanh.Evaluate<TLanes, TVector>(buffer.Pointer, x.Length);
        return buffer.Span[..x.Length].ToArray();
    }
}
