using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.CoordinateAscent;

public sealed class CaviTableTests
{
    private static readonly GaussianSumModel Example = new();

    public static TheoryData<string, CaviMethod> ModelsAndMethods()
    {
        var data = new TheoryData<string, CaviMethod>();
        foreach (string model in TableCase.Names)
        {
            foreach (CaviMethod method in Enum.GetValues<CaviMethod>())
            {
                data.Add(model, method);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(ModelsAndMethods))]
    public void SolvingATable_EqualsSolvingItsRows(string name, CaviMethod method)
    {
        (LinearGaussianModel model, Matrix<double> table) = TableCase.Create(name, rows: 150);
        var solver = new CaviSolver(new CaviOptions { Method = method, Tolerance = method == CaviMethod.PlainSweeps ? 1e-6 : 1e-8 });

        CaviTable means = solver.Solve(model, table);
        CaviTable all = solver.Solve(model, table, CaviOutputs.All);

        all.Converged.Should().BeTrue();
        Matrix<double> variances = all.Variances(), meanField = all.MeanFieldVariances();
        for (int n = 0; n < table.RowCount; n++)
        {
            CaviResult alone = solver.Solve(model, table.Row(n).ToArray());
            for (int j = 0; j < model.LatentCount; j++)
            {
                double scale = Math.Abs(alone.MeanField.Means[j]) + Math.Sqrt(alone.Exact.Variances[j]);
                means.Means[n, j].Should().BeApproximately(alone.MeanField.Means[j], 1e-12 * scale, "row {0}", n);
                all.Means[n, j].Should().BeApproximately(alone.MeanField.Means[j], 1e-12 * scale, "row {0}", n);
                variances[n, j].Should().Be(alone.Exact.Variances[j], "row {0}", n);
                meanField[n, j].Should().Be(alone.MeanField.Variances[j], "row {0}", n);
            }

            all.MeanField(n).Variances.Should().Equal(alone.MeanField.Variances);
            all.MeanField(n).Means.Should().Equal(all.Means.Row(n));
            all.Exact(n).Means.Should().Equal(all.Means.Row(n));
            all.Exact(n).Variances.Should().Equal(alone.Exact.Variances);
            all.Elbos[n].Should().BeApproximately(alone.Elbo, 1e-12 * (1 + Math.Abs(alone.Elbo)));
            all.LogEvidences[n].Should().BeApproximately(alone.LogEvidence, 1e-12 * (1 + Math.Abs(alone.LogEvidence)));
        }

        means.IncompleteRowCount.Should().Be(table.EnumerateRows().Count(row => row.Any(double.IsNaN)));
    }

    [Theory]
    [MemberData(nameof(TableCase.Data), MemberType = typeof(TableCase))]
    public void RowMajorSpans_AndBuffersOfTheCaller_GiveTheSameBits(string name)
    {
        (LinearGaussianModel model, Matrix<double> table) = TableCase.Create(name, rows: 1_037);
        CaviTable expected = new CaviSolver().Solve(model, table, CaviOutputs.ErrorBounds);
        var means = new double[table.RowCount * model.LatentCount];
        double[] variances = new double[means.Length], meanFieldVariances = new double[means.Length];
        var bounds = new double[table.RowCount];
        var block = new CaviBuffers
        {
            ColumnMajorMeans = means,
            ColumnMajorVariances = variances,
            ColumnMajorMeanFieldVariances = meanFieldVariances,
            ErrorBounds = bounds,
        };

        CaviTable owned = new CaviSolver().Solve(model, RowSpan.RowMajor(table.ToRowMajorArray(), table.ColumnCount));
        CaviTableSummary summary = new CaviSolver().Solve(model, RowSpan.ColumnMajor(table.ToColumnMajorArray(), table.ColumnCount), block);

        owned.Means.ToColumnMajorArray().Should().Equal(expected.Means.ToColumnMajorArray());
        means.Should().Equal(expected.Means.ToColumnMajorArray());
        variances.Should().Equal(expected.Variances().ToColumnMajorArray());
        meanFieldVariances.Should().Equal(expected.MeanFieldVariances().ToColumnMajorArray());
        bounds.Should().Equal(expected.ErrorBounds);
        summary.Should().Be(new CaviTableSummary
        {
            RowCount = table.RowCount,
            UnconvergedRowCount = expected.UnconvergedRowCount,
            LargestErrorBound = expected.ErrorBounds.Max(),
        });
        summary.Converged.Should().BeTrue();
    }

    [Theory]
    [MemberData(nameof(TableCase.Data), MemberType = typeof(TableCase))]
    public void EveryVectorWidth_GivesTheSameBits(string name)
    {
        (LinearGaussianModel model, Matrix<double> table) = TableCase.Create(name, rows: 203);
        double[] expected = new CaviSolver().Solve(model, table).Means.ToColumnMajorArray();

        foreach (LaneWidth width in Enum.GetValues<LaneWidth>().Where(Lanes.IsSupported))
        {
            SolveWith(width, model, table).Should().Equal(expected, "{0}", width);
        }
    }

    [Theory]
    [InlineData("sum")]
    [InlineData("dense, a tenth missing")]
    [InlineData("dense, by pattern")]
    public void EveryNumberOfThreads_GivesTheSameBits(string name)
    {
        (LinearGaussianModel model, Matrix<double> table) = TableCase.Create(name, rows: (3 * TablePass.ShardRows) + 77);
        var options = new[] { 1, 2, 3, 16 }.Select(threads => new CaviOptions { MaxThreads = threads });

        CaviTable[] tables = [.. options.Select(option => new CaviSolver(option).Solve(model, table, CaviOutputs.ErrorBounds))];

        foreach (CaviTable other in tables[1..])
        {
            other.Means.ToColumnMajorArray().AsSpan().SequenceEqual(tables[0].Means.ToColumnMajorArray()).Should().BeTrue();
            other.ErrorBounds.AsSpan().SequenceEqual(tables[0].ErrorBounds.AsSpan()).Should().BeTrue();
            other.LargestErrorBound.Should().Be(tables[0].LargestErrorBound);
            other.UnconvergedRowCount.Should().Be(tables[0].UnconvergedRowCount);
            other.IncompleteRowCount.Should().Be(tables[0].IncompleteRowCount);
            other.Exact(table.RowCount - 1).Variances.Should().Equal(tables[0].Exact(table.RowCount - 1).Variances);
        }
    }

    [Fact]
    public void Totals_AreThoseOfTheRows()
    {
        (LinearGaussianModel model, Matrix<double> table) = TableCase.Create("dense, a tenth missing", rows: 500);
        double[] bounds = [.. new CaviSolver().Solve(model, table, CaviOutputs.ErrorBounds).ErrorBounds];
        double tolerance = bounds.Order().ElementAt(300);

        CaviTable strict = new CaviSolver(new CaviOptions { Tolerance = tolerance }).Solve(model, table);

        strict.LargestErrorBound.Should().Be(bounds.Max());
        strict.UnconvergedRowCount.Should().Be(bounds.Count(bound => bound > tolerance)).And.BeGreaterThan(0);
        strict.Converged.Should().BeFalse();
        strict.ToString().Should().StartWith($"500 rows, {strict.UnconvergedRowCount} not converged, means off by at most ").And.EndWith(" posterior sd");
    }

    [Fact]
    public void RowsThatHaveNotConverged_AreCounted()
    {
        Matrix<double> table = Matrix<double>.Build.DenseOfRowArrays([1.2, 0.8], [double.NaN, double.NaN], [double.NaN, 2.0]);
        var solver = new CaviSolver(new CaviOptions { Method = CaviMethod.PlainSweeps, MaxIterations = 1 });

        CaviTable fits = solver.Solve(Example, table, CaviOutputs.ErrorBounds);

        fits.Converged.Should().BeFalse();
        fits.UnconvergedRowCount.Should().Be(2, "only the row without observations is done after one sweep");
        fits.ErrorBounds[0].Should().Be(solver.Solve(Example, [1.2, 0.8]).ErrorBound);
    }

    [Fact]
    public void StopByChange_IsEachRowsOwn()
    {
        var solver = new CaviSolver(new CaviOptions { Method = CaviMethod.PlainSweeps, MeanChangeTolerance = 1e-3, Tolerance = 0 });
        Matrix<double> table = Matrix<double>.Build.DenseOfRowArrays([1.2, 0.8], [1000.0, 2000.0], [1e-3, 2e-3]);

        CaviTable fits = solver.Solve(Example, table, CaviOutputs.Elbos);

        for (int n = 0; n < 3; n++)
        {
            CaviResult alone = solver.Solve(Example, table.Row(n).ToArray());
            fits.Exact(n).Means.Should().Equal(alone.MeanField.Means);
            fits.Elbos[n].Should().Be(alone.Elbo);
        }
    }

    [Fact]
    public void RowWithoutObservations_ReturnsThePrior()
    {
        (LinearGaussianModel model, _) = TableCase.Create("dense, a tenth missing", rows: 1);
        Matrix<double> table = Matrix<double>.Build.Dense(40, model.ObservationCount, double.NaN);

        CaviTable fits = new CaviSolver().Solve(model, table, CaviOutputs.All);

        fits.IncompleteRowCount.Should().Be(40);
        for (int n = 0; n < 40; n++)
        {
            fits.Means.Row(n).Should().Equal(model.PriorMeans);
            fits.Exact(n).Variances.Should().Equal(model.PriorVariances);
            fits.LogEvidences[n].Should().Be(0);
            fits.Elbos[n].Should().Be(0);
        }
    }

    [Fact]
    public void SparseMatrix_IsSolvedAsWell()
    {
        Matrix<double> dense = Matrix<double>.Build.DenseOfRowArrays([1.2, 0.8], [0, 3], [0, 0]);

        new CaviSolver().Solve(Example, Matrix<double>.Build.SparseOfMatrix(dense)).Means.ToColumnMajorArray()
            .Should().Equal(new CaviSolver().Solve(Example, dense).Means.ToColumnMajorArray());
    }

    [Fact]
    public void OutputsThatWereNotAskedFor_AreRefused()
    {
        CaviTable fits = new CaviSolver().Solve(Example, Matrix<double>.Build.Dense(4, 2));

        FluentActions.Invoking(() => fits.ErrorBounds).Should().Throw<InvalidOperationException>()
            .WithMessage("ErrorBounds were not asked for; pass CaviOutputs.ErrorBounds to the solver.");
        FluentActions.Invoking(() => fits.Elbos).Should().Throw<InvalidOperationException>();
        FluentActions.Invoking(() => fits.LogEvidences).Should().Throw<InvalidOperationException>();
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(4)]
    public void RowOutsideTheTable_IsRefused(int row)
    {
        CaviTable fits = new CaviSolver().Solve(Example, Matrix<double>.Build.Dense(4, 2));

        FluentActions.Invoking(() => fits.Exact(row)).Should().Throw<ArgumentOutOfRangeException>().WithParameterName(nameof(row));
        FluentActions.Invoking(() => fits.MeanField(row)).Should().Throw<ArgumentOutOfRangeException>().WithParameterName(nameof(row));
    }

    [Theory]
    [InlineData(CaviMethod.Accelerated, 5)]
    [InlineData(CaviMethod.Accelerated, 40_000)]
    [InlineData(CaviMethod.PlainSweeps, 5)]
    public void FirstInfiniteCell_IsNamed(CaviMethod method, int row)
    {
        double[] values = new double[2 * 50_000];
        values[(2 * row) + 1] = double.NegativeInfinity;
        values[(2 * row) + 3] = double.PositiveInfinity;
        values[2 * (row - 3)] = double.NaN;
        var solver = new CaviSolver(new CaviOptions { Method = method });

        Refusal.Of<ArgumentException>(
            () => solver.Solve(Example, RowSpan.RowMajor(values, 2)),
            "rows",
            $"rows[{row}, 1] is -Infinity; it must be finite, or NaN when it is missing.");
    }

    [Theory]
    [InlineData("sum")]
    [InlineData("dense")]
    [InlineData("dense, by pattern")]
    public void RowOutOfRange_IsNamed(string name)
    {
        (LinearGaussianModel model, Matrix<double> table) = TableCase.Create(name, rows: 100);
        table[71, 1] = 1e200;
        table[90, 0] = 1e250;

        NonFiniteValueException exception = FluentActions.Invoking(() => new CaviSolver().Solve(model, table))
            .Should().ThrowExactly<NonFiniteValueException>().Which;

        exception.Row.Should().Be(71);
        exception.Message.Should().StartWith("the squared residual of the prior prediction is Infinity in row 71 at iteration 0;");
    }

    [Fact]
    public void BuffersOfAnotherLength_AreRefused()
    {
        var solver = new CaviSolver();
        var rows = new double[8];

        Refusal.Of<ArgumentException>(
            () => solver.Solve(Example, RowSpan.RowMajor(rows, 2), new CaviBuffers { ColumnMajorMeans = new double[11] }),
            "destination",
            "destination.ColumnMajorMeans has 11 elements; it must have 12, one for each row and latent, or none.");
        Refusal.Of<ArgumentException>(
            () => solver.Solve(Example, RowSpan.RowMajor(rows, 2), new CaviBuffers { Elbos = new double[3] }),
            "destination",
            "destination.Elbos has 3 elements; it must have 4, one for each row, or none.");
    }

    [Fact]
    public void BuffersThatAreNotGiven_AreNotFilled()
    {
        (LinearGaussianModel model, Matrix<double> table) = TableCase.Create("dense, a tenth missing", rows: 100);
        var evidences = new double[100];
        var rows = RowSpan.ColumnMajor(table.ToColumnMajorArray(), table.ColumnCount);

        CaviTableSummary summary = new CaviSolver().Solve(model, rows, new CaviBuffers());
        new CaviSolver().Solve(model, rows, new CaviBuffers { LogEvidences = evidences });

        CaviTable expected = new CaviSolver().Solve(model, table, CaviOutputs.LogEvidences);
        summary.LargestErrorBound.Should().Be(new CaviSolver().Solve(model, table).LargestErrorBound);
        evidences.Should().Equal(expected.LogEvidences);
    }

    [Fact]
    public void SpansThatAreNoTables_AreRefused()
    {
        Refusal.Of<ArgumentException>(
            () => _ = RowSpan.RowMajor(new double[7], 2), "values", "values has 7 elements; it must have a multiple of 2, the number of columns.");
        Refusal.Of<ArgumentOutOfRangeException>(
            () => _ = RowSpan.ColumnMajor(new double[7], 0), "columnCount", "columnCount is 0; it must be at least 1.");
        Refusal.Of<ArgumentException>(
            () => new CaviSolver().Solve(Example, RowSpan.RowMajor(new double[9], 3)),
            "rows",
            "rows has 3 columns; it must have 2, one for each observation.");
        Refusal.Of<ArgumentException>(
            () => new CaviSolver().Solve(Example, RowSpan.RowMajor([], 2)), "rows", "rows has no rows; it must have at least 1.");
    }

    [Fact]
    public void CancelledTable_Throws()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        var rows = new double[2 * 40_000];

        foreach (int threads in new[] { 1, 2 })
        {
            var solver = new CaviSolver(new CaviOptions { MaxThreads = threads });
            FluentActions.Invoking(() => solver.Solve(Example, RowSpan.RowMajor(rows, 2), cancellationToken: source.Token))
                .Should().Throw<OperationCanceledException>();
        }
    }

