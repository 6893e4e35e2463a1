using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Learning;

/// <summary>The bound against the models' own log evidence and ELBO, and its gradient against differences.</summary>
public class MarginalBoundTests
{
    [Theory]
    [InlineData(PosteriorFamily.FullGaussian)]
    [InlineData(PosteriorFamily.MeanField)]
    public void Value_OfRowsWithMissingCells_IsTheSumOverTheRows(PosteriorFamily family)
    {
        (LinearGaussianModel model, Matrix<double> rows) = Case(missing: 0.3);
        var options = new VariationalEmOptions { Loadings = true, Offset = true, NoiseVariances = VarianceLearning.Each, Family = family };
        var problem = new LearningProblem(model, SufficientStatistics.Of(rows), options);

        LearningPoint given = problem.Given;
        double value = new MarginalBound(problem.Blocks, 2, family).Value(given, given.Copy()) - problem.LogScale;

        double expected = rows.EnumerateRows().Sum(row =>
        {
            QuadraticLogJoint joint = model.Observe(row.ToArray());
            return joint.LogEvidence - (family == PosteriorFamily.MeanField ? joint.ApproximationGap : 0);
        });
        value.Should().BeApproximately(expected, 1e-12 * Math.Abs(expected));
    }

    [Theory]
    [InlineData(PosteriorFamily.FullGaussian, false)]
    [InlineData(PosteriorFamily.MeanField, false)]
    [InlineData(PosteriorFamily.FullGaussian, true)]
    [InlineData(PosteriorFamily.MeanField, true)]
    public void Gradient_OfAllParameters_IsThatOfDifferences(PosteriorFamily family, bool sum)
    {
        (LinearGaussianModel general, Matrix<double> rows) = Case(missing: 0.3);
        LinearGaussianModel model = sum ? new GaussianSumModel(4, 0.7, [0.3, -0.2], [1.2, 0.4]) : general;
        var options = new VariationalEmOptions
        {
            Loadings = !sum,
            Offset = !sum,
            PriorMeans = true,
            NoiseVariances = sum ? VarianceLearning.Shared : VarianceLearning.Each,
            PriorVariances = VarianceLearning.Each,
            Family = family,
        };
        var problem = new LearningProblem(model, SufficientStatistics.Of(rows), options);
        var bound = new MarginalBound(problem.Blocks, 2, family);
        var ascent = new BoundAscent(bound, problem.Layout, problem.Given, CancellationToken.None);
        var gradient = new double[ascent.Vector.Length];
        double[] vector = [.. ascent.Vector];

        ascent.Evaluate(vector, gradient);

        gradient.Should().HaveCount(sum ? 5 : 20).And.NotContain(0);
        var other = new double[gradient.Length];
        for (int i = 0; i < vector.Length; i++)
        {
            const double step = 1e-5;
            double at = vector[i];
            vector[i] = at + step;
            double above = ascent.Evaluate(vector, other);
            vector[i] = at - step;
            double below = ascent.Evaluate(vector, other);
            vector[i] = at;
            gradient[i].Should().BeApproximately((above - below) / (2 * step), 1e-8 * (1 + Math.Abs(gradient[i])), "parameter {0}", i);
        }
    }

    [Theory]
    [InlineData(PosteriorFamily.FullGaussian)]
    [InlineData(PosteriorFamily.MeanField)]
    public void EmIteration_WithMissingCells_RaisesTheBoundToAStationaryPoint(PosteriorFamily family)
    {
        (LinearGaussianModel model, Matrix<double> rows) = Case(missing: 0.2);
        VariationalEmOptions Options(VariationalEmMethod method) => new()
        {
            Loadings = true,
            Offset = true,
            NoiseVariances = VarianceLearning.Each,
            Family = family,
            Method = method,
            MaxIterations = 20_000,
            GradientTolerance = 1e-9,
        };

        VariationalEmResult plain = new VariationalEm(Options(VariationalEmMethod.Plain)).Learn(model, rows);
        VariationalEmResult fast = new VariationalEm(Options(VariationalEmMethod.Accelerated)).Learn(model, rows);

        LearnedNoiseTests.ShouldBeMonotone(plain);
        plain.Converged.Should().BeTrue();
        fast.Converged.Should().BeTrue();
        fast.Iterations.Should().BeLessThan(plain.Iterations / 2);
        fast.Elbo.Should().BeGreaterThanOrEqualTo(plain.Elbo - 1e-9);
        LearnedNoiseTests.ShouldBeOfTheModel(fast, rows, 1e-12);
    }

