using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <content>How well predictions were.</content>
public sealed partial class Predictor
{
    /// <summary>Of a cell that its row leaves less open than this part of its noise variance, the difference 1 − h would lose digits.</summary>
    private const double LeastOpen = 0.1;

    /// <summary>Scores rows that the model has not learned from.</summary>
    /// <remarks>
    /// Cells given the others of their row are N(x_k − e_k/(1 − h_k), r_k/(1 − h_k)) with the residuals e = x − b − Aμ and the leverages h_k = a_kᵀΛ⁻¹a_k/r_k of the
    /// row; where 1 − h_k is small, and where parameters are unsure, the row is conditioned on again without the cell.
    /// </remarks>
    /// <param name="table">The rows, N×K with N ≥ 1; NaN means missing.</param>
    /// <param name="cells">What each cell is predicted from.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The scores.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="table"/> has no rows, another width, or holds an infinity, or <paramref name="cells"/> is no member of its type.
    /// </exception>
    /// <exception cref="NonFiniteValueException">A row left the range of double precision.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public HeldOutScores Score(
        Matrix<double> table, CellScoring cells = CellScoring.GivenOtherCells, CancellationToken cancellationToken = default)
    {
        RowTable.Require(Model, table, nameof(table), allowMissing: true);
        Guard.Defined(cells, nameof(cells));
        var rows = new double[table.RowCount];
        var densities = Matrix<double>.Build.Dense(table.RowCount, table.ColumnCount, double.NaN);
        var transforms = Matrix<double>.Build.Dense(table.RowCount, table.ColumnCount, double.NaN);
        PredictedRow margin = new Predictor(Model, _changes, infer: null).Predict(_margin);
        ForEachRow(
            table,
            (row, predictor) =>
            {
                double[] values = [.. predictor.Cells];
                rows[row] = HasParameterUncertainty ? margin.LogDensity(values) : EvidenceOf(values, row);
                Prediction[] predictions = cells == CellScoring.Marginal
                    ? [.. Enumerable.Range(0, values.Length).Select(k => margin[k])]
                    : GivenOthers(predictor, row);
                for (int k = 0; k < values.Length; k++)
                {
                    if (!double.IsNaN(values[k]))
                    {
                        densities[row, k] = predictions[k].LogDensity(values[k]);
                        transforms[row, k] = predictions[k].ProbabilityBelow(values[k]);
                    }
                }
            },
            cancellationToken);
        return new HeldOutScores(cells, rows, densities, transforms);
    }

    /// <inheritdoc cref="Score(Matrix{double}, CellScoring, CancellationToken)"/>
    public HeldOutScores Score(
        RowSpan table, CellScoring cells = CellScoring.GivenOtherCells, CancellationToken cancellationToken = default) =>
        Score(Checked(table, nameof(table)), cells, cancellationToken);

    private double EvidenceOf(double[] values, int row)
    {
        try
        {
            return Model.Observe(values).LogEvidence;
        }
        catch (NonFiniteValueException exception)
        {
            throw new NonFiniteValueException(exception.Quantity, double.PositiveInfinity, row, exception.Iteration);
        }
    }

    /// <summary>Predicts each observed cell of the row at hand from the others.</summary>
    private Prediction[] GivenOthers(RowPredictor predictor, int row)
    {
        double[] values = [.. predictor.Cells];
        var predictions = new Prediction[values.Length];
        predictor.Predict(row);
        bool isExact = !HasParameterUncertainty && _infer is null;
        double[] means = predictor.Means.ToArray(), signals = predictor.Signal.Variances;
        for (int k = 0; k < values.Length; k++)
        {
            double noise = Model.NoiseVariances[k], open = 1 - (signals[k] / noise);
            if (double.IsNaN(values[k]))
            {
                continue;
            }

            if (isExact && open >= LeastOpen)
            {
                double mean = values[k] - ((values[k] - means[k]) / open);
                predictions[k] = Prediction.Of(mean, signals[k] / open, noise);
                continue;
            }

            predictor.Cells[k] = double.NaN;
            predictor.Predict(row);
            predictions[k] = CellOf(predictor, k);
            predictor.Cells[k] = values[k];
        }

        return predictions;
    }
}
