using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Learning;

/// <summary>What is said of learned parameters: each warning at and around its limit, standard errors, and what stands in for a zero.</summary>
public class LearningOutcomeTests
{
    [Theory]
    [InlineData(VarianceLearning.Fixed, 1, 0)]
    [InlineData(VarianceLearning.Shared, 1, 2)]
    [InlineData(VarianceLearning.Shared, 2, 0)]
    [InlineData(VarianceLearning.Each, 2, 3)]
    [InlineData(VarianceLearning.Each, 3, 0)]
    public void TooFewRows_AreThoseBelowWhatThePriorVariancesNeed(VarianceLearning prior, int rows, int needed)
    {
        Matrix<double> table = Matrix<double>.Build.Dense(rows, 4, (n, k) => Math.Sin(n + (3 * k)));

        Warnings(Model(3), table, new VariationalEmOptions { PriorVariances = prior }).Select(warning => warning.Message)
            .Should().Equal(needed == 0 ? [] : [$"There are {rows} rows with cells; 3 latents need at least {needed}."]);
    }

    [Theory]
    [InlineData(true, 1, 2)]
    [InlineData(true, 2, 0)]
    [InlineData(false, 1, 0)]
    public void TooFewRows_ForAnOffset_AreFewerThanTwo(bool offset, int rows, int needed)
    {
        Matrix<double> table = Matrix<double>.Build.Dense(rows, 4, (n, k) => Math.Sin(n + (3 * k)));

        Warnings(Model(3), table, new VariationalEmOptions { Offset = offset }).Should().HaveCount(needed == 0 ? 0 : 1);
    }

    [Theory]
    [InlineData(4, 1)]
    [InlineData(5, 0)]
    public void TooFewRows_ForLoadings_AreFewerThanTwoMoreThanLatents(int rows, int expected)
    {
        Matrix<double> table = Matrix<double>.Build.Dense(rows, 4, (n, k) => Math.Sin(n + (3 * k)));

        Warnings(Model(3), table, new VariationalEmOptions { Loadings = true }).Should().HaveCount(expected);
    }

    [Theory]
    [InlineData(0.0, true, false)]
    [InlineData(5.9e-8, true, true)]
    [InlineData(-1.1e-7, true, true)]
    [InlineData(1.3e-7, true, false)]
    [InlineData(1.1e-3, false, false)]
    public void NoiseVariance_IsAtItsBoundaryWhereTheLikelihoodCannotTellItFromNone(double noise, bool isSilent, bool isFloored)
    {
        // A covariance of columns with a variance of one is good to 16 units of 2.2e-16; up to four times that is as low as it gets.
        // The one latent takes over what the column has no noise for: the likelihood cannot tell the noise from none.
        var options = new VariationalEmOptions { NoiseVariances = VarianceLearning.Each };
        (LearningWarningKind, string)[] floored = isFloored
            ? [(LearningWarningKind.NoiseVarianceAtFloor, "The noise variance of column 1 is at its floor; the likelihood rises below it.")]
            : [];

        LearningWarning[] warnings = Warnings(Model(1), Table, options, point => point.Noise[1] = noise);

        warnings.Select(warning => (warning.Kind, warning.Message)).Should().Equal(isSilent
            ? [(LearningWarningKind.NoiseVarianceAtZero, "The noise variance of column 1 is at its boundary, 0."), .. floored]
            : floored);
        Warnings(Model(1), Table, options with { Loadings = true }, point => point.Noise[1] = noise).Select(warning => warning.Kind)
            .Should().StartWith(isSilent ? [LearningWarningKind.HeywoodCase] : []).And.HaveCount((isSilent ? 1 : 0) + (isFloored ? 1 : 0));
        Warnings(Model(1), Table, new VariationalEmOptions { NoiseVariances = VarianceLearning.Fixed, Offset = true }, point => point.Noise[1] = noise)
            .Should().BeEmpty();
        Warnings(Model(1), Table, options with { NoiseFloor = 1e-4 }, point => point.Noise[1] = noise == 0 ? 0 : 0.01).Select(warning => warning.Kind)
            .Should().Equal(noise == 0 ? LearningWarningKind.NoiseVarianceAtZero : LearningWarningKind.NoiseVarianceAtFloor);
    }

