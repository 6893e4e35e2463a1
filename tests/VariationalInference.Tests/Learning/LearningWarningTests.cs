using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Tests.Reference;
using Xunit;

namespace VariationalInference.Tests.Learning;

/// <summary>Data that do not determine what is to be learned, and what the result says of it.</summary>
public class LearningWarningTests
{
    [Fact]
    public void ConstantColumn_IsLeftOutOfFactorAnalysisAndNamed()
    {
        Matrix<double> table = Table(60, 5);
        Matrix<double> without = table.Clone();
        table = table.InsertColumn(2, Vector<double>.Build.Dense(60, 0.1));

        FactorAnalysis result = FactorAnalysis.Learn(SufficientStatistics.Of(table), 1);
        FactorAnalysis expected = FactorAnalysis.Learn(SufficientStatistics.Of(without), 1);

        LearningWarning warning = result.Fit.Warnings.Should().ContainSingle().Which;
        warning.Kind.Should().Be(LearningWarningKind.ConstantColumn);
        warning.Indices.Should().Equal(2);
        warning.ToString().Should().Be("Column 2 is constant; it was left out of the fit and of the bound.");
        result.Fit.Elbo.Should().BeApproximately(expected.Fit.Elbo, 1e-9);
        result.Fit.Offset[2].Should().BeApproximately(0.1, 1e-15);
        result.Fit.NoiseVariances[2].Should().Be(0);
        result.Fit.Loadings()[2, 0].Should().Be(0);
        result.Fit.Model.NoiseVariances[2].Should().BePositive();
        double.IsFinite(result.Fit.Model.LogEvidence(table.Row(0).ToArray())).Should().BeTrue();
    }

    [Fact]
    public void EmptyColumn_KeepsTheStartsParametersAndIsNamed()
    {
        Matrix<double> table = Table(60, 6);
        table.SetColumn(1, Vector<double>.Build.Dense(60, double.NaN));

        VariationalEmResult result = FactorAnalysis.Learn(SufficientStatistics.Of(table), 1).Fit;

        result.Converged.Should().BeTrue(result.ToString());
        LearningWarning warning = result.Warnings.Should().ContainSingle().Which;
        warning.Kind.Should().Be(LearningWarningKind.EmptyColumn);
        warning.Indices.Should().Equal(1);
        result.NoiseVariances[1].Should().Be(1);
        result.StandardErrors.NoiseVariances[1].Should().Be(double.NaN);
        result.StandardErrors.NoiseVariances[0].Should().BePositive();
        LearnedNoiseTests.ShouldBeOfTheModel(result, table, 1e-11);
    }

    [Fact]
    public void AllCellsConstant_LeavesNothingToLearn()
    {
        Refusal.Of<ArgumentException>(
            () => FactorAnalysis.Learn(SufficientStatistics.Of(Matrix<double>.Build.Dense(5, 2, 3.0)), 1),
            "statistics",
            "statistics have no column that varies; nothing can be learned.");
    }

    [Fact]
    public void FewerRowsThanLatents_AreSaidToBeTooFewAndTheBoundToBeUnlimited()
    {
        VariationalEmResult result = ProbabilisticPca.Learn(SufficientStatistics.Of(Table(3, 6)), 4).Fit!;

        result.Warnings.Should().Contain(warning => warning.Kind == LearningWarningKind.TooFewRows)
            .Which.Message.Should().Be("There are 3 rows with cells; 4 latents need at least 6.");
        result.StopReason.Should().Be(StopReason.Unbounded);
        result.Converged.Should().BeFalse();
        result.Model.NoiseVariances.Should().OnlyContain(variance => variance > 0);
    }

    [Fact]
    public void ExactData_ForASum_HaveANoiseVarianceOfZeroWithoutLimit()
    {
        // Each row repeats one value: the noise variance that explains it best is 0, and the likelihood there is infinite.
        Matrix<double> table = Matrix<double>.Build.Dense(20, 3, (n, _) => Math.Sin(n));

        VariationalEmResult result = new VariationalEm(new VariationalEmOptions { PriorVariances = VarianceLearning.Shared })
            .Learn(new GaussianSumModel(1, 3), table);

        result.StopReason.Should().Be(StopReason.Unbounded);
        result.NoiseVariances[0].Should().BeLessThan(1e-6);
        result.Model.NoiseVariances[0].Should().BePositive();
    }

