using System.Runtime.CompilerServices;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>Predicts measurements: of new rows, of missing cells, of columns that were held out; and scores the predictions.</summary>
/// <remarks>
/// <para>
/// Given the observed cells of a row a cell is N(a_kᵀμ + b_k, a_kᵀΛ⁻¹a_k + r_k) with the exact posterior N(μ, Λ⁻¹) of the latents: a signal, and the noise
/// of a measurement. What is to be predicted is NaN; a row without any cell gives what the model expects of a new one.
/// </para>
/// <para>
/// Of a learned model, <see cref="VariationalEmResult.Predictor"/> takes the parameters' own uncertainty in, by the delta method: to the covariance
/// of the signal comes DVDᵀ with the parameters' covariance V, the inverse of the observed information, and the derivatives D of the prediction, in closed form.
/// Draws of parameters would cost a model each, and reach variances below zero; what the delta method leaves out, that noise variances are themselves
/// unsure, is of the order of one over the rows that they were learned from, as is the whole correction of intervals.
/// </para>
/// <para>
/// A row costs O(JK), and O(QJK) where Q parameters are unsure; each pattern of missing cells once O((J + K)K²) or less. Results do not depend on the number of threads.
/// </para>
/// <threadsafety>Safe to share.</threadsafety>
/// </remarks>
/// <example>
/// <code language="csharp"><![CDATA[
/// var model = new GaussianSumModel(latentCount: 3, observationCount: 2, noiseVariance: 1.0);
/// var predictor = new Predictor(model);
/// Console.WriteLine(predictor.Predict([1.2, double.NaN])[1]);   // 0.9 (sd 0.87, of a measurement 1.3)
///
/// var table = Matrix<double>.Build.DenseOfRowArrays([1.2, double.NaN], [0.4, 0.8]);
/// Console.WriteLine(predictor.Impute(table).Cells[0]);   // [0, 1]: 0.9 (sd 0.87, of a measurement 1.3)
/// Console.WriteLine($"{predictor.Score(table).LogDensities[0]:F5}");   // -1.79209
/// ]]></code>
/// </example>
public sealed partial class Predictor
{
    private readonly IReadOnlyList<ParameterChange> _changes;
    private readonly Func<double[], double[]>? _infer;
    private readonly SignalShapes _signals;
    private readonly double[] _margin;

    /// <summary>Initializes a new instance of the <see cref="Predictor"/> class.</summary>
    /// <param name="model">The model, whose parameters are taken as known.</param>
    public Predictor(LinearGaussianModel model)
        : this(model, [], infer: null)
    {
    }

    /// <param name="model">The model.</param>
    /// <param name="changes">How unsure its parameters are: independent changes, each of one standard error. Empty takes them as known.</param>
    /// <param name="infer">What infers the means of the latents of a row; <see langword="null"/> for the exact ones.</param>
    internal Predictor(LinearGaussianModel model, IReadOnlyList<ParameterChange> changes, Func<double[], double[]>? infer)
    {
        ArgumentNullException.ThrowIfNull(model);
        Model = model;
        _changes = changes;
        _infer = infer;
        _signals = new SignalShapes(model);
        _margin = [.. Enumerable.Repeat(double.NaN, model.ObservationCount)];
    }

    /// <summary>Gets the model.</summary>
    public LinearGaussianModel Model { get; }

    /// <summary>Gets a value indicating whether predictions take in that the model's parameters are estimates.</summary>
    public bool HasParameterUncertainty => _changes.Count > 0;

    /// <summary>Gets the largest number of threads that work on a table; results do not depend on it. Range: at least 1.</summary>
    /// <value>The default is the number of processors.</value>
    public int MaxThreads
    {
        get;
        init => field = Guard.AtLeast(value, 1, nameof(MaxThreads));
    } = Environment.ProcessorCount;

    /// <summary>Returns the posterior of the latents of a row: the exact one, and wider where the parameters' uncertainty is taken in.</summary>
    /// <param name="row">The observations x, length K; NaN means missing.</param>
    /// <returns>The posterior of all latents together.</returns>
    /// <exception cref="ArgumentException"><paramref name="row"/> has another length or holds an infinity.</exception>
    /// <exception cref="NonFiniteValueException">The row is so far from what the model expects that its square overflows.</exception>
    public MultivariateGaussian Posterior(ReadOnlySpan<double> row)
    {
        RowPredictor predictor = PredictorOf(row);
        MultivariateGaussian known = predictor.Posterior.PosteriorOf([.. predictor.Latents], Model.LatentNames);
        if (!HasParameterUncertainty)
        {
            return known;
        }

        Matrix<double> moves = Matrix<double>.Build.DenseOfRowMajor(_changes.Count, known.Count, predictor.LatentMoves());
        return new MultivariateGaussian(known.Means.AsSpan(), known.CovarianceMatrix() + moves.TransposeThisAndMultiply(moves)) { LatentNames = Model.LatentNames };
    }

