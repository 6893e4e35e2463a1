using System.Buffers;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>
/// Coordinate-ascent variational inference (CAVI) in the mean-field family: v_j = 1/Λ_jj, and means that maximise the ELBO, by
/// closed-form coordinate updates, or faster. The means at the maximum are the exact ones; results have the exact variances beside the mean-field ones.
/// </summary>
/// <remarks>
/// <para>
/// <see cref="CaviOptions.Method"/> chooses the way to the optimum: accelerated (the default), plain sweeps of coordinate updates, or directly. The ELBO
/// never falls. By default a run stops when its certificate, a bound on the error that holds (see <see cref="CaviResult.ErrorBound"/>),
/// meets the tolerance: a small change from sweep to sweep, the usual stop, can leave an error of several standard deviations when the
/// latents are strongly coupled. Cost of an iteration: O(JK), for Gaussian sums O(J).
/// </para>
/// <para>
/// A table's complete rows share one response matrix, the limit that a run from any start reaches: it is computed once, with a bound on
/// its own error, and a row then costs J·K multiplications. Rows with missing cells share one for each pattern. With
/// <see cref="CaviMethod.PlainSweeps"/>, or with a stop by change, each row is run on its own instead.
/// </para>
/// <para>
/// Take it for rows of any linear-Gaussian model, one or millions. Where an encoder is to serve some of the latents take
/// <see cref="HybridSolver"/>.
/// </para>
/// <threadsafety>A solver holds only its options and is safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// var solver = new CaviSolver();
/// CaviResult fit = solver.Solve(model, [1.2, 0.8]);
/// Console.WriteLine(fit);
/// // exact marginals N(0.28571, 0.71429), N(0.28571, 0.71429), N(0.28571, 0.71429); mean field after 1 iteration (CertificateMet), ELBO -3.6686526, means off by at most … posterior sd
///
/// Matrix<double> table = model.Sample(1_000, seed: 1).Observations;
/// CaviTable fits = solver.Solve(model, table);
/// Console.WriteLine(fits);   // 1000 rows, 0 not converged, means off by at most … posterior sd
/// ]]></code>
/// </example>
public sealed partial class CaviSolver
{
    private const int StackDoubles = 256;

    private readonly RowAscent _ascent;

    /// <summary>Initializes a new instance of the <see cref="CaviSolver"/> class.</summary>
    /// <param name="options">How to go about it and when to stop; <see langword="null"/> for the defaults.</param>
    public CaviSolver(CaviOptions? options = null) => _ascent = new RowAscent(options ?? new CaviOptions());

    /// <summary>Gets how the solver goes about it and when it stops.</summary>
    public CaviOptions Options => _ascent.Options;

    /// <summary>Infers the latents of one row.</summary>
    /// <param name="model">The model.</param>
    /// <param name="row">The observations x, length K; NaN means missing.</param>
    /// <param name="start">The means to start from, length J; empty (the default) starts from zero.</param>
    /// <param name="cancellationToken">Ends the run where it is.</param>
    /// <returns>The outcome, converged or not.</returns>
    /// <exception cref="ArgumentException">A length or a value is outside its range.</exception>
    /// <exception cref="NonFiniteValueException">The ELBO left the range of double precision.</exception>
    public CaviResult Solve(LinearGaussianModel model, ReadOnlySpan<double> row, ReadOnlySpan<double> start = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Solve(model.Observe(row), start, cancellationToken);
    }

    /// <summary>Takes a row in single precision, which is widened; the outcome is that of the doubles.</summary>
    /// <inheritdoc cref="Solve(LinearGaussianModel, ReadOnlySpan{double}, ReadOnlySpan{double}, CancellationToken)"/>
    [OverloadResolutionPriority(-1)]
    public CaviResult Solve(LinearGaussianModel model, ReadOnlySpan<float> row, ReadOnlySpan<double> start = default, CancellationToken cancellationToken = default)
    {
        using var wide = new WidenedRow(row, stackalloc double[WidenedRow.StackDoubles]);
        return Solve(model, wide.Values, start, cancellationToken);
    }

    /// <summary>Maximises the ELBO of one row's log joint.</summary>
    /// <param name="joint">The log joint of the row.</param>
    /// <param name="start">The means to start from, length J; empty (the default) starts from zero.</param>
    /// <param name="cancellationToken">Ends the run where it is.</param>
    /// <returns>The outcome, converged or not.</returns>
    /// <exception cref="ArgumentException"><paramref name="start"/> has another length or holds a value that is not finite.</exception>
    /// <exception cref="NonFiniteValueException">The ELBO left the range of double precision.</exception>
    public CaviResult Solve(QuadraticLogJoint joint, ReadOnlySpan<double> start = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(joint);
        if (!start.IsEmpty)
        {
            joint.RequireLatents(start, nameof(start));
        }

        var buffer = new double[CaviRun.BufferLength(joint.LatentCount, joint.Shape.Rank)];
        var means = new double[joint.LatentCount];
        var trace = ImmutableArray.CreateBuilder<double>();
        CaviSummary summary = _ascent.Run(joint.Shape, joint.Row.Constants, joint.WhitenedDigits, buffer, start, means, trace, rowNumber: 0, cancellationToken);
        return new CaviResult(joint, means, trace.ToImmutable(), summary);
    }

