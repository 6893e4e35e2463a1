using System.Runtime.CompilerServices;

namespace VariationalInference;

/// <summary>The small systems of rows that are each observed in cells of their own, one row in each lane, with the same bits for any width.</summary>
internal static unsafe class MaskedKernels
{
    /// <summary>Writes the posterior means of a block of rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Solve<TLanes, TVector>(in MaskedBlock block, MaskedResponse response)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        Mask<TLanes, TVector>(block);
        if (response.IsDual)
        {
            SystemOfObservations<TLanes, TVector>(block, response);
        }
        else
        {
            Multiply<TLanes, TVector>(block, block.Masks, block.Stride, response.Square, response.Identity, block.Square, block.Columns);
            Multiply<TLanes, TVector>(block, block.Inputs, block.InputStride, response.Right, response.Zero, block.Unknowns, block.Columns);
        }

        Factor<TLanes, TVector>(block.Square, response.Size, block.Stride, block.Rows);
        Substitute<TLanes, TVector>(block, response.Size);
        Multiply<TLanes, TVector>(block, block.Unknowns, block.Stride, response.Gains, response.PriorMeans, block.Means, response.Size);
    }

    /// <summary>Writes outputs = offsets + gains · inputs.</summary>
    private static void Multiply<TLanes, TVector>(
        in MaskedBlock block, double* inputs, int inputStride, double[] gains, double[] offsets, double* outputs, int inputCount)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        var tile = new Tile { Inputs = inputs, Stride = inputStride, Means = outputs, MeanStride = block.Stride, Offsets = offsets, Rows = block.Rows };
        fixed (double* gain = gains, offset = offsets)
        {
            TileProduct.Compute<TLanes, TVector>(tile, 0, block.Rows, gain, inputCount, offset);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Mask<TLanes, TVector>(in MaskedBlock block)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        TVector one = TLanes.Broadcast(1);
        for (int k = 0; k < block.Columns; k++)
        {
            double* cells = block.Cells + (k * block.CellStride);
            double* masks = block.Masks + ((long)k * block.Stride);
            for (int i = 0; i < block.Rows; i += TLanes.Count)
            {
                TLanes.Store(TLanes.Subtract(one, TLanes.OneIfNaN(TLanes.Load(cells + i))), masks + i);
            }
        }
    }

    /// <summary>Writes I + MBBᵀM and w; c is 0 where a cell is missing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SystemOfObservations<TLanes, TVector>(in MaskedBlock block, MaskedResponse response)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        int next = 0;
        for (int k = 0; k < block.Columns; k++)
        {
            double* mask = block.Masks + ((long)k * block.Stride);
            for (int l = 0; l <= k; l++, next++)
            {
                double* other = block.Masks + ((long)l * block.Stride);
                double* element = block.Square + ((long)next * block.Stride);
                TVector product = TLanes.Broadcast(response.Square[next]), identity = TLanes.Broadcast(k == l ? 1 : 0);
                for (int i = 0; i < block.Rows; i += TLanes.Count)
                {
                    TVector both = TLanes.Multiply(TLanes.Load(mask + i), TLanes.Load(other + i));
                    TLanes.Store(TLanes.FusedMultiplyAdd(product, both, identity), element + i);
                }
            }

            TVector weight = TLanes.Broadcast(response.Weights[k]);
            double* inputs = block.Inputs + ((long)k * block.InputStride);
            double* right = block.Unknowns + ((long)k * block.Stride);
            for (int i = 0; i < block.Rows; i += TLanes.Count)
            {
                TLanes.Store(TLanes.Multiply(TLanes.Load(inputs + i), weight), right + i);
            }
        }
    }

    /// <summary>Replaces the lower triangle of each lane, by rows, by that of its Cholesky factor, with 1/L_jj on the diagonal.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Factor<TLanes, TVector>(double* square, int size, long stride, int rows)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        int width = TLanes.Count;
        TVector one = TLanes.Broadcast(1);
        for (int i = 0; i < rows; i += 4 * width)
        {
            TVector p0 = one, p1 = one, p2 = one, p3 = one;
            for (int j = 0; j < size; j++)
            {
                double* pivotRow = square + ((long)j * (j + 1) / 2 * stride) + i;
                double* row = pivotRow;
                for (int r = j; r < size; r++)
                {
                    TVector s0 = TLanes.Broadcast(0), s1 = s0, s2 = s0, s3 = s0;
                    double* a = row;
                    double* b = pivotRow;
                    for (int k = 0; k < j; k++)
                    {
                        s0 = TLanes.FusedMultiplyAdd(TLanes.Load(a), TLanes.Load(b), s0);
                        s1 = TLanes.FusedMultiplyAdd(TLanes.Load(a + width), TLanes.Load(b + width), s1);
                        s2 = TLanes.FusedMultiplyAdd(TLanes.Load(a + (2 * width)), TLanes.Load(b + (2 * width)), s2);
                        s3 = TLanes.FusedMultiplyAdd(TLanes.Load(a + (3 * width)), TLanes.Load(b + (3 * width)), s3);
                        a += stride;
                        b += stride;
                    }

                    s0 = TLanes.Subtract(TLanes.Load(a), s0);
                    s1 = TLanes.Subtract(TLanes.Load(a + width), s1);
                    s2 = TLanes.Subtract(TLanes.Load(a + (2 * width)), s2);
                    s3 = TLanes.Subtract(TLanes.Load(a + (3 * width)), s3);
                    if (r == j)
                    {
                        p0 = TLanes.Divide(one, TLanes.SquareRoot(s0));
                        p1 = TLanes.Divide(one, TLanes.SquareRoot(s1));
                        p2 = TLanes.Divide(one, TLanes.SquareRoot(s2));
                        p3 = TLanes.Divide(one, TLanes.SquareRoot(s3));
                        Store<TLanes, TVector>(p0, p1, p2, p3, a);
                    }
                    else
                    {
                        Store<TLanes, TVector>(
                            TLanes.Multiply(s0, p0), TLanes.Multiply(s1, p1), TLanes.Multiply(s2, p2), TLanes.Multiply(s3, p3), a);
                    }

                    row += (r + 1) * stride;
                }
            }
        }
    }

    /// <summary>Replaces the right-hand sides by the solutions: first down through L, then up through Lᵀ.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Substitute<TLanes, TVector>(in MaskedBlock block, int size)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        int width = TLanes.Count;
        long stride = block.Stride;
        for (int i = 0; i < block.Rows; i += 4 * width)
        {
            double* x = block.Unknowns + i;
            double* factor = block.Square + i;
            for (int j = 0; j < size; j++)
            {
                TVector s0 = TLanes.Broadcast(0), s1 = s0, s2 = s0, s3 = s0;
                double* a = factor + ((long)j * (j + 1) / 2 * stride);
                double* b = x;
                for (int k = 0; k < j; k++)
                {
                    s0 = TLanes.FusedMultiplyAdd(TLanes.Load(a), TLanes.Load(b), s0);
                    s1 = TLanes.FusedMultiplyAdd(TLanes.Load(a + width), TLanes.Load(b + width), s1);
                    s2 = TLanes.FusedMultiplyAdd(TLanes.Load(a + (2 * width)), TLanes.Load(b + (2 * width)), s2);
                    s3 = TLanes.FusedMultiplyAdd(TLanes.Load(a + (3 * width)), TLanes.Load(b + (3 * width)), s3);
                    a += stride;
                    b += stride;
                }

                Finish<TLanes, TVector>(s0, s1, s2, s3, a, b);
            }

            for (int j = size - 1; j >= 0; j--)
            {
                double* pivot = factor + (((long)j * (j + 3) / 2) * stride);
                TVector s0 = TLanes.Broadcast(0), s1 = s0, s2 = s0, s3 = s0;
                double* a = pivot;
                double* b = x + (j * stride);
                for (int r = j + 1; r < size; r++)
                {
                    a += r * stride;
                    b += stride;
                    s0 = TLanes.FusedMultiplyAdd(TLanes.Load(a), TLanes.Load(b), s0);
                    s1 = TLanes.FusedMultiplyAdd(TLanes.Load(a + width), TLanes.Load(b + width), s1);
                    s2 = TLanes.FusedMultiplyAdd(TLanes.Load(a + (2 * width)), TLanes.Load(b + (2 * width)), s2);
                    s3 = TLanes.FusedMultiplyAdd(TLanes.Load(a + (3 * width)), TLanes.Load(b + (3 * width)), s3);
                }

                Finish<TLanes, TVector>(s0, s1, s2, s3, pivot, x + (j * stride));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish<TLanes, TVector>(TVector s0, TVector s1, TVector s2, TVector s3, double* pivot, double* x)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        int width = TLanes.Count;
        Store<TLanes, TVector>(
            TLanes.Multiply(TLanes.Subtract(TLanes.Load(x), s0), TLanes.Load(pivot)),
            TLanes.Multiply(TLanes.Subtract(TLanes.Load(x + width), s1), TLanes.Load(pivot + width)),
            TLanes.Multiply(TLanes.Subtract(TLanes.Load(x + (2 * width)), s2), TLanes.Load(pivot + (2 * width))),
            TLanes.Multiply(TLanes.Subtract(TLanes.Load(x + (3 * width)), s3), TLanes.Load(pivot + (3 * width))),
            x);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TLanes, TVector>(TVector v0, TVector v1, TVector v2, TVector v3, double* destination)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        TLanes.Store(v0, destination);
        TLanes.Store(v1, destination + TLanes.Count);
        TLanes.Store(v2, destination + (2 * TLanes.Count));
        TLanes.Store(v3, destination + (3 * TLanes.Count));
    }
}
