using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Factorization;
using Xunit;

namespace VariationalInference.Tests.Learning;

/// <summary>Where learning starts, in which units, and which columns count, against closed forms and sums over the rows.</summary>
public class LearningProblemTests
{
    [Theory]
    [InlineData(0.0)]
    [InlineData(0.25)]
    public void FirstStart_OfLoadings_TakesTheLeadingEigenvectorsBesideJoreskogsNoise(double missing)
    {
        (LinearGaussianModel model, Matrix<double> rows) = MarginalBoundTests.Case(missing);
        var options = new VariationalEmOptions { Loadings = true, Offset = true, NoiseVariances = VarianceLearning.Each };

        LearningPoint start = new LearningProblem(model, SufficientStatistics.Of(rows), options).Start(0);

        // In standard units, over the rows that have both cells, less the means over the rows that have one.
        double[] means = [.. Enumerable.Range(0, 4).Select(k => Present(rows, k).Average(row => row[k]))];
        double[] scales = [.. Enumerable.Range(0, 4).Select(k => Math.Sqrt(Present(rows, k).Average(row => Square(row[k] - means[k]))))];
        Matrix<double> covariance = Matrix<double>.Build.Dense(4, 4, (a, b) => Present(rows, a).Where(row => !double.IsNaN(row[b]))
            .Average(row => (row[a] - means[a]) * (row[b] - means[b])) / scales[a] / scales[b]);
        Matrix<double> inverse = (covariance + (1e-6 * Matrix<double>.Build.DenseIdentity(4))).Inverse();
        double[] noise = [.. Enumerable.Range(0, 4).Select(k => Math.Sqrt(0.75 / inverse[k, k]))];
        Evd<double> spectrum = Matrix<double>.Build.Dense(4, 4, (a, b) => covariance[a, b] / noise[a] / noise[b]).Evd(Symmetricity.Symmetric);
        Matrix<double> explained = Matrix<double>.Build.Dense(4, 4, (a, b) => Enumerable.Range(2, 2).Sum(
            j => Math.Max(spectrum.EigenValues[j].Real - 1, 0.05) * noise[a] * spectrum.EigenVectors[a, j] * noise[b] * spectrum.EigenVectors[b, j]));
        for (int a = 0; a < 4; a++)
        {
            start.Noise[a].Should().BeApproximately(noise[a], 1e-9);
            start.Offset[a].Should().Be(0);
            for (int b = 0; b < 4; b++)
            {
                double product = Enumerable.Range(0, 2).Sum(
                    j => start.Loadings[(2 * a) + j] * start.Loadings[(2 * b) + j] * Square(start.Deviations[j]));
                product.Should().BeApproximately(explained[a, b], 1e-9, "observations {0} and {1}", a, b);
            }
        }
    }

    [Fact]
    public void Starts_OfVariances_AreHalfTheDataFirstThenTheGivenModelThenDrawn()
    {
        (LinearGaussianModel model, Matrix<double> rows) = MarginalBoundTests.Case(missing: 0);
        var options = new VariationalEmOptions { NoiseVariances = VarianceLearning.Each, PriorVariances = VarianceLearning.Each };
        var problem = new LearningProblem(model, SufficientStatistics.Of(rows), options);

        LearningPoint first = problem.Start(0), drawn = problem.Start(2);

        first.Noise.Should().OnlyContain(noise => noise == Math.Sqrt(0.5));
        first.Deviations.Should().OnlyContain(deviation => deviation == Math.Sqrt(0.25));
        problem.Start(1).Should().BeEquivalentTo(problem.Given);
        drawn.Should().BeEquivalentTo(problem.Start(2));
        drawn.Noise.Should().OnlyContain(noise => noise == drawn.Noise[0] && noise != first.Noise[0]);
        drawn.Deviations[0].Should().NotBe(drawn.Deviations[1]).And.NotBe(first.Deviations[0]);
        problem.Start(3).Noise.Should().NotEqual(drawn.Noise);
    }

    [Theory]
    [InlineData(1, PosteriorFamily.MeanField, false, 1)]
    [InlineData(2, PosteriorFamily.MeanField, false, 5)]
    [InlineData(2, PosteriorFamily.FullGaussian, false, 1)]
    [InlineData(1, PosteriorFamily.FullGaussian, true, 5)]
    public void StartCount_IsOneUnlessThereMayBeSeveralOptima(int latents, PosteriorFamily family, bool loadings, int expected)
    {
        var model = new LinearGaussianModel(
            Matrix<double>.Build.Dense(2, latents, 1.0), [0, 0], [1, 1], new double[latents], Enumerable.Repeat(1.0, latents).ToArray());
        var options = new VariationalEmOptions { Family = family, Loadings = loadings, Starts = 5 };

        new LearningProblem(model, SufficientStatistics.Of(Rows([1, 2], [2, 1], [0, 4])), options).StartCount.Should().Be(expected);
    }

    [Theory]
    [InlineData(VarianceLearning.Shared)]
    [InlineData(VarianceLearning.Each)]
    public void EmptyColumn_TakesASharedNoiseVarianceButNoneOfItsOwn(VarianceLearning noise)
    {
        var model = new LinearGaussianModel(Matrix<double>.Build.Dense(3, 1, 1.0), new double[3], [1, 1, 1], [0], [1]);
        var options = new VariationalEmOptions { Loadings = true, NoiseVariances = noise };
        SufficientStatistics statistics = SufficientStatistics.Of(Rows([1, double.NaN, 2], [2, double.NaN, 1], [0, double.NaN, 4]));
        var problem = new LearningProblem(model, statistics, options);
        LearningPoint learned = problem.Given;
        learned.Noise.AsSpan().Fill(0.3);

        LearningPoint all = problem.Complete(learned);

        problem.Columns.Should().Equal(0, 2);
        all.Noise[0].Should().Be(0.3);
        all.Noise[2].Should().Be(0.3);
        all.Noise[1].Should().Be(noise == VarianceLearning.Shared ? 0.3 : 1);
    }

