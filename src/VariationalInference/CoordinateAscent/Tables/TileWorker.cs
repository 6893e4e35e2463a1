using System.Runtime.InteropServices;

namespace VariationalInference;

/// <summary>Solves the rows of a table, a tile at a time, with room of its own for what lies between cells and means.</summary>
/// <remarks>
/// <para>
/// All complete rows share one response matrix (see <see cref="RowResponse"/>), so that a row costs J·K multiplications and its error
/// bound is a + b‖w‖. Rows are worked on in tiles that fit into the near caches, by vectors of rows. A tile that is not all finite is
/// done again without its missing cells: a Gaussian sum only counts them; of few columns each row picks the gains of its pattern from a table
/// (<see cref="TabulatedResponses"/>); of many each row has a system of its own (<see cref="MaskedRows"/>), unless its error would be too large;
/// otherwise rows of a pattern share a response of their own.
/// </para>
/// <para>Rows are solved one by one when each has its own number of iterations or its own stop, and when their ELBOs are wanted.</para>
/// </remarks>
internal sealed unsafe class TileWorker : IDisposable
{
    private const int LargestTile = 2048;

    /// <summary>Numbers that a tile may take: what a core keeps close.</summary>
    private const int TileSize = 1 << 15;

    private const int Alignment = 64;

    private readonly TablePass _pass;
    private readonly LoadingStructure _structure;
    private readonly RowReduction? _reduction;
    private readonly TableRowSolver _rows;
    private readonly TableOutputs _outputs;
    private readonly PatternResponse?[] _coded;
    private readonly double _tolerance;
    private readonly int _latents;
    private readonly double[] _priorMeans;
    private readonly double _largestDeviation;
    private readonly double _largestMean;
    private readonly int _stride;
    private double* _memory;
    private readonly double* _cells;
    private readonly double* _inputs;
    private readonly double* _means;
    private readonly double* _norms;
    private readonly double* _missing;
    private readonly int* _incomplete;
    private TabulatedResponses? _tabulated;
    private MaskedRows? _maskedRows;

    /// <summary>Whether rows with missing cells are to be listed, or to be given variances of their own.</summary>
    private readonly bool _notesRows;

    /// <summary>Whether the last tile had missing cells; the next is then likely to have some as well.</summary>
    private bool _skipsMissing;

    /// <summary>Whether each row's ‖w‖² is needed, and not only the largest.</summary>
    private bool _writesNorms;

    public TileWorker(TablePass pass)
    {
        _pass = pass;
        _structure = pass.Model.Structure;
        _outputs = pass.Outputs;
        _notesRows = _outputs.ListsIncompleteRows || _outputs.HasVariances;
        _writesNorms = _outputs.ErrorBounds != null;
        _tolerance = pass.Options.Tolerance;
        _latents = pass.Model.LatentCount;
        _priorMeans = [.. _structure.Prior.Means];
        _largestMean = _priorMeans.Max(Math.Abs);
        _largestDeviation = _structure.Prior.Deviations.Max();
        _rows = new TableRowSolver(pass);
        int columns = pass.Model.ObservationCount;
        _coded = columns <= PatternCache.LargestCodedWidth ? new PatternResponse?[1 << columns] : [];
        _reduction = pass.Reduction;
        if (_reduction is null)
        {
            return;
        }

        int perRow = columns + _reduction.InputCount + _latents + 3;
        int fitting = Math.Min(LargestTile, TileSize / perRow / TileKernels.RowMultiple * TileKernels.RowMultiple);
        _stride = Math.Min(Math.Max(fitting, TileKernels.RowMultiple), RoundUp(Math.Min(pass.RowCount, LargestTile)));
        _memory = (double*)NativeMemory.AlignedAlloc((nuint)perRow * (nuint)_stride * sizeof(double), Alignment);
        _inputs = _memory;
        _means = _inputs + ((long)_reduction.InputCount * _stride);
        _norms = _means + ((long)_latents * _stride);
        _missing = _norms + _stride;
        _cells = _missing + _stride;
        _incomplete = (int*)(_cells + ((long)columns * _stride));
    }

    ~TileWorker() => NativeMemory.AlignedFree(_memory);

    public void Dispose()
    {
        NativeMemory.AlignedFree(_memory);
        _memory = null;
        _maskedRows?.Dispose();
        GC.SuppressFinalize(this);
    }

