using System.Runtime.Intrinsics;

namespace VariationalInference;

/// <summary>Products of the rows of two matrices, C ← C + α ABᵀ, with A, B and C row by row in memory: the arithmetic of <see cref="DenseCholesky"/>.</summary>
/// <remarks>Each sum runs along two rows, which lie in one piece. Widths of vectors may differ in the last bits.</remarks>
internal static unsafe class RowProducts
{
    private const int Tile = InnerProducts.Block;

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
        double* sums = stackalloc double[Tile * Tile];
        InnerProducts.Write<TLanes, TVector>(a, b, stride, depth, sums);
        int rest = depth - (depth % TLanes.Count);
        for (int i = 0; i < Tile; i++)
        {
            for (int j = 0; j < Tile; j++)
            {
                double sum = sums[(i * Tile) + j];
                for (int l = rest; l < depth; l++)
                {
                    sum += a[((long)i * stride) + l] * b[((long)j * stride) + l];
                }

                c[((long)i * stride) + j] += alpha * sum;
            }
        }
    }
}
