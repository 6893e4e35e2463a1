using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.CoordinateAscent;

/// <summary>Tables of several tiles: what one tile leaves behind must not show in the next.</summary>
public sealed class CaviTileTests
{
    /// <summary>The rows of the largest tile.</summary>
    private const int LargestTile = 2048;

    public static TheoryData<string, int> Borders()
    {
        var data = new TheoryData<string, int>();
        foreach (string name in new[] { "sum, a tenth missing", "dense, a tenth missing", "dense, by pattern" })
        {
            foreach (int rows in new[] { 1, 31, 32, 33, LargestTile - 1, LargestTile, LargestTile + 1, (2 * LargestTile) + 40 })
            {
                data.Add(name, rows);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Borders))]
    public void EachRow_HasItsOwnPosterior_WhereverItsTileEnds(string name, int rows)
    {
        (LinearGaussianModel model, Matrix<double> table) = TableCase.Create(name, rows);
        var solver = new CaviSolver(new CaviOptions { MaxThreads = 1 });
        double[] byColumns = table.ToColumnMajorArray();
        double[] byRows = table.ToRowMajorArray();
        int size = rows * model.LatentCount;
        double[] means = Unset(size), variances = Unset(size), bounds = Unset(rows), otherMeans = Unset(size), otherVariances = Unset(size);

        CaviTableSummary summary = solver.Solve(
            model, RowSpan.ColumnMajor(byColumns, table.ColumnCount), new CaviBuffers { ColumnMajorMeans = means, ColumnMajorVariances = variances, ErrorBounds = bounds });
        solver.Solve(model, RowSpan.RowMajor(byRows, table.ColumnCount), new CaviBuffers { ColumnMajorMeans = otherMeans, ColumnMajorVariances = otherVariances });

        otherMeans.AsSpan().SequenceEqual(means).Should().BeTrue();
        otherVariances.AsSpan().SequenceEqual(variances).Should().BeTrue();
        summary.LargestErrorBound.Should().Be(bounds.Max());
        summary.UnconvergedRowCount.Should().Be(0);
        foreach (int n in new[] { 0, 30, 31, 32, LargestTile - 1, LargestTile, LargestTile + 1, rows - 1 }.Where(n => n < rows))
        {
            CaviResult alone = solver.Solve(model, table.Row(n).ToArray());
            for (int j = 0; j < model.LatentCount; j++)
            {
                double sd = Math.Sqrt(alone.Exact.Variances[j]);
                means[(j * rows) + n].Should().BeApproximately(alone.MeanField.Means[j], sd * (bounds[n] + alone.ErrorBound), "row {0}", n);
                variances[(j * rows) + n].Should().Be(alone.Exact.Variances[j], "row {0}", n);
            }
        }
    }

    [Theory]
    [InlineData("dense, a tenth missing")]
    [InlineData("dense, by pattern")]
    public void LargestErrorBound_OfALaterTile_CountsItsRowsWithMissingCells(string name)
    {
        (LinearGaussianModel model, Matrix<double> table) = TableCase.Create(name, rows: 3 * LargestTile);
        int far = table.RowCount - 5;
        table.SetRow(far, [double.NaN, .. Enumerable.Repeat(1e6, table.ColumnCount - 1)]);
        var solver = new CaviSolver(new CaviOptions { MaxThreads = 1, Tolerance = 1 });

        CaviTable fits = solver.Solve(model, table);

        CaviTable told = solver.Solve(model, table, CaviOutputs.ErrorBounds);
        told.ErrorBounds[far].Should().Be(told.ErrorBounds.Max());
        fits.LargestErrorBound.Should().Be(told.ErrorBounds[far]);
    }

    [Theory]
    [InlineData("dense, a tenth missing")]
    [InlineData("dense, by pattern")]
    public void ErrorBound_OfARowWithMissingCells_IsNeverBelowItsTrueError(string name)
    {
        (LinearGaussianModel model, Matrix<double> table) = TableCase.Create(name, rows: 20);

        CaviTable fits = new CaviSolver().Solve(model, table, CaviOutputs.ErrorBounds);

        for (int n = 0; n < table.RowCount; n++)
        {
            int[] observed = [.. Enumerable.Range(0, table.ColumnCount).Where(k => !double.IsNaN(table[n, k]))];
            if (observed.Length is 0 || observed.Length == table.ColumnCount)
            {
                continue;
            }

            Matrix<double> loadings = model.Loadings();
            var seen = new LinearGaussianModel(
                Matrix<double>.Build.DenseOfRowVectors(observed.Select(loadings.Row)),
                [.. observed.Select(k => model.Offset[k])],
                [.. observed.Select(k => model.NoiseVariances[k])],
                model.PriorMeans.AsSpan(),
                model.PriorVariances.AsSpan());
            double error = ExactPosterior.Of(seen, [.. observed.Select(k => table[n, k])]).ErrorOf([.. fits.Means.Row(n)]);

            error.Should().BeLessThanOrEqualTo(fits.ErrorBounds[n], "row {0}", n);
            fits.ErrorBounds[n].Should().BeLessThan(1e-10, "row {0}", n);
        }
    }

    [Theory]
    [InlineData("dense, a tenth missing")]
    [InlineData("dense, by pattern")]
    public void LargestErrorBound_OfRowsWithoutObservations_IsThatOfThePrior(string name)
    {
        (LinearGaussianModel model, _) = TableCase.Create(name, rows: 1);
        Matrix<double> table = Matrix<double>.Build.Dense(40, model.ObservationCount, double.NaN);

        CaviTable fits = new CaviSolver().Solve(model, table, CaviOutputs.ErrorBounds);

        fits.LargestErrorBound.Should().Be(fits.ErrorBounds[0]);
        fits.LargestErrorBound.Should().BeLessThan(new CaviSolver().Solve(model, Matrix<double>.Build.Dense(1, model.ObservationCount)).LargestErrorBound);
    }

    [Theory]
    [InlineData(CaviMethod.Accelerated)]
    [InlineData(CaviMethod.PlainSweeps)]
    public void LargestErrorBound_OfRowsSolvedOneByOne_IsThatOfARow(CaviMethod method)
    {
        (LinearGaussianModel model, Matrix<double> table) = TableCase.Create("dense, a tenth missing", rows: 200);

        CaviTable fits = new CaviSolver(new CaviOptions { Method = method, Tolerance = 1e-6 }).Solve(model, table, CaviOutputs.All);

        fits.LargestErrorBound.Should().Be(fits.ErrorBounds.Max()).And.BeGreaterThan(0);
    }

    [Fact]
    public void MeanOutOfRange_OfACellInRange_IsNamed()
    {
        // The row adds 5.7e307 to the first latent's mean of 1.7e308: each is in range, their sum is not.
        var model = new GaussianSumModel(1, 1.7e308, [1.7e308, -1.7e308], [1.7e308, 1e-20]);
        double[] cells = [.. Enumerable.Repeat(1.0, 40)];
        cells[17] = 1.7e308;

        FluentActions.Invoking(() => new CaviSolver().Solve(model, RowSpan.ColumnMajor(cells, 1))).Should().ThrowExactly<NonFiniteValueException>();
    }

    private static double[] Unset(int length) => [.. Enumerable.Repeat(double.NaN, length)];
}