    [Fact]
    public void OneMeasurementARow_CannotTellNoiseFromPriorVariance()
    {
        Matrix<double> table = Table(50, 1);

        VariationalEmResult result = new VariationalEm(
            new VariationalEmOptions { PriorMeans = true, PriorVariances = VarianceLearning.Shared }).Learn(new GaussianSumModel(1, 1), table);

        result.Converged.Should().BeTrue(result.ToString());
        LearningWarning warning = result.Warnings.Should().ContainSingle().Which;
        warning.Kind.Should().Be(LearningWarningKind.Unidentified);
        warning.Message.Should().Be("The data cannot tell these parameters apart: noise variance, prior variance.");
        result.StandardErrors.NoiseVariances[0].Should().Be(double.NaN);
        result.StandardErrors.PriorVariances[0].Should().Be(double.NaN);
        double variance = table.Column(0).Subtract(table.Column(0).Average()).PointwisePower(2).Average();
        (result.NoiseVariances[0] + result.PriorVariances[0]).Should().BeApproximately(variance, 1e-9 * variance);
        result.StandardErrors.PriorMeans[0].Should().BeApproximately(Math.Sqrt(variance / 50), 1e-7);
    }

    [Fact]
    public void OffsetAndPriorMeans_CannotBeToldApart()
    {
        (LinearGaussianModel model, Matrix<double> rows) = MarginalBoundTests.Case(missing: 0);

        VariationalEmResult result = new VariationalEm(new VariationalEmOptions { Offset = true, PriorMeans = true }).Learn(model, rows);

        result.Warnings.Should().ContainSingle().Which.Message.Should().StartWith("The data cannot tell these parameters apart: offset 0, ");
        result.StandardErrors.Offset.Should().OnlyContain(error => double.IsNaN(error));
        result.StandardErrors.NoiseVariances[0].Should().BePositive();
    }

    [Fact]
    public void PriorVarianceOfAnIdleLatent_GoesToZero()
    {
        // Automatic relevance: the second latent moves nothing in these data.
        var truth = new LinearGaussianModel(
            Matrix<double>.Build.DenseOfRowArrays([1.0, 1.0], [1.0, -1.0], [1.0, 0.5], [1.0, -0.5]),
            new double[4],
            Enumerable.Repeat(1.0, 4).ToArray(),
            [0, 0],
            [2, 1e-6]);

        VariationalEmResult result = new VariationalEm(new VariationalEmOptions { PriorVariances = VarianceLearning.Each })
            .Learn(truth, truth.Sample(400, seed: 6).Observations);

        result.Converged.Should().BeTrue(result.ToString());
        result.PriorVariances[1].Should().Be(0);
        result.PriorVariances[0].Should().BeInRange(1.5, 2.5);
        result.Warnings.Should().ContainSingle().Which.Kind.Should().Be(LearningWarningKind.PriorVarianceAtZero);
        result.Model.PriorVariances[1].Should().BePositive();
    }

    [Fact]
    public void StandardErrors_OfNoiseForComplete_AreThoseOfAChiSquare()
    {
        // With offset and noise only, r̂ = S/n and its information is n/(2r²), that of the offset n/r.
        Matrix<double> table = Table(80, 3);
        var start = new LinearGaussianModel(Matrix<double>.Build.Dense(3, 1, 1e-12), [0, 0, 0], [1, 1, 1], [0], [1]);

        VariationalEmResult result = new VariationalEm(
            new VariationalEmOptions { Offset = true, NoiseVariances = VarianceLearning.Each }).Learn(start, table);

        for (int k = 0; k < 3; k++)
        {
            double variance = table.Column(k).Subtract(table.Column(k).Average()).PointwisePower(2).Average();
            result.NoiseVariances[k].Should().BeApproximately(variance, 1e-9 * variance);
            result.StandardErrors.NoiseVariances[k].Should().BeApproximately(variance * Math.Sqrt(2.0 / 80), 1e-7 * variance);
            result.StandardErrors.Offset[k].Should().BeApproximately(Math.Sqrt(variance / 80), 1e-7);
        }
    }

