using System.Runtime.CompilerServices;

namespace VariationalInference;

/// <summary>Hyperbolic tangents in single precision, within 2.6 units in the last place, odd, never beyond ±1, and the same bits on vectors of every width.</summary>
/// <remarks>
/// tanh x = E / (E + 2) with E = e²ˣ − 1 of |x|. With 2x = n log 2 + r, E = 2ⁿ(eʳ − 1) + (2ⁿ − 1), and eʳ − 1 = r + r²p(r) with the polynomial p
/// that has the least largest relative error for |r| ≤ ½ log 2, 1.3e-8.
/// </remarks>
internal static unsafe class SingleTanh
{
    // From here on a hyperbolic tangent is 1 in single precision.
    private const float Largest = 9.02f;

    // 1.5 · 2²³: adding it rounds to an integer, which then stands in the last bits.
    private const float Shift = 12_582_912f;
    private const float TwoOverLog2 = 2.885390f;

    // Rounded by 2e-9, which n multiplies; by then the tangent no longer depends on E so much.
    private const float Log2 = 0.6931472f;

    private const float P0 = 0.49999997f;
    private const float P1 = 0.16666543f;
    private const float P2 = 0.0416672f;
    private const float P3 = 0.008366547f;
    private const float P4 = 0.0013882517f;

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static void Evaluate<TLanes, TVector>(float* values, int count)
        where TLanes : ISingleLanes<TVector>
        where TVector : struct
    {
        TVector largest = TLanes.Broadcast(Largest), shift = TLanes.Broadcast(Shift), two = TLanes.Broadcast(2);
        TVector twoOverLog2 = TLanes.Broadcast(TwoOverLog2), log2 = TLanes.Broadcast(-Log2);
        TVector p0 = TLanes.Broadcast(P0), p1 = TLanes.Broadcast(P1), p2 = TLanes.Broadcast(P2), p3 = TLanes.Broadcast(P3), p4 = TLanes.Broadcast(P4);
        TVector one = TLanes.Broadcast(1);
        for (int i = 0; i < count; i += TLanes.Count)
        {
            TVector value = TLanes.Load(values + i);
            TVector x = TLanes.Min(largest, TLanes.Abs(value));
            TVector shifted = TLanes.FusedMultiplyAdd(x, twoOverLog2, shift);
            TVector n = TLanes.Subtract(shifted, shift);
            TVector r = TLanes.FusedMultiplyAdd(n, log2, TLanes.Add(x, x));
            TVector square = TLanes.Multiply(r, r);
            TVector p = TLanes.FusedMultiplyAdd(square, p4, TLanes.FusedMultiplyAdd(r, p3, p2));
            p = TLanes.FusedMultiplyAdd(square, p, TLanes.FusedMultiplyAdd(r, p1, p0));
            p = TLanes.FusedMultiplyAdd(square, p, r);
            TVector power = TLanes.PowerOfTwo(shifted);
            TVector e = TLanes.FusedMultiplyAdd(power, p, TLanes.Subtract(power, one));
            TLanes.Store(TLanes.CopySign(TLanes.Divide(e, TLanes.Add(e, two)), value), values + i);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static void MultiplyByDerivatives<TLanes, TVector>(float* outputs, float* gradients, int count)
        where TLanes : ISingleLanes<TVector>
        where TVector : struct
    {
        TVector one = TLanes.Broadcast(1);
        for (int i = 0; i < count; i += TLanes.Count)
        {
            TVector y = TLanes.Load(outputs + i);
            TVector derivative = TLanes.Subtract(one, TLanes.Multiply(y, y));
            TLanes.Store(TLanes.Multiply(TLanes.Load(gradients + i), derivative), gradients + i);
        }
    }
}
