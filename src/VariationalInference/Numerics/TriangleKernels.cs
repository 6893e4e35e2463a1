using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace VariationalInference;

/// <summary>
/// Householder reduction of a tile of rows into a triangle: with Q orthogonal, QᵀR̃ of the triangle over the tile is a new triangle over zeros.
/// The tile's columns lie one after another, <see cref="TileRows"/> apart and filled up with zeros.
/// </summary>
/// <remarks>
/// Panels of four columns are reduced one column at a time, and the columns behind them by the panel's reflections together,
/// I − V Tᵀ Vᵀ (Schreiber and Van Loan, 1989), in blocks of four by four that stay in registers.
/// </remarks>
internal static unsafe class TriangleKernels
{
    /// <summary>The rows of a tile: eight columns of it, a panel and the block that it is applied to, take a third of a first-level cache.</summary>
    public const int TileRows = 256;

    /// <summary>Rows of a shard, the work that a thread takes at a time: 16 tiles.</summary>
    public const int ShardRows = 16 * TileRows;

    /// <summary>What the number of columns is padded to a multiple of.</summary>
    public const int PanelColumns = InnerProducts.Block;

    private const int RowMultiple = 8;

    public static int Pad(int columns) => (columns + PanelColumns - 1) / PanelColumns * PanelColumns;

    /// <summary>Returns how many rows of a tile must be there, those beyond the last filled with zeros.</summary>
    public static int PadRows(int rows) => (rows + RowMultiple - 1) / RowMultiple * RowMultiple;

    /// <summary>Reduces a tile, which is overwritten, into a triangle.</summary>
    /// <param name="width">The vectors to work with.</param>
    /// <param name="tile">The tile.</param>
    /// <param name="rows">The number of rows, padded by <see cref="PadRows"/>.</param>
    /// <param name="columns">The number of columns, padded by <see cref="Pad"/>.</param>
    /// <param name="triangle">The triangle, row-major, columns×columns.</param>
    public static void Reduce(LaneWidth width, double* tile, int rows, int columns, double* triangle)
    {
        switch (width)
        {
            case LaneWidth.Bits512:
                Reduce<Lanes512, Vector512<double>>(tile, rows, columns, triangle);
                break;
            case LaneWidth.Bits256:
                Reduce<Lanes256, Vector256<double>>(tile, rows, columns, triangle);
                break;
            case LaneWidth.Bits128:
                Reduce<Lanes128, Vector128<double>>(tile, rows, columns, triangle);
                break;
            default:
                Reduce<ScalarLanes, double>(tile, rows, columns, triangle);
                break;
        }
    }

