using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Training;

/// <summary>The loop with an objective that has no model, no encoder and no gap.</summary>
public sealed class TrainingLoopTests
{
    private const int RowCount = 500;
    private static readonly double[] Values = Draw();

    [Fact]
    public void LeastSquares_ComesToTheSolutionOfTheNormalEquations()
    {
        Matrix<double> table = Matrix<double>.Build.DenseOfRowMajor(RowCount, LeastSquares.Width, Values);
        Matrix<double> design = table.SubMatrix(0, RowCount, 0, 2).Append(Matrix<double>.Build.Dense(RowCount, 1, 1));
        Vector<double> expected = design.QR().Solve(table.Column(2));

        Run run = Train(Options(200) with { BatchSize = RowCount, Optimizer = new Sgd { LearningRate = 0.5, Momentum = 0 } });

        for (int i = 0; i < LeastSquares.Width; i++)
        {
            run.Parameters[i].Should().BeApproximately(expected[i], 1e-7);
        }

        run.State.BestLoss.Should().BeApproximately((table.Column(2) - (design * expected)).PointwisePower(2).Average(), 1e-12);
    }

    [Fact]
    public void EveryRow_IsVisitedOnceAnEpoch()
    {
        Run run = Train(Options(3));

        run.Reason.Should().Be(StopReason.IterationLimit);
        run.State.Carried.Should().HaveCount(RowCount).And.OnlyContain(visits => visits == 3);
        run.State.Step.Should().Be(3 * 4);
    }

    [Fact]
    public void AnyNumberOfThreads_SameBits() =>
        Train(Options(5), threads: 3).Parameters.Should().Equal(Train(Options(5), threads: 1).Parameters);

    [Theory]
    [InlineData(0, 4, 0)]
    [InlineData(14, 3, 256)]
    public void Resume_FromASavedState_SameBits(int cancelAtStep, int epoch, int visited)
    {
        Run whole = Train(Options(9));
        TrainingState<TrainingEpoch>? saved = null;
        Train(Options(cancelAtStep > 0 ? 9 : 4), save: state => saved = state.Copy(), cancelAtStep: cancelAtStep);

        Run resumed = Train(Options(9), saved);

        (saved!.Epoch, saved.Visited).Should().Be((epoch, visited));
        resumed.Parameters.Should().Equal(whole.Parameters);
        resumed.State.Current.Should().Equal(whole.State.Current);
        resumed.State.Carried.Should().Equal(whole.State.Carried);
        resumed.State.History.Select(known => known.Loss).Should().Equal(whole.State.History.Select(known => known.Loss));
    }

    [Fact]
    public void Resume_WithOneValueChangedByABit_IsRefused()
    {
        Run begun = Train(Options(2));
        double[] changed = [.. Values];
        changed[700] = Math.BitIncrement(changed[700]);

        Refusal.Of<ArgumentException>(
            () => Train(Options(4), begun.State, training: changed), "checkpoint", "The training rows are not those of the checkpoint;");
        Refusal.Of<ArgumentException>(
            () => Train(Options(4), begun.State, heldOut: changed), "checkpoint", "The held-out rows are not those of the checkpoint;");
    }

    private static Run Train(
        TrainingOptions options,
        TrainingState<TrainingEpoch>? resumed = null,
        Action<TrainingState<TrainingEpoch>>? save = null,
        double[]? training = null,
        double[]? heldOut = null,
        int threads = 2,
        int cancelAtStep = 0)
    {
        using var cancellation = new CancellationTokenSource();
        int step = 0;
        var objective = new LeastSquares(new LeastSquaresRows(heldOut ?? Values), () =>
        {
            if (++step == cancelAtStep)
            {
                cancellation.Cancel();
            }
        });
        if (resumed is not null)
        {
            objective.SetParameters(resumed.Current);
        }

        using var team = new ThreadTeam(threads);
        var rows = new TrainingRows<LeastSquaresRows>([new LeastSquaresRows(training ?? Values)], stayInMemory: true, _ => { }, CancellationToken.None);
        var loop = new TrainingLoop<LeastSquaresRows, TrainingEpoch>(
            rows, objective, options, resumed, team, save, progress: null, cancellation.Token);
        StopReason reason = loop.Run();
        return new Run(objective.Parameters, loop.State, reason);
    }

    private static TrainingOptions Options(int epochs) => new()
    {
        BatchSize = 128,
        MaxEpochs = epochs,
        Patience = 100,
        Optimizer = new Adam { LearningRate = 0.02 },
        Seed = 4,
        ShuffleRows = true,
        CheckpointEpochs = 100,
    };

    private static double[] Draw()
    {
        var normals = new double[RowCount * LeastSquares.Width];
        NormalStream.Fill(7, normals);
        for (int n = 0; n < RowCount; n++)
        {
            Span<double> row = normals.AsSpan(n * LeastSquares.Width, LeastSquares.Width);
            row[2] = (1.5 * row[0]) - (2 * row[1]) + 3 + (0.5 * row[2]);
        }

        return normals;
    }

    private sealed record Run(double[] Parameters, TrainingState<TrainingEpoch> State, StopReason Reason);
}
