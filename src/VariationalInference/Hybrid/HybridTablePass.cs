using System.Runtime.InteropServices;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>One pass of hybrid inference over a table, cut into tiles of fixed size: nothing depends on the number of threads.</summary>
internal sealed class HybridTablePass
{
    private const int TileRows = 256;

    private readonly HybridInference _inference;
    private readonly Matrix<double> _table;
    private readonly CancellationToken _cancellation;
    private readonly int _tiles;
    private readonly NonFiniteValueException?[] _failures;
    private readonly double[] _means;
    private readonly double[] _variances;
    private readonly double[] _elbos;
    private readonly double[] _logEvidences;
    private readonly double[] _approximationGaps;
    private readonly double[] _amortizationGaps;
    private readonly double[] _optimizationGaps;

    /// <param name="inference">What to infer with.</param>
    /// <param name="table">A table that has been checked.</param>
    /// <param name="cancellation">Stops the work between tiles.</param>
    public HybridTablePass(HybridInference inference, Matrix<double> table, CancellationToken cancellation)
    {
        _inference = inference;
        _table = table;
        _cancellation = cancellation;
        int rows = table.RowCount;
        if ((long)rows * inference.Model.LatentCount > Array.MaxLength)
        {
            throw new ArgumentException(
                Guard.Text($"table has {rows} rows; {inference.Model.LatentCount} latents each are more than the {Array.MaxLength} numbers that one result can hold."),
                nameof(table));
        }

        _tiles = ((rows - 1) / TileRows) + 1;
        _failures = new NonFiniteValueException?[_tiles];
        _means = new double[rows * inference.Model.LatentCount];
        _variances = new double[_means.Length];
        _elbos = new double[rows];
        _logEvidences = new double[rows];
        _approximationGaps = new double[rows];
        _amortizationGaps = new double[rows];
        _optimizationGaps = new double[rows];
    }

    /// <exception cref="NonFiniteValueException">An output of the encoder is not finite; the first such row is named.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public HybridTable Run()
    {
        int threads = Math.Min(_inference.MaxThreads, _tiles);
        using (var team = new ThreadTeam(threads))
        {
            var passes = new HybridPass?[threads];
            team.Run(_tiles, (member, tile) => InferTile(passes[member] ??= new HybridPass(_inference, Math.Min(TileRows, _table.RowCount)), tile));
        }

        _cancellation.ThrowIfCancellationRequested();
        if (_failures.FirstOrDefault(failure => failure is not null) is { } first)
        {
            throw first;
        }

        int latents = _inference.Model.LatentCount;
        return new HybridTable(
            Matrix<double>.Build.Dense(_table.RowCount, latents, _means), Matrix<double>.Build.Dense(_table.RowCount, latents, _variances))
        {
            Elbos = ImmutableCollectionsMarshal.AsImmutableArray(_elbos),
            LogEvidences = ImmutableCollectionsMarshal.AsImmutableArray(_logEvidences),
            ApproximationGaps = ImmutableCollectionsMarshal.AsImmutableArray(_approximationGaps),
            AmortizationGaps = ImmutableCollectionsMarshal.AsImmutableArray(_amortizationGaps),
            OptimizationGaps = ImmutableCollectionsMarshal.AsImmutableArray(_optimizationGaps),
            GapLimit = _inference.GapLimit,
            LatentNames = _inference.Model.LatentNames,
        };
    }

    private void InferTile(HybridPass pass, int tile)
    {
        if (_cancellation.IsCancellationRequested)
        {
            return;
        }

        try
        {
            int first = tile * TileRows;
            InferRows(pass, first, Math.Min(TileRows, _table.RowCount - first));
        }
        catch (NonFiniteValueException exception)
        {
            _failures[tile] = exception;
        }
    }

    private void InferRows(HybridPass pass, int first, int count)
    {
        for (int n = first; n < first + count; n++)
        {
            RowTable.CopyRow(_table, n, pass.NextRow);
            pass.Load(n);
        }

        pass.Encode();
        for (int i = 0; i < count; i++)
        {
            int n = first + i;
            pass.Infer(i);
            pass.Write(_means.AsSpan(n), _variances.AsSpan(n), _table.RowCount);
            _elbos[n] = pass.Elbo;
            _approximationGaps[n] = pass.ApproximationGap;
            _amortizationGaps[n] = pass.AmortizationGap;
            _optimizationGaps[n] = pass.OptimizationGap;
            _logEvidences[n] = pass.LogEvidence;
        }
    }
}
