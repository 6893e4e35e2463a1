namespace VariationalInference;

/// <summary>Solves the rows of a table one by one, in buffers that are allocated once.</summary>
internal sealed class RowSolver
{
    private readonly LinearGaussianModel _model;
    private readonly RowAscent _direct;
    private readonly RowAscent _ascent;
    private readonly double[] _cells;
    private readonly double[] _whitened;
    private readonly double[] _buffer;
    private readonly double[] _residual;
    private readonly double[] _means;

    /// <param name="model">The model.</param>
    /// <param name="options">How to go about it. Unless runs differ from row to row, rows are solved directly.</param>
    public RowSolver(LinearGaussianModel model, CaviOptions options)
    {
        _model = model;
        _direct = new RowAscent(new CaviOptions { Method = CaviMethod.Direct, Tolerance = options.Tolerance });
        _ascent = options.SolvesRowByRow ? new RowAscent(options) : _direct;
        _cells = new double[model.ObservationCount];
        _whitened = new double[2 * model.ObservationCount];
        _buffer = new double[CaviRun.BufferLength(model.LatentCount, model.ObservationCount)];
        _residual = new double[model.ObservationCount];
        _means = new double[model.LatentCount];
    }

    /// <summary>Gets the cells of the row to solve, to be filled by the caller.</summary>
    public Span<double> Cells => _cells;

    /// <summary>Gets the posterior means of the row that was solved last.</summary>
    public ReadOnlySpan<double> Means => _means;

    /// <summary>Gets the exact log evidence of the row that was solved last, in nats.</summary>
    public double LogEvidence { get; private set; }

    /// <summary>Solves the row whose cells are there.</summary>
    public CaviSummary Solve(long row, bool withEvidence, CancellationToken cancellationToken)
    {
        ConditionedRow conditioned = RowTable.Condition(_model, _cells, _whitened, row);
        SharedShape shape = conditioned.Shape;
        ReadOnlySpan<double> w = _whitened.AsSpan(0, shape.WhitenedLength);
        CaviSummary exact = default;
        if (withEvidence)
        {
            exact = _direct.Run(shape, conditioned.Constants, w, _buffer, start: default, _means, trace: null, row, cancellationToken);
            if (exact.StopReason == StopReason.Cancelled)
            {
                return exact;
            }

            LogEvidence = shape.LogEvidence(w, CaviRun.Means(_buffer, shape.LatentCount), conditioned.Constants.LogLikelihoodBase, _residual.AsSpan(0, shape.Rank));
        }

        return withEvidence && _ascent == _direct ? exact : _ascent.Run(shape, conditioned.Constants, w, _buffer, start: default, _means, trace: null, row, cancellationToken);
    }
}