    /// <summary>Infers the latents of one row into the caller's buffers; allocates nothing once the model has met the row's pattern.</summary>
    /// <param name="model">The model.</param>
    /// <param name="row">The observations x, length K; NaN means missing.</param>
    /// <param name="means">Receives the posterior means, length J.</param>
    /// <param name="variances">Receives the exact posterior variances, length J, as <see cref="CaviResult.Exact"/> has them.</param>
    /// <param name="cancellationToken">Ends the run where it is.</param>
    /// <returns>The outcome, converged or not.</returns>
    /// <exception cref="ArgumentException">A length or a value is outside its range.</exception>
    /// <exception cref="NonFiniteValueException">The ELBO left the range of double precision.</exception>
    [SkipLocalsInit]
    public CaviSummary Solve(LinearGaussianModel model, ReadOnlySpan<double> row, Span<double> means, Span<double> variances, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        model.RequireRow(row);
        Guard.Length(means.Length, model.LatentCount, nameof(means), "one for each latent");
        Guard.Length(variances.Length, model.LatentCount, nameof(variances), "one for each latent");
        Guard.NoOverlap(means, variances, nameof(means), nameof(variances));
        int length = (2 * model.ObservationCount) + CaviRun.BufferLength(model.LatentCount, model.ObservationCount);
        double[]? rented = length > StackDoubles ? ArrayPool<double>.Shared.Rent(length) : null;
        Span<double> buffer = rented ?? stackalloc double[StackDoubles];
        try
        {
            ConditionedRow conditioned = model.Structure.Condition(row, buffer);
            ReadOnlySpan<double> w = buffer[..conditioned.Shape.WhitenedLength];
            CaviSummary summary = _ascent.Run(
                conditioned.Shape, conditioned.Constants, w, buffer[(2 * model.ObservationCount)..], start: default, means, trace: null, rowNumber: 0, cancellationToken);
            conditioned.Shape.Variances.AsSpan().CopyTo(variances);
            return summary;
        }
        finally
        {
            if (rented is not null)
            {
                ArrayPool<double>.Shared.Return(rented);
            }
        }
    }

    /// <summary>Takes a row in single precision, which is widened; the outcome is that of the doubles.</summary>
    /// <inheritdoc cref="Solve(LinearGaussianModel, ReadOnlySpan{double}, Span{double}, Span{double}, CancellationToken)"/>
    [OverloadResolutionPriority(-1)]
    public CaviSummary Solve(LinearGaussianModel model, ReadOnlySpan<float> row, Span<double> means, Span<double> variances, CancellationToken cancellationToken = default)
    {
        using var wide = new WidenedRow(row, stackalloc double[WidenedRow.StackDoubles]);
        return Solve(model, wide.Values, means, variances, cancellationToken);
    }

