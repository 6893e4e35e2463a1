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
    public static TileExtremes Solve(LaneWidth width, in Tile tile, RowReduction reduction) => width switch
    {
        LaneWidth.Bits512 => Solve<Lanes512, Vector512<double>>(tile, reduction),
        LaneWidth.Bits256 => Solve<Lanes256, Vector256<double>>(tile, reduction),
        LaneWidth.Bits128 => Solve<Lanes128, Vector128<double>>(tile, reduction),
        _ => Solve<ScalarLanes, double>(tile, reduction),
    };

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static TileExtremes Solve<TLanes, TVector>(in Tile tile, RowReduction reduction)
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
                    TileProduct.Compute<TLanes, TVector>(tile, block, end, gains, reduction.InputCount, offsets);
                }
            }
        }

        double finite = TLanes.Sum(found.Check);
        double largest = TLanes.Largest(found.Largest);
        return new TileExtremes(
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

    /// <summary>What rows came to by lanes, before it is brought together; the check is 0 unless a norm is not finite.</summary>
    private struct Found<TVector>
    {
        public TVector Largest;
        public TVector LargestIncomplete;
        public TVector Check;
        public TVector Missing;
    }
}
