using System.Runtime.CompilerServices;

namespace VariationalInference;

/// <summary>The means of a tile's rows from their inputs, a product of matrices in which every sum runs in the same order whatever the width.</summary>
internal static unsafe class TileProduct
{
    /// <summary>Writes means_j = offsets_j + Σ_k gains_jk inputs_k of a block of rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Compute<TLanes, TVector>(in Tile tile, int start, int end, double* gains, int inputCount, double* offsets)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        int latents = tile.Offsets.Length;
        int j = 0;
        for (; j + 4 <= latents; j += 4)
        {
            // Vectors of eight come with 32 registers, others with 16.
            if (TLanes.Count < 8)
            {
                FourMeansByPairs<TLanes, TVector>(tile, j, start, end, gains + (j * inputCount), inputCount, offsets + j);
            }
            else
            {
                FourMeans<TLanes, TVector>(tile, j, start, end, gains + (j * inputCount), inputCount, offsets + j);
            }
        }

        for (; j < latents; j++)
        {
            OneMean<TLanes, TVector>(tile, j, start, end, gains + (j * inputCount), inputCount, offsets[j]);
        }
    }

    /// <summary>Four latents' means: sixteen sums at a time, each input loaded once for all four.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourMeans<TLanes, TVector>(in Tile tile, int j, int start, int end, double* gains, int inputCount, double* offsets)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        int width = TLanes.Count;
        int stride = tile.Stride;
        long meanStride = tile.MeanStride;
        double* inputs = tile.Inputs;
        double* means = tile.Means + (j * meanStride);
        for (int i = start; i < end; i += 4 * width)
        {
            TVector a0 = TLanes.Broadcast(0), a1 = a0, a2 = a0, a3 = a0;
            TVector b0 = a0, b1 = a0, b2 = a0, b3 = a0;
            TVector c0 = a0, c1 = a0, c2 = a0, c3 = a0;
            TVector d0 = a0, d1 = a0, d2 = a0, d3 = a0;
            double* input = inputs + i;
            for (int k = 0; k < inputCount; k++)
            {
                TVector x0 = TLanes.Load(input);
                TVector x1 = TLanes.Load(input + width);
                TVector x2 = TLanes.Load(input + (2 * width));
                TVector x3 = TLanes.Load(input + (3 * width));
                TVector gain = TLanes.Broadcast(gains[k]);
                a0 = TLanes.FusedMultiplyAdd(gain, x0, a0);
                a1 = TLanes.FusedMultiplyAdd(gain, x1, a1);
                a2 = TLanes.FusedMultiplyAdd(gain, x2, a2);
                a3 = TLanes.FusedMultiplyAdd(gain, x3, a3);
                gain = TLanes.Broadcast(gains[inputCount + k]);
                b0 = TLanes.FusedMultiplyAdd(gain, x0, b0);
                b1 = TLanes.FusedMultiplyAdd(gain, x1, b1);
                b2 = TLanes.FusedMultiplyAdd(gain, x2, b2);
                b3 = TLanes.FusedMultiplyAdd(gain, x3, b3);
                gain = TLanes.Broadcast(gains[(2 * inputCount) + k]);
                c0 = TLanes.FusedMultiplyAdd(gain, x0, c0);
                c1 = TLanes.FusedMultiplyAdd(gain, x1, c1);
                c2 = TLanes.FusedMultiplyAdd(gain, x2, c2);
                c3 = TLanes.FusedMultiplyAdd(gain, x3, c3);
                gain = TLanes.Broadcast(gains[(3 * inputCount) + k]);
                d0 = TLanes.FusedMultiplyAdd(gain, x0, d0);
                d1 = TLanes.FusedMultiplyAdd(gain, x1, d1);
                d2 = TLanes.FusedMultiplyAdd(gain, x2, d2);
                d3 = TLanes.FusedMultiplyAdd(gain, x3, d3);
                input += stride;
            }

            StoreFour<TLanes, TVector>(a0, a1, a2, a3, offsets[0], means + i);
            StoreFour<TLanes, TVector>(b0, b1, b2, b3, offsets[1], means + meanStride + i);
            StoreFour<TLanes, TVector>(c0, c1, c2, c3, offsets[2], means + (2 * meanStride) + i);
            StoreFour<TLanes, TVector>(d0, d1, d2, d3, offsets[3], means + (3 * meanStride) + i);
        }
    }

    /// <summary>The same with eight sums at a time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourMeansByPairs<TLanes, TVector>(
        in Tile tile, int j, int start, int end, double* gains, int inputCount, double* offsets)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        int width = TLanes.Count;
        int stride = tile.Stride;
        long meanStride = tile.MeanStride;
        double* means = tile.Means + (j * meanStride);
        double* gains1 = gains + inputCount;
        double* gains2 = gains1 + inputCount;
        double* gains3 = gains2 + inputCount;
        for (int i = start; i < end; i += 2 * width)
        {
            TVector a0 = TLanes.Broadcast(0), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, d0 = a0, d1 = a0;
            double* input = tile.Inputs + i;
            for (int k = 0; k < inputCount; k++)
            {
                TVector x0 = TLanes.Load(input);
                TVector x1 = TLanes.Load(input + width);
                TVector gain = TLanes.Broadcast(gains[k]);
                a0 = TLanes.FusedMultiplyAdd(gain, x0, a0);
                a1 = TLanes.FusedMultiplyAdd(gain, x1, a1);
                gain = TLanes.Broadcast(gains1[k]);
                b0 = TLanes.FusedMultiplyAdd(gain, x0, b0);
                b1 = TLanes.FusedMultiplyAdd(gain, x1, b1);
                gain = TLanes.Broadcast(gains2[k]);
                c0 = TLanes.FusedMultiplyAdd(gain, x0, c0);
                c1 = TLanes.FusedMultiplyAdd(gain, x1, c1);
                gain = TLanes.Broadcast(gains3[k]);
                d0 = TLanes.FusedMultiplyAdd(gain, x0, d0);
                d1 = TLanes.FusedMultiplyAdd(gain, x1, d1);
                input += stride;
            }

            StoreTwo<TLanes, TVector>(a0, a1, offsets[0], means + i);
            StoreTwo<TLanes, TVector>(b0, b1, offsets[1], means + meanStride + i);
            StoreTwo<TLanes, TVector>(c0, c1, offsets[2], means + (2 * meanStride) + i);
            StoreTwo<TLanes, TVector>(d0, d1, offsets[3], means + (3 * meanStride) + i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneMean<TLanes, TVector>(in Tile tile, int j, int start, int end, double* gains, int inputCount, double offset)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        int width = TLanes.Count;
        int stride = tile.Stride;
        double* inputs = tile.Inputs;
        double* means = tile.Means + (j * tile.MeanStride);
        for (int i = start; i < end; i += 4 * width)
        {
            TVector a0 = TLanes.Broadcast(0), a1 = a0, a2 = a0, a3 = a0;
            double* input = inputs + i;
            for (int k = 0; k < inputCount; k++)
            {
                TVector gain = TLanes.Broadcast(gains[k]);
                a0 = TLanes.FusedMultiplyAdd(gain, TLanes.Load(input), a0);
                a1 = TLanes.FusedMultiplyAdd(gain, TLanes.Load(input + width), a1);
                a2 = TLanes.FusedMultiplyAdd(gain, TLanes.Load(input + (2 * width)), a2);
                a3 = TLanes.FusedMultiplyAdd(gain, TLanes.Load(input + (3 * width)), a3);
                input += stride;
            }

            StoreFour<TLanes, TVector>(a0, a1, a2, a3, offset, means + i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreTwo<TLanes, TVector>(TVector v0, TVector v1, double offset, double* means)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        TVector mean = TLanes.Broadcast(offset);
        TLanes.Store(TLanes.Add(mean, v0), means);
        TLanes.Store(TLanes.Add(mean, v1), means + TLanes.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreFour<TLanes, TVector>(TVector v0, TVector v1, TVector v2, TVector v3, double offset, double* means)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        TVector mean = TLanes.Broadcast(offset);
        TLanes.Store(TLanes.Add(mean, v0), means);
        TLanes.Store(TLanes.Add(mean, v1), means + TLanes.Count);
        TLanes.Store(TLanes.Add(mean, v2), means + (2 * TLanes.Count));
        TLanes.Store(TLanes.Add(mean, v3), means + (3 * TLanes.Count));
    }
}
