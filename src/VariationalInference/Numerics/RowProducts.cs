using System.Runtime.Intrinsics;

namespace VariationalInference;

/// <summary>Products of the rows of two matrices, C ← C + α ABᵀ, with A, B and C row by row in memory: the arithmetic of <see cref="DenseCholesky"/>.</summary>
/// <remarks>Sixteen sums at a time stay in registers; each runs along two rows, which lie in one piece. Widths of vectors may differ in the last bits.</remarks>
internal static unsafe class RowProducts
{
    private const int Tile = 4;

    /// <summary>Adds α ABᵀ to C.</summary>
    /// <param name="a">A, <paramref name="rowsOfA"/> × <paramref name="depth"/>.</param>
    /// <param name="b">B, <paramref name="rowsOfB"/> × <paramref name="depth"/>.</param>
    /// <param name="c">C, <paramref name="rowsOfA"/> × <paramref name="rowsOfB"/>.</param>
    /// <param name="rowsOfA">The number of rows of A.</param>
    /// <param name="rowsOfB">The number of rows of B.</param>
    /// <param name="depth">The length of a row.</param>
    /// <param name="stride">How far apart rows lie in each of the three.</param>
    /// <param name="alpha">α.</param>
    public static void Add(double* a, double* b, double* c, int rowsOfA, int rowsOfB, int depth, int stride, double alpha)
    {
        switch (Lanes.Widest)
        {
            case LaneWidth.Bits512:
                Add<Vector512<double>, Lanes512>(a, b, c, rowsOfA, rowsOfB, depth, stride, alpha);
                break;
            case LaneWidth.Bits256:
                Add<Vector256<double>, Lanes256>(a, b, c, rowsOfA, rowsOfB, depth, stride, alpha);
                break;
            case LaneWidth.Bits128:
                Add<Vector128<double>, Lanes128>(a, b, c, rowsOfA, rowsOfB, depth, stride, alpha);
                break;
            default:
                Add<double, ScalarLanes>(a, b, c, rowsOfA, rowsOfB, depth, stride, alpha);
                break;
        }
    }

    private static void Add<TVector, TLanes>(
        double* a, double* b, double* c, int rowsOfA, int rowsOfB, int depth, int stride, double alpha)
        where TVector : struct
        where TLanes : ILanes<TVector>
    {
        int i = 0;
        for (; i + Tile <= rowsOfA; i += Tile)
        {
            int j = 0;
            for (; j + Tile <= rowsOfB; j += Tile)
            {
                AddTile<TVector, TLanes>(a + ((long)i * stride), b + ((long)j * stride), c + ((long)i * stride) + j, depth, stride, alpha);
            }

            for (; j < rowsOfB; j++)
            {
                for (int row = i; row < i + Tile; row++)
                {
                    c[((long)row * stride) + j] += alpha * Dot<TVector, TLanes>(a + ((long)row * stride), b + ((long)j * stride), depth);
                }
            }
        }

        for (; i < rowsOfA; i++)
        {
            for (int j = 0; j < rowsOfB; j++)
            {
                c[((long)i * stride) + j] += alpha * Dot<TVector, TLanes>(a + ((long)i * stride), b + ((long)j * stride), depth);
            }
        }
    }

    private static double Dot<TVector, TLanes>(double* a, double* b, int depth)
        where TVector : struct
        where TLanes : ILanes<TVector>
    {
        TVector sum = TLanes.Broadcast(0);
        int k = 0;
        for (; k + TLanes.Count <= depth; k += TLanes.Count)
        {
            sum = TLanes.FusedMultiplyAdd(TLanes.Load(a + k), TLanes.Load(b + k), sum);
        }

        double total = TLanes.Sum(sum);
        for (; k < depth; k++)
        {
            total += a[k] * b[k];
        }

        return total;
    }

    private static void AddTile<TVector, TLanes>(double* a, double* b, double* c, int depth, int stride, double alpha)
        where TVector : struct
        where TLanes : ILanes<TVector>
    {
        double* a1 = a + stride, a2 = a1 + stride, a3 = a2 + stride;
        double* b1 = b + stride, b2 = b1 + stride, b3 = b2 + stride;
        TVector zero = TLanes.Broadcast(0);
        TVector s00 = zero, s01 = zero, s02 = zero, s03 = zero;
        TVector s10 = zero, s11 = zero, s12 = zero, s13 = zero;
        TVector s20 = zero, s21 = zero, s22 = zero, s23 = zero;
        TVector s30 = zero, s31 = zero, s32 = zero, s33 = zero;
        int k = 0;
        for (; k + TLanes.Count <= depth; k += TLanes.Count)
        {
            TVector v0 = TLanes.Load(b + k), v1 = TLanes.Load(b1 + k), v2 = TLanes.Load(b2 + k), v3 = TLanes.Load(b3 + k);
            TVector u = TLanes.Load(a + k);
            s00 = TLanes.FusedMultiplyAdd(u, v0, s00);
            s01 = TLanes.FusedMultiplyAdd(u, v1, s01);
            s02 = TLanes.FusedMultiplyAdd(u, v2, s02);
            s03 = TLanes.FusedMultiplyAdd(u, v3, s03);
            u = TLanes.Load(a1 + k);
            s10 = TLanes.FusedMultiplyAdd(u, v0, s10);
            s11 = TLanes.FusedMultiplyAdd(u, v1, s11);
            s12 = TLanes.FusedMultiplyAdd(u, v2, s12);
            s13 = TLanes.FusedMultiplyAdd(u, v3, s13);
            u = TLanes.Load(a2 + k);
            s20 = TLanes.FusedMultiplyAdd(u, v0, s20);
            s21 = TLanes.FusedMultiplyAdd(u, v1, s21);
            s22 = TLanes.FusedMultiplyAdd(u, v2, s22);
            s23 = TLanes.FusedMultiplyAdd(u, v3, s23);
            u = TLanes.Load(a3 + k);
            s30 = TLanes.FusedMultiplyAdd(u, v0, s30);
            s31 = TLanes.FusedMultiplyAdd(u, v1, s31);
            s32 = TLanes.FusedMultiplyAdd(u, v2, s32);
            s33 = TLanes.FusedMultiplyAdd(u, v3, s33);
        }

        double* sums = stackalloc double[Tile * Tile]
        {
            TLanes.Sum(s00), TLanes.Sum(s01), TLanes.Sum(s02), TLanes.Sum(s03),
            TLanes.Sum(s10), TLanes.Sum(s11), TLanes.Sum(s12), TLanes.Sum(s13),
            TLanes.Sum(s20), TLanes.Sum(s21), TLanes.Sum(s22), TLanes.Sum(s23),
            TLanes.Sum(s30), TLanes.Sum(s31), TLanes.Sum(s32), TLanes.Sum(s33),
        };
        for (int i = 0; i < Tile; i++)
        {
            for (int j = 0; j < Tile; j++)
            {
                double sum = sums[(i * Tile) + j];
                for (int l = k; l < depth; l++)
                {
                    sum += a[((long)i * stride) + l] * b[((long)j * stride) + l];
                }

                c[((long)i * stride) + j] += alpha * sum;
            }
        }
    }
}
