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
    public const int ColumnMultiple = InnerProducts.Block;

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
        double* products = stackalloc double[ColumnMultiple * ColumnMultiple];
        for (int i = 0; i < width; i += ColumnMultiple)
        {
            for (int j = i; j < width; j += ColumnMultiple)
            {
                InnerProducts.Write<TLanes, TVector>(tile + ((long)i * TileRows), tile + ((long)j * TileRows), TileRows, padded, products);
                double* destination = square + ((long)i * width) + j;
                for (int at = 0; at < ColumnMultiple * ColumnMultiple; at++)
                {
                    destination[(at / ColumnMultiple * width) + (at % ColumnMultiple)] += products[at];
                }
            }
        }
    }
}
