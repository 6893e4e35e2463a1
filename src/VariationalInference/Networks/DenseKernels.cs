using System.Runtime.CompilerServices;

namespace VariationalInference;

/// <summary>The products of dense matrices that a layer's passes consist of, in single or double precision.</summary>
/// <remarks>
/// Each element of a product is one chain of fused multiply-adds in the order of the inner index, whatever the width of the vectors and
/// whatever rows stand beside it. A block of rows and columns fills the registers, so that arithmetic is the limit and not the loads.
/// The kernels are not inlined: one that is, into a loop that is compiled while it runs, may keep its variables in memory for good.
/// </remarks>
internal static unsafe class DenseKernels
{
    /// <summary>What the width of a padded row is a multiple of: the widest vector.</summary>
    private const int Padding = 16;

    /// <summary>Rows that begin a multiple of this many elements apart share few sets of the nearest cache.</summary>
    private const int Alias = 64;

    /// <summary>Returns how far apart, in elements, the rows of a matrix with so many columns begin.</summary>
    public static int Pad(int columns)
    {
        int padded = (columns + Padding - 1) / Padding * Padding;
        return padded % Alias == 0 ? padded + Padding : padded;
    }

    /// <summary>Computes C = S + A·B.</summary>
    /// <param name="product">The matrices.</param>
    /// <param name="rows">The number of rows of A, S and C.</param>
    /// <param name="columns">The number of columns of B, S and C; what is beyond them is computed as well, up to a whole vector.</param>
    public static void Multiply<TLanes, TVector, TElement>(in MatrixProduct<TElement> product, int rows, int columns)
        where TLanes : IMatrixLanes<TVector, TElement>
        where TVector : struct
        where TElement : unmanaged
    {
        int pair = 2 * TLanes.Count;
        int vectors = (columns + TLanes.Count - 1) / TLanes.Count;
        int paired = vectors / 2 * pair;
        int inBlocks = rows < 4 ? 0 : rows - (rows % (TLanes.HasManyRegisters ? 4 : 2));
        for (int j = 0; j < paired; j += pair)
        {
            for (int i = 0; i < inBlocks;)
            {
                i += Pair<TLanes, TVector, TElement>(product, i, j, inBlocks - i);
            }
        }

        Rows<TLanes, TVector, TElement>(product, inBlocks, rows, 0, paired);
        if (vectors % 2 != 0)
        {
            inBlocks = rows / 4 * 4;
            for (int i = 0; i < inBlocks;)
            {
                i += Vector<TLanes, TVector, TElement>(product, i, paired, inBlocks - i);
            }

            Rows<TLanes, TVector, TElement>(product, inBlocks, rows, paired, columns);
        }
    }

    /// <summary>Computes two vectors of as many rows as the registers hold, at most the even number that is left; returns how many.</summary>
    private static int Pair<TLanes, TVector, TElement>(in MatrixProduct<TElement> product, int i, int j, int left)
        where TLanes : IMatrixLanes<TVector, TElement>
        where TVector : struct
        where TElement : unmanaged
    {
        if (left >= 12 && TLanes.HasManyRegisters)
        {
            TwelveByTwo<TLanes, TVector, TElement>(product, i, j);
            return 12;
        }

        if (left >= 6 && left != 8 && !TLanes.HasManyRegisters)
        {
            SixByTwo<TLanes, TVector, TElement>(product, i, j);
            return 6;
        }

        FourByTwo<TLanes, TVector, TElement>(product, i, j);
        return 4;
    }

    /// <summary>Computes one vector of twelve rows or four; returns how many.</summary>
    private static int Vector<TLanes, TVector, TElement>(in MatrixProduct<TElement> product, int i, int j, int left)
        where TLanes : IMatrixLanes<TVector, TElement>
        where TVector : struct
        where TElement : unmanaged
    {
        if (left >= 12)
        {
            TwelveByOne<TLanes, TVector, TElement>(product, i, j);
            return 12;
        }

        FourByOne<TLanes, TVector, TElement>(product, i, j);
        return 4;
    }