    [Fact]
    public void TableOfLongRuns_StopsSoonAfterItIsCancelled()
    {
        var model = new GaussianSumModel(10, 20, 1e-6);
        using var source = new CancellationTokenSource();
        var solver = new CaviSolver(new CaviOptions { Method = CaviMethod.PlainSweeps, MaxThreads = 2, MaxIterations = 20_000, Tolerance = 0 });
        source.CancelAfter(100);

        FluentActions.Invoking(() => solver.Solve(model, model.Sample(15_000, 1).Observations, cancellationToken: source.Token))
            .Should().Throw<OperationCanceledException>();
    }

    [Theory]
    [InlineData("sum, a tenth missing")]
    [InlineData("dense, a tenth missing")]
    [InlineData("dense, by pattern")]
    public void LargestErrorBound_OfRowsThatAllHaveMissingCells_IsThatOfARow(string name)
    {
        (LinearGaussianModel model, Matrix<double> table) = TableCase.Create(name, rows: 50);
        table.SetColumn(0, [.. Enumerable.Repeat(double.NaN, 50)]);
        table.ClearRows(3);
        table.SetRow(3, [.. Enumerable.Repeat(double.NaN, table.ColumnCount)]);

        CaviTable fits = new CaviSolver().Solve(model, table, CaviOutputs.ErrorBounds);

        fits.LargestErrorBound.Should().Be(fits.ErrorBounds.Max());
    }