    [Fact]
    public void Origin_WherePriorMeansAreLearned_IsTheNearestPredictionToThePresentColumns()
    {
        // The last column has no cells; the others' means are 4, 1 and −2, and the loadings of one latent 1, 2 and −1.
        Matrix<double> loadings = Matrix<double>.Build.DenseOfColumnArrays([1.0, 2, -1, 5]);
        var model = new LinearGaussianModel(loadings, [1, -1, 0, 7], [1, 1, 1, 1], [0.5], [1]);
        ColumnMoments columns = ColumnMoments.Of(SufficientStatistics.Of(
            Rows([3, 0, -2.5, double.NaN], [5, 2, -1.5, double.NaN])));

        var units = new LearningUnits(model, columns, new VariationalEmOptions { PriorMeans = true }, isSum: false);

        // Least squares: the mean is (1·3 + 2·2 + 1·2)/6 = 1.5.
        double[] expected = [2.5, 2, -1.5, 14.5];
        for (int k = 0; k < 4; k++)
        {
            (units.Origin[k].High + units.Origin[k].Low).Should().BeApproximately(expected[k], 1e-14, "column {0}", k);
        }

        units.PriorMean(new LearningPoint(4, 1), 0).Should().BeApproximately(1.5, 1e-14);
    }

    [Fact]
    public void Origin_WhereLoadingsAreLearnedWithoutAnOffset_IsTheGivenOffset()
    {
        var model = new LinearGaussianModel(Matrix<double>.Build.Dense(2, 1, 1.0), [1, -1], [1, 1], [0.5], [1]);
        ColumnMoments columns = ColumnMoments.Of(SufficientStatistics.Of(Rows([3, 0], [5, 2])));

        var units = new LearningUnits(model, columns, new VariationalEmOptions { PriorMeans = true, Loadings = true }, isSum: false);

        units.Origin.Should().Equal((1, 0), (-1, 0));
        units.OffsetMovesWithLoadings.Should().BeFalse();
    }

    [Theory]
    [InlineData(VarianceLearning.Each)]
    [InlineData(VarianceLearning.Shared)]
    public void LatentScales_AreWhatMovesTheColumnsByTheirDeviations(VarianceLearning learning)
    {
        // Columns of the deviations 1 and 2; the last latent moves nothing, so that its prior deviation stands in.
        Matrix<double> loadings = Matrix<double>.Build.DenseOfRowArrays([1.0, 0, 0], [2.0, 8, 0]);
        var model = new LinearGaussianModel(loadings, [0, 0], [1, 1], [0, 0, 0], [1, 1, 9]);
        ColumnMoments columns = ColumnMoments.Of(SufficientStatistics.Of(Rows([1, 2], [-1, -2])));
        var options = new VariationalEmOptions { NoiseVariances = VarianceLearning.Each, PriorVariances = learning };

        var units = new LearningUnits(model, columns, options, isSum: false);

        double[] each = [1, Math.Sqrt(2.0 / 16), 3];
        units.Scales.Should().Equal(1, 2);
        for (int j = 0; j < 3; j++)
        {
            units.LatentScales[j].Should().BeApproximately(learning == VarianceLearning.Each ? each[j] : each.Average(), 1e-15);
        }
    }

    [Fact]
    public void SharedScale_IsTheDeviationOfAllCells()
    {
        // Squares of 2 and 18 about the columns' means, over 2 and 3 cells.
        ColumnMoments columns = ColumnMoments.Of(SufficientStatistics.Of(Rows([1, 3], [-1, -3], [double.NaN, 0])));

        columns.Scales(shared: true, new (double, double)[2]).Should().Equal(2, 2);
        columns.Scales(shared: false, new (double, double)[2]).Should().Equal(1, Math.Sqrt(6));
    }

    [Fact]
    public void ColumnOfZeros_IsConstantAndHasTheScaleOfItsDistanceOrOne()
    {
        ColumnMoments columns = ColumnMoments.Of(SufficientStatistics.Of(Rows([0, 5, 1], [0, 5, 2])));

        columns.IsConstant(0).Should().BeTrue();
        columns.IsConstant(1).Should().BeTrue();
        columns.IsConstant(2).Should().BeFalse();
        columns.Scales(shared: false, new (double, double)[3]).Should().Equal(1, 5, 0.5);
    }

    [Fact]
    public void MeanAndSquares_TogetherBeyondDoublePrecision_AreReported()
    {
        SufficientStatistics statistics = SufficientStatistics.OfMoments(2, [1e308], Matrix<double>.Build.Dense(1, 1, 5e307));

        Action act = () => ColumnMoments.Of(statistics);

        act.Should().Throw<NonFiniteValueException>().Which.Quantity.Should().Be("the sum of squares of column 0");
    }

    private static IEnumerable<Vector<double>> Present(Matrix<double> rows, int k) => rows.EnumerateRows().Where(row => !double.IsNaN(row[k]));

    private static Matrix<double> Rows(params double[][] rows) => Matrix<double>.Build.DenseOfRowArrays(rows);

    private static double Square(double value) => value * value;
}
