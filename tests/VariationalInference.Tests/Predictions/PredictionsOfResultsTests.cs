using FluentAssertions;
using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Predictions;

/// <summary>Predictions of regressions and of hybrid inference, and of a measurement by itself.</summary>
public sealed class PredictionsOfResultsTests
{
    [Fact]
    public void Regression_KnownVariances_PredictsByItsCoefficients()
    {
        Matrix<double> design = Matrix<double>.Build.Dense(12, 3, (i, j) => Math.Pow(i - 4, j));
        double[] response = [.. Enumerable.Range(0, 12).Select(i => Math.Sin(i) + i)];
        BayesianRegression fit = BayesianRegression.Solve(RegressionStatistics.Of(design, response), [0, 0, 0], [10, 10, 10], 0.5);
        double[] point = [1, 3, 9];

        Prediction predicted = fit.Predict(point);

        // Σ = (AᵀA/σ² + I/10)⁻¹, μ = ΣAᵀx/σ².
        Matrix<double> covariance = ((design.TransposeThisAndMultiply(design) / 0.5) + (Matrix<double>.Build.DenseIdentity(3) / 10)).Inverse();
        Vector<double> a = Vector<double>.Build.Dense(point);
        double mean = a * (covariance * design.TransposeThisAndMultiply(Vector<double>.Build.Dense(response)) / 0.5);
        predicted.Mean.Should().BeApproximately(mean, 1e-10);
        predicted.MeanSd.Should().BeApproximately(Math.Sqrt(a * (covariance * a)), 1e-10);
        predicted.Sd.Should().BeApproximately(Math.Sqrt((a * (covariance * a)) + 0.5), 1e-10);
        fit.Predict(Matrix<double>.Build.DenseOfRowArrays(point, point)).Should().Equal(predicted, predicted);
        fit.Predict(point, withParameterUncertainty: true).Should().Be(predicted, "nothing was learned");
        Refusal.Of<ArgumentException>(() => fit.Predict([1.0]), "design", "design has 1 elements; it must have 3, one for each coefficient.");
        Refusal.Of<ArgumentException>(
            () => fit.Predict(Matrix<double>.Build.Dense(1, 2)), "designs", "designs has 2 columns; it must have 3, one for each coefficient.");
    }

    [Fact]
    public void Regression_LearnedVariances_CoversNewObservations()
    {
        const int sets = 1_000;
        var options = new VariationalEmOptions { PriorVariances = VarianceLearning.Shared, MaxThreads = 1 };
        int inside = 0;
        Parallel.For(0, sets, set =>
        {
            var random = new Random(set);
            double Draw() => Normal.Sample(random, 0, 1);
            double[] coefficients = [Draw(), Draw(), Draw(), Draw()];
            Matrix<double> design = Matrix<double>.Build.Dense(31, 4, (_, _) => Draw());
            double[] response = [.. design.EnumerateRows().Select(row => (row * Vector<double>.Build.Dense(coefficients)) + (0.5 * Draw()))];
            BayesianRegression fit = BayesianRegression.Learn(
                RegressionStatistics.Of(design.SubMatrix(0, 30, 0, 4), response.AsSpan(0, 30)), [0, 0, 0, 0], [1, 1, 1, 1], options: options);
            Prediction plain = fit.Predict(design.Row(30).ToArray());
            Prediction unsure = fit.Predict(design.Row(30).ToArray(), withParameterUncertainty: true);
            if (!(unsure.MeanSd >= plain.MeanSd))
            {
                throw new InvalidOperationException("Predictions are less sure when parameters are.");
            }

            (double lower, double upper) = unsure.Interval(0.95);
            Interlocked.Add(ref inside, response[30] >= lower && response[30] <= upper ? 1 : 0);
        });

        (inside / (double)sets).Should().BeInRange(0.925, 0.97);
    }

    [Fact]
    public void Hybrid_PredictsFromTheMeansOfItsEncoder()
    {
        var model = new GaussianSumModel();
        var encoder = new MlpEncoder(2, 1, new PerceptronOptions { HiddenWidths = [4], AcceptsMissing = true, Seed = 2 });
        var inference = new HybridInference(model, encoder, [0]);

        PredictedRow predicted = inference.Predictor().Predict([1.2, double.NaN]);

        predicted.Means[1].Should().BeApproximately(inference.Infer([1.2, double.NaN]).MeanField.Means.Sum(), 1e-14);
        predicted.Variances.Should().Equal(new Predictor(model).Predict([1.2, double.NaN]).Variances);
        Matrix<double> table = Matrix<double>.Build.DenseOfRowArrays([1.2, double.NaN], [0.3, 0.1]);
        inference.Predictor().Impute(table).Values[0, 1].Should().Be(predicted.Means[1]);
        inference.Predictor().Score(table).LogDensities.Should().Equal(new Predictor(model).Score(table).LogDensities);
        var complete = new HybridInference(model, new MlpEncoder(2, 1), [0]);
        complete.Predictor().Score(table.SubMatrix(1, 1, 0, 2), CellScoring.Marginal).Transforms[0, 0].Should()
            .BeApproximately(Normal.CDF(0, 2, 0.3), 1e-12);
        complete.Invoking(hybrid => hybrid.Predictor().Impute(table)).Should().Throw<ArgumentException>().WithMessage("row[1] is NaN; it must be finite.*");
    }

    [Fact]
    public void Measurement_HasItsDensityAndTransform()
    {
        var prediction = new Prediction { Mean = 1, MeanSd = 0.5, Sd = 2 };

        prediction.LogDensity(4).Should().BeApproximately(Normal.PDFLn(1, 2, 4), 1e-14);
        prediction.ProbabilityBelow(4).Should().BeApproximately(Normal.CDF(1, 2, 4), 1e-14);
        prediction.Interval(0.5).Should().Be(new Gaussian(1, 4).Interval(0.5));
        prediction.MeanInterval(0.5).Should().Be(new Gaussian(1, 0.25).Interval(0.5));
        Refusal.Of<ArgumentException>(() => prediction.LogDensity(double.NaN), "value", "value[0] is NaN; it must be finite.");
    }
}
