using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.CoordinateAscent;

public sealed class CaviTableTests
{
    private static readonly Matrix<double> Table = Matrix<double>.Build.DenseOfRowArrays(
        [1.2, 0.8, -0.3],
        [double.NaN, 0.8, 2.0],
        [double.NaN, double.NaN, double.NaN],
        [1.2, 0.8, -0.3],
        [0.1, double.NaN, double.NaN]);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void SolvingATable_EqualsSolvingItsRows(bool sum)
    {
        LinearGaussianModel model = Model(sum);

        CaviTable table = new CaviSolver().Solve(model, Table);

        table.RowCount.Should().Be(5);
        table.Rows.Should().HaveCount(5);
        for (int n = 0; n < 5; n++)
        {
            CaviResult alone = new CaviSolver().Solve(model, Table.Row(n).ToArray());
            table.Rows[n].ElboTrace.Should().Equal(alone.ElboTrace);
            table.Rows[n].LogEvidence.Should().Be(alone.LogEvidence);
            table.Rows[n].StopReason.Should().Be(alone.StopReason);
            table.Means.Row(n).Should().Equal(alone.Posterior.Means);
            table.Variances.Row(n).Should().Equal(alone.Posterior.Variances);
        }
    }

    [Fact]
    public void Totals_AreThoseOfTheRows()
    {
        CaviTable table = new CaviSolver().Solve(Model(sum: true), Table);

        table.Elbo.Should().Be(table.Rows.Sum(row => row.Elbo));
        table.LogEvidence.Should().Be(table.Rows.Sum(row => row.LogEvidence));
        table.LargestErrorBound.Should().Be(table.Rows.Max(row => row.ErrorBound));
        table.Converged.Should().BeTrue();
        table.UnconvergedRowCount.Should().Be(0);
        table.ToString().Should().StartWith("5 rows, 0 not converged, error at most ").And.EndWith(" posterior sd");
    }

    [Fact]
    public void RowsThatHaveNotConverged_AreCounted()
    {
        CaviTable table = new CaviSolver(new CaviOptions { MaxSweeps = 1 }).Solve(Model(sum: true), Table);

        table.Converged.Should().BeFalse();
        table.UnconvergedRowCount.Should().Be(4, "only the row without observations is done after one sweep");
    }

    [Fact]
    public void RowWithoutObservations_ReturnsThePrior()
    {
        CaviTable table = new CaviSolver().Solve(Model(sum: false), Table);

        table.Means.Row(2).Should().Equal([0.5, -1.0], (actual, expected) => Math.Abs(actual - expected) < 1e-15);
        table.Variances.Row(2).Should().Equal([2.0, 0.3], (actual, expected) => Math.Abs(actual - expected) < 1e-15);
        table.Rows[2].LogEvidence.Should().BeApproximately(0, 1e-15);
        table.Rows[2].Elbo.Should().BeApproximately(0, 1e-15);
    }

    [Fact]
    public void SameTable_GivesTheSameInEveryOrderOfWork()
    {
        var solver = new CaviSolver();
        LinearGaussianModel model = Model(sum: false);
        var tables = new CaviTable[8];

        Parallel.For(0, tables.Length, i => tables[i] = solver.Solve(model, Table));

        foreach (CaviTable table in tables)
        {
            table.Means.Equals(tables[0].Means).Should().BeTrue();
            table.Elbo.Should().Be(tables[0].Elbo);
        }
    }

    private static LinearGaussianModel Model(bool sum) => sum
        ? new GaussianSumModel(3, 0.7, [0.5, -1.0], [2.0, 0.3])
        : new LinearGaussianModel(
            Matrix<double>.Build.DenseOfRowArrays([1.5, -0.5], [0.3, 2.0], [1.0, 1.0]),
            [0.5, -1.0, 0.0],
            [0.4, 2.0, 1.0],
            [0.5, -1.0],
            [2.0, 0.3]);
}