    [Fact]
    public void BadInput_IsRefused()
    {
        var model = new GaussianSumModel(2, 3);
        var learner = new VariationalEm();
        SufficientStatistics empty = SufficientStatistics.Of(Matrix<double>.Build.Dense(2, 3, double.NaN));
        Matrix<double> infinite = Table(5, 3);
        infinite[2, 1] = double.NegativeInfinity;

        Refusal.Of<ArgumentException>(
            () => learner.Learn(model, Table(5, 2)), "table", "table has 2 columns; it must have 3, one for each observation.");
        Refusal.Of<ArgumentException>(
            () => learner.Learn(model, SufficientStatistics.Of(Table(5, 2))),
            "statistics",
            "statistics have 2 columns; they must have 3, one for each observation.");
        Refusal.Of<ArgumentException>(() => learner.Learn(model, empty), "statistics", "statistics have no cells; at least 1 must be there.");
        Refusal.Of<ArgumentException>(
            () => learner.Learn(model, infinite), "table", "table[2, 1] is -Infinity; it must be finite, or NaN when it is missing.");
        Refusal.Of<ArgumentException>(
            () => _ = new VariationalEm(new VariationalEmOptions { NoiseVariances = VarianceLearning.Fixed }),
            "options",
            "Nothing is to be learned; at least one group of parameters must be.");
        Refusal.Of<ArgumentOutOfRangeException>(
            () => FactorAnalysis.Learn(SufficientStatistics.Of(Table(5, 2)), 3),
            "factorCount",
            "factorCount is 3; it must be 1 to 2, the number of columns.");
        Refusal.Of<ArgumentOutOfRangeException>(
            () => ProbabilisticPca.Solve(SufficientStatistics.Of(Table(5, 2)), 2),
            "componentCount",
            "componentCount is 2; it must be at least 1 and less than 2, the number of columns.");
        Refusal.Of<ArgumentOutOfRangeException>(
            () => FactorAnalysis.Learn(SufficientStatistics.Of(Table(5, 2)), 1, starts: 0), "starts", "starts is 0; it must be at least 1.");
        Refusal.Of<ArgumentOutOfRangeException>(
            () => ProbabilisticPca.Learn(SufficientStatistics.Of(Table(5, 2)), 1, starts: 0), "starts", "starts is 0; it must be at least 1.");
        Refusal.Of<ArgumentException>(
            () => SufficientStatistics.OfMoments(10, [0, 0], Matrix<double>.Build.DenseOfRowArrays([1.0, 2.0], [2.0, 1.0])),
            "covariance",
            "covariance[0, 1] is 2; it must be finite, symmetric and within the variances");
        Refusal.Of<ArgumentException>(
            () => SufficientStatistics.OfMoments(10, [0, 0], Matrix<double>.Build.Dense(2, 2, double.NaN)), "covariance", "covariance[0, 0] is NaN");
        foreach (double variance in (double[])[-1, double.PositiveInfinity, 1e308])
        {
            Refusal.Of<ArgumentException>(
                () => SufficientStatistics.OfMoments(10, [0, 0], Matrix<double>.Build.DenseOfDiagonalArray([1, variance])),
                "covariance",
                FormattableString.Invariant($"covariance[1, 1] is {variance}; it must be finite"));
        }

        Refusal.Of<ArgumentException>(
            () => SufficientStatistics.OfMoments(10, [0, 0], Matrix<double>.Build.DenseOfDiagonalArray([-1, -1])),
            "covariance",
            "covariance[0, 0] is -1; it must be finite");
        ((Action)(() => learner.Learn(null!, Table(5, 3)))).Should().Throw<ArgumentNullException>().WithParameterName("start");
        ((Action)(() => learner.Learn(model, Table(5, 3), cancellationToken: new CancellationToken(canceled: true))))
            .Should().Throw<OperationCanceledException>();
    }

    [Fact]
    public void CovarianceThatNoRowsCanHave_IsRefused() => Refusal.Of<ArgumentException>(
        () => SufficientStatistics.OfMoments(10, [0, 0, 0], Matrix<double>.Build.DenseOfRowArrays([1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1])),
        "covariance",
        "covariance has a correlation matrix with the eigenvalue -0.8");

