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

    private static TileExtremes Solve<TLanes, TVector>(in Tile tile, RowReduction reduction)
        where TLanes : ILanes<TVector>
        where TVector : struct => (reduction, tile.SkipsMissing) switch
        {
            (SumReduction sum, false) => Solve<TLanes, TVector, Summed, Observed>(tile, sum, sum.Coupling),
            (SumReduction sum, true) => Solve<TLanes, TVector, Summed, MayMiss>(tile, sum, sum.Coupling),
            (_, false) => Solve<TLanes, TVector, Separate, Observed>(tile, reduction, coupling: 0),
            _ => Solve<TLanes, TVector, Separate, MayMiss>(tile, reduction, coupling: 0),
        };

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static TileExtremes Solve<TLanes, TVector, TInputs, TCells>(in Tile tile, RowReduction reduction, double coupling)
        where TLanes : ILanes<TVector>
        where TVector : struct
        where TInputs : struct, IChoice
        where TCells : struct, IChoice
    {
        var found = default(Found<TVector>);
        bool fewStreams = tile.Offsets.Length <= MostStreams;
        bool atOnce = tile.Means != null && (fewStreams || tile.Tabulated != null);
        fixed (double* high = reduction.PredictionHigh, low = reduction.PredictionLow)
        fixed (double* weights = reduction.Weights, gains = reduction.Gains, offsets = tile.Offsets)
        {
            int blockRows = fewStreams ? tile.Rows : BlockRows;
            for (int block = 0; block < tile.Rows; block += blockRows)
            {
                int end = Math.Min(block + blockRows, tile.Rows);
                Reduce<TLanes, TVector, TInputs, TCells>(tile, block, end, high, low, weights, coupling, gains, offsets, atOnce, ref found);
                if (tile.Means != null && !atOnce)
                {
                    TileProduct.Compute<TLanes, TVector>(tile, block, end, gains, reduction.InputCount, offsets);
                }
            }
        }

        double finite = TLanes.Sum(found.Check);
        double complete = TLanes.Largest(found.Largest);
        double incomplete = TLanes.Largest(found.LargestIncomplete);
        return new TileExtremes(Math.Max(complete, incomplete) + finite, complete + finite, incomplete + finite, TLanes.Sum(found.Missing) == 0);
    }

    /// <summary>
    /// Writes ‖w‖² of the observed cells and the inputs: c = x − prediction, 0 for missing cells, or of a sum u = (Σc)/σ/(1 + nβ). What is
    /// missing is written as the number of cells for a sum, else as the pattern Σ 2^k over the missing cells k, or just a number that is not 0
    /// when K > 52.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Reduce<TLanes, TVector, TInputs, TCells>(
        in Tile tile,
        int start,
        int end,
        double* high,
        double* low,
        double* weights,
        double coupling,
        double* gains,
        double* offsets,
        bool atOnce,
        ref Found<TVector> found)
        where TLanes : ILanes<TVector>
        where TVector : struct
        where TInputs : struct, IChoice
        where TCells : struct, IChoice
    {
        TVector largest = found.Largest, check = found.Check, anyMissing = found.Missing, largestIncomplete = found.LargestIncomplete;
        TVector high0 = TLanes.Broadcast(*high), low0 = TLanes.Broadcast(*low), weight0 = TLanes.Broadcast(*weights);
        TVector one = TLanes.Broadcast(1), couplings = TLanes.Broadcast(coupling), count = TLanes.Broadcast(tile.Columns);
        TVector factor = TLanes.Broadcast(*weights / Math.FusedMultiplyAdd(tile.Columns, coupling, 1));
        double* norms = tile.Norms;
        double* missing = tile.Missing;
        double* firstCell = tile.Cells;
        double* firstInput = tile.Inputs;
        long cellStride = tile.CellStride;
        int stride = tile.Stride;
        int columns = tile.Columns;
        double* means = tile.Means;
        long meanStride = tile.MeanStride;
        double* tabulated = tile.Tabulated;
        int streams = atOnce ? tile.Offsets.Length : 0;
        for (int i = start; i < end; i += TLanes.Count)
        {
            TVector norm = TLanes.Broadcast(0), total = norm, unseen = norm;
            double* cells = firstCell + i;
            double* inputs = firstInput + i;
            for (int k = 0; k < columns; k++)
            {
                TVector c = TInputs.Value
                    ? TLanes.Subtract(TLanes.Subtract(TLanes.Load(cells), high0), low0)
                    : TLanes.Subtract(TLanes.Subtract(TLanes.Load(cells), TLanes.Broadcast(high[k])), TLanes.Broadcast(low[k]));
                if (TCells.Value)
                {
                    unseen = TInputs.Value
                        ? TLanes.Add(unseen, TLanes.OneIfNaN(c))
                        : TLanes.FusedMultiplyAdd(TLanes.OneIfNaN(c), TLanes.Broadcast(k < MantissaBits ? 1L << k : 1), unseen);
                    c = TLanes.ZeroIfNaN(c);
                }

                TVector w = TLanes.Multiply(c, TInputs.Value ? weight0 : TLanes.Broadcast(weights[k]));
                norm = TLanes.FusedMultiplyAdd(w, w, norm);
                if (TInputs.Value)
                {
                    total = TLanes.Add(total, c);
                }
                else
                {
                    TLanes.Store(c, inputs);
                    inputs += stride;
                }

                cells += cellStride;
            }

            if (TInputs.Value)
            {
                TVector input = TLanes.Multiply(total, TCells.Value
                    ? TLanes.Divide(weight0, TLanes.FusedMultiplyAdd(TLanes.Subtract(count, unseen), couplings, one))
                    : factor);
                if (!atOnce)
                {
                    TLanes.Store(input, inputs);
                }

                WriteMeans<TLanes, TVector>(input, gains, offsets, means + i, meanStride, streams);
            }
            else if (TCells.Value && tabulated != null)
            {
                WritePickedMeans<TLanes, TVector>(
                    firstInput + i, stride, columns, tabulated, TLanes.KeyOf(unseen), offsets, means + i, meanStride, streams);
            }
            else
            {
                WriteMeans<TLanes, TVector>(firstInput + i, stride, columns, gains, offsets, means + i, meanStride, streams);
            }

            if (TCells.Value)
            {
                if (missing != null)
                {
                    TLanes.Store(unseen, missing + i);
                }

                anyMissing = TLanes.Add(anyMissing, unseen);
            }

            if (norms != null)
            {
                TLanes.Store(norm, norms + i);
            }

            if (TCells.Value && !TInputs.Value)
            {
                TVector complete = TLanes.IfZero(unseen, norm);
                largest = TLanes.Max(complete, largest);
                largestIncomplete = TLanes.Max(TLanes.Subtract(norm, complete), largestIncomplete);
            }
            else
            {
                largest = TLanes.Max(norm, largest);
            }

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

    /// <summary>Writes the same where each row has the gains of its own pattern.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WritePickedMeans<TLanes, TVector>(
        double* inputs, int stride, int inputCount, double* tabulated, TVector key, double* offsets, double* means, long meanStride, int count)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        for (int j = 0; j < count; j++)
        {
            TVector sum = TLanes.Broadcast(0);
            double* input = inputs;
            for (int k = inputCount; k > 0; k--)
            {
                sum = TLanes.FusedMultiplyAdd(TLanes.Pick(tabulated, key), TLanes.Load(input), sum);
                tabulated += TabulatedResponses.PatternCount;
                input += stride;
            }

            TLanes.Store(TLanes.Add(TLanes.Broadcast(offsets[j]), sum), means);
            means += meanStride;
        }
    }

    /// <summary>A choice that is made when the code is compiled.</summary>
    private interface IChoice
    {
        static abstract bool Value { get; }
    }

    /// <summary>A row's cells are summed to one input.</summary>
    private readonly struct Summed : IChoice
    {
        public static bool Value => true;
    }

    /// <summary>Each cell is an input.</summary>
    private readonly struct Separate : IChoice
    {
        public static bool Value => false;
    }

    /// <summary>Cells may be missing.</summary>
    private readonly struct MayMiss : IChoice
    {
        public static bool Value => true;
    }

    /// <summary>All cells are observed.</summary>
    private readonly struct Observed : IChoice
    {
        public static bool Value => false;
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
