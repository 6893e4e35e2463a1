using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace VariationalInference;

/// <summary>The arithmetic of a tile of rows, for each width of vector that a processor may have.</summary>
/// <remarks>
/// Every value of a row goes through the same operations in the same order whatever the width, and whether or not other rows of the
/// tile have missing cells, so that results depend on neither. Rows are worked on in blocks: first their inputs, then their means, so that cells and means stream at the same time. The loops are compiled with full optimisation at once: a
/// table is often done before tiered compilation would get to it.
/// </remarks>
internal static unsafe class TileKernels
{
    /// <summary>What a number of rows is a multiple of: four of the widest vectors.</summary>
    public const int RowMultiple = 32;

    private const int BlockRows = 4 * RowMultiple;

    /// <summary>Up to this many latents' means are written as soon as a row's inputs are known, so that all streams advance together.</summary>
    private const int MostStreams = 6;

    private const int MantissaBits = 52;

    /// <summary>Writes the means, the inputs and ‖w‖² of a tile's rows.</summary>
    public static Extremes Solve(LaneWidth width, in Tile tile, RowReduction reduction) => width switch
    {
        LaneWidth.Bits512 => Solve<Lanes512, Vector512<double>>(tile, reduction),
        LaneWidth.Bits256 => Solve<Lanes256, Vector256<double>>(tile, reduction),
        LaneWidth.Bits128 => Solve<Lanes128, Vector128<double>>(tile, reduction),
        _ => Solve<ScalarLanes, double>(tile, reduction),
    };

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static Extremes Solve<TLanes, TVector>(in Tile tile, RowReduction reduction)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        var found = default(Found<TVector>);
        double factor = reduction.Factor(reduction.ObservationCount);
        bool atOnce = tile.Means != null && tile.Offsets.Length <= MostStreams;
        fixed (double* high = reduction.PredictionHigh, low = reduction.PredictionLow)
        fixed (double* weights = reduction.Weights, gains = reduction.Gains, offsets = tile.Offsets)
        {
            int blockRows = atOnce ? tile.Rows : BlockRows;
            for (int block = 0; block < tile.Rows; block += blockRows)
            {
                int end = Math.Min(block + blockRows, tile.Rows);
                switch (reduction.IsSum, tile.SkipsMissing)
                {
                    case (true, false):
                        Sum<TLanes, TVector>(tile, block, end, *high, *low, *weights, factor, gains, offsets, atOnce, ref found);
                        break;
                    case (true, true):
                        SumObserved<TLanes, TVector>(
                            tile, block, end, *high, *low, *weights, reduction.Coupling, gains, offsets, atOnce, ref found);
                        break;
                    case (false, false):
                        Centre<TLanes, TVector>(tile, block, end, high, low, weights, gains, offsets, atOnce, ref found);
                        break;
                    default:
                        CentreObserved<TLanes, TVector>(tile, block, end, high, low, weights, gains, offsets, atOnce, ref found);
                        break;
                }

                if (tile.Means != null && !atOnce)
                {
                    Product<TLanes, TVector>(tile, block, end, gains, reduction.InputCount, offsets);
                }
            }
        }