    [Fact]
    public void UnknownOutputs_AreRefused() => Refusal.Of<ArgumentOutOfRangeException>(
        () => new CaviSolver().Solve(Example, Matrix<double>.Build.Dense(1, 2), (CaviOutputs)64),
        "outputs",
        "outputs is 64; it must be a combination of members of CaviOutputs.");

    [Fact]
    public void BuffersThatShareMemory_AreRefused()
    {
        var solver = new CaviSolver();
        double[] memory = new double[64];

        Refusal.Of<ArgumentException>(
            () => solver.Solve(Example, RowSpan.RowMajor(memory.AsSpan(0, 8), 2), new CaviBuffers { ColumnMajorMeans = memory.AsSpan(4, 12) }),
            "destination",
            "destination.ColumnMajorMeans shares memory with rows; each needs memory of its own.");
        Refusal.Of<ArgumentException>(
            () => solver.Solve(
                Example, RowSpan.RowMajor(new double[8], 2), new CaviBuffers { ColumnMajorVariances = memory.AsSpan(0, 12), Elbos = memory.AsSpan(11, 4) }),
            "destination",
            "destination.Elbos shares memory with destination.ColumnMajorVariances; each needs memory of its own.");
        Refusal.Of<ArgumentException>(
            () => solver.Solve(Example, [1, 2], memory.AsSpan(0, 3), memory.AsSpan(2, 3)),
            "variances",
            "variances shares memory with means; each needs memory of its own.");
    }

