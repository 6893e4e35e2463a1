using System.Globalization;

namespace VariationalInference.Samples;

/// <summary>Answers questions with an inference that all requests share.</summary>
internal sealed class RowAnswering(HybridInference inference, int maxRows)
{
    public LinearGaussianModel Model => inference.Model;

    public int MaxRows => maxRows;

    /// <exception cref="ArgumentException">The row is missing, or of another length, or a cell is not allowed; the message says which.</exception>
    public RowAnswer Answer(RowQuestion question) => Answer(question.Row, "row");

    /// <exception cref="ArgumentException">There are no rows or too many, or one is wrong; the message says which.</exception>
    public BatchAnswer Answer(BatchQuestion question)
    {
        if (question.Rows is not { Length: > 0 } rows)
        {
            throw new ArgumentException("rows is missing or empty; it must have at least 1 row.");
        }

        return rows.Length <= maxRows
            ? new BatchAnswer([.. rows.Select((row, n) => Answer(row, string.Create(CultureInfo.InvariantCulture, $"rows[{n}]")))])
            : throw new ArgumentException(
                string.Create(CultureInfo.InvariantCulture, $"rows has {rows.Length} rows; it may have {maxRows} at most."));
    }

    private RowAnswer Answer(double?[]? cells, string name)
    {
        if (cells is null)
        {
            throw new ArgumentException($"{name} is missing; it must be a list of numbers, null where there is none.");
        }

        try
        {
            double[] row = [.. cells.Select(cell => cell ?? double.NaN)];
            HybridRow found = inference.Infer(row);
            IReadOnlyList<double> means = found.IsFlagged ? inference.Refine(row).MeanField.Means : found.MeanField.Means;

            // The variances that an encoder's posterior has are too small; the exact ones are known for each pattern of missing cells.
            return new RowAnswer([.. means], [.. inference.Model.Posterior(row).Variances.Select(Math.Sqrt)], found.Gaps.Amortization, found.IsFlagged);
        }
        catch (ArgumentException exception) when (exception.ParamName == "row")
        {
            string message = exception.Message.Split(" (Parameter")[0];
            throw new ArgumentException(name + message["row".Length..]);
        }
    }
}
