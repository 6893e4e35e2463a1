using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Tests.Reference;
using Xunit;

namespace VariationalInference.Tests.Predictions;

/// <summary>What unsure parameters add to predictions: derivatives against differences, and the parameters' covariance against their standard errors.</summary>
public sealed class ParameterUncertaintyTests
{
    private static readonly Matrix<double> Loadings = Matrix<double>.Build.DenseOfRowArrays([1.0, 0.5], [0.8, -0.3], [0.2, 1.1], [1.4, 0.1]);

    public static TheoryData<int> Groups => [0, 1, 2, 3, 4, 5];

    /// <summary>A change of one group of parameters, or of all, moves predictions and latents as central differences say.</summary>
    [Theory]
    [MemberData(nameof(Groups))]
    public void Change_OfParameters_MovesPredictionsAsDifferencesSay(int group)
    {
        var random = new Random(3);
        double[] Draw(int count, int own) => [.. Enumerable.Range(0, count).Select(_ => group == 5 || group == own ? (2 * random.NextDouble()) - 1 : 0)];
        var change = new ParameterChange(Draw(8, 0), Draw(4, 1), [.. Draw(4, 2).Select(x => 0.1 * x)], Draw(2, 3), Draw(2, 4));
        double[] row = [1.3, double.NaN, -0.4, 2.1];
        const double step = 1e-5;
        LinearGaussianModel ahead = Moved(change, step), behind = Moved(change, -step);

        PredictedRow plain = new Predictor(Moved(change, 0)).Predict(row);
        PredictedRow unsure = new Predictor(Moved(change, 0), [change], infer: null).Predict(row);
        MultivariateGaussian latents = new Predictor(Moved(change, 0), [change], infer: null).Posterior(row);

        double[] moves = [.. Enumerable.Range(0, 4).Select(
            k => (new Predictor(ahead).Predict(row).Means[k] - new Predictor(behind).Predict(row).Means[k]) / (2 * step))];
        for (int i = 0; i < 4; i++)
        {
            for (int k = 0; k < 4; k++)
            {
                double added = unsure.CovarianceMatrix()[i, k] - plain.CovarianceMatrix()[i, k];
                added.Should().BeApproximately(moves[i] * moves[k], 1e-7);
            }
        }

        MultivariateGaussian known = Moved(change, 0).Posterior(row);
        for (int j = 0; j < 2; j++)
        {
            double move = (ahead.Posterior(row).Means[j] - behind.Posterior(row).Means[j]) / (2 * step);
            (latents.Variances[j] - known.Variances[j]).Should().BeApproximately(move * move, 1e-7);
        }
    }

    [Fact]
    public void Changes_OfALearnedModel_HaveItsStandardErrors()
    {
        Matrix<double> table = Moved(null, 0).Sample(200, seed: 6).Observations;
        table[3, 1] = table[7, 2] = double.NaN;
        foreach (VariationalEmOptions options in new[]
        {
            new VariationalEmOptions { Offset = true, NoiseVariances = VarianceLearning.Each, PriorVariances = VarianceLearning.Each },
            new VariationalEmOptions { PriorMeans = true, NoiseVariances = VarianceLearning.Shared, PriorVariances = VarianceLearning.Shared },
            new VariationalEmOptions { NoiseVariances = VarianceLearning.Each, NoiseFloor = 0.05 },
        })
        {
            VariationalEmResult learned = new VariationalEm(options).Learn(Moved(null, 0), table);

            ParameterStandardErrors errors = learned.StandardErrors;
            Same(errors.Offset, change => change.Offset);
            Same(errors.NoiseVariances, change => change.NoiseVariances);
            Same(errors.PriorMeans, change => change.PriorMeans);
            Same(errors.PriorVariances, change => change.PriorVariances);

            void Same(IReadOnlyList<double> expected, Func<ParameterChange, double[]> part)
            {
                for (int i = 0; i < expected.Count; i++)
                {
                    double own = Math.Sqrt(learned.Changes.Sum(change => part(change)[i] * part(change)[i]));
                    own.Should().BeApproximately(double.IsNaN(expected[i]) ? 0 : expected[i], 1e-9);
                }
            }
        }
    }

    [Fact]
    public void OneFactor_IsAsUnsureAsDataSetsDiffer()
    {
        // What one prediction varies by from data set to data set is what the delta method says; 400 sets tell a deviation to 4 per cent.
        const int sets = 400, rows = 300;
        var truth = new LinearGaussianModel(Loadings.SubMatrix(0, 4, 0, 1), [1, 2, 3, 4], [0.3, 0.4, 0.5, 0.6], [0], [1]);
        double[] row = [2, 3, double.NaN, 5];
        var means = new double[sets];
        var added = new double[sets];
        Parallel.For(0, sets, set =>
        {
            FactorAnalysis learned = FactorAnalysis.Learn(SufficientStatistics.Of(truth.Sample(rows, seed: set).Observations), factorCount: 1);
            PredictedRow unsure = learned.Predictor(withParameterUncertainty: true).Predict(row);
            means[set] = unsure.Means[2];
            added[set] = unsure.Variances[2] - learned.Predictor().Predict(row).Variances[2];
        });

        double mean = means.Average(), spread = Math.Sqrt(means.Sum(value => (value - mean) * (value - mean)) / (sets - 1));
        Math.Sqrt(added.Average()).Should().BeApproximately(spread, 0.15 * spread);
    }

    [Fact]
    public void RotationOfFactors_AddsNothing()
    {
        // Two factors may turn freely; what is predicted does not turn with them, and stays finite.
        Matrix<double> table = LearningData.Table("iris.csv", LearningData.Lines("iris.csv")[0][..4]);
        FactorAnalysis learned = FactorAnalysis.Learn(SufficientStatistics.Of(table), factorCount: 1);
        PredictedRow plain = learned.Predictor().Predict(table.Row(0).ToArray());
        PredictedRow unsure = learned.Predictor(withParameterUncertainty: true).Predict(table.Row(0).ToArray());

        for (int k = 0; k < 4; k++)
        {
            (unsure.Variances[k] / plain.Variances[k]).Should().BeInRange(1, 1.2);
        }
    }

    [Fact]
    public void ClosedFormOfComponents_HasNoStandardErrors_AndSaysSo()
    {
        ProbabilisticPca pca = ProbabilisticPca.Solve(Moved(null, 0).Sample(50, seed: 1).Observations, componentCount: 1);

        pca.Predictor().Predict([1, 2, 3, double.NaN]).Count.Should().Be(4);
        pca.Invoking(solved => solved.Predictor(withParameterUncertainty: true)).Should().Throw<InvalidOperationException>()
            .WithMessage("The closed form gives no standard errors; *");
    }

    private static LinearGaussianModel Moved(ParameterChange? change, double step)
    {
        double[] Add(double[] values, double[]? direction) => [.. values.Select((value, i) => value + (step * (direction?[i] ?? 0)))];
        return new LinearGaussianModel(
            Matrix<double>.Build.DenseOfRowMajor(4, 2, Add(Loadings.ToRowMajorArray(), change?.Loadings)),
            Add([0.5, -0.5, 1, 0], change?.Offset),
            Add([0.2, 0.3, 0.4, 0.5], change?.NoiseVariances),
            Add([0.1, -0.2], change?.PriorMeans),
            Add([1.5, 2.5], change?.PriorVariances));
    }
}
