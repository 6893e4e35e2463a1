using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>Rows of a table, each solved on its own; threads share them out.</summary>
internal sealed class SitePass(LinearModel model, SiteFamily family, SiteRules rules, int maxThreads, int[] starts)
{
    /// <summary>A row takes some microseconds: so many of them are worth a thread's while.</summary>
    private const int ShardRows = 64;

    public LinearModel Model => model;

    /// <summary>Gets the means, N×J.</summary>
    public Matrix<double> Means { get; private set; } = null!;

    public double[] Elbos { get; private set; } = [];

    public double[] Slopes { get; private set; } = [];

    public bool[] Converged { get; private set; } = [];

    public StopReason[] StopReasons { get; private set; } = [];

    /// <summary>Gets the number of rows that were solved; others have the reason <see cref="StopReason.Cancelled"/>, and means that are NaN.</summary>
    public int SolvedCount { get; private set; }

    /// <summary>Solves the rows.</summary>
    /// <param name="table">The rows.</param>
    /// <param name="sizes">Their trials or exposures; <see langword="null"/> for 1 each.</param>
    /// <param name="keep">What is done with what was reached for a row.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public void Run(Matrix<double> table, Matrix<double>? sizes, Action<int, SiteAscent> keep, CancellationToken cancellationToken)
    {
        Require(table, sizes);
        int rows = table.RowCount, shards = ((rows - 1) / ShardRows) + 1, threads = Math.Min(maxThreads, shards);
        SiteCells cells = model.Cells(family);
        Means = Matrix<double>.Build.Dense(rows, cells.LatentCount, double.NaN);
        (Elbos, Slopes, Converged, StopReasons) = (new double[rows], new double[rows], new bool[rows], new StopReason[rows]);
        Array.Fill(Elbos, double.NaN);
        Array.Fill(Slopes, double.NaN);
        Array.Fill(StopReasons, StopReason.Cancelled);
        var workers = new Worker?[threads];
        var failures = new NonFiniteValueException?[shards];
        using var team = new ThreadTeam(threads);
        team.Run(shards, (member, shard) =>
        {
            Worker worker = workers[member] ??= new Worker(new SiteAscent(cells, rules), cells);
            try
            {
                for (int row = shard * ShardRows; row < Math.Min(rows, (shard + 1) * ShardRows) && !cancellationToken.IsCancellationRequested; row++)
                {
                    Solve(row, table, sizes, worker, keep, cancellationToken);
                }
            }
            catch (NonFiniteValueException exception)
            {
                failures[shard] = exception;
            }
        });
        foreach (NonFiniteValueException? failure in failures)
        {
            if (failure is not null)
            {
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
            }
        }

        SolvedCount = Elbos.Count(elbo => !double.IsNaN(elbo));
        if (SolvedCount == 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private void Solve(int row, Matrix<double> table, Matrix<double>? sizes, Worker worker, Action<int, SiteAscent> keep, CancellationToken cancellationToken)
    {
        RowTable.CopyRow(table, row, worker.Cells);
        if (sizes is not null)
        {
            RowTable.CopyRow(sizes, row, worker.Sizes);
        }

        SiteAscent ascent = worker.Ascent;
        ascent.Load(worker.Cells, sizes is null ? [] : worker.Sizes);
        foreach (int start in starts)
        {
            StopReason reason = ascent.Run(row, trace: null, start, cancellationToken);
            if (double.IsNaN(Elbos[row]) || ascent.Reached.Elbo > Elbos[row])
            {
                (Elbos[row], Slopes[row], Converged[row], StopReasons[row]) = (ascent.Reached.Elbo, ascent.ScaledGradient, ascent.Converged, reason);
                ascent.Cells.ToLatents(ascent.Reached.Means, worker.Means);
                for (int j = 0; j < worker.Means.Length; j++)
                {
                    Means[row, j] = worker.Means[j];
                }

                keep(row, ascent);
            }
        }
    }

    private void Require(Matrix<double> table, Matrix<double>? sizes)
    {
        ArgumentNullException.ThrowIfNull(table);
        if (table.ColumnCount != model.ObservationCount)
        {
            throw new ArgumentException(
                Guard.Text($"{nameof(table)} has {table.ColumnCount} columns; it must have {model.ObservationCount}, one for each cell of the model."), nameof(table));
        }

        if (sizes is not null && (sizes.RowCount != table.RowCount || sizes.ColumnCount != table.ColumnCount))
        {
            throw new ArgumentException(
                Guard.Text($"{nameof(sizes)} is {sizes.RowCount}×{sizes.ColumnCount}; it must be {table.RowCount}×{table.ColumnCount}, like the table."), nameof(sizes));
        }

        for (int n = 0; n < table.RowCount; n++)
        {
            for (int k = 0; k < table.ColumnCount; k++)
            {
                double value = table[n, k], size = sizes is null ? 1 : sizes[n, k];
                if (!model.IsAllowed(value, size, k))
                {
                    string place = Guard.Text($"[{n}, {k}]{model.Columns.Behind(k)}");
                    throw model.Refuse(value, size, k, (nameof(table) + place, nameof(table)), (nameof(sizes) + place, nameof(sizes)));
                }
            }
        }
    }

    /// <summary>What a thread needs.</summary>
    private sealed class Worker(SiteAscent ascent, SiteCells cells)
    {
        public readonly SiteAscent Ascent = ascent;
        public readonly double[] Cells = new double[cells.CellCount];
        public readonly double[] Sizes = new double[cells.CellCount];
        public readonly double[] Means = new double[cells.LatentCount];
    }
}