    [Fact]
    public void EachTwoBuffersThatShareMemory_AreRefusedByName()
    {
        string[] names = ["ColumnMajorMeans", "ColumnMajorVariances", "ColumnMajorMeanFieldVariances", "ErrorBounds", "Elbos", "LogEvidences"];
        for (int first = 0; first < names.Length; first++)
        {
            Refuse(rows: true, $"destination.{names[first]} shares memory with rows; each needs memory of its own.", first);
            for (int second = first + 1; second < names.Length; second++)
            {
                string message = $"destination.{names[second]} shares memory with destination.{names[first]}; each needs memory of its own.";
                Refuse(rows: false, message, first, second);
            }
        }

        static void Refuse(bool rows, string message, params int[] shared)
        {
            double[] memory = new double[12];
            Refusal.Of<ArgumentException>(
                () => new CaviSolver().Solve(
                    Example,
                    RowSpan.RowMajor(rows ? memory.AsSpan(0, 8) : new double[8], 2),
                    new CaviBuffers
                    {
                        ColumnMajorMeans = Buffer(0, 12),
                        ColumnMajorVariances = Buffer(1, 12),
                        ColumnMajorMeanFieldVariances = Buffer(2, 12),
                        ErrorBounds = Buffer(3, 4),
                        Elbos = Buffer(4, 4),
                        LogEvidences = Buffer(5, 4),
                    }),
                "destination",
                message);

            Span<double> Buffer(int index, int length) => shared.Contains(index) ? memory.AsSpan(0, length) : new double[length];
        }
    }

