using FluentAssertions;
using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Predictions;

/// <summary>Predictions against the conditional normal of all cells together, N(Am + b, ASAᵀ + R), written out here.</summary>
public sealed class PredictorTests
{
    private const double Rounding = 1e-9;

    public static TheoryData<string> Models => ["fewer latents", "more latents", "many latents", "sum", "correlated", "correlated, many"];

    [Theory]
    [MemberData(nameof(Models))]
    public void Predict_EachPattern_IsTheConditionalNormal(string name)
    {
        LinearGaussianModel model = Create(name);
        var predictor = new Predictor(model);
        foreach (double[] row in Rows(model))
        {
            (Vector<double> means, Matrix<double> signal) = Condition(model, row);

            PredictedRow predicted = predictor.Predict(row);

            Matrix<double> noise = Matrix<double>.Build.DenseOfDiagonalArray([.. model.NoiseVariances]);
            Near(predicted.Means, means);
            Near(predicted.SignalVariances, signal.Diagonal());
            Near(predicted.Variances, (signal + noise).Diagonal());
            Near(predicted.CovarianceMatrix().Enumerate(), (signal + noise).Enumerate());
            Near(predicted.CovarianceMatrix(withNoise: false).Enumerate(), signal.Enumerate());
            predicted[0].Should().Be(new Prediction
            {
                Mean = predicted.Means[0],
                MeanSd = Math.Sqrt(predicted.SignalVariances[0]),
                Sd = Math.Sqrt(predicted.Variances[0]),
            });
            predictor.Posterior(row).Means.Should().Equal(model.Posterior(row).Means);
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Tables_AreTheirRows_ForAnyNumberOfThreads(string name)
    {
        LinearGaussianModel model = Create(name);
        Matrix<double> table = Matrix<double>.Build.DenseOfRowArrays(Enumerable.Repeat(Rows(model), 40).SelectMany(rows => rows));
        var predictor = new Predictor(model) { MaxThreads = 2 };

        PredictedTable predicted = predictor.Predict(table);
        PredictedTable alone = new Predictor(model) { MaxThreads = 1 }.Predict(RowSpan.RowMajor(table.ToRowMajorArray(), table.ColumnCount));
        ImputedTable imputed = predictor.Impute(table);

        predicted.Means.Enumerate().Should().Equal(alone.Means.Enumerate());
        predicted.SignalVariances.Enumerate().Should().Equal(alone.SignalVariances.Enumerate());
        (Matrix<double> lower, Matrix<double> upper) = predicted.Interval(0.9);
        Matrix<double> variances = predicted.Variances();
        int next = 0;
        for (int n = 0; n < table.RowCount; n++)
        {
            PredictedRow row = predictor.Predict(table.Row(n).ToArray());
            for (int k = 0; k < table.ColumnCount; k++)
            {
                predicted[n, k].Should().Be(row[k]);
                variances[n, k].Should().Be(row.Variances[k]);
                (lower[n, k], upper[n, k]).Should().Be(row[k].Interval(0.9));
                imputed.Values[n, k].Should().Be(double.IsNaN(table[n, k]) ? row.Means[k] : table[n, k]);
                if (double.IsNaN(table[n, k]))
                {
                    imputed.Cells[next++].Should().Be(new ImputedCell { Row = n, Column = k, Value = row[k] });
                }
            }
        }

        imputed.Cells.Should().HaveCount(next);
        table[0, 0].Should().Be(Rows(model)[0][0], "the table is not touched");
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Score_CellsAndRows_AreThoseOfTheConditionalNormal(string name)
    {
        LinearGaussianModel model = Create(name);
        double[][] rows = Rows(model);
        Matrix<double> table = Matrix<double>.Build.DenseOfRowArrays(rows);
        var predictor = new Predictor(model);

        HeldOutScores given = predictor.Score(table);
        HeldOutScores marginal = predictor.Score(table, CellScoring.Marginal);

        given.Cells.Should().Be(CellScoring.GivenOtherCells);
        marginal.LogDensities.Should().Equal(given.LogDensities);
        double[] nothing = [.. Enumerable.Repeat(double.NaN, model.ObservationCount)];
        (Vector<double> means, Matrix<double> whole) = Condition(model, nothing);
        for (int n = 0; n < rows.Length; n++)
        {
            given.LogDensities[n].Should().BeApproximately(predictor.Predict(nothing).LogDensity(rows[n]), 1e-8 * (1 + Math.Abs(given.LogDensities[n])));
            for (int k = 0; k < model.ObservationCount; k++)
            {
                if (double.IsNaN(rows[n][k]))
                {
                    double.IsNaN(given.Transforms[n, k]).Should().BeTrue();
                    double.IsNaN(given.CellLogDensities[n, k]).Should().BeTrue();
                    continue;
                }

                double[] others = [.. rows[n]];
                others[k] = double.NaN;
                (Vector<double> mean, Matrix<double> signal) = Condition(model, others);
                double sd = Math.Sqrt(signal[k, k] + model.NoiseVariances[k]);
                given.CellLogDensities[n, k].Should().BeApproximately(Normal.PDFLn(mean[k], sd, rows[n][k]), 1e-7);
                given.Transforms[n, k].Should().BeApproximately(Normal.CDF(mean[k], sd, rows[n][k]), 1e-8);
                double own = Math.Sqrt(whole[k, k] + model.NoiseVariances[k]);
                marginal.CellLogDensities[n, k].Should().BeApproximately(Normal.PDFLn(means[k], own, rows[n][k]), 1e-8);
                marginal.Transforms[n, k].Should().BeApproximately(Normal.CDF(means[k], own, rows[n][k]), 1e-9);
            }
        }

        given.Coverage(0.5).Should().Be(given.Transforms.Enumerate().Count(t => t is >= 0.25 and <= 0.75) / (double)table.Enumerate().Count(double.IsFinite));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Draws_HaveTheMomentsThatArePredicted(bool withNoise)
    {
        const int count = 100_000;
        LinearGaussianModel model = Create("more latents");
        PredictedRow predicted = new Predictor(model).Predict(Rows(model)[1]);

        Matrix<double> draws = predicted.Draws(count, seed: 3, withNoise);

        draws.Enumerate().Should().Equal(predicted.Draws(count, seed: 3, withNoise).Enumerate());
        Matrix<double> covariance = predicted.CovarianceMatrix(withNoise);
        for (int i = 0; i < predicted.Count; i++)
        {
            double[] x = [.. draws.Column(i)];
            double mean = x.Average();
            mean.Should().BeApproximately(predicted.Means[i], 5 * Math.Sqrt(covariance[i, i] / count));
            for (int j = 0; j <= i; j++)
            {
                double[] y = [.. draws.Column(j)];
                double product = x.Zip(y, (a, b) => (a - predicted.Means[i]) * (b - predicted.Means[j])).Average();
                double error = Math.Sqrt(((covariance[i, i] * covariance[j, j]) + (covariance[i, j] * covariance[i, j])) / count);
                product.Should().BeApproximately(covariance[i, j], 5 * error);
            }
        }
    }

    [Fact]
    public void DrawMissing_KeepsWhatIsObserved_AndDrawsTheRestAsPredicted()
    {
        LinearGaussianModel model = Create("fewer latents");
        double[] row = Rows(model)[1];
        Matrix<double> table = Matrix<double>.Build.DenseOfRowArrays(Enumerable.Repeat(row, 4_000));
        var predictor = new Predictor(model) { MaxThreads = 2 };

        Matrix<double> drawn = predictor.DrawMissing(table, seed: 5);

        drawn.Enumerate().Should().Equal(new Predictor(model) { MaxThreads = 1 }.DrawMissing(table, seed: 5).Enumerate());
        drawn.Enumerate().Should().NotEqual(predictor.DrawMissing(table, seed: 6).Enumerate());
        PredictedRow predicted = predictor.Predict(row);
        for (int k = 0; k < row.Length; k++)
        {
            if (double.IsNaN(row[k]))
            {
                drawn.Column(k).Average().Should().BeApproximately(predicted.Means[k], 5 * Math.Sqrt(predicted.Variances[k] / 4_000));
                drawn.Column(k).Distinct().Should().HaveCount(4_000);
            }
            else
            {
                drawn.Column(k).Should().OnlyContain(value => value == row[k]);
            }
        }
    }

    [Fact]
    public void Leverage_NearOne_IsConditionedOnAgain()
    {
        // A cell of tiny noise beside one that says little of the same latent: its own value says nearly all that the row knows.
        var model = new LinearGaussianModel(Matrix<double>.Build.Dense(2, 1, 1), [0, 0], [1e-12, 1], [0], [1]);

        HeldOutScores scores = new Predictor(model).Score(Matrix<double>.Build.DenseOfRowArrays([0.5, 0.7]));

        // Given the other, N(0.35, 0.5 + 1e-12).
        scores.CellLogDensities[0, 0].Should().BeApproximately(Normal.PDFLn(0.35, Math.Sqrt(0.5 + 1e-12), 0.5), 1e-12);
        scores.Transforms[0, 0].Should().BeApproximately(Normal.CDF(0.35, Math.Sqrt(0.5), 0.5), 1e-11);
    }

    [Fact]
    public void SignalOfManyReplicates_KeepsItsDigits_HoweverSmallTheNoise()
    {
        var model = new GaussianSumModel(4, 1e-24, [0, 0, 0], [1, 2, 3]);

        PredictedRow predicted = new Predictor(model).Predict([1, 1, 1, double.NaN]);

        // 1/(1/6 + 3/1e-24) of a signal of prior variance 6.
        predicted.SignalVariances[3].Should().BeApproximately(1e-24 / 3, 1e-36);
        predicted.Means[3].Should().BeApproximately(1, 1e-12);
    }

    [Fact]
    public void BadRowsAndTables_AreRefusedByName()
    {
        var predictor = new Predictor(new GaussianSumModel());
        Refusal.Of<ArgumentException>(() => predictor.Predict([1.0]), "row", "row has 1 elements; it must have 2, one for each observation.");
        Refusal.Of<ArgumentException>(
            () => predictor.Impute(Matrix<double>.Build.DenseOfRowArrays([1.0, double.PositiveInfinity])),
            "table",
            "table[0, 1] is Infinity; it must be finite, or NaN when it is missing.");
        Refusal.Of<ArgumentException>(
            () => predictor.Score(Matrix<double>.Build.Dense(1, 3)), "table", "table has 3 columns; it must have 2, one for each observation.");
        Refusal.Of<ArgumentException>(
            () => predictor.Predict([1, 2]).LogDensity([1, double.NegativeInfinity]), "cells", "cells[0] is -Infinity; it must be finite.");
    }

    private static void Near(IEnumerable<double> actual, IEnumerable<double> expected)
    {
        foreach ((double a, double e) in actual.Zip(expected))
        {
            a.Should().BeApproximately(e, Rounding * (1 + Math.Abs(e)));
        }
    }

    private static LinearGaussianModel Create(string name)
    {
        var random = new Random(7);
        double Uniform() => (2 * random.NextDouble()) - 1;
        Matrix<double> Loadings(int observations, int latents) => Matrix<double>.Build.Dense(observations, latents, (_, _) => Uniform());
        Matrix<double> covariance = Matrix<double>.Build.DenseOfRowArrays([2.0, 0.8], [0.8, 1.0]);
        return name switch
        {
            "fewer latents" => new LinearGaussianModel(Loadings(6, 2), [1, 2, 3, 4, 5, 6], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6], [1, -1], [4, 2]),
            "more latents" => new LinearGaussianModel(Loadings(4, 6), [1, 2, 3, 4], [0.1, 0.2, 0.3, 0.4], [1, -1, 0, 2, 0, 0], [4, 2, 1, 1, 0.5, 3]),
            "many latents" => new LinearGaussianModel(
                Loadings(5, 70), new double[5], [0.01, 0.02, 0.3, 1, 2], new double[70], [.. Enumerable.Range(1, 70).Select(j => 1.0 / j)]),
            "sum" => new GaussianSumModel(5, 0.3, [1, 2, 0.5], [1, 0.5, 2]),
            "correlated" => new LinearGaussianModel(
                Loadings(5, 3), [0, 1, 0, 1, 0], [0.1, 0.2, 0.3, 0.4, 0.5], GaussianPrior.Concat(GaussianPrior.Independent(1), GaussianPrior.Correlated([1, 2], covariance))),
            _ => new LinearGaussianModel(Loadings(3, 8), [0, 1, 2], [0.1, 0.2, 0.3], GaussianPrior.Repeated(4, covariance)),
        };
    }

    /// <summary>Returns a complete row, rows with one and two missing cells, a row of one cell, and one of none.</summary>
    private static double[][] Rows(LinearGaussianModel model)
    {
        double[][] rows = [.. model.Sample(5, seed: 4).Observations.EnumerateRows().Select(row => row.ToArray())];
        rows[1][0] = rows[2][1] = rows[2][2] = double.NaN;
        rows[3].AsSpan(1).Fill(double.NaN);
        rows[4].AsSpan().Fill(double.NaN);
        return rows;
    }

    /// <summary>Conditions N(Am + b, ASAᵀ + R) on the cells of a row, and leaves the noise of the others away.</summary>
    private static (Vector<double> Means, Matrix<double> Signal) Condition(LinearGaussianModel model, double[] row)
    {
        Matrix<double> a = model.Loadings();
        Vector<double> means = (a * Vector<double>.Build.DenseOfEnumerable(model.PriorMeans)) + Vector<double>.Build.DenseOfEnumerable(model.Offset);
        Matrix<double> signal = a * model.Prior.CovarianceMatrix() * a.Transpose();
        int[] seen = [.. Enumerable.Range(0, row.Length).Where(k => !double.IsNaN(row[k]))];
        if (seen.Length == 0)
        {
            return (means, signal);
        }

        Matrix<double> observed = Matrix<double>.Build.Dense(
            seen.Length, seen.Length, (i, j) => signal[seen[i], seen[j]] + (i == j ? model.NoiseVariances[seen[i]] : 0));
        Matrix<double> across = Matrix<double>.Build.Dense(seen.Length, row.Length, (i, k) => signal[seen[i], k]);
        Matrix<double> gain = observed.Solve(across);
        Vector<double> excess = Vector<double>.Build.Dense(seen.Length, i => row[seen[i]] - means[seen[i]]);
        return (means + gain.TransposeThisAndMultiply(excess), signal - across.TransposeThisAndMultiply(gain));
    }
}
