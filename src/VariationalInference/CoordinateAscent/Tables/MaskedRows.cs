using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace VariationalInference;

/// <summary>Where the numbers of a block of rows lie, each with a system of its own.</summary>
internal unsafe struct MaskedBlock
{
    /// <summary>The number of rows, a multiple of <see cref="TileKernels.RowMultiple"/>.</summary>
    public int Rows;

    /// <summary>The number of columns K.</summary>
    public int Columns;

    public double* Cells;
    public long CellStride;

    /// <summary>The centred cells c, 0 where missing.</summary>
    public double* Inputs;
    public int InputStride;

    /// <summary>From one number of a row to its next, in what follows.</summary>
    public int Stride;
    public double* Masks;
    public double* Square;
    public double* Unknowns;
    public double* Means;
}

/// <summary>Solves the rows of a tile that are each observed in cells of their own, a block at a time, in memory of its own.</summary>
internal sealed unsafe class MaskedRows : IDisposable
{
    private const int MostRows = 128;

    /// <summary>Numbers that the systems of a block may take: what a core keeps close.</summary>
    private const int BlockSize = 1 << 15;

    /// <summary>Keeps the rows' numbers from lying a power of two apart, where they would share few places in a cache.</summary>
    private const int Padding = 8;

    private const int Alignment = 64;

    private readonly MaskedResponse _response;
    private readonly LaneWidth _width;
    private readonly int _columns;
    private readonly int _latents;
    private readonly int _blockRows;
    private readonly int _stride;
    private readonly double* _cells;
    private readonly double* _inputs;
    private readonly double* _masks;
    private readonly double* _unknowns;
    private readonly double* _means;
    private readonly double* _square;
    private double* _memory;

    public MaskedRows(MaskedResponse response, int columns, int latents, LaneWidth width)
    {
        _response = response;
        _width = width;
        _columns = columns;
        _latents = latents;
        int elements = response.Size * (response.Size + 1) / 2;
        int fitting = BlockSize / elements / TileKernels.RowMultiple * TileKernels.RowMultiple;
        _blockRows = Math.Clamp(fitting, TileKernels.RowMultiple, MostRows);
        _stride = _blockRows + Padding;
        nuint numbers = (nuint)((3 * columns) + response.Size + latents + elements) * (nuint)_stride;
        _memory = (double*)NativeMemory.AlignedAlloc(numbers * sizeof(double), Alignment);
        _cells = _memory;
        _inputs = _cells + ((long)columns * _stride);
        _masks = _inputs + ((long)columns * _stride);
        _unknowns = _masks + ((long)columns * _stride);
        _means = _unknowns + ((long)response.Size * _stride);
        _square = _means + ((long)latents * _stride);
    }

    ~MaskedRows() => NativeMemory.AlignedFree(_memory);

    public void Dispose()
    {
        NativeMemory.AlignedFree(_memory);
        _memory = null;
        GC.SuppressFinalize(this);
    }

    /// <summary>Replaces the means of some rows of a tile.</summary>
    /// <param name="tile">The tile, with its inputs.</param>
    /// <param name="rows">The rows, in order.</param>
    /// <param name="count">Their number.</param>
    public void Respond(in Tile tile, int* rows, int count)
    {
        if (2 * count > tile.Rows)
        {
            RespondInPlace(tile, rows, count);
            return;
        }

        for (int first = 0; first < count; first += _blockRows)
        {
            int taken = Math.Min(_blockRows, count - first);
            MaskedBlock block = Gather(tile, rows + first, taken);
            Solve(block);
            CopyGathered(tile, rows + first, taken);
        }
    }

    /// <summary>Solves all rows of the tile where they lie, and takes the means of those asked for: gathering would take longer.</summary>
    private void RespondInPlace(in Tile tile, int* rows, int count)
    {
        int next = 0;
        for (int first = 0; first < tile.Rows && next < count; first += _blockRows)
        {
            var block = new MaskedBlock
            {
                Rows = Math.Min(_blockRows, tile.Rows - first),
                Cells = tile.Cells + first,
                CellStride = tile.CellStride,
                Inputs = tile.Inputs + first,
                InputStride = tile.Stride,
            };
            int end = next;
            while (end < count && rows[end] < first + block.Rows)
            {
                end++;
            }

            if (end > next)
            {
                Solve(block);
                CopyInPlace(tile, rows + next, end - next, first);
                next = end;
            }
        }
    }

    private MaskedBlock Gather(in Tile tile, int* rows, int count)
    {
        int padded = (count + TileKernels.RowMultiple - 1) / TileKernels.RowMultiple * TileKernels.RowMultiple;
        for (int k = 0; k < _columns; k++)
        {
            double* sourceCells = tile.Cells + (k * tile.CellStride);
            double* sourceInputs = tile.Inputs + ((long)k * tile.Stride);
            double* cells = _cells + ((long)k * _stride);
            double* inputs = _inputs + ((long)k * _stride);
            for (int n = 0; n < count; n++)
            {
                cells[n] = sourceCells[rows[n]];
                inputs[n] = sourceInputs[rows[n]];
            }

            new Span<double>(cells + count, padded - count).Clear();
            new Span<double>(inputs + count, padded - count).Clear();
        }

        return new MaskedBlock { Rows = padded, Cells = _cells, CellStride = _stride, Inputs = _inputs, InputStride = _stride };
    }

    private void Solve(MaskedBlock block)
    {
        block.Columns = _columns;
        block.Stride = _stride;
        block.Masks = _masks;
        block.Square = _square;
        block.Unknowns = _unknowns;
        block.Means = _means;
        switch (_width)
        {
            case LaneWidth.Bits512:
                MaskedKernels.Solve<Lanes512, Vector512<double>>(block, _response);
                break;
            case LaneWidth.Bits256:
                MaskedKernels.Solve<Lanes256, Vector256<double>>(block, _response);
                break;
            case LaneWidth.Bits128:
                MaskedKernels.Solve<Lanes128, Vector128<double>>(block, _response);
                break;
            default:
                MaskedKernels.Solve<ScalarLanes, double>(block, _response);
                break;
        }
    }

    /// <summary>Copies the means of rows that stand side by side in the block.</summary>
    private void CopyGathered(in Tile tile, int* rows, int count)
    {
        for (int j = 0; j < _latents; j++)
        {
            double* source = _means + ((long)j * _stride);
            double* means = tile.Means + (j * tile.MeanStride);
            for (int n = 0; n < count; n++)
            {
                means[rows[n]] = source[n];
            }
        }
    }

    /// <summary>Copies the means of rows that stand in the block as they do in the tile, from a first row on.</summary>
    private void CopyInPlace(in Tile tile, int* rows, int count, int first)
    {
        for (int j = 0; j < _latents; j++)
        {
            double* source = _means + ((long)j * _stride) - first;
            double* means = tile.Means + (j * tile.MeanStride);
            for (int n = 0; n < count; n++)
            {
                means[rows[n]] = source[rows[n]];
            }
        }
    }
}
