using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Learning;

/// <summary>The parts of a learning step, one by one, against closed forms.</summary>
public class LearningAlgebraTests
{
    [Theory]
    [InlineData(1, 2, 1)]
    [InlineData(1, 1, 1)]
    [InlineData(-1, 0, 1)]
    [InlineData(double.PositiveInfinity, 0, 1)]
    [InlineData(double.NaN, 0, 1)]
    public void Factor_OfAMatrixThatIsNotPositiveDefinite_IsRefused(double first, double between, double last) =>
        new CholeskyFactor(2).Factor([first, between, between, last]).Should().BeFalse();

    [Fact]
    public void Factor_OfAPositiveDefiniteMatrix_InvertsIt()
    {
        var factor = new CholeskyFactor(2);

        factor.Factor([4, 2, 2, 3]).Should().BeTrue();

        factor.LogDeterminant.Should().BeApproximately(Math.Log(8), 1e-15);
        Matrix<double> inverse = Matrix<double>.Build.DenseOfRowMajor(2, 2, factor.Inverse);
        (inverse - Matrix<double>.Build.DenseOfRowArrays([0.375, -0.25], [-0.25, 0.5])).L2Norm().Should().BeLessThan(1e-15);
    }

    [Fact]
    public void TriangleLength_OfTooManyColumns_DoesNotWrapRound()
    {
        Moments.TriangleLength(65_535).Should().Be(2_147_450_880);
        ((Action)(() => Moments.TriangleLength(65_536))).Should().Throw<OverflowException>();
    }

    [Fact]
    public void EmStep_OfOffset_DividesTheMeanByTheWeight()
    {
        // Loadings of zero leave the regression on the constant: b = Σ n w x̄ / Σ n w², and the noise is what is left.
        LearningBlock[] blocks = [Block(10, mean: 6, covariance: 1, weight: 2), Block(5, mean: 5, covariance: 4, weight: 1)];
        var options = new VariationalEmOptions { Offset = true, NoiseVariances = VarianceLearning.Each };
        var point = new LearningPoint(1, 1);
        point.Noise[0] = point.Deviations[0] = 1;

        LearningPoint next = new ExpectationMaximisation(blocks, new LearningLayout(1, 1, options), options).Step(point)!;

        double offset = ((10 * 2 * 6) + (5 * 5)) / ((10 * 4.0) + 5);
        double squares = (10 * (1 + Square(6 - (2 * offset)))) + (5 * (4 + Square(5 - offset)));
        next.Offset[0].Should().BeApproximately(offset, 1e-14);
        Square(next.Noise[0]).Should().BeApproximately(squares / 15, 1e-13);
    }

    [Fact]
    public void EmStep_OfNoise_AddsTheCellsOfAllBlocksThatArePureNoise()
    {
        LearningBlock[] blocks =
        [
            new() { Observed = [0], Count = 4, Mean = [0], Root = [Math.Sqrt(3)], NoiseSquares = 10, NoiseCells = 4, Weight = Math.Sqrt(2) },
            new() { Observed = [0], Count = 6, Mean = [0], Root = [Math.Sqrt(2)], NoiseSquares = 30, NoiseCells = 12, Weight = Math.Sqrt(3) },
        ];
        var point = new LearningPoint(1, 1);
        point.Noise[0] = point.Deviations[0] = 1;

        LearningPoint next = new ExpectationMaximisation(blocks, new LearningLayout(1, 1, new VariationalEmOptions()), new VariationalEmOptions()).Step(point)!;

        Square(next.Noise[0]).Should().BeApproximately((12 + 12 + 10 + 30) / (4.0 + 6 + 4 + 12), 1e-14);
    }