    private static void Reduce<TLanes, TVector>(double* tile, int rows, int columns, double* triangle)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        double* block = stackalloc double[PanelColumns * PanelColumns];
        double* weights = stackalloc double[PanelColumns * PanelColumns];
        for (int first = 0; first < columns; first += PanelColumns)
        {
            double* panel = tile + ((long)first * TileRows);
            double* corner = triangle + ((long)first * columns) + first;
            ReducePanel(panel, rows, corner, columns, block);
            for (int next = first + PanelColumns; next < columns; next += PanelColumns)
            {
                double* behind = tile + ((long)next * TileRows);
                double* head = corner + (next - first);
                Project<TLanes, TVector>(panel, behind, rows, head, columns, weights);
                Transform(block, weights, head, columns);
                Subtract<TLanes, TVector>(panel, behind, rows, weights);
                Subtract<TLanes, TVector>(panel, behind + (2 * TileRows), rows, weights + 2);
            }
        }
    }

    /// <summary>Reduces a panel, leaves the reflections V in it, and writes T, of which H₁H₂H₃H₄ = I − V T Vᵀ, row-major.</summary>
    private static void ReducePanel(double* panel, int rows, double* corner, int stride, double* block)
    {
        new Span<double>(block, PanelColumns * PanelColumns).Clear();
        Span<double> overlaps = stackalloc double[PanelColumns];
        for (int j = 0; j < PanelColumns; j++)
        {
            var column = new Span<double>(panel + (j * TileRows), rows);
            double square = TensorPrimitives.Dot<double>(column, column);
            if (square == 0)
            {
                continue;
            }

            double alpha = corner[(j * stride) + j];
            double norm = Math.Sqrt((alpha * alpha) + square);
            double beta = alpha > 0 ? -norm : norm;
            double factor = (beta - alpha) / beta;
            TensorPrimitives.Divide(column, alpha - beta, column);
            corner[(j * stride) + j] = beta;
            for (int k = j + 1; k < PanelColumns; k++)
            {
                var other = new Span<double>(panel + (k * TileRows), rows);
                double weight = factor * (corner[(j * stride) + k] + TensorPrimitives.Dot<double>(column, other));
                corner[(j * stride) + k] -= weight;
                TensorPrimitives.MultiplyAdd(column, -weight, other, other);
            }

            for (int i = 0; i < j; i++)
            {
                overlaps[i] = TensorPrimitives.Dot<double>(new Span<double>(panel + (i * TileRows), rows), column);
            }

            block[(j * PanelColumns) + j] = factor;
            for (int i = 0; i < j; i++)
            {
                double sum = 0;
                for (int l = i; l < j; l++)
                {
                    sum += block[(i * PanelColumns) + l] * overlaps[l];
                }

                block[(i * PanelColumns) + j] = -factor * sum;
            }
        }
    }

    /// <summary>Writes Vᵀ of four columns, that of their heads in the triangle included.</summary>
    private static void Project<TLanes, TVector>(double* a, double* b, int rows, double* head, int stride, double* weights)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        InnerProducts.Write<TLanes, TVector>(a, b, TileRows, rows, weights);
        for (int at = 0; at < PanelColumns * PanelColumns; at++)
        {
            weights[at] += head[(at / PanelColumns * stride) + (at % PanelColumns)];
        }
    }

    /// <summary>Replaces W by −TᵀW and adds it to the heads.</summary>
    private static void Transform(double* block, double* weights, double* head, int stride)
    {
        // From the last row up, as row i takes rows 0 to i.
        for (int i = PanelColumns - 1; i >= 0; i--)
        {
            for (int k = 0; k < PanelColumns; k++)
            {
                double sum = 0;
                for (int l = 0; l <= i; l++)
                {
                    sum += block[(l * PanelColumns) + i] * weights[(l * PanelColumns) + k];
                }

                weights[(i * PanelColumns) + k] = -sum;
                head[(i * stride) + k] -= sum;
            }
        }
    }

    /// <summary>Adds V times the first two columns of the weights to two columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Subtract<TLanes, TVector>(double* a, double* b, int rows, double* weights)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        TVector w00 = TLanes.Broadcast(weights[0]), w01 = TLanes.Broadcast(weights[1]);
        TVector w10 = TLanes.Broadcast(weights[4]), w11 = TLanes.Broadcast(weights[5]);
        TVector w20 = TLanes.Broadcast(weights[8]), w21 = TLanes.Broadcast(weights[9]);
        TVector w30 = TLanes.Broadcast(weights[12]), w31 = TLanes.Broadcast(weights[13]);
        for (int n = 0; n < rows; n += TLanes.Count)
        {
            TVector a0 = TLanes.Load(a + n), a1 = TLanes.Load(a + TileRows + n);
            TVector a2 = TLanes.Load(a + (2 * TileRows) + n), a3 = TLanes.Load(a + (3 * TileRows) + n);
            TVector b0 = TLanes.FusedMultiplyAdd(a0, w00, TLanes.Load(b + n));
            TVector b1 = TLanes.FusedMultiplyAdd(a0, w01, TLanes.Load(b + TileRows + n));
            b0 = TLanes.FusedMultiplyAdd(a1, w10, b0);
            b1 = TLanes.FusedMultiplyAdd(a1, w11, b1);
            b0 = TLanes.FusedMultiplyAdd(a2, w20, b0);
            b1 = TLanes.FusedMultiplyAdd(a2, w21, b1);
            TLanes.Store(TLanes.FusedMultiplyAdd(a3, w30, b0), b + n);
            TLanes.Store(TLanes.FusedMultiplyAdd(a3, w31, b1), b + TileRows + n);
        }
    }
}