    public ShardOutcome Solve(int first, int count)
    {
        var outcome = default(ShardOutcome);
        int step = _reduction is null ? 1 : _stride;
        for (int done = 0; done < count && outcome.Failure is null && !outcome.IsCancelled; done += step)
        {
            if (_pass.CancellationToken.IsCancellationRequested)
            {
                outcome.IsCancelled = true;
            }
            else if (_reduction is null)
            {
                _rows.Solve(first + done, ref outcome);
            }
            else
            {
                SolveTile(_reduction, first + done, Math.Min(step, count - done), ref outcome);
            }
        }

        return outcome;
    }

    private static int RoundUp(int rows) => (rows + TileKernels.RowMultiple - 1) / TileKernels.RowMultiple * TileKernels.RowMultiple;

    private void SolveTile(RowReduction reduction, int first, int count, ref ShardOutcome outcome)
    {
        Tile tile = Load(reduction, first, count);
        TileExtremes extremes = TileKernels.Solve(_pass.Width, tile, reduction);
        if (!double.IsFinite(extremes.LargestNorm) && !tile.SkipsMissing)
        {
            SkipMissing(ref tile, reduction);
            extremes = TileKernels.Solve(_pass.Width, tile, reduction);
        }

        // No mean is further from the prior's than ‖w‖ prior standard deviations.
        double norm = Math.Sqrt(extremes.LargestNorm);
        if (!double.IsFinite((_largestDeviation * norm) + _largestMean))
        {
            outcome.Failure = _rows.Failure(first, count, norm);
            return;
        }

        bool complete = extremes.IsComplete;
        _skipsMissing = !complete;
        double largest = complete || !reduction.HasPatterns ? reduction.ErrorBound(norm)
            : _tabulated is not null ? Math.Max(
                reduction.ErrorBound(Math.Sqrt(extremes.LargestCompleteNorm)), _tabulated.ErrorBound(Math.Sqrt(extremes.LargestIncompleteNorm)))
            : RespondToIncompleteRows(tile, reduction, first, count, reduction.ErrorBound(Math.Sqrt(extremes.LargestCompleteNorm)));

        CopyOut(tile, first, count);
        outcome.LargestErrorBound = Math.Max(outcome.LargestErrorBound, largest);
        if (!(largest <= _tolerance) || _outputs.ErrorBounds != null)
        {
            if (tile.Norms == null)
            {
                // From here on it is likely that every tile has rows above the tolerance.
                _writesNorms = true;
                tile.Norms = _norms;
                TileKernels.Solve(_pass.Width, tile, reduction);
            }

            outcome.UnconvergedRowCount += WriteErrorBounds(reduction, first, count, complete);
        }

        if (!complete && _notesRows)
        {
            int found = ListIncompleteRows(count);
            for (int n = 0; n < found; n++)
            {
                _rows.Gather(first + _incomplete[n]);
                _rows.NoteIfIncomplete(first + _incomplete[n], ref outcome);
            }
        }
    }

    /// <summary>
    /// Lays out a tile. Full blocks of rows stored by columns are read and written in place; others through the worker's memory.
    /// </summary>
    private Tile Load(RowReduction reduction, int first, int count)
    {
        int rows = RoundUp(count);
        var tile = new Tile
        {
            Cells = _pass.Rows.IsInColumns ? _pass.Rows.Cells + first : null,
            CellStride = _pass.Rows.ColumnStride,
            Rows = rows,
            Columns = reduction.ObservationCount,
            Stride = _stride,
            Inputs = _inputs,
            Norms = _writesNorms ? _norms : null,
            Missing = _notesRows || reduction.HasPatterns ? _missing : null,
            Means = _outputs.Means == null ? null : rows == count ? _outputs.Means + first : _means,
            MeanStride = rows == count ? _pass.RowCount : _stride,
            Offsets = _priorMeans,
        };
        if (_skipsMissing)
        {
            SkipMissing(ref tile, reduction);
        }

        if (_pass.Rows.IsInColumns && rows == count)
        {
            return tile;
        }

        for (int k = 0; k < reduction.ObservationCount; k++)
        {
            double* column = _cells + ((long)k * _stride);
            _pass.Rows.CopyColumn(first, count, k, column);
            new Span<double>(column + count, rows - count).Fill(column[count - 1]);
        }

        tile.Cells = _cells;
        tile.CellStride = _stride;
        return tile;
    }

