using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using VariationalInference.Tests.Reference;
using Xunit;

namespace VariationalInference.Tests.CoordinateAscent;

/// <summary>Every reference case, by every way that a row can take through the solver.</summary>
public sealed class CaviRoutesTests
{
    private const double Relative = 1e-9;

    [Theory]
    [MemberData(nameof(ReferenceCase.Ids), MemberType = typeof(ReferenceCase))]
    public void Table_IsAsExpected(string id)
    {
        ReferenceCase reference = ReferenceCase.Of(id);
        Matrix<double> table = Repeated(reference, extraColumns: 0);

        ShouldBeAsExpected(new CaviSolver().Solve(reference.Model, table, CaviOutputs.ErrorBounds), reference, first: 0);
        ShouldBeAsExpected(new CaviSolver().Solve(reference.Model, table, CaviOutputs.All), reference, first: 0, withElbos: true);
    }

    [Theory]
    [MemberData(nameof(ReferenceCase.Ids), MemberType = typeof(ReferenceCase))]
    public void GeneralModelsTable_IsAsExpected(string id)
    {
        ReferenceCase reference = ReferenceCase.Of(id);

        CaviTable fits = new CaviSolver().Solve(reference.GeneralModel(), Repeated(reference, extraColumns: 0), CaviOutputs.ErrorBounds);

        ShouldBeAsExpected(fits, reference, first: 0);
    }

    [Theory]
    [MemberData(nameof(ReferenceCase.Ids), MemberType = typeof(ReferenceCase))]
    public void TableWithCellsMissing_IsAsExpected(string id)
    {
        ReferenceCase reference = ReferenceCase.Of(id);
        Matrix<double> table = Repeated(reference, extraColumns: 2);
        LinearGaussianModel wider = Wider(reference.Model);

        CaviTable fits = new CaviSolver().Solve(wider, table, CaviOutputs.ErrorBounds);

        fits.IncompleteRowCount.Should().Be(table.RowCount);
        ShouldBeAsExpected(fits, reference, first: 0);
        ShouldBeAsExpected(new CaviSolver().Solve(wider, table, CaviOutputs.All), reference, first: 0, withElbos: true);
    }

    [Theory]
    [MemberData(nameof(ReferenceCase.Ids), MemberType = typeof(ReferenceCase))]
    public async Task Stream_IsAsExpected(string id)
    {
        ReferenceCase reference = ReferenceCase.Of(id);
        Matrix<double> table = Repeated(reference, extraColumns: 0);
        Matrix<double>[] chunks = [.. Enumerable.Range(0, table.RowCount).Chunk(7).Select(
            rows => table.SubMatrix(rows[0], rows.Length, 0, table.ColumnCount))];
        int first = 0;

        foreach (CaviTable fits in new CaviSolver().SolveChunks(reference.Model, chunks, CaviOutputs.ErrorBounds))
        {
            ShouldBeAsExpected(fits, reference, first);
            first += fits.RowCount;
        }

        first.Should().Be(table.RowCount);
        await foreach (CaviTable fits in new CaviSolver().SolveChunksAsync(reference.Model, chunks.ToAsyncEnumerable()))
        {
            ShouldBeAsExpected(fits, reference, first % table.RowCount, withBounds: false);
            first += fits.RowCount;
        }

        first.Should().Be(2 * table.RowCount);
    }

    [Theory]
    [MemberData(nameof(ReferenceCase.Ids), MemberType = typeof(ReferenceCase))]
    public void RowIntoBuffersOfTheCaller_IsAsExpected(string id)
    {
        ReferenceCase reference = ReferenceCase.Of(id);
        var means = new double[reference.Model.LatentCount];
        var variances = new double[means.Length];
        foreach (CaviMethod method in new[] { CaviMethod.Accelerated, CaviMethod.Direct })
        {
            var solver = new CaviSolver(new CaviOptions { Method = method });
            for (int n = 0; n < reference.Rows.Length; n++)
            {
                CaviSummary summary = solver.Solve(reference.Model, reference.Rows[n], means, variances);

                CaviResult result = solver.Solve(reference.Model, reference.Rows[n]);
                means.Should().Equal(result.MeanField.Means);
                variances.Should().Equal(result.Exact.Variances);
                summary.Should().Be(new CaviSummary
                {
                    Elbo = result.Elbo,
                    ErrorBound = result.ErrorBound,
                    Iterations = result.Iterations,
                    StopReason = result.StopReason,
                    Converged = result.Converged,
                });
            }
        }
    }

    /// <summary>Repeats a case's rows to more than a block of vectors and a rest, beside columns where all cells are missing.</summary>
    private static Matrix<double> Repeated(ReferenceCase reference, int extraColumns)
    {
        int width = reference.Model.ObservationCount;
        return Matrix<double>.Build.Dense(
            41, width + extraColumns, (n, k) => k < width ? reference.Rows[n % reference.Rows.Length][k] : double.NaN);
    }

    private static LinearGaussianModel Wider(LinearGaussianModel model) => model is GaussianSumModel sum
        ? new GaussianSumModel(sum.ObservationCount + 2, sum.NoiseVariance, sum.PriorMeans.AsSpan(), sum.PriorVariances.AsSpan())
        : new LinearGaussianModel(
            model.Loadings().Stack(Matrix<double>.Build.Dense(2, model.LatentCount, (k, j) => k - j + 0.5)),
            [.. model.Offset, 1, 2],
            [.. model.NoiseVariances, model.NoiseVariances.Min(), model.NoiseVariances.Max()],
            model.PriorMeans.AsSpan(),
            model.PriorVariances.AsSpan());

    private static void ShouldBeAsExpected(CaviTable fits, ReferenceCase reference, int first, bool withBounds = true, bool withElbos = false)
    {
        double[] variances = reference.ExactVariances, meanField = reference.MeanFieldVariances;
        for (int n = 0; n < fits.RowCount; n++)
        {
            int row = (first + n) % reference.Rows.Length;
            double error = reference.MeanError([.. fits.Means.Row(n)], row);
            error.Should().BeLessThanOrEqualTo(withBounds ? fits.ErrorBounds[n] : fits.LargestErrorBound, "row {0}", n);
            for (int j = 0; j < variances.Length; j++)
            {
                double expected = reference.PosteriorMeans[row][j];
                double scale = Math.Max(Math.Abs(expected), Math.Sqrt(reference.ExactVariances[j]));
                fits.Means[n, j].Should().BeApproximately(expected, Relative * scale, "row {0}, latent {1}", n, j);
                fits.Exact(n).Variances[j].Should().BeApproximately(variances[j], Relative * variances[j]);
                fits.MeanField(n).Variances[j].Should().BeApproximately(meanField[j], Relative * meanField[j]);
            }
        }

        for (int n = 0; withElbos && n < fits.RowCount; n++)
        {
            int row = (first + n) % reference.Rows.Length;
            fits.Elbos[n].Should().BeApproximately(reference.Elbos[row], Relative * Math.Abs(reference.Elbos[row]));
            fits.LogEvidences[n].Should().BeApproximately(reference.LogEvidences[row], Relative * Math.Abs(reference.LogEvidences[row]));
        }
    }
}
