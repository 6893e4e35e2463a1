using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.CoordinateAscent;

/// <summary>Rows with missing cells: whatever way they are solved, each has the posterior of its observed cells, whoever stands beside it.</summary>
public sealed class CaviPatternTests
{
    public static TheoryData<string> WithMissingCells() => [.. TableCase.Names.Where(name => name is not ("sum" or "dense" or "sum of many"))];

    [Theory]
    [MemberData(nameof(WithMissingCells))]
    public void ShuffledRows_HaveTheSameBits(string name)
    {
        (LinearGaussianModel model, Matrix<double> table) = TableCase.Create(name, rows: 5000);
        int[] order = [.. Enumerable.Range(0, table.RowCount)];
        new Random(4).Shuffle(order);
        Matrix<double> shuffled = Matrix<double>.Build.DenseOfRowVectors(order.Select(table.Row));

        CaviTable fits = new CaviSolver().Solve(model, table, CaviOutputs.ErrorBounds);
        CaviTable others = new CaviSolver().Solve(model, shuffled, CaviOutputs.ErrorBounds);

        for (int n = 0; n < order.Length; n++)
        {
            others.Means.Row(n).Should().Equal(fits.Means.Row(order[n]), "row {0}", order[n]);
            others.ErrorBounds[n].Should().Be(fits.ErrorBounds[order[n]], "row {0}", order[n]);
        }
    }

    [Theory]
    [MemberData(nameof(WithMissingCells))]
    public void ChunksOfAnySize_HaveTheSameBits(string name)
    {
        (LinearGaussianModel model, Matrix<double> table) = TableCase.Create(name, rows: 700);
        CaviTable whole = new CaviSolver().Solve(model, table);

        foreach (int size in new[] { 1, 7, 33, 300 })
        {
            for (int first = 0; first < table.RowCount; first += size * 3)
            {
                int count = Math.Min(size, table.RowCount - first);
                CaviTable part = new CaviSolver().Solve(model, table.SubMatrix(first, count, 0, table.ColumnCount));
                part.Means.Should().Be(whole.Means.SubMatrix(first, count, 0, model.LatentCount), "rows {0} to {1}", first, first + count);
            }
        }
    }

    [Theory]
    [MemberData(nameof(WithMissingCells))]
    public void ErrorBound_IsNeverBelowTheTrueError(string name)
    {
        (LinearGaussianModel model, Matrix<double> table) = TableCase.Create(name, rows: 40);

        CaviTable fits = new CaviSolver().Solve(model, table, CaviOutputs.ErrorBounds);

        fits.ErrorBounds.Should().OnlyContain(bound => bound < 1e-10);
        RequireBounds(model, table, fits);
    }

    [Theory]
    [InlineData(4, 12)]
    [InlineData(12, 10)]
    public void CorrelatedPriors_KeepTheirBounds(int latents, int observations)
    {
        var random = new Random(8);
        Matrix<double> root = Matrix<double>.Build.Dense(latents, latents, (i, j) => i >= j ? 0.4 + random.NextDouble() : 0);
        GaussianPrior prior = GaussianPrior.Correlated([.. Enumerable.Range(0, latents).Select(j => j - 1.0)], root * root.Transpose());
        var model = new LinearGaussianModel(
            Matrix<double>.Build.Dense(observations, latents, (_, _) => (2 * random.NextDouble()) - 1),
            [.. Enumerable.Range(0, observations).Select(k => 0.1 * k)],
            [.. Enumerable.Range(0, observations).Select(k => 0.3 + (0.1 * k))],
            prior);
        Matrix<double> table = model.Sample(64, seed: 2).Observations;
        table.MapInplace(value => random.NextDouble() < 0.2 ? double.NaN : value, Zeros.Include);

        CaviTable fits = new CaviSolver().Solve(model, table, CaviOutputs.ErrorBounds);

        for (int n = 0; n < table.RowCount; n++)
        {
            // The conjugate posterior of the observed cells alone, by the normal equations of well-scaled numbers.
            int[] observed = [.. Enumerable.Range(0, observations).Where(k => !double.IsNaN(table[n, k]))];
            Matrix<double> loadings = Matrix<double>.Build.DenseOfRowVectors(observed.Select(model.Loadings().Row));
            Vector<double> mean = Vector<double>.Build.DenseOfEnumerable(prior.Means);
            Vector<double> residual = Vector<double>.Build.DenseOfEnumerable(observed.Select(k => table[n, k] - model.Offset[k])) - (loadings * mean);
            Matrix<double> noise = Matrix<double>.Build.DiagonalOfDiagonalArray([.. observed.Select(k => 1 / model.NoiseVariances[k])]);
            Matrix<double> precision = prior.CovarianceMatrix().Inverse() + (loadings.Transpose() * noise * loadings);
            Vector<double> expected = mean + precision.Solve(loadings.Transpose() * noise * residual);

            (fits.Means.Row(n) - expected).InfinityNorm().Should().BeLessThan(1e-10, "row {0}", n);

            // The prior's condition number is in the thousands.
            fits.ErrorBounds[n].Should().BeLessThan(1e-9, "row {0}", n);
        }
    }