    [Fact]
    public void LearnedModel_GoesStraightIntoEverySolver()
    {
        var truth = new GaussianSumModel(3, 2, 0.3);
        Matrix<double> rows = truth.Sample(4_000, seed: 5).Observations;
        LinearGaussianModel learned = new VariationalEm().Learn(new GaussianSumModel(3, 2, 5), rows).Model;

        CaviResult fit = new CaviSolver().Solve(learned, [1.2, 0.8]);
        MeanFieldGaussian stationary = new FixedFormElbo(learned.Observe([1.2, 0.8])).StationaryPoint();
        HybridResult hybrid = new HybridSolver().Fit(learned, new MlpEncoder(2, 1), rows);

        fit.Converged.Should().BeTrue();
        fit.MeanField.Means[0].Should().BeApproximately(stationary.Means[0], 1e-12);
        hybrid.Converged.Should().BeTrue();
        hybrid.Infer([1.2, 0.8]).MeanField.Means[0].Should().BeApproximately(truth.Posterior([1.2, 0.8]).Means[0], 0.05);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(9)]
    public void Cancelled_OnTheWay_ReturnsTheBestSoFar(int atReport)
    {
        var model = new LinearGaussianModel(Matrix<double>.Build.Random(6, 2, seed: 1), new double[6], [1, 1, 1, 1, 1, 1], [0, 0], [1, 1]);
        SufficientStatistics statistics = SufficientStatistics.Of(model.Sample(300, seed: 2).Observations);
        using var cancellation = new CancellationTokenSource();
        var bounds = new List<double>();
        var progress = new Callback(bound =>
        {
            bounds.Add(bound);
            if (bounds.Count == atReport)
            {
                cancellation.Cancel();
            }
        });

        VariationalEmResult result = new VariationalEm(new VariationalEmOptions { Loadings = true, GradientTolerance = 0 })
            .Learn(model, statistics, progress, cancellation.Token);

        result.StopReason.Should().Be(StopReason.Cancelled);
        result.Converged.Should().BeFalse();
        bounds.Should().HaveCount(atReport);
        result.Elbo.Should().BeApproximately(bounds.Max(), 1e-9 * Math.Abs(result.Elbo));
        result.StandardErrors.NoiseVariances.Should().HaveCount(6);
    }

    [Fact]
    public void Cancelled_SkipsTheSearchForParametersThatCannotBeToldApart()
    {
        using var cancellation = new CancellationTokenSource();
        var options = new VariationalEmOptions { PriorMeans = true, PriorVariances = VarianceLearning.Shared, GradientTolerance = 0 };

        VariationalEmResult result = new VariationalEm(options)
            .Learn(new GaussianSumModel(1, 1), Table(50, 1), new Callback(_ => cancellation.Cancel()), cancellation.Token);

        result.StopReason.Should().Be(StopReason.Cancelled);
        result.Warnings.Should().BeEmpty();
    }

    [Fact]
    public void SquaresBeyondDoublePrecision_OverThePatternsTogether_AreReportedWithTheirColumn()
    {
        Matrix<double> table = Matrix<double>.Build.DenseOfRowArrays([1e200, double.NaN], [1, 2], [double.NaN, 3]);

        Action act = () => new VariationalEm().Learn(new GaussianSumModel(1, 2), table);

        act.Should().Throw<NonFiniteValueException>().Which.Quantity.Should().Be("the sum of squares of column 0");
    }

    [Fact]
    public void Pca_OfFewerRowsThanColumns_HasNoNoiseRatherThanItsRounding()
    {
        var random = new Random(5);
        SufficientStatistics statistics = SufficientStatistics.Of(Matrix<double>.Build.Dense(3, 5, (_, _) => 1000 + random.NextDouble()));

        ProbabilisticPca solution = ProbabilisticPca.Solve(statistics, 2);

        solution.NoiseVariance.Should().Be(0);
        solution.LogEvidence.Should().Be(double.PositiveInfinity);
        solution.Eigenvalues.Skip(2).Should().AllBeEquivalentTo(0.0);
    }

    [Fact]
    public void KnownNoiseFarBelowThePrecisionOfTheData_LeavesTheOffsetToBeLearned()
    {
        var model = new LinearGaussianModel(Matrix<double>.Build.Dense(3, 1, 1.0), new double[3], [1e-20, 1e-20, 1e-20], [0], [1]);
        Matrix<double> table = Table(20, 3);

        VariationalEmResult result = new VariationalEm(
            new VariationalEmOptions { NoiseVariances = VarianceLearning.Fixed, Offset = true }).Learn(model, table);

        // With a covariance that is fixed the best mean is that of the data, whatever the covariance.
        for (int k = 0; k < 3; k++)
        {
            result.Offset[k].Should().BeApproximately(table.Column(k).Average(), 1e-12);
        }
    }