    [Theory]
    [InlineData(0.0, true)]
    [InlineData(1e-300, false)]
    public void PriorVariance_IsAtItsBoundaryWhereItIsZero(double deviation, bool expected)
    {
        var options = new VariationalEmOptions { PriorVariances = VarianceLearning.Each };

        LearningWarning[] warnings = Warnings(Model(2), Table, options, point => point.Deviations[1] = deviation);

        warnings.Select(warning => warning.Message).Should().Equal(expected ? ["The prior variance of latent 1 is at its boundary, 0."] : []);
        Warnings(Model(2), Table, new VariationalEmOptions(), point => point.Deviations[1] = deviation).Should().BeEmpty();
    }

    [Theory]
    [InlineData(1, true, VarianceLearning.Each, "")]
    [InlineData(2, false, VarianceLearning.Shared, "")]
    [InlineData(2, false, VarianceLearning.Each, "variances")]
    [InlineData(2, true, VarianceLearning.Shared, "means")]
    [InlineData(2, true, VarianceLearning.Each, "variances, means")]
    public void SumOfLatents_TellsOnlyTheTotalsOfTheirPriors(int latents, bool means, VarianceLearning variances, string expected)
    {
        var options = new VariationalEmOptions { PriorMeans = means, PriorVariances = variances };

        LearningWarning[] warnings = Warnings(new GaussianSumModel(latents, 4), Table, options);

        warnings.Select(warning => warning.Message).Should().Equal(expected.Split(", ", StringSplitOptions.RemoveEmptyEntries).Select(
            what => $"Of the prior {what} of a sum the likelihood tells only the total; how it is divided is arbitrary."));
        warnings.All(warning => warning.Kind == LearningWarningKind.Unidentified && warning.Indices.SequenceEqual([0, 1])).Should().BeTrue();
    }

    [Fact]
    public void StandardErrors_OfLoadings_AreInTheUnitsOfTheLatents()
    {
        SufficientStatistics statistics = SufficientStatistics.Of(Table);
        VariationalEmResult Fit(double variance) => new VariationalEm(
            new VariationalEmOptions { Loadings = true, Offset = true, Starts = 1 }).Learn(
                new LinearGaussianModel(Matrix<double>.Build.Dense(4, 1, 1.0), new double[4], [1, 1, 1, 1], [0], [variance]), statistics);

        VariationalEmResult one = Fit(1), sixteen = Fit(16);

        for (int k = 0; k < 4; k++)
        {
            double error = one.StandardErrors.Loadings()[k, 0];
            error.Should().BePositive();
            sixteen.StandardErrors.Loadings()[k, 0].Should().BeApproximately(error / 4, 1e-4 * error);
            Math.Abs(sixteen.Loadings()[k, 0]).Should().BeApproximately(Math.Abs(one.Loadings()[k, 0]) / 4, 1e-6);
        }
    }

    [Fact]
    public void FixedLoadings_AreThoseOfTheStartBitForBit()
    {
        var model = new LinearGaussianModel(
            Matrix<double>.Build.Dense(4, 3, (k, j) => Math.Sin(1 + k + (4 * j)) / 3), new double[4], [1, 1, 1, 1], [0, 0, 0], [0.7, 1.3, 2.9]);

        VariationalEmResult result = new VariationalEm().Learn(model, Table);

        result.Loadings().Enumerate().Should().Equal(model.Loadings().Enumerate());
    }

    [Fact]
    public void PriorVarianceOfZero_HasAStandInInTheScaleOfItsLatent()
    {
        // What the latent would explain varies less than the noise alone does.
        Matrix<double> table = Matrix<double>.Build.Dense(40, 2, (n, k) => (n % 4 < 2 ? 1 : -1) * (k == 0 ? 1 : -1) * 100);
        var model = new LinearGaussianModel(Matrix<double>.Build.Dense(2, 1, 1.0), [0, 0], [1, 1], [0], [1]);
        var options = new VariationalEmOptions { PriorVariances = VarianceLearning.Each };

        VariationalEmResult result = new VariationalEm(options).Learn(model, table);

        // A latent that moves both columns by their deviation, 100, has that deviation itself.
        result.PriorVariances[0].Should().Be(0);
        result.NoiseVariances[0].Should().BeApproximately(1e4, 1e-4);
        result.Model.PriorVariances[0].Should().BeApproximately(1e-8, 1e-20);
    }