    /// <summary>Has missing cells left out of a tile, and what their rows need written down.</summary>
    private void SkipMissing(ref Tile tile, RowReduction reduction)
    {
        tile.SkipsMissing = true;
        _tabulated ??= reduction.Tabulated(_pass.CancellationToken);
        if (_tabulated is not null)
        {
            tile.Tabulated = _tabulated.Gains;
        }
        else if (reduction.HasPatterns)
        {
            tile.Norms = _norms;
        }
    }

    /// <summary>Replaces what the complete rows' response made of rows with missing cells.</summary>
    /// <returns>The largest error bound of a row of the tile.</returns>
    private double RespondToIncompleteRows(
        in Tile tile, RowReduction reduction, int first, int count, double largestOfCompleteRows)
    {
        int found = ListIncompleteRows(count);
        double largest = found < count ? largestOfCompleteRows : 0;
        int masked = 0;
        for (int n = 0; n < found; n++)
        {
            int i = _incomplete[n];
            double norm = Math.Sqrt(_norms[i]);
            if (MaskedBound(reduction, norm) is double bound)
            {
                // What is listed is read before it is written over.
                largest = Math.Max(largest, bound);
                _incomplete[masked++] = i;
                continue;
            }

            PatternResponse pattern = PatternOf(reduction, first, i);
            largest = Math.Max(largest, pattern.ErrorBound(norm));
            if (tile.Means != null)
            {
                pattern.Respond(_inputs + i, _stride, tile.Means + i, tile.MeanStride);
            }
        }

        if (masked > 0 && tile.Means != null)
        {
            _maskedRows ??= new MaskedRows(reduction.Masked!, tile.Columns, _latents, _pass.Width);
            _maskedRows.Respond(tile, _incomplete, masked);
        }

        return largest;
    }

    /// <summary>Returns the error bound of a row with missing cells that is solved with a system of its own; null where that would not meet the tolerance.</summary>
    private double? MaskedBound(RowReduction reduction, double norm) =>
        reduction.Masked?.ErrorBound(norm) is double bound && bound <= _tolerance ? bound : null;

    /// <summary>Lists the tile's rows with missing cells; without a branch, since which rows these are cannot be foreseen.</summary>
    private int ListIncompleteRows(int count)
    {
        int found = 0;
        for (int i = 0; i < count; i++)
        {
            _incomplete[found] = i;
            found += _missing[i] != 0 ? 1 : 0;
        }

        return found;
    }

    /// <summary>Writes the variances of complete rows, and the means that were left in the worker's memory.</summary>
    private void CopyOut(in Tile tile, int first, int count)
    {
        for (int j = 0; j < _latents; j++)
        {
            if (tile.Means == _means && _means != null)
            {
                new Span<double>(_means + ((long)j * _stride), count).CopyTo(new Span<double>(_pass.Column(_outputs.Means, j) + first, count));
            }

            if (_outputs.Variances != null)
            {
                new Span<double>(_pass.Column(_outputs.Variances, j) + first, count).Fill(_structure.Complete.Variances[j]);
            }

            if (_outputs.MeanFieldVariances != null)
            {
                new Span<double>(_pass.Column(_outputs.MeanFieldVariances, j) + first, count).Fill(_structure.Complete.MeanFieldVariances[j]);
            }
        }
    }

    /// <summary>Writes the tile's error bounds, if they are wanted, and counts those above the tolerance.</summary>
    private int WriteErrorBounds(RowReduction reduction, int first, int count, bool complete)
    {
        int above = 0;
        for (int i = 0; i < count; i++)
        {
            double norm = Math.Sqrt(_norms[i]);
            double bound = complete || !reduction.HasPatterns || _missing[i] == 0
                ? reduction.ErrorBound(norm)
                : _tabulated?.ErrorBound(norm) ?? MaskedBound(reduction, norm) ?? PatternOf(reduction, first, i).ErrorBound(norm);
            above += bound <= _tolerance ? 0 : 1;
            TableOutputs.Write(_outputs.ErrorBounds, first + i, bound);
        }

        return above;
    }

    private PatternResponse PatternOf(RowReduction reduction, int first, int i)
    {
        int code = (int)_missing[i];
        if ((uint)code < (uint)_coded.Length && _coded[code] is PatternResponse known)
        {
            return known;
        }

        _rows.Gather(first + i);
        PatternResponse response = reduction.ResponseOf(_rows.Pattern, _pass.CancellationToken)!;
        if (_coded.Length > 0)
        {
            _coded[code] = response;
        }

        return response;
    }
}