    [Fact]
    public void EmIteration_OfEachGroupOfParameters_AgreesWithQuasiNewton()
    {
        (LinearGaussianModel model, Matrix<double> rows) = Case(missing: 0.2);
        VariationalEmOptions[] groups =
        [
            new() { PriorMeans = true, NoiseVariances = VarianceLearning.Fixed },
            new() { Offset = true, NoiseVariances = VarianceLearning.Fixed },
            new() { Loadings = true, NoiseVariances = VarianceLearning.Fixed, Starts = 2 },
            new() { PriorVariances = VarianceLearning.Each, NoiseVariances = VarianceLearning.Each },
            new() { PriorVariances = VarianceLearning.Shared, PriorMeans = true },
        ];
        foreach (VariationalEmOptions group in groups)
        {
            VariationalEmResult plain = new VariationalEm(new VariationalEmOptions
            {
                PriorMeans = group.PriorMeans,
                Offset = group.Offset,
                Loadings = group.Loadings,
                PriorVariances = group.PriorVariances,
                NoiseVariances = group.NoiseVariances,
                Method = VariationalEmMethod.Plain,
                MaxIterations = 50_000,
            }).Learn(model, rows);
            VariationalEmResult fast = new VariationalEm(group).Learn(model, rows);

            plain.Converged.Should().BeTrue("{0}", plain);
            fast.Converged.Should().BeTrue("{0}", fast);
            fast.Elbo.Should().BeApproximately(plain.Elbo, 1e-9 * Math.Abs(plain.Elbo));
            LearnedNoiseTests.ShouldBeMonotone(plain);
            LearnedNoiseTests.ShouldBeOfTheModel(fast, rows, 1e-12);
        }
    }

    [Fact]
    public void SharedVariances_AreTheSameInTheUnitsOfTheModel()
    {
        (LinearGaussianModel model, Matrix<double> rows) = Case(missing: 0.1);
        var unlike = new LinearGaussianModel(
            model.Loadings() * Matrix<double>.Build.DenseOfDiagonalArray([1, 20.0]), model.Offset.AsSpan(), model.NoiseVariances.AsSpan(), [0, 0], [1, 3]);
        foreach (VariationalEmMethod method in Enum.GetValues<VariationalEmMethod>())
        {
            VariationalEmResult result = new VariationalEm(
                new VariationalEmOptions { PriorVariances = VarianceLearning.Shared, Method = method, MaxIterations = 20_000 }).Learn(unlike, rows);

            result.Converged.Should().BeTrue(result.ToString());
            result.PriorVariances[1].Should().BeApproximately(result.PriorVariances[0], 1e-14 * result.PriorVariances[0]);
            result.NoiseVariances.Should().OnlyContain(noise => noise == result.NoiseVariances[0]);
            result.StandardErrors.PriorVariances[1].Should().BeApproximately(
                result.StandardErrors.PriorVariances[0], 1e-12 * result.StandardErrors.PriorVariances[0]);
            LearnedNoiseTests.ShouldBeOfTheModel(result, rows, 1e-12);
        }
    }

    internal static (LinearGaussianModel Model, Matrix<double> Rows) Case(double missing)
    {
        var truth = new LinearGaussianModel(
            Matrix<double>.Build.DenseOfRowArrays([1.0, 0.2], [0.8, -0.5], [-0.3, 1.0], [0.5, 0.5]),
            [3, -1, 0.5, 10],
            [0.3, 0.6, 0.2, 0.9],
            [0.4, -0.7],
            [1.3, 0.8]);
        Matrix<double> rows = truth.Sample(150, seed: 5).Observations;
        var random = new Random(3);
        rows.MapInplace(value => random.NextDouble() < missing ? double.NaN : value, Zeros.Include);
        return (truth, rows);
    }
}