    [Fact]
    public void Acceleration_BeginsWithFiveEmIterationsFromTheFirstStart()
    {
        var options = new VariationalEmOptions
        {
            Loadings = true,
            Offset = true,
            NoiseVariances = VarianceLearning.Each,
            Starts = 1,
            MaxIterations = 5,
        };
        (LinearGaussianModel model, Matrix<double> rows) = MarginalBoundTests.Case(missing: 0.1);
        SufficientStatistics statistics = SufficientStatistics.Of(rows);
        var problem = new LearningProblem(model, statistics, options);
        var expectation = new ExpectationMaximisation(problem.Blocks, problem.Layout, options);
        MarginalBound bound = problem.CreateBound(options.Family);
        var expected = new List<double>();
        for (LearningPoint point = problem.Start(0); expected.Count < 6; point = expectation.Step(point)!)
        {
            expected.Add(bound.Value(point, point.Copy()) - problem.LogScale);
        }

        VariationalEmResult result = new VariationalEm(options).Learn(model, statistics);

        result.ElboTrace.Should().HaveCount(6);
        for (int i = 0; i < 6; i++)
        {
            result.ElboTrace[i].Should().BeApproximately(expected[i], 1e-9 * Math.Abs(expected[i]), "iteration {0}", i);
        }
    }

    [Fact]
    public void NoStatistics_AreRefusedByName() => Refusal.Of<ArgumentNullException>(
        () => new VariationalEm().Learn(Model(1), (SufficientStatistics)null!), "statistics", "Value cannot be null.");

    [Fact]
    public void SquaresBeyondDoublePrecision_OverTheGroupsTogether_AreReported()
    {
        Action act = () => OneWayRandomEffects.Learn([[1e160, 1e160], [-1e160]]);

        act.Should().Throw<NonFiniteValueException>().Which.Quantity.Should().Be("the sum of squares of the measurements");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Builder_OfSeveralShards_CountsAllRowsAndNamesTheBadOne(int maxThreads)
    {
        Matrix<double> table = Matrix<double>.Build.Dense(9_000, 1, (n, _) => Math.Sin(n));
        var builder = new SufficientStatisticsBuilder(1, maxThreads: maxThreads);

        builder.Add(table);

        builder.RowCount.Should().Be(9_000);
        builder.ToString().Should().Be("9000 rows of 1 column so far");
        table[5_000, 0] = double.NegativeInfinity;
        Refusal.Of<ArgumentException>(
            () => new SufficientStatisticsBuilder(1, maxThreads: maxThreads).Add(table),
            "table",
            "table[5000, 0] is -Infinity; it must be finite, or NaN when it is missing.");
    }

    private static Matrix<double> Table { get; } = Matrix<double>.Build.Dense(
        30, 4, (n, k) => Math.Cos(n * 1.7) + (0.5 * (k + 1) * Math.Sin((n * n * 0.37) + (k * 2.1 * n))));

    private static LinearGaussianModel Model(int latents) => new(
        Matrix<double>.Build.Dense(4, latents, (k, j) => Math.Cos(k + (2 * j))),
        new double[4],
        [1, 1, 1, 1],
        new double[latents],
        Enumerable.Repeat(1.0, latents).ToArray());

    /// <summary>Returns what is said of the given model, as if it had been learned, after a change.</summary>
    private static LearningWarning[] Warnings(
        LinearGaussianModel model, Matrix<double> table, VariationalEmOptions options, Action<LearningPoint>? change = null)
    {
        var problem = new LearningProblem(model, SufficientStatistics.Of(table), options);
        LearningPoint learned = problem.Given;
        change?.Invoke(learned);
        return [.. LearningWarnings.Of(model, problem, learned, new NoiseFloors(problem, options), information: null, options)];
    }
}
