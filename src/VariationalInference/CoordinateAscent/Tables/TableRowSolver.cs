namespace VariationalInference;

/// <summary>
/// Solves rows of a table one at a time: all of them when they share nothing, and those of a tile that something is to be noted of, or wrong with.
/// </summary>
internal sealed unsafe class TableRowSolver
{
    private readonly TablePass _pass;
    private readonly LoadingStructure _structure;
    private readonly TableOutputs _outputs;
    private readonly RowSolver _rowSolver;
    private readonly double _tolerance;

    public TableRowSolver(TablePass pass)
    {
        _pass = pass;
        _structure = pass.Model.Structure;
        _outputs = pass.Outputs;
        _rowSolver = new RowSolver(pass.Model, pass.Options);
        _tolerance = pass.Options.Tolerance;
    }

    /// <summary>Gets which cells are missing in the row at hand; valid until the next row is gathered.</summary>
    public MissingPattern Pattern => MissingPattern.OfTransient(_rowSolver.Cells);

    /// <summary>Solves a row by itself and writes all that is wanted of it.</summary>
    public void Solve(int row, ref ShardOutcome outcome)
    {
        if (Gather(row) is int column)
        {
            outcome.Failure = InfiniteCell(row, column);
            return;
        }

        CaviSummary summary;
        try
        {
            summary = _rowSolver.Solve(_pass.Rows.FirstRow + row, _outputs.LogEvidences != null, _pass.CancellationToken);
        }
        catch (NonFiniteValueException exception)
        {
            outcome.Failure = exception;
            return;
        }

        if (summary.StopReason == StopReason.Cancelled)
        {
            outcome.IsCancelled = true;
            return;
        }

        outcome.Add(summary.ErrorBound, _tolerance);
        for (int j = 0; j < _pass.Model.LatentCount; j++)
        {
            TableOutputs.Write(_pass.Column(_outputs.Means, j), row, _rowSolver.Means[j]);
        }

        WriteVariances(row, _structure.Complete);

        TableOutputs.Write(_outputs.ErrorBounds, row, summary.ErrorBound);
        TableOutputs.Write(_outputs.Elbos, row, summary.Elbo);
        TableOutputs.Write(_outputs.LogEvidences, row, _rowSolver.LogEvidence);
        NoteIfIncomplete(row, ref outcome);
    }

    /// <summary>Lists the row that was gathered last, and writes its variances, if it has missing cells.</summary>
    public void NoteIfIncomplete(int row, ref ShardOutcome outcome)
    {
        MissingPattern pattern = Pattern;
        if (pattern.IsComplete)
        {
            return;
        }

        if (_outputs.HasVariances)
        {
            WriteVariances(row, _structure.ShapeOf(pattern));
        }

        if (_outputs.ListsIncompleteRows)
        {
            (outcome.IncompleteRows ??= []).Add(new IncompleteRow(row, pattern.Copy()));
        }
    }

    private void WriteVariances(int row, SharedShape shape)
    {
        if (_outputs.Variances != null)
        {
            Write(_outputs.Variances, shape.VariancesUnless(_pass.CancellationToken).AsSpan());
        }

        if (_outputs.MeanFieldVariances != null)
        {
            Write(_outputs.MeanFieldVariances, shape.MeanFieldVariances.AsSpan());
        }

        void Write(double* block, ReadOnlySpan<double> variances)
        {
            for (int j = 0; j < variances.Length; j++)
            {
                _pass.Column(block, j)[row] = variances[j];
            }
        }
    }

    /// <summary>Makes a row the one at hand.</summary>
    /// <returns>The first column whose cell is infinite, if there is one.</returns>
    public int? Gather(int row)
    {
        Span<double> cells = _rowSolver.Cells;
        int? infinite = null;
        for (int k = 0; k < cells.Length; k++)
        {
            cells[k] = _pass.Rows[row, k];
            if (double.IsInfinity(cells[k]))
            {
                infinite ??= k;
            }
        }

        return infinite;
    }

    /// <summary>Finds what is wrong with the first bad row of a tile.</summary>
    public Exception Failure(int first, int count, double norm)
    {
        for (int n = first; n < first + count; n++)
        {
            if (Gather(n) is int column)
            {
                return InfiniteCell(n, column);
            }

            try
            {
                _rowSolver.Solve(_pass.Rows.FirstRow + n, withEvidence: false, _pass.CancellationToken);
            }
            catch (NonFiniteValueException exception)
            {
                return exception;
            }
        }

        return new NonFiniteValueException("the squared residual of the prior prediction", norm * norm, _pass.Rows.FirstRow + first, iteration: 0);
    }

    private ArgumentException InfiniteCell(int row, int column) => new(
        Guard.Text($"{_pass.Rows.Labels.Table}[{row}, {column}]{_pass.Rows.Labels.Behind(row, column)} is {_rowSolver.Cells[column]}; it must be finite, or NaN when it is missing."),
        _pass.Rows.Labels.TableParameter);
}
