using System.Collections.Immutable;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference.Samples;

/// <summary>What each kind of latents has learned, by figures over the test rows.</summary>
/// <param name="NetworkShare">The share of the pixels' variance that f(z_A) has, at the posterior means.</param>
/// <param name="LinearShare">The share that A z_C has.</param>
/// <param name="KnownByNetwork">The share of rows whose digit the nearest mean of a digit's training rows tells by z_A.</param>
/// <param name="KnownByLinear">The same by z_C.</param>
internal sealed record DigitLatents(double NetworkShare, double LinearShare, double KnownByNetwork, double KnownByLinear)
{
    public static DigitLatents Of(DecoderInference inference, DigitTable digits)
    {
        (Matrix<double> amortized, Matrix<double> linear) training = Means(inference, digits.Training), test = Means(inference, digits.Test);
        double all = Variance(digits.Test);
        Matrix<double> network = Matrix<double>.Build.DenseOfRows(test.amortized.EnumerateRows().Select(
            latents => inference.Decode(latents.ToArray(), new double[test.linear.ColumnCount])));
        return new DigitLatents(
            Variance(network) / all,
            Variance(test.linear * inference.Model.Loadings()!.Transpose()) / all,
            Known(training.amortized, digits.TrainingDigits, test.amortized, digits.TestDigits),
            Known(training.linear, digits.TrainingDigits, test.linear, digits.TestDigits));
    }

    private static (Matrix<double> Amortized, Matrix<double> Linear) Means(DecoderInference inference, Matrix<double> rows)
    {
        DecoderPosterior[] posteriors = [.. rows.EnumerateRows().Select(row => inference.Infer(row.ToArray()))];
        return (
            Matrix<double>.Build.DenseOfRows(posteriors.Select(posterior => posterior.Amortized.Means.AsEnumerable())),
            Matrix<double>.Build.DenseOfRows(posteriors.Select(posterior => posterior.Linear!.Means.AsEnumerable())));
    }

    /// <summary>Returns the sum of the columns' variances.</summary>
    private static double Variance(Matrix<double> table)
    {
        Vector<double> means = table.ColumnSums() / table.RowCount;
        return table.EnumerateRows().Sum(row => (row - means).DotProduct(row - means)) / table.RowCount;
    }

    private static double Known(Matrix<double> training, ImmutableArray<int> trainingDigits, Matrix<double> test, ImmutableArray<int> testDigits)
    {
        Vector<double>[] means = [.. Enumerable.Range(0, 10).Select(digit =>
        {
            Vector<double>[] rows = [.. training.EnumerateRowsIndexed().Where(row => trainingDigits[row.Item1] == digit).Select(row => row.Item2)];
            return rows.Aggregate((sum, row) => sum + row) / rows.Length;
        })];
        int known = test.EnumerateRowsIndexed().Count(row =>
        {
            double[] distances = [.. means.Select(mean => (row.Item2 - mean).L2Norm())];
            return Array.IndexOf(distances, distances.Min()) == testDigits[row.Item1];
        });
        return known / (double)test.RowCount;
    }
}
