using System.Collections.Immutable;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference.Samples;

/// <summary>Handwritten digits of 8 × 8 pixels, from 0 to 1: rows to train on, and rows by other writers to judge by.</summary>
internal sealed class DigitTable
{
    public const string Source = "1797 handwritten digits of 8 x 8 pixels (UCI, CC BY 4.0), in sixteenths of black";
    public const int Side = 8;
    public const int PixelCount = Side * Side;

    /// <summary>The shades between white and black.</summary>
    public const int Shades = 16;

    /// <summary>The variance of rounding to a shade, 1/16² / 12: below it there is nothing to be known.</summary>
    public const double RoundingVariance = 1.0 / (Shades * Shades * 12);

    private const int TrainingCount = 1437;

    public DigitTable()
    {
        string[] names = [.. Enumerable.Range(0, PixelCount).Select(k => $"p{k}")];
        var table = ColumnTable.Read(
            Path.Combine(AppContext.BaseDirectory, "data", "digits.csv"), new CsvColumns { Covariates = [.. names, "digit"] });
        var pixels = Matrix<double>.Build.DenseOfColumns(names.Select(name => table.Numbers(name).Select(shade => shade / Shades)));
        ImmutableArray<int> digits = [.. table.Numbers("digit").Select(digit => (int)digit)];
        int testCount = table.RowCount - TrainingCount;
        Training = pixels.SubMatrix(0, TrainingCount, 0, PixelCount);
        Test = pixels.SubMatrix(TrainingCount, testCount, 0, PixelCount);
        TrainingDigits = digits[..TrainingCount];
        TestDigits = digits[TrainingCount..];
    }

    /// <summary>Gets the rows to train on; a tenth of them is held out of training, to see when to stop.</summary>
    public Matrix<double> Training { get; }

    /// <summary>Gets the rows that no training sees.</summary>
    public Matrix<double> Test { get; }

    /// <summary>Gets what the training rows show, which no model is told.</summary>
    public ImmutableArray<int> TrainingDigits { get; }

    /// <summary>Gets what the test rows show.</summary>
    public ImmutableArray<int> TestDigits { get; }

    /// <summary>Gets a test row of each digit from 0 to 9, the first.</summary>
    public IReadOnlyList<int> Shown => [.. Enumerable.Range(0, 10).Select(digit => TestDigits.IndexOf(digit))];

    /// <summary>Returns rows whose lower halves are missing.</summary>
    public static Matrix<double> UpperHalves(Matrix<double> rows)
    {
        Matrix<double> halves = rows.Clone();
        for (int n = 0; n < rows.RowCount; n++)
        {
            for (int k = PixelCount / 2; k < PixelCount; k++)
            {
                halves[n, k] = double.NaN;
            }
        }

        return halves;
    }
}
