using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference.Samples;

/// <summary>How far pixels are from the true ones, as the root of the mean square.</summary>
internal static class DigitErrors
{
    /// <summary>Returns the error of what is made of each row, over its pixels from a given one on.</summary>
    public static double OfPixels(Matrix<double> truth, Func<double[], double[]> make, int from) =>
        OfTable(truth, Matrix<double>.Build.DenseOfRows(truth.EnumerateRows().Select(row => make(row.ToArray()))), from);

    /// <summary>Returns the error of a table, over the pixels from a given one on.</summary>
    public static double OfTable(Matrix<double> truth, Matrix<double> made, int from)
    {
        int count = truth.ColumnCount - from;
        Matrix<double> difference = (truth - made).SubMatrix(0, truth.RowCount, from, count);
        return difference.FrobeniusNorm() / Math.Sqrt(truth.RowCount * count);
    }
}