    [Fact]
    public void StandardErrors_OfTheLoadingsOfOneFactor_AreThoseOfDifferences()
    {
        SufficientStatistics statistics = SufficientStatistics.Of(Table(100, 4));

        VariationalEmResult result = FactorAnalysis.Learn(statistics, 1).Fit;

        // The offset is independent of the others: the information on loadings and noise is a block of its own.
        Matrix<double> table = Table(100, 4);
        Matrix<double> loadings = result.Loadings();
        double[] start = [.. loadings.Column(0), .. result.NoiseVariances];
        Matrix<double> information = Matrix<double>.Build.Dense(8, 8, (i, j) => -SecondDifference(i, j));
        Matrix<double> covariance = information.Inverse();
        for (int k = 0; k < 4; k++)
        {
            double expected = Math.Sqrt(covariance[k, k]);
            result.StandardErrors.Loadings()[k, 0].Should().BeApproximately(expected, 1e-4 * expected);
            expected = Math.Sqrt(covariance[4 + k, 4 + k]);
            result.StandardErrors.NoiseVariances[k].Should().BeApproximately(expected, 1e-4 * expected);
        }

        double SecondDifference(int i, int j)
        {
            const double step = 1e-4;
            double At(int a, int b)
            {
                double[] moved = [.. start];
                moved[i] += a * step;
                moved[j] += b * step;
                var model = new LinearGaussianModel(
                    Matrix<double>.Build.Dense(4, 1, moved[..4]), result.Offset.AsSpan(), moved.AsSpan(4), [0], [1]);
                return table.EnumerateRows().Sum(row => model.LogEvidence(row.ToArray()));
            }

            return (At(1, 1) - At(1, -1) - At(-1, 1) + At(-1, -1)) / (4 * step * step);
        }
    }

    [Fact]
    public void Options_OutsideTheirRange_AreRefused()
    {
        Refusal.Of<ArgumentOutOfRangeException>(
            () => _ = new VariationalEmOptions { GradientTolerance = double.NaN }, "GradientTolerance", "GradientTolerance is NaN; it must be zero or positive");
        Refusal.Of<ArgumentOutOfRangeException>(
            () => _ = new VariationalEmOptions { MaxIterations = 0 }, "MaxIterations", "MaxIterations is 0; it must be at least 1.");
        Refusal.Of<ArgumentOutOfRangeException>(() => _ = new VariationalEmOptions { Starts = 0 }, "Starts", "Starts is 0; it must be at least 1.");
        Refusal.Of<ArgumentOutOfRangeException>(
            () => _ = new VariationalEmOptions { Family = (PosteriorFamily)9 }, "Family", "Family is 9; it must be a member of PosteriorFamily.");
        Refusal.Of<ArgumentOutOfRangeException>(
            () => _ = new VariationalEmOptions { NoiseVariances = (VarianceLearning)7 }, "NoiseVariances", "NoiseVariances is 7; it must be a member of VarianceLearning.");
    }

    [Fact]
    public void IterationLimit_IsSaidAndTheBestPointReturned()
    {
        Matrix<double> table = LearningData.Table("attitude.csv", "rating", "complaints", "privileges", "learning", "raises", "critical", "advance");
        var options = new VariationalEmOptions { Loadings = true, Offset = true, NoiseVariances = VarianceLearning.Each, MaxIterations = 7, Starts = 1 };

        VariationalEmResult result = new VariationalEm(options).Learn(FactorAnalysis.Start(SufficientStatistics.Of(table), 2, "factors"), table);

        result.StopReason.Should().Be(StopReason.IterationLimit);
        result.Converged.Should().BeFalse();
        result.Iterations.Should().Be(7);
        result.Elbo.Should().Be(result.ElboTrace.Max());
    }

    [Fact]
    public void Progress_TellsABoundThatRisesToTheResult()
    {
        var told = new List<double>();
        Matrix<double> table = Table(60, 5);

        VariationalEmResult result = new VariationalEm(new VariationalEmOptions { Loadings = true, Offset = true, Starts = 3 }).Learn(
            FactorAnalysis.Start(SufficientStatistics.Of(table), 1, "factors"), table, new Told(told));

        told.Should().HaveCountGreaterThanOrEqualTo(4).And.BeInAscendingOrder();
        told[^1].Should().BeApproximately(result.Elbo, 1e-9);
    }

    private sealed class Told(List<double> values) : IProgress<double>
    {
        public void Report(double value) => values.Add(value);
    }

    private static Matrix<double> Table(int rows, int columns)
    {
        var random = new Random(11);
        return Matrix<double>.Build.Dense(rows, columns, (n, k) => Math.Cos(n * 1.7) + ((1.5 + (0.5 * k)) * (random.NextDouble() - 0.5)));
    }

    private sealed class Callback(Action<double> report) : IProgress<double>
    {
        public void Report(double value) => report(value);
    }
}