    [Theory]
    [InlineData(3, 10)]
    [InlineData(12, 10)]
    public void RowsWhoseOwnSystemIsNotGoodEnough_TakeTheRefinedWay(int latents, int observations)
    {
        var random = new Random(6);
        var model = new LinearGaussianModel(
            Matrix<double>.Build.Dense(observations, latents, (_, _) => (2 * random.NextDouble()) - 1),
            new double[observations],
            [.. Enumerable.Repeat(1e-6, observations)],
            new double[latents],
            [.. Enumerable.Repeat(1.0, latents)]);
        Matrix<double> table = model.Sample(50, seed: 3).Observations;
        table.MapInplace(value => random.NextDouble() < 0.2 ? double.NaN : value, Zeros.Include);

        CaviTable fits = new CaviSolver().Solve(model, table, CaviOutputs.ErrorBounds);

        fits.Converged.Should().BeTrue();
        RequireBounds(model, table, fits);
    }

    [Fact]
    public void RowsOfBothWays_AreSolvedSideBySide()
    {
        // Of a row 20,000 times as large, the bound of its own system is 20,000 times as large, and no longer good enough.
        const double factor = 2e4;
        (LinearGaussianModel model, Matrix<double> table) = TableCase.Create("dense, few latents of many", rows: 200);
        CaviTable before = new CaviSolver().Solve(model, table, CaviOutputs.ErrorBounds);
        int[] large = [.. Enumerable.Range(0, table.RowCount).Where(n => n % 50 < 2 && table.Row(n).Any(double.IsNaN))];
        foreach (int n in large)
        {
            table.SetRow(n, table.Row(n) * factor);
        }

        CaviTable fits = new CaviSolver().Solve(model, table, CaviOutputs.ErrorBounds);

        fits.Converged.Should().BeTrue();
        large.Should().NotBeEmpty().And.OnlyContain(n => fits.ErrorBounds[n] < 0.5 * factor * before.ErrorBounds[n]);
        Enumerable.Range(0, table.RowCount).Except(large).Should().OnlyContain(n => fits.Means.Row(n).Equals(before.Means.Row(n)));
        RequireBounds(model, table, fits);
    }

    private static void RequireBounds(LinearGaussianModel model, Matrix<double> table, CaviTable fits)
    {
        Matrix<double> loadings = model.Loadings();
        for (int n = 0; n < table.RowCount; n++)
        {
            int[] observed = [.. Enumerable.Range(0, table.ColumnCount).Where(k => !double.IsNaN(table[n, k]))];
            if (observed.Length == 0)
            {
                fits.Means.Row(n).Should().Equal(model.PriorMeans, "row {0}", n);
                continue;
            }

            LinearGaussianModel seen = new(
                Matrix<double>.Build.DenseOfRowVectors(observed.Select(loadings.Row)),
                [.. observed.Select(k => model.Offset[k])],
                [.. observed.Select(k => model.NoiseVariances[k])],
                model.PriorMeans.AsSpan(),
                model.PriorVariances.AsSpan());
            double error = ExactPosterior.Of(seen, [.. observed.Select(k => table[n, k])]).ErrorOf([.. fits.Means.Row(n)]);
            error.Should().BeLessThanOrEqualTo(fits.ErrorBounds[n], "row {0}", n);
        }
    }
}
