using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.CoordinateAscent;

/// <summary>A row that is cancelled keeps what it has; a table that is cancelled throws, wherever it is; neither harms what comes after.</summary>
public sealed class CaviCancellationTests
{
    private static readonly GaussianSumModel Slow = new(latentCount: 3, observationCount: 2, noiseVariance: 1e-12);

    /// <summary>Sweeps that shrink the error by a part in 1e12 each, without an end.</summary>
    private static readonly CaviOptions Endless = new() { Method = CaviMethod.PlainSweeps, MaxIterations = int.MaxValue, Tolerance = 0 };

    private static readonly CancellationToken Cancelled = new(canceled: true);

    [Theory]
    [InlineData(CaviMethod.Accelerated)]
    [InlineData(CaviMethod.PlainSweeps)]
    [InlineData(CaviMethod.Direct)]
    public void Row_CancelledBeforehand_IsItsStartWithItsBound(CaviMethod method)
    {
        var solver = new CaviSolver(new CaviOptions { Method = method });
        double[] means = new double[3], variances = new double[3];

        CaviResult fit = solver.Solve(new GaussianSumModel(), [1.2, 0.8], [0.25, 0.5, 0.75], Cancelled);
        CaviSummary summary = solver.Solve(new GaussianSumModel(), [1.2, 0.8], means, variances, Cancelled);

        fit.StopReason.Should().Be(StopReason.Cancelled);
        fit.Iterations.Should().Be(0);
        fit.Converged.Should().BeFalse();
        fit.MeanField.Means.Should().Equal(0.25, 0.5, 0.75);
        fit.ElboTrace.Should().Equal(fit.Elbo);
        fit.ErrorBound.Should().BeGreaterThan(Math.Abs((2 / 7.0) - 0.75) / Math.Sqrt(5 / 7.0));
        summary.StopReason.Should().Be(StopReason.Cancelled);
        means.Should().Equal(0, 0, 0);

        // g = Bᵀw of a start at zero: the norm of (2, 2, 2), and nothing else but rounding.
        summary.ErrorBound.Should().BeApproximately(Math.Sqrt(12), 1e-12);
        variances.Should().AllSatisfy(variance => variance.Should().BeApproximately(5 / 7.0, 1e-15));
    }

    [Fact]
    public async Task Row_OfSweepsWithoutAnEnd_EndsWhereItIsCancelled()
    {
        using var source = new CancellationTokenSource(millisecondsDelay: 20);

        CaviResult fit = await Task.Run(() => new CaviSolver(Endless).Solve(Slow, [1, 2], cancellationToken: source.Token)).WaitAsync(TimeSpan.FromMinutes(1));

        fit.StopReason.Should().Be(StopReason.Cancelled);
        fit.ElboTrace.Should().HaveCount(fit.Iterations + 1);
        fit.Elbo.Should().Be(fit.ElboTrace[^1]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Table_OfSweepsWithoutAnEnd_IsCancelledWithinARow(int threads)
    {
        using var source = new CancellationTokenSource(millisecondsDelay: 20);
        Matrix<double> table = Slow.Sample(200, seed: 1).Observations;
        var solver = new CaviSolver(Endless with { MaxThreads = threads });

        Func<Task> solve = () => Task.Run(() => solver.Solve(Slow, table, cancellationToken: source.Token)).WaitAsync(TimeSpan.FromMinutes(1));

        await solve.Should().ThrowAsync<OperationCanceledException>();
    }

    [Theory]
    [InlineData(CaviOutputs.None)]
    [InlineData(CaviOutputs.All)]
    public void FirstTable_Cancelled_LeavesTheModelAsItWas(CaviOutputs outputs)
    {
        LinearGaussianModel model = Square(40);
        Matrix<double> table = model.Sample(5, seed: 2).Observations;
        table[1, 3] = double.NaN;
        CaviTable expected = new CaviSolver().Solve(Square(40), table, outputs);

        Action solve = () => new CaviSolver().Solve(model, table, outputs, Cancelled);

        solve.Should().Throw<OperationCanceledException>();
        new CaviSolver().Solve(model, table, outputs).Means.Enumerate().Should().Equal(expected.Means.Enumerate());
    }

    [Fact]
    public void Response_OfAModelOfHundredsOfLatents_IsGivenUpBetweenItsColumns()
    {
        SharedShape shape = Square(300).Structure.Complete;
        using var source = new CancellationTokenSource();
        shape.Precision.Prepare(source.Token);
        source.Cancel();

        Action respond = () => _ = new RowResponse(shape, source.Token);

        respond.Should().Throw<OperationCanceledException>();
    }

    [Fact]
    public void Factor_OfAModelOfHundredsOfLatents_IsNotWaitedFor()
    {
        SharedShape shape = Square(300).Structure.Complete;
        using var source = new CancellationTokenSource();
        source.Cancel();

        Action prepare = () => shape.Precision.Prepare(source.Token);

        prepare.Should().Throw<OperationCanceledException>();
    }

    private static LinearGaussianModel Square(int count)
    {
        var random = new Random(count);
        return new LinearGaussianModel(
            Matrix<double>.Build.Dense(count, count, (_, _) => random.NextDouble() - 0.5),
            new double[count],
            [.. Enumerable.Repeat(1.0, count)],
            GaussianPrior.Independent(count));
    }
}