    [Fact]
    public void BufferOfAnotherLength_IsRefusedWithTheRightOne()
    {
        string[] names = ["ColumnMajorMeans", "ColumnMajorVariances", "ColumnMajorMeanFieldVariances", "ErrorBounds", "Elbos", "LogEvidences"];
        int[] lengths = [12, 12, 12, 4, 4, 4];
        for (int wrong = 0; wrong < names.Length; wrong++)
        {
            foreach (int length in new[] { lengths[wrong] - 1, lengths[wrong] + 1 })
            {
                string meaning = wrong < 3 ? "one for each row and latent" : "one for each row";
                Refuse(wrong, length, $"destination.{names[wrong]} has {length} elements; it must have {lengths[wrong]}, {meaning}, or none.");
            }
        }

        static void Refuse(int wrong, int length, string message)
        {
            Refusal.Of<ArgumentException>(
                () => new CaviSolver().Solve(
                    Example,
                    RowSpan.RowMajor(new double[8], 2),
                    new CaviBuffers
                    {
                        ColumnMajorMeans = Buffer(0, 12),
                        ColumnMajorVariances = Buffer(1, 12),
                        ColumnMajorMeanFieldVariances = Buffer(2, 12),
                        ErrorBounds = Buffer(3, 4),
                        Elbos = Buffer(4, 4),
                        LogEvidences = Buffer(5, 4),
                    }),
                "destination",
                message);

            Span<double> Buffer(int index, int right) => new double[index == wrong ? length : right];
        }
    }