    /// <summary>Takes a row in single precision, which is widened; the outcome is that of the doubles.</summary>
    /// <inheritdoc cref="Posterior(ReadOnlySpan{double})"/>
    [OverloadResolutionPriority(-1)]
    public MultivariateGaussian Posterior(ReadOnlySpan<float> row)
    {
        using var wide = new WidenedRow(row, stackalloc double[WidenedRow.StackDoubles]);
        return Posterior(wide.Values);
    }

    /// <summary>Predicts all cells of a row.</summary>
    /// <param name="row">The observations x, length K; NaN where there is none.</param>
    /// <returns>The joint prediction of its cells.</returns>
    /// <exception cref="ArgumentException"><paramref name="row"/> has another length or holds an infinity.</exception>
    /// <exception cref="NonFiniteValueException">The row is so far from what the model expects that its square overflows.</exception>
    public PredictedRow Predict(ReadOnlySpan<double> row)
    {
        RowPredictor predictor = PredictorOf(row);
        return new PredictedRow(predictor.Means.ToArray(), predictor.Signal, Model.NoiseVariances, Model.Columns);
    }

    /// <summary>Takes a row in single precision, which is widened; the outcome is that of the doubles.</summary>
    /// <inheritdoc cref="Predict(ReadOnlySpan{double})"/>
    [OverloadResolutionPriority(-1)]
    public PredictedRow Predict(ReadOnlySpan<float> row)
    {
        using var wide = new WidenedRow(row, stackalloc double[WidenedRow.StackDoubles]);
        return Predict(wide.Values);
    }

    /// <summary>Predicts all cells of a table, each row given its own observed cells.</summary>
    /// <param name="table">The observations, N×K with N ≥ 1; NaN where there is none.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The predictions.</returns>
    /// <exception cref="ArgumentException"><paramref name="table"/> has no rows, another width, or holds an infinity.</exception>
    /// <exception cref="NonFiniteValueException">A row left the range of double precision.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public PredictedTable Predict(Matrix<double> table, CancellationToken cancellationToken = default)
    {
        RowTable.Require(Model, table, nameof(table), allowMissing: true);
        var means = Matrix<double>.Build.Dense(table.RowCount, table.ColumnCount);
        var variances = Matrix<double>.Build.Dense(table.RowCount, table.ColumnCount);
        ForEachRow(
            table,
            (row, predictor) =>
            {
                predictor.Predict(row);
                for (int k = 0; k < table.ColumnCount; k++)
                {
                    means[row, k] = predictor.Means[k];
                    variances[row, k] = predictor.Signal.Variances[k];
                }
            },
            cancellationToken);
        return new PredictedTable(means, variances, Model.NoiseVariances, Model.Columns);
    }

    /// <inheritdoc cref="Predict(Matrix{double}, CancellationToken)"/>
    public PredictedTable Predict(RowSpan table, CancellationToken cancellationToken = default) =>
        Predict(Checked(table, nameof(table)), cancellationToken);

    /// <summary>Fills the missing cells of a table with what is expected of them, given the observed cells of their rows.</summary>
    /// <param name="table">The observations, N×K with N ≥ 1; NaN means missing.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>A new table, and the prediction of each missing cell.</returns>
    /// <exception cref="ArgumentException"><paramref name="table"/> has no rows, another width, or holds an infinity.</exception>
    /// <exception cref="NonFiniteValueException">A row left the range of double precision.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public ImputedTable Impute(Matrix<double> table, CancellationToken cancellationToken = default)
    {
        RowTable.Require(Model, table, nameof(table), allowMissing: true);
        Matrix<double> values = Matrix<double>.Build.DenseOfMatrix(table);
        var cells = new ImputedCell[table.RowCount][];
        ForEachRow(
            table,
            (row, predictor) =>
            {
                cells[row] = [];
                if (!predictor.Cells.Any(double.IsNaN))
                {
                    return;
                }

                predictor.Predict(row);
                List<ImputedCell> missing = [];
                for (int k = 0; k < table.ColumnCount; k++)
                {
                    if (double.IsNaN(predictor.Cells[k]))
                    {
                        missing.Add(new ImputedCell { Row = row, Column = k, Value = CellOf(predictor, k) });
                        values[row, k] = predictor.Means[k];
                    }
                }

                cells[row] = [.. missing];
            },
            cancellationToken);
        return new ImputedTable(values, [.. cells.SelectMany(row => row)], Model.Columns);
    }

