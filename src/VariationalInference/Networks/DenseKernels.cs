using System.Runtime.CompilerServices;

namespace VariationalInference;

/// <summary>The products of small dense matrices that a layer's passes consist of, in single or double precision.</summary>
/// <remarks>
/// Matrices are row-major, with rows padded to a multiple of <see cref="Padding"/> elements. Each element of a product is one chain of fused
/// multiply-adds in the order of the inner index, whatever the width of the vectors and whatever rows stand beside it.
/// </remarks>
internal static unsafe class DenseKernels
{
    /// <summary>What the width of a padded row is a multiple of: the widest vector.</summary>
    public const int Padding = 16;

    public static int Pad(int width) => (width + Padding - 1) / Padding * Padding;

    /// <summary>Computes C = S + A·B.</summary>
    /// <param name="a">A, rows × inner.</param>
    /// <param name="aWidth">From one row of A to the next.</param>
    /// <param name="b">B, inner × columns.</param>
    /// <param name="start">S: one row for all rows of C, or as C, or C itself.</param>
    /// <param name="startWidth">From one row of S to the next; 0 when all are the same.</param>
    /// <param name="c">C, rows × columns.</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="inner">The number of columns of A that count.</param>
    /// <param name="columns">The padded number of columns of B and C.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply<TLanes, TVector, TElement>(
        TElement* a, int aWidth, TElement* b, TElement* start, int startWidth, TElement* c, int rows, int inner, int columns)
        where TLanes : IMatrixLanes<TVector, TElement>
        where TVector : struct
        where TElement : unmanaged
    {
        int width = TLanes.Count;
        int j = 0;
        for (; j + (2 * width) <= columns; j += 2 * width)
        {
            int i = 0;
            for (; i + 8 <= rows; i += 8)
            {
                EightRowsTwoVectors<TLanes, TVector, TElement>(
                    a + (i * aWidth), aWidth, b + j, start + (i * startWidth) + j, startWidth, c + (i * columns) + j, inner, columns);
            }

            for (; i < rows; i++)
            {
                TElement* first = start + (i * startWidth) + j;
                OneRow<TLanes, TVector, TElement>(a + (i * aWidth), b + j, first, c + (i * columns) + j, inner, columns);
                OneRow<TLanes, TVector, TElement>(a + (i * aWidth), b + j + width, first + width, c + (i * columns) + j + width, inner, columns);
            }
        }

        for (; j < columns; j += width)
        {
            int i = 0;
            for (; i + 8 <= rows; i += 8)
            {
                EightRows<TLanes, TVector, TElement>(
                    a + (i * aWidth), aWidth, b + j, start + (i * startWidth) + j, startWidth, c + (i * columns) + j, inner, columns);
            }

            for (; i < rows; i++)
            {
                OneRow<TLanes, TVector, TElement>(
                    a + (i * aWidth), b + j, start + (i * startWidth) + j, c + (i * columns) + j, inner, columns);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void EightRowsTwoVectors<TLanes, TVector, TElement>(
        TElement* a, int aWidth, TElement* b, TElement* start, int startWidth, TElement* c, int inner, int columns)
        where TLanes : IMatrixLanes<TVector, TElement>
        where TVector : struct
        where TElement : unmanaged
    {
        int width = TLanes.Count;
        TElement* start4 = start + (4 * startWidth);
        TVector s0 = TLanes.Load(start), t0 = TLanes.Load(start + width);
        TVector s1 = TLanes.Load(start + startWidth), t1 = TLanes.Load(start + startWidth + width);
        TVector s2 = TLanes.Load(start + (2 * startWidth)), t2 = TLanes.Load(start + (2 * startWidth) + width);
        TVector s3 = TLanes.Load(start + (3 * startWidth)), t3 = TLanes.Load(start + (3 * startWidth) + width);
        TVector s4 = TLanes.Load(start4), t4 = TLanes.Load(start4 + width);
        TVector s5 = TLanes.Load(start4 + startWidth), t5 = TLanes.Load(start4 + startWidth + width);
        TVector s6 = TLanes.Load(start4 + (2 * startWidth)), t6 = TLanes.Load(start4 + (2 * startWidth) + width);
        TVector s7 = TLanes.Load(start4 + (3 * startWidth)), t7 = TLanes.Load(start4 + (3 * startWidth) + width);
        TElement* a4 = a + (4 * aWidth);
        for (int k = 0; k < inner; k++)
        {
            TVector x = TLanes.Load(b), y = TLanes.Load(b + width);
            TVector value = TLanes.Broadcast(a[k]);
            s0 = TLanes.FusedMultiplyAdd(value, x, s0);
            t0 = TLanes.FusedMultiplyAdd(value, y, t0);
            value = TLanes.Broadcast(a[aWidth + k]);
            s1 = TLanes.FusedMultiplyAdd(value, x, s1);
            t1 = TLanes.FusedMultiplyAdd(value, y, t1);
            value = TLanes.Broadcast(a[(2 * aWidth) + k]);
            s2 = TLanes.FusedMultiplyAdd(value, x, s2);
            t2 = TLanes.FusedMultiplyAdd(value, y, t2);
            value = TLanes.Broadcast(a[(3 * aWidth) + k]);
            s3 = TLanes.FusedMultiplyAdd(value, x, s3);
            t3 = TLanes.FusedMultiplyAdd(value, y, t3);
            value = TLanes.Broadcast(a4[k]);
            s4 = TLanes.FusedMultiplyAdd(value, x, s4);
            t4 = TLanes.FusedMultiplyAdd(value, y, t4);
            value = TLanes.Broadcast(a4[aWidth + k]);
            s5 = TLanes.FusedMultiplyAdd(value, x, s5);
            t5 = TLanes.FusedMultiplyAdd(value, y, t5);
            value = TLanes.Broadcast(a4[(2 * aWidth) + k]);
            s6 = TLanes.FusedMultiplyAdd(value, x, s6);
            t6 = TLanes.FusedMultiplyAdd(value, y, t6);
            value = TLanes.Broadcast(a4[(3 * aWidth) + k]);
            s7 = TLanes.FusedMultiplyAdd(value, x, s7);
            t7 = TLanes.FusedMultiplyAdd(value, y, t7);
            b += columns;
        }

        StoreTwo<TLanes, TVector, TElement>(s0, t0, c);
        StoreTwo<TLanes, TVector, TElement>(s1, t1, c + columns);
        StoreTwo<TLanes, TVector, TElement>(s2, t2, c + (2 * columns));
        StoreTwo<TLanes, TVector, TElement>(s3, t3, c + (3 * columns));
        StoreTwo<TLanes, TVector, TElement>(s4, t4, c + (4 * columns));
        StoreTwo<TLanes, TVector, TElement>(s5, t5, c + (5 * columns));
        StoreTwo<TLanes, TVector, TElement>(s6, t6, c + (6 * columns));
        StoreTwo<TLanes, TVector, TElement>(s7, t7, c + (7 * columns));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void EightRows<TLanes, TVector, TElement>(
        TElement* a, int aWidth, TElement* b, TElement* start, int startWidth, TElement* c, int inner, int columns)
        where TLanes : IMatrixLanes<TVector, TElement>
        where TVector : struct
        where TElement : unmanaged
    {
        TElement* start4 = start + (4 * startWidth);
        TVector s0 = TLanes.Load(start), s1 = TLanes.Load(start + startWidth);
        TVector s2 = TLanes.Load(start + (2 * startWidth)), s3 = TLanes.Load(start + (3 * startWidth));
        TVector s4 = TLanes.Load(start4), s5 = TLanes.Load(start4 + startWidth);
        TVector s6 = TLanes.Load(start4 + (2 * startWidth)), s7 = TLanes.Load(start4 + (3 * startWidth));
        TElement* a4 = a + (4 * aWidth);
        for (int k = 0; k < inner; k++)
        {
            TVector x = TLanes.Load(b);
            s0 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(a[k]), x, s0);
            s1 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(a[aWidth + k]), x, s1);
            s2 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(a[(2 * aWidth) + k]), x, s2);
            s3 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(a[(3 * aWidth) + k]), x, s3);
            s4 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(a4[k]), x, s4);
            s5 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(a4[aWidth + k]), x, s5);
            s6 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(a4[(2 * aWidth) + k]), x, s6);
            s7 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(a4[(3 * aWidth) + k]), x, s7);
            b += columns;
        }

        TLanes.Store(s0, c);
        TLanes.Store(s1, c + columns);
        TLanes.Store(s2, c + (2 * columns));
        TLanes.Store(s3, c + (3 * columns));
        TLanes.Store(s4, c + (4 * columns));
        TLanes.Store(s5, c + (5 * columns));
        TLanes.Store(s6, c + (6 * columns));
        TLanes.Store(s7, c + (7 * columns));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void OneRow<TLanes, TVector, TElement>(TElement* a, TElement* b, TElement* start, TElement* c, int inner, int columns)
        where TLanes : IMatrixLanes<TVector, TElement>
        where TVector : struct
        where TElement : unmanaged
    {
        TVector sum = TLanes.Load(start);
        for (int k = 0; k < inner; k++)
        {
            sum = TLanes.FusedMultiplyAdd(TLanes.Broadcast(a[k]), TLanes.Load(b), sum);
            b += columns;
        }

        TLanes.Store(sum, c);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreTwo<TLanes, TVector, TElement>(TVector first, TVector second, TElement* destination)
        where TLanes : IMatrixLanes<TVector, TElement>
        where TVector : struct
        where TElement : unmanaged
    {
        TLanes.Store(first, destination);
        TLanes.Store(second, destination + TLanes.Count);
    }

    /// <summary>Computes C = AᵀB over the rows: the sum of the rows' outer products.</summary>
    /// <param name="a">A, rows × outputs.</param>
    /// <param name="aWidth">From one row of A to the next.</param>
    /// <param name="b">B, rows × columns.</param>
    /// <param name="c">C, outputs × columns.</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="outputs">The number of columns of A that count.</param>
    /// <param name="columns">The padded number of columns of B and C.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SumOuterProducts<TLanes, TVector, TElement>(
        TElement* a, int aWidth, TElement* b, TElement* c, int rows, int outputs, int columns)
        where TLanes : IMatrixLanes<TVector, TElement>
        where TVector : struct
        where TElement : unmanaged
    {
        int width = TLanes.Count;
        int m = 0;
        for (; m + 8 <= outputs; m += 8)
        {
            int j = 0;
            for (; j + (2 * width) <= columns; j += 2 * width)
            {
                EightOutputs<TLanes, TVector, TElement>(a + m, aWidth, b + j, c + (m * columns) + j, rows, columns);
            }

            for (; j < columns; j += width)
            {
                for (int single = m; single < m + 8; single++)
                {
                    OneOutput<TLanes, TVector, TElement>(a + single, aWidth, b + j, c + (single * columns) + j, rows, columns);
                }
            }
        }

        for (; m < outputs; m++)
        {
            for (int j = 0; j < columns; j += width)
            {
                OneOutput<TLanes, TVector, TElement>(a + m, aWidth, b + j, c + (m * columns) + j, rows, columns);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void EightOutputs<TLanes, TVector, TElement>(TElement* a, int aWidth, TElement* b, TElement* c, int rows, int columns)
        where TLanes : IMatrixLanes<TVector, TElement>
        where TVector : struct
        where TElement : unmanaged
    {
        int width = TLanes.Count;
        TVector zero = TLanes.Broadcast(default);
        TVector s0 = zero, s1 = zero, s2 = zero, s3 = zero, s4 = zero, s5 = zero, s6 = zero, s7 = zero;
        TVector t0 = zero, t1 = zero, t2 = zero, t3 = zero, t4 = zero, t5 = zero, t6 = zero, t7 = zero;
        for (int r = 0; r < rows; r++)
        {
            TVector x = TLanes.Load(b), y = TLanes.Load(b + width);
            TVector value = TLanes.Broadcast(a[0]);
            s0 = TLanes.FusedMultiplyAdd(value, x, s0);
            t0 = TLanes.FusedMultiplyAdd(value, y, t0);
            value = TLanes.Broadcast(a[1]);
            s1 = TLanes.FusedMultiplyAdd(value, x, s1);
            t1 = TLanes.FusedMultiplyAdd(value, y, t1);
            value = TLanes.Broadcast(a[2]);
            s2 = TLanes.FusedMultiplyAdd(value, x, s2);
            t2 = TLanes.FusedMultiplyAdd(value, y, t2);
            value = TLanes.Broadcast(a[3]);
            s3 = TLanes.FusedMultiplyAdd(value, x, s3);
            t3 = TLanes.FusedMultiplyAdd(value, y, t3);
            value = TLanes.Broadcast(a[4]);
            s4 = TLanes.FusedMultiplyAdd(value, x, s4);
            t4 = TLanes.FusedMultiplyAdd(value, y, t4);
            value = TLanes.Broadcast(a[5]);
            s5 = TLanes.FusedMultiplyAdd(value, x, s5);
            t5 = TLanes.FusedMultiplyAdd(value, y, t5);
            value = TLanes.Broadcast(a[6]);
            s6 = TLanes.FusedMultiplyAdd(value, x, s6);
            t6 = TLanes.FusedMultiplyAdd(value, y, t6);
            value = TLanes.Broadcast(a[7]);
            s7 = TLanes.FusedMultiplyAdd(value, x, s7);
            t7 = TLanes.FusedMultiplyAdd(value, y, t7);
            a += aWidth;
            b += columns;
        }

        StoreTwo<TLanes, TVector, TElement>(s0, t0, c);
        StoreTwo<TLanes, TVector, TElement>(s1, t1, c + columns);
        StoreTwo<TLanes, TVector, TElement>(s2, t2, c + (2 * columns));
        StoreTwo<TLanes, TVector, TElement>(s3, t3, c + (3 * columns));
        StoreTwo<TLanes, TVector, TElement>(s4, t4, c + (4 * columns));
        StoreTwo<TLanes, TVector, TElement>(s5, t5, c + (5 * columns));
        StoreTwo<TLanes, TVector, TElement>(s6, t6, c + (6 * columns));
        StoreTwo<TLanes, TVector, TElement>(s7, t7, c + (7 * columns));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void OneOutput<TLanes, TVector, TElement>(TElement* a, int aWidth, TElement* b, TElement* c, int rows, int columns)
        where TLanes : IMatrixLanes<TVector, TElement>
        where TVector : struct
        where TElement : unmanaged
    {
        TVector sum = TLanes.Broadcast(default);
        for (int r = 0; r < rows; r++)
        {
            sum = TLanes.FusedMultiplyAdd(TLanes.Broadcast(*a), TLanes.Load(b), sum);
            a += aWidth;
            b += columns;
        }

        TLanes.Store(sum, c);
    }
}