    [Fact]
    public void MeanFieldBound_WhereTheLatentsCannotBeToldApartInDoublePrecision_KeepsItsDigits()
    {
        // M = I + WᵀR⁻¹W has the elements 2⁸⁰ + 1 and 2⁸⁰, of which the difference would be lost: log det R + Σ log M_jj is −80 log 2 + 160 log 2.
        var point = new LearningPoint(1, 2);
        point.Loadings.AsSpan().Fill(1);
        point.Deviations.AsSpan().Fill(1);
        point.Noise[0] = Math.ScaleB(1, -40);
        LearningBlock[] blocks = [Block(1, mean: 0, covariance: 0, weight: 1)];

        new MarginalBound(blocks, 2, PosteriorFamily.MeanField).Value(point, point.Copy())
            .Should().BeApproximately(-0.5 * (Math.Log(2 * Math.PI) + (80 * Math.Log(2))), 1e-14);
        new MarginalBound(blocks, 2, PosteriorFamily.FullGaussian).Value(point, point.Copy())
            .Should().BeApproximately(-0.5 * Math.Log(2 * Math.PI * 2), 1e-14);
    }

    [Fact]
    public void Information_OfAPriorMeanThatMovesNothing_IsSaidToBeMissing()
    {
        Matrix<double> loadings = Matrix<double>.Build.DenseOfRowArrays([1.0, 0], [1.0, 0]);
        var model = new LinearGaussianModel(loadings, [0, 0], [1, 1], [0, 0], [1, 1]);
        var options = new VariationalEmOptions { PriorMeans = true, NoiseVariances = VarianceLearning.Fixed };
        Matrix<double> rows = Matrix<double>.Build.DenseOfRowArrays([1.0, 2], [2.0, 1], [-1.0, 0]);
        var problem = new LearningProblem(model, SufficientStatistics.Of(rows), options);

        var information = new LearningInformation(problem, problem.Given, options, noiseFloors: null);

        // The mean of two cells has the variance 1 + 1/2; three rows make that 1/2.
        information.Unidentified(includeSums: true, problem.Columns, NameList.None).Names.Should().Equal("prior mean 1");
        information.Error(1).Should().Be(double.NaN);
        (information.Error(0) * problem.Units.LatentScales[0]).Should().BeApproximately(Math.Sqrt(0.5), 1e-8);
    }

    [Fact]
    public void Rotation_OfAColumnWhoseSumIsZero_KeepsItsSign()
    {
        LearningPoint rotated = Rotated(Matrix<double>.Build.DenseOfColumnArrays([1.0, -1]), priorMeans: [0]);

        rotated.Loadings[0].Should().BePositive();
        rotated.Loadings[1].Should().Be(-rotated.Loadings[0]);
    }

    [Fact]
    public void Rotation_WhereAnyPriorMeanIsNotZero_IsLeftAlone()
    {
        // Positive columns would bring the prediction nearer to the data, but they would be another model.
        Matrix<double> loadings = Matrix<double>.Build.DenseOfRowArrays([-1.0, -0.2], [-1.0, 0.1]);

        LearningPoint rotated = Rotated(loadings, priorMeans: [0.7, 0]);

        rotated.Loadings[0].Should().BeNegative();
        (rotated.Loadings[1] / rotated.Loadings[0]).Should().BeApproximately(0.2, 1e-14);
        (rotated.Loadings[3] / rotated.Loadings[2]).Should().BeApproximately(-0.1, 1e-14);
    }

    private static LearningPoint Rotated(Matrix<double> loadings, double[] priorMeans)
    {
        double[] ones = [.. priorMeans.Select(_ => 1.0)];
        var model = new LinearGaussianModel(loadings, [0, 0], [1, 1], priorMeans, ones);
        var options = new VariationalEmOptions { Loadings = true };
        Matrix<double> rows = Matrix<double>.Build.DenseOfRowArrays([1.0, 2], [2.0, 1], [2.0, 2], [1.0, 1]);
        var problem = new LearningProblem(model, SufficientStatistics.Of(rows), options);
        var ascent = new BoundAscent(problem.CreateBound(options.Family), problem.Layout, problem.Complete(problem.Given), CancellationToken.None);
        return LoadingRotation.Canonical(ascent, problem, options);
    }

    private static LearningBlock Block(double count, double mean, double covariance, double weight) =>
        new() { Observed = [0], Count = count, Mean = [mean], Root = [Math.Sqrt(covariance)], Weight = weight };

    private static double Square(double value) => value * value;
}
