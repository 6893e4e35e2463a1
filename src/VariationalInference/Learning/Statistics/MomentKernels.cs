using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace VariationalInference;

/// <summary>
/// Cross products of a tile whose columns lie one after another, <see cref="TileRows"/> apart and filled up with zeros, in blocks of four by
/// four columns that stay in registers.
/// </summary>
internal static unsafe class MomentKernels
{
    /// <summary>The rows of a tile: 16 columns of it take half of a first-level cache.</summary>
    public const int TileRows = 256;

    /// <summary>What the number of columns of a tile is padded to a multiple of.</summary>
    public const int ColumnMultiple = 4;

    private const int RowMultiple = 8;

    /// <summary>Copies columns into a tile less their centres, and adds up what is left; cells beyond the last row become zero.</summary>
    /// <param name="width">The vectors to work with.</param>
    /// <param name="source">The first cell; may be the tile itself.</param>
    /// <param name="stride">From one column of the source to the next.</param>
    /// <param name="tile">The tile.</param>
    /// <param name="rows">The number of rows. Range: 1 to <see cref="TileRows"/>.</param>
    /// <param name="centres">The centres, one a column.</param>
    /// <param name="sums">Receives the sums of the tile's columns.</param>
    /// <returns>Whether all sums are finite, as they are when all cells are, short of an overflow.</returns>
    public static bool Centre(
        LaneWidth width, double* source, long stride, double* tile, int rows, ReadOnlySpan<double> centres, Span<double> sums) => width switch
        {
            LaneWidth.Bits512 => Centre<Lanes512, Vector512<double>>(source, stride, tile, rows, centres, sums),
            LaneWidth.Bits256 => Centre<Lanes256, Vector256<double>>(source, stride, tile, rows, centres, sums),
            LaneWidth.Bits128 => Centre<Lanes128, Vector128<double>>(source, stride, tile, rows, centres, sums),
            _ => Centre<ScalarLanes, double>(source, stride, tile, rows, centres, sums),
        };

    /// <summary>Adds DᵀD for the upper triangle of blocks of the tile D to a square of padded width.</summary>
    public static void Square(LaneWidth width, double* tile, int rows, int columns, double* square)
    {
        switch (width)
        {
            case LaneWidth.Bits512:
                Square<Lanes512, Vector512<double>>(tile, rows, columns, square);
                break;
            case LaneWidth.Bits256:
                Square<Lanes256, Vector256<double>>(tile, rows, columns, square);
                break;
            case LaneWidth.Bits128:
                Square<Lanes128, Vector128<double>>(tile, rows, columns, square);
                break;
            default:
                Square<ScalarLanes, double>(tile, rows, columns, square);
                break;
        }
    }

    public static int Pad(int columns) => (columns + ColumnMultiple - 1) / ColumnMultiple * ColumnMultiple;

    private static int PadRows(int rows) => (rows + RowMultiple - 1) / RowMultiple * RowMultiple;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool Centre<TLanes, TVector>(
        double* source, long stride, double* tile, int rows, ReadOnlySpan<double> centres, Span<double> sums)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        double check = 0;
        for (int k = 0; k < centres.Length; k++)
        {
            double* from = source + (k * stride);
            double* to = tile + ((long)k * TileRows);
            TVector centre = TLanes.Broadcast(centres[k]);
            TVector even = TLanes.Broadcast(0), odd = even;
            int n = 0;
            for (; n + (2 * TLanes.Count) <= rows; n += 2 * TLanes.Count)
            {
                TVector first = TLanes.Subtract(TLanes.Load(from + n), centre);
                TVector second = TLanes.Subtract(TLanes.Load(from + n + TLanes.Count), centre);
                TLanes.Store(first, to + n);
                TLanes.Store(second, to + n + TLanes.Count);
                even = TLanes.Add(even, first);
                odd = TLanes.Add(odd, second);
            }

            double sum = TLanes.Sum(TLanes.Add(even, odd));
            for (; n < rows; n++)
            {
                to[n] = from[n] - centres[k];
                sum += to[n];
            }

            for (; n < PadRows(rows); n++)
            {
                to[n] = 0;
            }

            sums[k] = sum;
            check += sum * 0;
        }

        return check == 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Square<TLanes, TVector>(double* tile, int rows, int columns, double* square)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        int padded = PadRows(rows);
        int width = Pad(columns);
        for (int i = 0; i < width; i += ColumnMultiple)
        {
            for (int j = i; j < width; j += ColumnMultiple)
            {
                Block<TLanes, TVector>(
                    tile + ((long)i * TileRows), tile + ((long)j * TileRows), padded, square + ((long)i * width) + j, width);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Block<TLanes, TVector>(double* a, double* b, int padded, double* square, int width)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        TVector zero = TLanes.Broadcast(0);
        TVector s00 = zero, s01 = zero, s02 = zero, s03 = zero;
        TVector s10 = zero, s11 = zero, s12 = zero, s13 = zero;
        TVector s20 = zero, s21 = zero, s22 = zero, s23 = zero;
        TVector s30 = zero, s31 = zero, s32 = zero, s33 = zero;
        for (int n = 0; n < padded; n += TLanes.Count)
        {
            TVector b0 = TLanes.Load(b + n), b1 = TLanes.Load(b + TileRows + n);
            TVector b2 = TLanes.Load(b + (2 * TileRows) + n), b3 = TLanes.Load(b + (3 * TileRows) + n);
            TVector a0 = TLanes.Load(a + n);
            s00 = TLanes.FusedMultiplyAdd(a0, b0, s00);
            s01 = TLanes.FusedMultiplyAdd(a0, b1, s01);
            s02 = TLanes.FusedMultiplyAdd(a0, b2, s02);
            s03 = TLanes.FusedMultiplyAdd(a0, b3, s03);
            a0 = TLanes.Load(a + TileRows + n);
            s10 = TLanes.FusedMultiplyAdd(a0, b0, s10);
            s11 = TLanes.FusedMultiplyAdd(a0, b1, s11);
            s12 = TLanes.FusedMultiplyAdd(a0, b2, s12);
            s13 = TLanes.FusedMultiplyAdd(a0, b3, s13);
            a0 = TLanes.Load(a + (2 * TileRows) + n);
            s20 = TLanes.FusedMultiplyAdd(a0, b0, s20);
            s21 = TLanes.FusedMultiplyAdd(a0, b1, s21);
            s22 = TLanes.FusedMultiplyAdd(a0, b2, s22);
            s23 = TLanes.FusedMultiplyAdd(a0, b3, s23);
            a0 = TLanes.Load(a + (3 * TileRows) + n);
            s30 = TLanes.FusedMultiplyAdd(a0, b0, s30);
            s31 = TLanes.FusedMultiplyAdd(a0, b1, s31);
            s32 = TLanes.FusedMultiplyAdd(a0, b2, s32);
            s33 = TLanes.FusedMultiplyAdd(a0, b3, s33);
        }

        AddRow<TLanes, TVector>(s00, s01, s02, s03, square);
        AddRow<TLanes, TVector>(s10, s11, s12, s13, square + width);
        AddRow<TLanes, TVector>(s20, s21, s22, s23, square + (2 * width));
        AddRow<TLanes, TVector>(s30, s31, s32, s33, square + (3 * width));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddRow<TLanes, TVector>(TVector s0, TVector s1, TVector s2, TVector s3, double* destination)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        destination[0] += TLanes.Sum(s0);
        destination[1] += TLanes.Sum(s1);
        destination[2] += TLanes.Sum(s2);
        destination[3] += TLanes.Sum(s3);
    }
}
