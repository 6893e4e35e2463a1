using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Samples;
using Xunit;

namespace VariationalInference.Tests.Samples.Digits;

/// <summary>What the main sample says of its data, and measures.</summary>
public sealed class DigitTests
{
    [Fact]
    public void Table_IsThatOfThePublishedSplit()
    {
        var digits = new DigitTable();

        (digits.Training.RowCount, digits.Test.RowCount, digits.Test.ColumnCount).Should().Be((1437, 360, 64));
        digits.Training.Row(0).Take(8).Select(pixel => 16 * pixel).Should().Equal(0, 0, 5, 13, 9, 1, 0, 0);
        (digits.TrainingDigits[0], digits.TrainingDigits.Length, digits.TestDigits.Length).Should().Be((0, 1437, 360));
        digits.Shown.Select(row => digits.TestDigits[row]).Should().Equal(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
        digits.Training.Enumerate().Concat(digits.Test.Enumerate()).Should().OnlyContain(pixel => pixel >= 0 && pixel <= 1);
    }

    [Fact]
    public void UpperHalves_MissTheLowerHalvesAlone()
    {
        Matrix<double> rows = new DigitTable().Test.SubMatrix(0, 3, 0, 64);

        Matrix<double> halves = DigitTable.UpperHalves(rows);

        halves.SubMatrix(0, 3, 0, 32).Should().BeEquivalentTo(rows.SubMatrix(0, 3, 0, 32));
        halves.SubMatrix(0, 3, 32, 32).Enumerate().Should().OnlyContain(pixel => double.IsNaN(pixel));
    }

    /// <summary>Known from outside: scikit-learn 1.2.1 finds 50.74 with sixteen factors of the same rows and every variance at least 1/3072, and 21.51 with PCA.</summary>
    [Fact]
    public void LinearModels_SayOfTheTestRows_WhatOthersSay()
    {
        var digits = new DigitTable();
        var models = new DigitModels(Spectre.Console.AnsiConsole.Console, new HybridArguments([]), digits);

        models.Factors().Score(digits.Test).LogDensities.Average().Should().BeApproximately(50.74, 0.02);
        models.Components().Score(digits.Test).LogDensities.Average().Should().BeApproximately(21.51, 0.02);
    }

    [Fact]
    public void Errors_AreRootMeanSquaresOverTheColumnsAskedFor()
    {
        Matrix<double> truth = Matrix<double>.Build.DenseOfArray(new double[,] { { 9, 1, 2 }, { 9, 3, 4 } });

        DigitErrors.OfPixels(truth, row => [0, row[1] + 1, row[2] - 3], from: 1).Should().BeApproximately(Math.Sqrt(5), 1e-15);
    }
}