    /// <summary>Infers the latents of every row of a table, each from zero.</summary>
    /// <param name="model">The model.</param>
    /// <param name="table">The observations, N×K with N ≥ 1; NaN means missing. A dense matrix is not copied.</param>
    /// <param name="outputs">What to tell of each row beside its posterior.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The outcomes, row by row.</returns>
    /// <exception cref="ArgumentException"><paramref name="table"/> has no rows, another width, or holds an infinity.</exception>
    /// <exception cref="NonFiniteValueException">A row left the range of double precision.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public CaviTable Solve(
        LinearGaussianModel model,
        Matrix<double> table,
        CaviOutputs outputs = CaviOutputs.None,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(table);
        RowTable.RequireSize(model, table.RowCount, table.ColumnCount, nameof(table));
        double[] values = table.AsColumnMajorArray() ?? table.ToColumnMajorArray();
        var rows = RowSpan.ColumnMajor(values, table.ColumnCount);
        return Solve(model, rows, outputs, LabelsOf(model, nameof(table)), firstRow: 0, cancellationToken);
    }

    /// <summary>Infers the latents of every row of a table, each from zero.</summary>
    /// <param name="model">The model.</param>
    /// <param name="rows">The observations, N×K with N ≥ 1; NaN means missing.</param>
    /// <param name="outputs">What to tell of each row beside its posterior.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The outcomes, row by row.</returns>
    /// <exception cref="ArgumentException"><paramref name="rows"/> has no rows, another width, or holds an infinity.</exception>
    /// <exception cref="NonFiniteValueException">A row left the range of double precision.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public CaviTable Solve(
        LinearGaussianModel model,
        RowSpan rows,
        CaviOutputs outputs = CaviOutputs.None,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        RowTable.RequireSize(model, rows.RowCount, rows.ColumnCount, nameof(rows));
        return Solve(model, rows, outputs, LabelsOf(model, nameof(rows)), firstRow: 0, cancellationToken);
    }

    /// <summary>Infers the latents of every row of a table, each from zero, into the caller's buffers; allocates nothing for a row.</summary>
    /// <param name="model">The model.</param>
    /// <param name="rows">The observations, N×K with N ≥ 1; NaN means missing.</param>
    /// <param name="destination">The buffers to fill. When an exception is thrown they may be filled in part.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The outcome of all rows together.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="rows"/> has no rows, another width, or holds an infinity; or a buffer has another length.
    /// </exception>
    /// <exception cref="NonFiniteValueException">A row left the range of double precision.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public CaviTableSummary Solve(
        LinearGaussianModel model, RowSpan rows, CaviBuffers destination, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        RowTable.RequireSize(model, rows.RowCount, rows.ColumnCount, nameof(rows));
        destination.Require(rows, model.LatentCount, nameof(destination));
        return Pass(model, rows, destination, lists: false, LabelsOf(model, nameof(rows)), firstRow: 0, cancellationToken).Summary;
    }

    /// <param name="model">The model.</param>
    /// <param name="rows">The table.</param>
    /// <param name="outputs">What to tell of each row.</param>
    /// <param name="labels">What an exception calls the table and its cells.</param>
    /// <param name="firstRow">The number of the table's first row, in a stream of tables.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    private CaviTable Solve(
        LinearGaussianModel model,
        RowSpan rows,
        CaviOutputs outputs,
        RowLabels labels,
        long firstRow,
        CancellationToken cancellationToken)
    {
        int count = rows.RowCount;
        if ((outputs & ~CaviOutputs.All) != 0)
        {
            throw new ArgumentOutOfRangeException(
                nameof(outputs), outputs, Guard.Text($"outputs is {(int)outputs}; it must be a combination of members of {nameof(CaviOutputs)}."));
        }

        if ((long)count * model.LatentCount > Array.MaxLength)
        {
            throw new ArgumentException(
                Guard.Text($"{labels.Table} has {count} rows, whose {model.LatentCount} means each are more than the {Array.MaxLength} elements of an array; solve it in chunks."),
                labels.TableParameter);
        }

        double[] means = GC.AllocateUninitializedArray<double>(count * model.LatentCount);
        double[]? bounds = outputs.HasFlag(CaviOutputs.ErrorBounds) ? new double[count] : null;
        double[]? elbos = outputs.HasFlag(CaviOutputs.Elbos) ? new double[count] : null;
        double[]? evidences = outputs.HasFlag(CaviOutputs.LogEvidences) ? new double[count] : null;
        var destination = new CaviBuffers { ColumnMajorMeans = means, ErrorBounds = bounds, Elbos = elbos, LogEvidences = evidences };
        (CaviTableSummary summary, IncompleteRow[] incomplete) = Pass(
            model, rows, destination, lists: true, labels, firstRow, cancellationToken);
        return new CaviTable(model.Structure, means, summary, incomplete, bounds, elbos, evidences) { LatentNames = model.LatentNames };
    }

    private static RowLabels LabelsOf(LinearGaussianModel model, string name) => new(name, name) { ColumnNames = model.Columns };

    private unsafe (CaviTableSummary Summary, IncompleteRow[] IncompleteRows) Pass(
        LinearGaussianModel model,
        RowSpan rows,
        CaviBuffers destination,
        bool lists,
        RowLabels labels,
        long firstRow,
        CancellationToken cancellationToken)
    {
        fixed (float* singles = rows.Singles)
        fixed (double* cells = rows.Values, means = destination.ColumnMajorMeans)
        fixed (double* variances = destination.ColumnMajorVariances, meanFieldVariances = destination.ColumnMajorMeanFieldVariances)
        fixed (double* bounds = destination.ErrorBounds, elbos = destination.Elbos, evidences = destination.LogEvidences)
        {
            var outputs = new TableOutputs
            {
                Means = means,
                Variances = variances,
                MeanFieldVariances = meanFieldVariances,
                ErrorBounds = bounds,
                Elbos = elbos,
                LogEvidences = evidences,
                ListsIncompleteRows = lists,
            };
            var pass = new TablePass(model, Options, RowView.Of(cells, rows, labels, firstRow, singles: singles), rows.RowCount, outputs);
            return (pass.Run(cancellationToken), lists ? pass.IncompleteRows() : []);
        }
    }
}
