using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Tests.Reference;
using Xunit;

namespace VariationalInference.Tests.Learning;

/// <summary>Many patterns of missing cells, whose algebra is shared, against the same blocks one by one and against exact arithmetic.</summary>
public class SharedPatternsTests
{
    [Theory]
    [InlineData(PosteriorFamily.FullGaussian, 0.1, 1)]
    [InlineData(PosteriorFamily.FullGaussian, 0.6, 1)]
    [InlineData(PosteriorFamily.FullGaussian, 0.3, 1e-3)]
    [InlineData(PosteriorFamily.MeanField, 0.1, 1)]
    [InlineData(PosteriorFamily.MeanField, 0.6, 1)]
    public void Bound_OfManyPatterns_IsTheSumOfItsBlocks(PosteriorFamily family, double missing, double noise)
    {
        (LearningProblem problem, LearningPoint point, Matrix<double> rows, LinearGaussianModel model) = Case(family, missing, noise, threads: 1);
        problem.Blocks.Count.Should().BeGreaterThan(20);
        LearningPoint derivatives = point.Copy(), block = point.Copy();

        double value = problem.CreateBound(family).Value(point, derivatives);

        double sum = 0;
        var sums = point.Copy();
        Array.ForEach([sums.Loadings, sums.Offset, sums.Noise, sums.Means, sums.Deviations], Array.Clear);
        foreach (LearningBlock one in problem.Blocks)
        {
            sum += new MarginalBound([one], point.Latents, family).Value(point, block);
            Add(sums.Loadings, block.Loadings);
            Add(sums.Offset, block.Offset);
            Add(sums.Noise, block.Noise);
            Add(sums.Means, block.Means);
            Add(sums.Deviations, block.Deviations);
        }

        value.Should().BeApproximately(sum, 1e-11 * Math.Abs(sum));
        ShouldBe(derivatives.Loadings, sums.Loadings);
        ShouldBe(derivatives.Offset, sums.Offset);
        ShouldBe(derivatives.Noise, sums.Noise);
        ShouldBe(derivatives.Means, sums.Means);
        ShouldBe(derivatives.Deviations, sums.Deviations);
        double exact = rows.EnumerateRows().Sum(row => ExactEvidence.LogEvidence(
            row.ToArray(), model.Loadings().ToArray(), [.. model.Offset], [.. model.NoiseVariances], [.. model.PriorMeans], [.. model.PriorVariances])
            - (family == PosteriorFamily.MeanField ? model.Observe(row.ToArray()).ApproximationGap : 0));
        (value - problem.LogScale).Should().BeApproximately(exact, 1e-11 * Math.Abs(exact));

        static void ShouldBe(double[] values, double[] expected) => values.Zip(expected, (a, b) => Math.Abs(a - b) / (1 + expected.Max(Math.Abs)))
            .Should().OnlyContain(error => error < 1e-9);
    }