    [Fact]
    public void PredictionsOutOfRange_AreRefused()
    {
        FluentActions.Invoking(() => new GaussianSumModel(1, 1e308, [1.7e308, 1.7e308], [1, 1])).Should().Throw<ArgumentException>()
            .WithMessage("The observations that the prior means predict are beyond double precision*");
        FluentActions.Invoking(() => new LinearGaussianModel(Matrix<double>.Build.Dense(1, 1, 1e200), [0], [1e300], [1e200], [1e-300]))
            .Should().Throw<ArgumentException>().WithMessage("The observations that the prior means predict are beyond double precision*");
    }

    [Theory]
    [MemberData(nameof(TableCase.Data), MemberType = typeof(TableCase))]
    public void TableIntoBuffersOfTheCaller_AllocatesNothingForARow(string name)
    {
        (LinearGaussianModel model, Matrix<double> table) = TableCase.Create(name, rows: 8_000);
        double[] values = table.ToRowMajorArray();
        var means = new double[table.RowCount * model.LatentCount];
        var variances = new double[means.Length];
        var solver = new CaviSolver(new CaviOptions { MaxThreads = 1 });
        Allocated(table.RowCount);

        long one = Allocated(table.RowCount / 8);
        long eight = Allocated(table.RowCount);

        eight.Should().BeLessThan(one + 1024, "7,000 more rows were solved");

        long Allocated(int rows)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            solver.Solve(
                model,
                RowSpan.RowMajor(values.AsSpan(0, rows * table.ColumnCount), table.ColumnCount),
                new CaviBuffers
                {
                    ColumnMajorMeans = means.AsSpan(0, rows * model.LatentCount),
                    ColumnMajorVariances = variances.AsSpan(0, rows * model.LatentCount),
                });
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    private static unsafe double[] SolveWith(LaneWidth width, LinearGaussianModel model, Matrix<double> table)
    {
        var means = new double[table.RowCount * model.LatentCount];
        fixed (double* cells = table.ToColumnMajorArray(), target = means)
        {
            RowView rows = RowView.Of(cells, RowSpan.ColumnMajor(table.ToColumnMajorArray(), table.ColumnCount), RowLabels.Of("table"));
            var pass = new TablePass(model, new CaviOptions(), rows, table.RowCount, new TableOutputs { Means = target })
            {
                Width = width,
            };
            pass.Run(CancellationToken.None);
        }

        return means;
    }
}