    private static void Rows<TLanes, TVector, TElement>(in MatrixProduct<TElement> product, int first, int rows, int j, int columns)
        where TLanes : IMatrixLanes<TVector, TElement>
        where TVector : struct
        where TElement : unmanaged
    {
        for (int i = first; i < rows; i++)
        {
            OneRow<TLanes, TVector, TElement>(product, i, j, columns);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void TwelveByTwo<TLanes, TVector, TElement>(in MatrixProduct<TElement> product, int i, int j)
        where TLanes : IMatrixLanes<TVector, TElement>
        where TVector : struct
        where TElement : unmanaged
    {
        int width = TLanes.Count;
        nint row = product.ARow, step = product.AStep, next = product.BStep;
        nint startRow = product.StartRow, cRow = product.CRow;
        TElement* a = product.A + (i * row), b = product.B + j;
        TElement* start = product.Start + (i * startRow) + j, c = product.C + (i * cRow) + j;
        TElement* start3 = start + (3 * startRow);
        TElement* start6 = start + (6 * startRow);
        TElement* start9 = start + (9 * startRow);
        TVector s0 = TLanes.Load(start), t0 = TLanes.Load(start + width);
        TVector s1 = TLanes.Load(start + startRow), t1 = TLanes.Load(start + startRow + width);
        TVector s2 = TLanes.Load(start + (2 * startRow)), t2 = TLanes.Load(start + (2 * startRow) + width);
        TVector s3 = TLanes.Load(start3), t3 = TLanes.Load(start3 + width);
        TVector s4 = TLanes.Load(start3 + startRow), t4 = TLanes.Load(start3 + startRow + width);
        TVector s5 = TLanes.Load(start3 + (2 * startRow)), t5 = TLanes.Load(start3 + (2 * startRow) + width);
        TVector s6 = TLanes.Load(start6), t6 = TLanes.Load(start6 + width);
        TVector s7 = TLanes.Load(start6 + startRow), t7 = TLanes.Load(start6 + startRow + width);
        TVector s8 = TLanes.Load(start6 + (2 * startRow)), t8 = TLanes.Load(start6 + (2 * startRow) + width);
        TVector s9 = TLanes.Load(start9), t9 = TLanes.Load(start9 + width);
        TVector s10 = TLanes.Load(start9 + startRow), t10 = TLanes.Load(start9 + startRow + width);
        TVector s11 = TLanes.Load(start9 + (2 * startRow)), t11 = TLanes.Load(start9 + (2 * startRow) + width);
        TElement* a3 = a + (3 * row);
        TElement* a6 = a + (6 * row);
        TElement* a9 = a + (9 * row);
        for (int k = product.Inner; k > 0; k--)
        {
            TVector x = TLanes.Load(b), y = TLanes.Load(b + width);
            TVector v0 = TLanes.Broadcast(*a);
            s0 = TLanes.FusedMultiplyAdd(v0, x, s0);
            t0 = TLanes.FusedMultiplyAdd(v0, y, t0);
            TVector v1 = TLanes.Broadcast(a[row]);
            s1 = TLanes.FusedMultiplyAdd(v1, x, s1);
            t1 = TLanes.FusedMultiplyAdd(v1, y, t1);
            TVector v2 = TLanes.Broadcast(a[2 * row]);
            s2 = TLanes.FusedMultiplyAdd(v2, x, s2);
            t2 = TLanes.FusedMultiplyAdd(v2, y, t2);
            TVector v3 = TLanes.Broadcast(*a3);
            s3 = TLanes.FusedMultiplyAdd(v3, x, s3);
            t3 = TLanes.FusedMultiplyAdd(v3, y, t3);
            TVector v4 = TLanes.Broadcast(a3[row]);
            s4 = TLanes.FusedMultiplyAdd(v4, x, s4);
            t4 = TLanes.FusedMultiplyAdd(v4, y, t4);
            TVector v5 = TLanes.Broadcast(a3[2 * row]);
            s5 = TLanes.FusedMultiplyAdd(v5, x, s5);
            t5 = TLanes.FusedMultiplyAdd(v5, y, t5);
            TVector v6 = TLanes.Broadcast(*a6);
            s6 = TLanes.FusedMultiplyAdd(v6, x, s6);
            t6 = TLanes.FusedMultiplyAdd(v6, y, t6);
            TVector v7 = TLanes.Broadcast(a6[row]);
            s7 = TLanes.FusedMultiplyAdd(v7, x, s7);
            t7 = TLanes.FusedMultiplyAdd(v7, y, t7);
            TVector v8 = TLanes.Broadcast(a6[2 * row]);
            s8 = TLanes.FusedMultiplyAdd(v8, x, s8);
            t8 = TLanes.FusedMultiplyAdd(v8, y, t8);
            TVector v9 = TLanes.Broadcast(*a9);
            s9 = TLanes.FusedMultiplyAdd(v9, x, s9);
            t9 = TLanes.FusedMultiplyAdd(v9, y, t9);
            TVector v10 = TLanes.Broadcast(a9[row]);
            s10 = TLanes.FusedMultiplyAdd(v10, x, s10);
            t10 = TLanes.FusedMultiplyAdd(v10, y, t10);
            TVector v11 = TLanes.Broadcast(a9[2 * row]);
            s11 = TLanes.FusedMultiplyAdd(v11, x, s11);
            t11 = TLanes.FusedMultiplyAdd(v11, y, t11);
            a += step;
            a3 += step;
            a6 += step;
            a9 += step;
            b += next;
        }

        TElement* c3 = c + (3 * cRow);
        TElement* c6 = c + (6 * cRow);
        TElement* c9 = c + (9 * cRow);
        TLanes.Store(s0, c);
        TLanes.Store(t0, c + width);
        TLanes.Store(s1, c + cRow);
        TLanes.Store(t1, c + cRow + width);
        TLanes.Store(s2, c + (2 * cRow));
        TLanes.Store(t2, c + (2 * cRow) + width);
        TLanes.Store(s3, c3);
        TLanes.Store(t3, c3 + width);
        TLanes.Store(s4, c3 + cRow);
        TLanes.Store(t4, c3 + cRow + width);
        TLanes.Store(s5, c3 + (2 * cRow));
        TLanes.Store(t5, c3 + (2 * cRow) + width);
        TLanes.Store(s6, c6);
        TLanes.Store(t6, c6 + width);
        TLanes.Store(s7, c6 + cRow);
        TLanes.Store(t7, c6 + cRow + width);
        TLanes.Store(s8, c6 + (2 * cRow));
        TLanes.Store(t8, c6 + (2 * cRow) + width);
        TLanes.Store(s9, c9);
        TLanes.Store(t9, c9 + width);
        TLanes.Store(s10, c9 + cRow);
        TLanes.Store(t10, c9 + cRow + width);
        TLanes.Store(s11, c9 + (2 * cRow));
        TLanes.Store(t11, c9 + (2 * cRow) + width);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void SixByTwo<TLanes, TVector, TElement>(in MatrixProduct<TElement> product, int i, int j)
        where TLanes : IMatrixLanes<TVector, TElement>
        where TVector : struct
        where TElement : unmanaged
    {
        int width = TLanes.Count;
        nint row = product.ARow, step = product.AStep, next = product.BStep;
        nint startRow = product.StartRow, cRow = product.CRow;
        TElement* a = product.A + (i * row), b = product.B + j;
        TElement* start = product.Start + (i * startRow) + j, c = product.C + (i * cRow) + j;
        TElement* start3 = start + (3 * startRow);
        TVector s0 = TLanes.Load(start), t0 = TLanes.Load(start + width);
        TVector s1 = TLanes.Load(start + startRow), t1 = TLanes.Load(start + startRow + width);
        TVector s2 = TLanes.Load(start + (2 * startRow)), t2 = TLanes.Load(start + (2 * startRow) + width);
        TVector s3 = TLanes.Load(start3), t3 = TLanes.Load(start3 + width);
        TVector s4 = TLanes.Load(start3 + startRow), t4 = TLanes.Load(start3 + startRow + width);
        TVector s5 = TLanes.Load(start3 + (2 * startRow)), t5 = TLanes.Load(start3 + (2 * startRow) + width);
        TElement* a3 = a + (3 * row);
        for (int k = product.Inner; k > 0; k--)
        {
            TVector x = TLanes.Load(b), y = TLanes.Load(b + width);
            TVector v0 = TLanes.Broadcast(*a);
            s0 = TLanes.FusedMultiplyAdd(v0, x, s0);
            t0 = TLanes.FusedMultiplyAdd(v0, y, t0);
            TVector v1 = TLanes.Broadcast(a[row]);
            s1 = TLanes.FusedMultiplyAdd(v1, x, s1);
            t1 = TLanes.FusedMultiplyAdd(v1, y, t1);
            TVector v2 = TLanes.Broadcast(a[2 * row]);
            s2 = TLanes.FusedMultiplyAdd(v2, x, s2);
            t2 = TLanes.FusedMultiplyAdd(v2, y, t2);
            TVector v3 = TLanes.Broadcast(*a3);
            s3 = TLanes.FusedMultiplyAdd(v3, x, s3);
            t3 = TLanes.FusedMultiplyAdd(v3, y, t3);
            TVector v4 = TLanes.Broadcast(a3[row]);
            s4 = TLanes.FusedMultiplyAdd(v4, x, s4);
            t4 = TLanes.FusedMultiplyAdd(v4, y, t4);
            TVector v5 = TLanes.Broadcast(a3[2 * row]);
            s5 = TLanes.FusedMultiplyAdd(v5, x, s5);
            t5 = TLanes.FusedMultiplyAdd(v5, y, t5);
            a += step;
            a3 += step;
            b += next;
        }

        TElement* c3 = c + (3 * cRow);
        TLanes.Store(s0, c);
        TLanes.Store(t0, c + width);
        TLanes.Store(s1, c + cRow);
        TLanes.Store(t1, c + cRow + width);
        TLanes.Store(s2, c + (2 * cRow));
        TLanes.Store(t2, c + (2 * cRow) + width);
        TLanes.Store(s3, c3);
        TLanes.Store(t3, c3 + width);
        TLanes.Store(s4, c3 + cRow);
        TLanes.Store(t4, c3 + cRow + width);
        TLanes.Store(s5, c3 + (2 * cRow));
        TLanes.Store(t5, c3 + (2 * cRow) + width);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void FourByTwo<TLanes, TVector, TElement>(in MatrixProduct<TElement> product, int i, int j)
        where TLanes : IMatrixLanes<TVector, TElement>
        where TVector : struct
        where TElement : unmanaged
    {
        int width = TLanes.Count;
        nint row = product.ARow, step = product.AStep, next = product.BStep;
        nint startRow = product.StartRow, cRow = product.CRow;
        TElement* a = product.A + (i * row), b = product.B + j;
        TElement* start = product.Start + (i * startRow) + j, c = product.C + (i * cRow) + j;
        TElement* start3 = start + (3 * startRow);
        TVector s0 = TLanes.Load(start), t0 = TLanes.Load(start + width);
        TVector s1 = TLanes.Load(start + startRow), t1 = TLanes.Load(start + startRow + width);
        TVector s2 = TLanes.Load(start + (2 * startRow)), t2 = TLanes.Load(start + (2 * startRow) + width);
        TVector s3 = TLanes.Load(start3), t3 = TLanes.Load(start3 + width);
        TElement* a3 = a + (3 * row);
        for (int k = product.Inner; k > 0; k--)
        {
            TVector x = TLanes.Load(b), y = TLanes.Load(b + width);
            TVector v0 = TLanes.Broadcast(*a);
            s0 = TLanes.FusedMultiplyAdd(v0, x, s0);
            t0 = TLanes.FusedMultiplyAdd(v0, y, t0);
            TVector v1 = TLanes.Broadcast(a[row]);
            s1 = TLanes.FusedMultiplyAdd(v1, x, s1);
            t1 = TLanes.FusedMultiplyAdd(v1, y, t1);
            TVector v2 = TLanes.Broadcast(a[2 * row]);
            s2 = TLanes.FusedMultiplyAdd(v2, x, s2);
            t2 = TLanes.FusedMultiplyAdd(v2, y, t2);
            TVector v3 = TLanes.Broadcast(*a3);
            s3 = TLanes.FusedMultiplyAdd(v3, x, s3);
            t3 = TLanes.FusedMultiplyAdd(v3, y, t3);
            a += step;
            a3 += step;
            b += next;
        }

        TElement* c3 = c + (3 * cRow);
        TLanes.Store(s0, c);
        TLanes.Store(t0, c + width);
        TLanes.Store(s1, c + cRow);
        TLanes.Store(t1, c + cRow + width);
        TLanes.Store(s2, c + (2 * cRow));
        TLanes.Store(t2, c + (2 * cRow) + width);
        TLanes.Store(s3, c3);
        TLanes.Store(t3, c3 + width);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void TwelveByOne<TLanes, TVector, TElement>(in MatrixProduct<TElement> product, int i, int j)
        where TLanes : IMatrixLanes<TVector, TElement>
        where TVector : struct
        where TElement : unmanaged
    {
        nint row = product.ARow, step = product.AStep, next = product.BStep;
        nint startRow = product.StartRow, cRow = product.CRow;
        TElement* a = product.A + (i * row), b = product.B + j;
        TElement* start = product.Start + (i * startRow) + j, c = product.C + (i * cRow) + j;
        TElement* start3 = start + (3 * startRow);
        TElement* start6 = start + (6 * startRow);
        TElement* start9 = start + (9 * startRow);
        TVector s0 = TLanes.Load(start);
        TVector s1 = TLanes.Load(start + startRow);
        TVector s2 = TLanes.Load(start + (2 * startRow));
        TVector s3 = TLanes.Load(start3);
        TVector s4 = TLanes.Load(start3 + startRow);
        TVector s5 = TLanes.Load(start3 + (2 * startRow));
        TVector s6 = TLanes.Load(start6);
        TVector s7 = TLanes.Load(start6 + startRow);
        TVector s8 = TLanes.Load(start6 + (2 * startRow));
        TVector s9 = TLanes.Load(start9);
        TVector s10 = TLanes.Load(start9 + startRow);
        TVector s11 = TLanes.Load(start9 + (2 * startRow));
        TElement* a3 = a + (3 * row);
        TElement* a6 = a + (6 * row);
        TElement* a9 = a + (9 * row);
        for (int k = product.Inner; k > 0; k--)
        {
            TVector x = TLanes.Load(b);
            s0 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(*a), x, s0);
            s1 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(a[row]), x, s1);
            s2 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(a[2 * row]), x, s2);
            s3 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(*a3), x, s3);
            s4 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(a3[row]), x, s4);
            s5 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(a3[2 * row]), x, s5);
            s6 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(*a6), x, s6);
            s7 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(a6[row]), x, s7);
            s8 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(a6[2 * row]), x, s8);
            s9 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(*a9), x, s9);
            s10 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(a9[row]), x, s10);
            s11 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(a9[2 * row]), x, s11);
            a += step;
            a3 += step;
            a6 += step;
            a9 += step;
            b += next;
        }

        TElement* c3 = c + (3 * cRow);
        TElement* c6 = c + (6 * cRow);
        TElement* c9 = c + (9 * cRow);
        TLanes.Store(s0, c);
        TLanes.Store(s1, c + cRow);
        TLanes.Store(s2, c + (2 * cRow));
        TLanes.Store(s3, c3);
        TLanes.Store(s4, c3 + cRow);
        TLanes.Store(s5, c3 + (2 * cRow));
        TLanes.Store(s6, c6);
        TLanes.Store(s7, c6 + cRow);
        TLanes.Store(s8, c6 + (2 * cRow));
        TLanes.Store(s9, c9);
        TLanes.Store(s10, c9 + cRow);
        TLanes.Store(s11, c9 + (2 * cRow));
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void FourByOne<TLanes, TVector, TElement>(in MatrixProduct<TElement> product, int i, int j)
        where TLanes : IMatrixLanes<TVector, TElement>
        where TVector : struct
        where TElement : unmanaged
    {
        nint row = product.ARow, step = product.AStep, next = product.BStep;
        nint startRow = product.StartRow, cRow = product.CRow;
        TElement* a = product.A + (i * row), b = product.B + j;
        TElement* start = product.Start + (i * startRow) + j, c = product.C + (i * cRow) + j;
        TElement* start3 = start + (3 * startRow);
        TVector s0 = TLanes.Load(start);
        TVector s1 = TLanes.Load(start + startRow);
        TVector s2 = TLanes.Load(start + (2 * startRow));
        TVector s3 = TLanes.Load(start3);
        TElement* a3 = a + (3 * row);
        for (int k = product.Inner; k > 0; k--)
        {
            TVector x = TLanes.Load(b);
            s0 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(*a), x, s0);
            s1 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(a[row]), x, s1);
            s2 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(a[2 * row]), x, s2);
            s3 = TLanes.FusedMultiplyAdd(TLanes.Broadcast(*a3), x, s3);
            a += step;
            a3 += step;
            b += next;
        }

        TElement* c3 = c + (3 * cRow);
        TLanes.Store(s0, c);
        TLanes.Store(s1, c + cRow);
        TLanes.Store(s2, c + (2 * cRow));
        TLanes.Store(s3, c3);
    }

    /// <summary>Four vectors at a time, so that one's additions fill the wait for another's.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void OneRow<TLanes, TVector, TElement>(in MatrixProduct<TElement> product, int i, int j, int columns)
        where TLanes : IMatrixLanes<TVector, TElement>
        where TVector : struct
        where TElement : unmanaged
    {
        int width = TLanes.Count;
        nint step = product.AStep, next = product.BStep;
        TElement* a = product.A + (i * product.ARow), start = product.Start + (i * product.StartRow), c = product.C + (i * product.CRow);
        for (; j + (3 * width) < columns; j += 4 * width)
        {
            TVector s = TLanes.Load(start + j), t = TLanes.Load(start + j + width);
            TVector u = TLanes.Load(start + j + (2 * width)), v = TLanes.Load(start + j + (3 * width));
            TElement* value = a;
            TElement* b = product.B + j;
            for (int k = product.Inner; k > 0; k--)
            {
                TVector x = TLanes.Broadcast(*value);
                s = TLanes.FusedMultiplyAdd(x, TLanes.Load(b), s);
                t = TLanes.FusedMultiplyAdd(x, TLanes.Load(b + width), t);
                u = TLanes.FusedMultiplyAdd(x, TLanes.Load(b + (2 * width)), u);
                v = TLanes.FusedMultiplyAdd(x, TLanes.Load(b + (3 * width)), v);
                value += step;
                b += next;
            }

            TLanes.Store(s, c + j);
            TLanes.Store(t, c + j + width);
            TLanes.Store(u, c + j + (2 * width));
            TLanes.Store(v, c + j + (3 * width));
        }

        for (; j < columns; j += width)
        {
            TVector s = TLanes.Load(start + j);
            TElement* value = a;
            TElement* b = product.B + j;
            for (int k = product.Inner; k > 0; k--)
            {
                s = TLanes.FusedMultiplyAdd(TLanes.Broadcast(*value), TLanes.Load(b), s);
                value += step;
                b += next;
            }

            TLanes.Store(s, c + j);
        }
    }
}
