using System.Runtime.CompilerServices;

namespace VariationalInference;

/// <summary>The inner products of four vectors with four others, each in one chain of fused multiply-adds a lane.</summary>
internal static unsafe class InnerProducts
{
    /// <summary>The number of vectors on each side.</summary>
    public const int Block = 4;

    /// <summary>Writes the products of four vectors with four others.</summary>
    /// <typeparam name="TLanes">The vectors to work with.</typeparam>
    /// <typeparam name="TVector">Their type.</typeparam>
    /// <param name="a">The first of four vectors.</param>
    /// <param name="b">The first of four others.</param>
    /// <param name="stride">From one vector to the next, on both sides.</param>
    /// <param name="length">How much of each vector to take. Only whole lanes are: the last <c>length % TLanes.Count</c> elements are left out.</param>
    /// <param name="products">Receives aᵢ·bⱼ at 4i + j.</param>
    public static void Write<TLanes, TVector>(double* a, double* b, long stride, int length, double* products)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        WriteHalf<TLanes, TVector>(a, b, stride, length, products);
        WriteHalf<TLanes, TVector>(a, b + (2 * stride), stride, length, products + 2);
    }

    // Four by two: eight sums are as many as two units with a latency of four cycles need, and sixteen registers hold no more beside their operands.
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void WriteHalf<TLanes, TVector>(double* a, double* b, long stride, int length, double* products)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        double* a1 = a + stride, a2 = a1 + stride, a3 = a2 + stride, b1 = b + stride;
        TVector zero = TLanes.Broadcast(0);
        TVector s00 = zero, s01 = zero, s10 = zero, s11 = zero, s20 = zero, s21 = zero, s30 = zero, s31 = zero;
        for (int n = 0; n + TLanes.Count <= length; n += TLanes.Count)
        {
            TVector v0 = TLanes.Load(b + n), v1 = TLanes.Load(b1 + n);
            TVector u = TLanes.Load(a + n);
            s00 = TLanes.FusedMultiplyAdd(u, v0, s00);
            s01 = TLanes.FusedMultiplyAdd(u, v1, s01);
            u = TLanes.Load(a1 + n);
            s10 = TLanes.FusedMultiplyAdd(u, v0, s10);
            s11 = TLanes.FusedMultiplyAdd(u, v1, s11);
            u = TLanes.Load(a2 + n);
            s20 = TLanes.FusedMultiplyAdd(u, v0, s20);
            s21 = TLanes.FusedMultiplyAdd(u, v1, s21);
            u = TLanes.Load(a3 + n);
            s30 = TLanes.FusedMultiplyAdd(u, v0, s30);
            s31 = TLanes.FusedMultiplyAdd(u, v1, s31);
        }

        products[0] = TLanes.Sum(s00);
        products[1] = TLanes.Sum(s01);
        products[Block] = TLanes.Sum(s10);
        products[Block + 1] = TLanes.Sum(s11);
        products[2 * Block] = TLanes.Sum(s20);
        products[(2 * Block) + 1] = TLanes.Sum(s21);
        products[3 * Block] = TLanes.Sum(s30);
        products[(3 * Block) + 1] = TLanes.Sum(s31);
    }
}