        double finite = TLanes.Sum(found.Check);
        double largest = TLanes.Largest(found.Largest);
        return new Extremes(
            Math.Max(largest, TLanes.Largest(found.LargestIncomplete)) + finite, largest + finite, TLanes.Sum(found.Missing) == 0);
    }

    /// <summary>Writes ‖w‖² and the one input of complete rows of a Gaussian sum, u = (Σc)/σ/(1 + Kβ).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Sum<TLanes, TVector>(
        in Tile tile,
        int start,
        int end,
        double high,
        double low,
        double weight,
        double factor,
        double* gains,
        double* offsets,
        bool atOnce,
        ref Found<TVector> found)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        TVector highs = TLanes.Broadcast(high), lows = TLanes.Broadcast(low), weights = TLanes.Broadcast(weight);
        TVector factors = TLanes.Broadcast(factor), largest = found.Largest, check = found.Check;
        double* inputs = tile.Inputs;
        double* norms = tile.Norms;
        double* first = tile.Cells;
        long stride = tile.CellStride;
        int columns = tile.Columns;
        double* means = tile.Means;
        long meanStride = tile.MeanStride;
        int streams = atOnce ? tile.Offsets.Length : 0;
        for (int i = start; i < end; i += TLanes.Count)
        {
            TVector norm = TLanes.Broadcast(0), total = norm;
            double* cells = first + i;
            for (int k = columns; k > 0; k--)
            {
                TVector c = TLanes.Subtract(TLanes.Subtract(TLanes.Load(cells), highs), lows);
                TVector w = TLanes.Multiply(c, weights);
                norm = TLanes.FusedMultiplyAdd(w, w, norm);
                total = TLanes.Add(total, c);
                cells += stride;
            }

            TVector input = TLanes.Multiply(total, factors);
            if (!atOnce)
            {
                TLanes.Store(input, inputs + i);
            }

            WriteMeans<TLanes, TVector>(input, gains, offsets, means + i, meanStride, streams);

            if (norms != null)
            {
                TLanes.Store(norm, norms + i);
            }

            largest = TLanes.Max(norm, largest);
            check = TLanes.FusedMultiplyAdd(norm, TLanes.Broadcast(0), check);
        }

        found.Largest = largest;
        found.Check = check;
    }

    /// <summary>
    /// Writes ‖w‖² and the one input of a Gaussian sum, u = (Σc)/σ/(1 + nβ), over the n observed cells, and the number of missing ones.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumObserved<TLanes, TVector>(
        in Tile tile,
        int start,
        int end,
        double high,
        double low,
        double weight,
        double coupling,
        double* gains,
        double* offsets,
        bool atOnce,
        ref Found<TVector> found)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        TVector highs = TLanes.Broadcast(high), lows = TLanes.Broadcast(low), weights = TLanes.Broadcast(weight);
        TVector one = TLanes.Broadcast(1), couplings = TLanes.Broadcast(coupling), count = TLanes.Broadcast(tile.Columns);
        TVector largest = found.Largest, check = found.Check, anyMissing = found.Missing;
        double* inputs = tile.Inputs;
        double* norms = tile.Norms;
        double* missing = tile.Missing;
        double* first = tile.Cells;
        long stride = tile.CellStride;
        int columns = tile.Columns;
        double* means = tile.Means;
        long meanStride = tile.MeanStride;
        int streams = atOnce ? tile.Offsets.Length : 0;
        for (int i = start; i < end; i += TLanes.Count)
        {
            TVector norm = TLanes.Broadcast(0), total = norm, unseen = norm;
            double* cells = first + i;
            for (int k = columns; k > 0; k--)
            {
                TVector c = TLanes.Subtract(TLanes.Subtract(TLanes.Load(cells), highs), lows);
                unseen = TLanes.Add(unseen, TLanes.OneIfNaN(c));
                c = TLanes.ZeroIfNaN(c);
                TVector w = TLanes.Multiply(c, weights);
                norm = TLanes.FusedMultiplyAdd(w, w, norm);
                total = TLanes.Add(total, c);
                cells += stride;
            }

            TVector scale = TLanes.FusedMultiplyAdd(TLanes.Subtract(count, unseen), couplings, one);
            TVector input = TLanes.Multiply(total, TLanes.Divide(weights, scale));
            if (!atOnce)
            {
                TLanes.Store(input, inputs + i);
            }

            WriteMeans<TLanes, TVector>(input, gains, offsets, means + i, meanStride, streams);

            if (missing != null)
            {
                TLanes.Store(unseen, missing + i);
            }

            anyMissing = TLanes.Add(anyMissing, unseen);
            if (norms != null)
            {
                TLanes.Store(norm, norms + i);
            }

            largest = TLanes.Max(norm, largest);
            check = TLanes.FusedMultiplyAdd(norm, TLanes.Broadcast(0), check);
        }

        found.Largest = largest;
        found.Check = check;
        found.Missing = anyMissing;
    }

    /// <summary>Writes ‖w‖² and the inputs c = x − prediction of complete rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Centre<TLanes, TVector>(
        in Tile tile,
        int start,
        int end,
        double* high,
        double* low,
        double* weights,
        double* gains,
        double* offsets,
        bool atOnce,
        ref Found<TVector> found)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        TVector largest = found.Largest, check = found.Check;
        double* norms = tile.Norms;
        double* firstCell = tile.Cells;
        double* firstInput = tile.Inputs;
        long cellStride = tile.CellStride;
        int stride = tile.Stride;
        int columns = tile.Columns;
        double* means = tile.Means;
        long meanStride = tile.MeanStride;
        int streams = atOnce ? tile.Offsets.Length : 0;
        for (int i = start; i < end; i += TLanes.Count)
        {
            TVector norm = TLanes.Broadcast(0);
            double* cells = firstCell + i;
            double* inputs = firstInput + i;
            for (int k = 0; k < columns; k++)
            {
                TVector c = TLanes.Subtract(TLanes.Subtract(TLanes.Load(cells), TLanes.Broadcast(high[k])), TLanes.Broadcast(low[k]));
                TVector w = TLanes.Multiply(c, TLanes.Broadcast(weights[k]));
                norm = TLanes.FusedMultiplyAdd(w, w, norm);
                TLanes.Store(c, inputs);
                cells += cellStride;
                inputs += stride;
            }

            WriteMeans<TLanes, TVector>(firstInput + i, stride, columns, gains, offsets, means + i, meanStride, streams);

            if (norms != null)
            {
                TLanes.Store(norm, norms + i);
            }

            largest = TLanes.Max(norm, largest);
            check = TLanes.FusedMultiplyAdd(norm, TLanes.Broadcast(0), check);
        }

        found.Largest = largest;
        found.Check = check;
    }

    /// <summary>
    /// Writes ‖w‖² of the observed cells, the inputs c = x − prediction, 0 for missing cells, and as the pattern Σ 2^k over the missing
    /// cells k, or just a number that is not 0 when K > 52.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CentreObserved<TLanes, TVector>(
        in Tile tile,
        int start,
        int end,
        double* high,
        double* low,
        double* weights,
        double* gains,
        double* offsets,
        bool atOnce,
        ref Found<TVector> found)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        TVector largest = found.Largest, check = found.Check, anyMissing = found.Missing, largestIncomplete = found.LargestIncomplete;
        double* norms = tile.Norms;
        double* missing = tile.Missing;
        double* firstCell = tile.Cells;
        double* firstInput = tile.Inputs;
        long cellStride = tile.CellStride;
        int stride = tile.Stride;
        int columns = tile.Columns;
        double* means = tile.Means;
        long meanStride = tile.MeanStride;
        int streams = atOnce ? tile.Offsets.Length : 0;
        for (int i = start; i < end; i += TLanes.Count)
        {
            TVector norm = TLanes.Broadcast(0), code = norm;
            double* cells = firstCell + i;
            double* inputs = firstInput + i;
            for (int k = 0; k < columns; k++)
            {
                TVector c = TLanes.Subtract(TLanes.Subtract(TLanes.Load(cells), TLanes.Broadcast(high[k])), TLanes.Broadcast(low[k]));
                code = TLanes.FusedMultiplyAdd(TLanes.OneIfNaN(c), TLanes.Broadcast(k < MantissaBits ? 1L << k : 1), code);
                c = TLanes.ZeroIfNaN(c);
                TVector w = TLanes.Multiply(c, TLanes.Broadcast(weights[k]));
                norm = TLanes.FusedMultiplyAdd(w, w, norm);
                TLanes.Store(c, inputs);
                cells += cellStride;
                inputs += stride;
            }

            WriteMeans<TLanes, TVector>(firstInput + i, stride, columns, gains, offsets, means + i, meanStride, streams);

            TLanes.Store(code, missing + i);
            anyMissing = TLanes.Add(anyMissing, code);
            if (norms != null)
            {
                TLanes.Store(norm, norms + i);
            }

            TVector complete = TLanes.IfZero(code, norm);
            largest = TLanes.Max(complete, largest);
            largestIncomplete = TLanes.Max(TLanes.Subtract(norm, complete), largestIncomplete);
            check = TLanes.FusedMultiplyAdd(norm, TLanes.Broadcast(0), check);
        }

        found.Largest = largest;
        found.Check = check;
        found.Missing = anyMissing;
        found.LargestIncomplete = largestIncomplete;
    }

    /// <summary>Writes offsets_j + gains_j · input of one vector of rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WriteMeans<TLanes, TVector>(
        TVector input, double* gains, double* offsets, double* means, long meanStride, int count)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        for (int j = 0; j < count; j++)
        {
            TLanes.Store(TLanes.Add(TLanes.Broadcast(offsets[j]), TLanes.Multiply(TLanes.Broadcast(gains[j]), input)), means);
            means += meanStride;
        }
    }

    /// <summary>Writes offsets_j + Σ_k gains_jk · inputs_k of one vector of rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WriteMeans<TLanes, TVector>(
        double* inputs, int stride, int inputCount, double* gains, double* offsets, double* means, long meanStride, int count)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        for (int j = 0; j < count; j++)
        {
            TVector sum = TLanes.Broadcast(0);
            double* input = inputs;
            for (int k = inputCount; k > 0; k--)
            {
                sum = TLanes.FusedMultiplyAdd(TLanes.Broadcast(*gains++), TLanes.Load(input), sum);
                input += stride;
            }

            TLanes.Store(TLanes.Add(TLanes.Broadcast(offsets[j]), sum), means);
            means += meanStride;
        }
    }

    /// <summary>Writes means_j = offsets_j + Σ_k gains_jk inputs_k of a block of rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Product<TLanes, TVector>(in Tile tile, int start, int end, double* gains, int inputCount, double* offsets)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        int latents = tile.Offsets.Length;
        int j = 0;
        for (; j + 4 <= latents; j += 4)
        {
            FourMeans<TLanes, TVector>(tile, j, start, end, gains + (j * inputCount), inputCount, offsets + j);
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

    /// <summary>What a tile's rows came to.</summary>
    /// <param name="LargestNorm">The largest ‖w‖²; NaN or infinite when a cell is, or when the square overflows.</param>
    /// <param name="LargestCompleteNorm">The same of the rows whose response is that of complete rows.</param>
    /// <param name="IsComplete">Whether no cell was skipped as missing.</param>
    internal readonly record struct Extremes(double LargestNorm, double LargestCompleteNorm, bool IsComplete);

    /// <summary>The same by lanes, before it is brought together; the check is 0 unless a norm is not finite.</summary>
    private struct Found<TVector>
    {
        public TVector Largest;
        public TVector LargestIncomplete;
        public TVector Check;
        public TVector Missing;
    }

    /// <summary>Where a tile's numbers lie. Rows are contiguous everywhere; strides lead from one column or latent to the next.</summary>
    internal struct Tile
    {
        public double* Cells;
        public long CellStride;

        /// <summary>The number of rows, a multiple of <see cref="RowMultiple"/>.</summary>
        public int Rows;

        /// <summary>The number of columns K.</summary>
        public int Columns;

        /// <summary>Whether missing cells are to be left out; otherwise they make ‖w‖² NaN.</summary>
        public bool SkipsMissing;

        /// <summary>From one input to the next.</summary>
        public int Stride;
        public double* Inputs;
        public double* Norms;
        public double* Missing;

        /// <summary>Where the means go, or null.</summary>
        public double* Means;
        public long MeanStride;

        /// <summary>The prior means, length J.</summary>
        public double[] Offsets;
    }
}