    [Theory]
    [InlineData(PosteriorFamily.FullGaussian)]
    [InlineData(PosteriorFamily.MeanField)]
    public void EmStep_OfManyPatterns_IsThatOfTheBlocksOneByOne(PosteriorFamily family)
    {
        (LearningProblem problem, LearningPoint point, _, _) = Case(family, missing: 0.3, noise: 1, threads: 1);

        LearningPoint next = problem.CreateExpectationMaximisation().Step(point)!;

        // A weight that is not 1 takes a block out of the shared algebra; one of no rows adds nothing.
        LearningBlock[] blocks = [.. problem.Blocks, new LearningBlock { Observed = [0], Count = 0, Mean = [0], Root = [], Weight = 2 }];
        LearningPoint expected = new ExpectationMaximisation(blocks, problem.Layout, Options(family, threads: 1)).Step(point)!;
        foreach ((double[] a, double[] b) in new[]
        {
            (next.Loadings, expected.Loadings), (next.Offset, expected.Offset), (next.Noise, expected.Noise), (next.Means, expected.Means),
            (next.Deviations, expected.Deviations),
        })
        {
            a.Zip(b, (x, y) => Math.Abs(x - y)).Should().OnlyContain(error => error < 1e-10);
        }

        next.Loadings.Should().NotEqual(point.Loadings);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1e-3)]
    public void Bound_ForAnyNumberOfThreads_HasTheSameBits(double noise)
    {
        (double Value, LearningPoint Derivatives, LearningPoint Next)[] outcomes = [.. new[] { 1, 2, 5 }.Select(threads =>
        {
            (LearningProblem problem, LearningPoint point, _, _) = Case(PosteriorFamily.FullGaussian, missing: 0.3, noise, threads, rowCount: 900, observations: 40);
            new BlockShards(problem.Blocks, point.Latents, threads).Count.Should().BeGreaterThan(1);
            LearningPoint derivatives = point.Copy();
            double value = problem.CreateBound(PosteriorFamily.FullGaussian).Value(point, derivatives);
            return (value, derivatives, problem.CreateExpectationMaximisation().Step(point)!);
        })];

        foreach ((double value, LearningPoint derivatives, LearningPoint next) in outcomes.Skip(1))
        {
            value.Should().Be(outcomes[0].Value);
            derivatives.Loadings.Should().Equal(outcomes[0].Derivatives.Loadings);
            derivatives.Noise.Should().Equal(outcomes[0].Derivatives.Noise);
            next.Loadings.Should().Equal(outcomes[0].Next.Loadings);
            next.Noise.Should().Equal(outcomes[0].Next.Noise);
        }
    }

    [Fact]
    public void Evaluation_OfManyPatterns_AllocatesNothingForEach()
    {
        (LearningProblem problem, LearningPoint point, _, _) = Case(PosteriorFamily.FullGaussian, missing: 0.3, noise: 1, threads: 1, rowCount: 600);
        foreach (double noise in new[] { 1, 1e-3 })
        {
            Array.Fill(point.Noise, noise);
            MarginalBound bound = problem.CreateBound(PosteriorFamily.FullGaussian);
            LearningPoint derivatives = point.Copy();
            bound.Value(point, derivatives);
            long before = GC.GetAllocatedBytesForCurrentThread();

            bound.Value(point, derivatives);

            (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(10_000, "there are {0} blocks", problem.Blocks.Count);
        }
    }

    private static VariationalEmOptions Options(PosteriorFamily family, int threads) => new()
    {
        Loadings = true,
        Offset = true,
        NoiseVariances = VarianceLearning.Each,
        PriorVariances = VarianceLearning.Each,
        PriorMeans = true,
        Family = family,
        MaxThreads = threads,
    };

    private static (LearningProblem Problem, LearningPoint Point, Matrix<double> Rows, LinearGaussianModel Model) Case(
        PosteriorFamily family, double missing, double noise, int threads, int rowCount = 150, int observations = 8)
    {
        var random = new Random(8);
        const int latents = 3;
        var model = new LinearGaussianModel(
            Matrix<double>.Build.Dense(observations, latents, (_, _) => (4 * random.NextDouble()) - 2),
            [.. Enumerable.Range(1, observations).Select(k => (double)k)],
            [.. Enumerable.Range(1, observations).Select(k => noise * noise * (0.2 + (0.1 * k)))],
            [0.5, -1, 0],
            [1, 0.7, 1.4]);
        Matrix<double> rows = model.Sample(rowCount, seed: 3).Observations;
        for (int n = 0; n < rowCount; n++)
        {
            for (int k = 0; k < observations; k++)
            {
                // Some rows have the same cells: every third is complete.
                rows[n, k] = n % 3 > 0 && random.NextDouble() < missing ? double.NaN : rows[n, k];
            }
        }

        var problem = new LearningProblem(model, SufficientStatistics.Of(rows), Options(family, threads), rows);
        return (problem, problem.Given, rows, model);
    }

    private static void Add(double[] sum, double[] values)
    {
        for (int i = 0; i < sum.Length; i++)
        {
            sum[i] += values[i];
        }
    }
}