    /// <inheritdoc cref="Impute(Matrix{double}, CancellationToken)"/>
    public ImputedTable Impute(RowSpan table, CancellationToken cancellationToken = default) =>
        Impute(Checked(table, nameof(table)), cancellationToken);

    /// <summary>
    /// Fills the missing cells of a table with measurements as they might have been: those of a row are drawn together, given its observed cells. Several such
    /// tables are a multiple imputation (Rubin, 1987).
    /// </summary>
    /// <param name="table">The observations, N×K with N ≥ 1; NaN means missing.</param>
    /// <param name="seed">The seed; the same seed gives the same draws.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>A new table.</returns>
    /// <exception cref="ArgumentException"><paramref name="table"/> has no rows, another width, or holds an infinity.</exception>
    /// <exception cref="NonFiniteValueException">A row left the range of double precision.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public Matrix<double> DrawMissing(Matrix<double> table, int seed, CancellationToken cancellationToken = default)
    {
        RowTable.Require(Model, table, nameof(table), allowMissing: true);
        Matrix<double> values = Matrix<double>.Build.DenseOfMatrix(table);
        ForEachRow(
            table,
            (row, predictor) =>
            {
                if (!predictor.Cells.Any(double.IsNaN))
                {
                    return;
                }

                predictor.Predict(row);
                Matrix<double> draw = new PredictedRow(predictor.Means.ToArray(), predictor.Signal, Model.NoiseVariances, Model.Columns)
                    .Draws(1, StreamSeed.Of(seed, purpose: 0, row));
                for (int k = 0; k < table.ColumnCount; k++)
                {
                    values[row, k] = double.IsNaN(predictor.Cells[k]) ? draw[0, k] : predictor.Cells[k];
                }
            },
            cancellationToken);
        return values;
    }

    /// <summary>Names the model, and what is known of its parameters.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => $"predictor by {Model}{(HasParameterUncertainty ? ", whose parameters are estimates" : string.Empty)}";

    private Prediction CellOf(RowPredictor predictor, int cell) =>
        Prediction.Of(predictor.Means[cell], predictor.Signal.Variances[cell], Model.NoiseVariances[cell]);

    private Matrix<double> Checked(RowSpan table, string name)
    {
        RowTable.RequireSize(Model, table.RowCount, table.ColumnCount, name);
        return table.ToMatrix();
    }

    private RowPredictor CreateRowPredictor() => new(Model, _signals, _changes, _infer);

    private RowPredictor PredictorOf(ReadOnlySpan<double> row)
    {
        Model.RequireRow(row);
        RowPredictor predictor = CreateRowPredictor();
        row.CopyTo(predictor.Cells);
        predictor.Predict(row: 0);
        return predictor;
    }

    /// <summary>Does some work for each row, whose cells the predictor has, in shards that threads share out.</summary>
    private void ForEachRow(Matrix<double> table, Action<int, RowPredictor> work, CancellationToken cancellationToken)
    {
        const int shardRows = 64;
        int shards = ((table.RowCount - 1) / shardRows) + 1, threads = Math.Min(MaxThreads, shards);
        var predictors = new RowPredictor?[threads];
        var failures = new Exception?[shards];
        using var team = new ThreadTeam(threads);
        team.Run(shards, (member, shard) =>
        {
            RowPredictor predictor = predictors[member] ??= CreateRowPredictor();
            try
            {
                for (int row = shard * shardRows; row < Math.Min(table.RowCount, (shard + 1) * shardRows); row++)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    RowTable.CopyRow(table, row, predictor.Cells);
                    work(row, predictor);
                }
            }
            catch (Exception exception) when (exception is NonFiniteValueException or ArgumentException)
            {
                failures[shard] = exception;
            }
        });
        foreach (Exception? failure in failures)
        {
            if (failure is not null)
            {
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
            }
        }
    }
}
