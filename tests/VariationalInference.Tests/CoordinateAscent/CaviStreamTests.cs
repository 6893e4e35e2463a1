using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.CoordinateAscent;

public sealed class CaviStreamTests
{
    private static readonly GaussianSumModel Example = new();

    [Fact]
    public void Chunks_GiveTheTablesBits_InOrder_AndReportProgress()
    {
        (LinearGaussianModel model, Matrix<double> table) = TableCase.Create("dense, a tenth missing", rows: 1_000);
        var reports = new List<long>();

        CaviTable[] chunks = [.. new CaviSolver().SolveChunks(model, Chunks(table, 300), CaviOutputs.All, new Callback(reports.Add))];

        CaviTable whole = new CaviSolver().Solve(model, table, CaviOutputs.All);
        chunks.Select(chunk => chunk.RowCount).Should().Equal(300, 300, 300, 100);
        reports.Should().Equal(300, 600, 900, 1000);
        chunks.SelectMany(chunk => chunk.Elbos).Should().Equal(whole.Elbos);
        chunks.SelectMany(chunk => chunk.Means.Column(0)).Should().Equal(whole.Means.Column(0));
    }

    [Fact]
    public void Chunks_AreReadOneAtATime_AsTheirOutcomesAreAskedFor()
    {
        int read = 0;
        IEnumerable<Matrix<double>> Source()
        {
            for (; read < 100; read++)
            {
                yield return Matrix<double>.Build.Dense(10, 2, read);
            }
        }

        IEnumerable<CaviTable> outcomes = new CaviSolver().SolveChunks(Example, Source());

        read.Should().Be(0);
        outcomes.Take(3).Last().Means[0, 0].Should().BeApproximately(4 / 7.0, 1e-12);
        read.Should().BeLessThanOrEqualTo(3);
    }

    [Fact]
    public async Task AsyncChunks_AreCancellable()
    {
        using var source = new CancellationTokenSource();
        int done = 0;

        Func<Task> act = async () =>
        {
            IAsyncEnumerable<CaviTable> outcomes = new CaviSolver().SolveChunksAsync(Example, Endless().ToAsyncEnumerable());
            await foreach (CaviTable outcome in outcomes.WithCancellation(source.Token))
            {
                done += outcome.RowCount;
                if (done == 30)
                {
                    await source.CancelAsync();
                }
            }
        };

        await act.Should().ThrowAsync<OperationCanceledException>();
        done.Should().Be(30);
    }

    [Fact]
    public void Chunks_AreCancellable()
    {
        using var source = new CancellationTokenSource();
        IEnumerable<CaviTable> outcomes = new CaviSolver().SolveChunks(Example, Endless(), cancellationToken: source.Token);

        FluentActions.Invoking(() =>
        {
            foreach (CaviTable _ in outcomes)
            {
                source.Cancel();
            }
        }).Should().Throw<OperationCanceledException>();
    }

    [Fact]
    public void BadChunks_AreNamed()
    {
        Matrix<double> good = Matrix<double>.Build.Dense(3, 2);
        Matrix<double> infinite = Matrix<double>.Build.Dense(3, 2);
        infinite[2, 1] = double.PositiveInfinity;
        Matrix<double> far = Matrix<double>.Build.Dense(3, 2);
        far[1, 0] = 1e200;

        Refused([good, Matrix<double>.Build.Dense(3, 4)], "chunks[1] has 4 columns; it must have 2, one for each observation.");
        Refused([good, good, Matrix<double>.Build.Dense(0, 2)], "chunks[2] has no rows; it must have at least 1.");
        Refused([good, null!], "chunks[1] is null; it must be a table.");
        Refused([good, infinite], "chunks[1][2, 1] is Infinity; it must be finite, or NaN when it is missing.");
        FluentActions.Invoking(() => new CaviSolver().SolveChunks(Example, [good, good, far]).Count())
            .Should().ThrowExactly<NonFiniteValueException>().Which.Row.Should().Be(7);

        void Refused(Matrix<double>[] chunks, string message)
        {
            int outcomes = 0;
            Refusal.Of<ArgumentException>(() => outcomes = new CaviSolver().SolveChunks(Example, chunks).Select(_ => outcomes++).Count(), "chunks", message);
            outcomes.Should().BeGreaterThan(0, "good chunks before the bad one have been solved");
        }
    }

    [Fact]
    public void Nulls_AreRefusedAtOnce()
    {
        var solver = new CaviSolver();

        FluentActions.Invoking(() => solver.SolveChunks(null!, Endless())).Should().Throw<ArgumentNullException>().WithParameterName("model");
        FluentActions.Invoking(() => solver.SolveChunks(Example, (IEnumerable<Matrix<double>>)null!))
            .Should().Throw<ArgumentNullException>().WithParameterName("chunks");
        FluentActions.Invoking(() => solver.SolveChunksAsync(Example, (IAsyncEnumerable<Matrix<double>>)null!))
            .Should().Throw<ArgumentNullException>().WithParameterName("chunks");
    }

    private static IEnumerable<Matrix<double>> Endless()
    {
        while (true)
        {
            yield return Matrix<double>.Build.Dense(10, 2);
        }
    }

    private static IEnumerable<Matrix<double>> Chunks(Matrix<double> table, int size)
    {
        for (int first = 0; first < table.RowCount; first += size)
        {
            yield return table.SubMatrix(first, Math.Min(size, table.RowCount - first), 0, table.ColumnCount);
        }
    }

    private sealed class Callback(Action<long> report) : IProgress<long>
    {
        public void Report(long value) => report(value);
    }
}
