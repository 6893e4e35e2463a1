using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Hybrid;

/// <summary>What an epoch does and reports: which rows it visits, with which draws, and what becomes of the learning rate.</summary>
public sealed class EpochTests
{
    private static readonly GaussianSumModel Model = new(3, 2, 0.5);
    private static readonly Matrix<double> Rows = Model.Sample(200, seed: 1).Observations;
    private static readonly Matrix<double> HeldOut = Model.Sample(50, seed: 2).Observations;

    [Theory]
    [InlineData(64, 1)]
    [InlineData(100, 2)]
    [InlineData(128, 2)]
    [InlineData(129, 3)]
    public void LastMinibatch_IsVisited_HoweverManyRowsItHas(int rows, int steps)
    {
        HybridResult result = Fit(Options(), First(rows));

        result.Failure.Should().BeNull();
        result.StopReason.Should().Be(StopReason.IterationLimit);
        result.Checkpoint.Steps.Should().Be(steps);
    }

    [Fact]
    public void TrainingElboAndOptimizationGap_AreMeansOfARow()
    {
        HybridOptions options = Options() with { CoordinateSweeps = 1, BatchSize = 80, Estimator = GradientEstimator.Analytic };

        HybridProgress once = Fit(options, First(40)).History[1];
        HybridProgress twice = Fit(options, First(40).Stack(First(40))).History[1];

        once.OptimizationGap.Should().BeGreaterThan(1e-3);
        twice.OptimizationGap.Should().BeApproximately(once.OptimizationGap, 1e-6 * once.OptimizationGap);
        twice.TrainingElbo.Should().BeApproximately(once.TrainingElbo, 1e-6 * Math.Abs(once.TrainingElbo));
    }

    [Fact]
    public void LearningRate_FallsAfterAnEpoch_WhoseImprovementIsTooSmallAShareOfTheHeldOutElbo()
    {
        HybridOptions options = Options() with { Patience = 1, ImprovementTolerance = 0 };
        HybridResult free = Fit(options, Rows);
        double improvement = free.History[0].AmortizationGap - free.History[1].AmortizationGap;
        double share = improvement / Math.Abs(free.History[0].ValidationElbo);

        Rates(0.999 * share).Should().Equal(0.01, 0.01, 0.01);
        Rates(1.001 * share).Should().Equal(0.01, 0.01, 0.005);
        free.ApproximationGap.Should().BeGreaterThan(0.1, "the ELBO must be far from the evidence");

        double[] Rates(double tolerance) =>
            [.. Fit(options with { ImprovementTolerance = tolerance, MaxEpochs = 2 }, Rows).History.Select(progress => progress.LearningRate)];
    }

    [Fact]
    public void EachStep_HasDrawsOfItsOwn()
    {
        // So small steps that the gradient hardly changes but for the draws; two shards a step.
        HybridOptions options = Options() with
        {
            BatchSize = 128,
            Estimator = GradientEstimator.Reparameterized,
            Optimizer = new Sgd { LearningRate = 1e-6, Momentum = 0 },
        };
        double[] start = Encoder().Parameters.ToArray();

        double[] one = Fit(options, First(128)).Checkpoint.State.Current;
        double[] two = Fit(options with { MaxEpochs = 2 }, First(128)).Checkpoint.State.Current;

        double[] first = [.. one.Zip(start, (a, b) => a - b)];
        double[] second = [.. two.Zip(one, (a, b) => a - b)];
        first.Max(Math.Abs).Should().BeGreaterThan(0);
        first.Zip(second, (a, b) => Math.Abs(a - b)).Max().Should().BeGreaterThan(1e-3 * first.Max(Math.Abs));
    }

    [Fact]
    public void AverageOfTheParameters_ReachesBackThreeEpochs()
    {
        int round = 0;
        using var cancellation = new CancellationTokenSource();
        double[] start = Encoder().Parameters.ToArray();

        TrainingState<HybridProgress> state = new HybridSolver(Options()).Fit(
            Model, Encoder(), Chunks(), HeldOut, cancellationToken: cancellation.Token).Checkpoint.State;

        state.Step.Should().Be(1);
        for (int i = 0; i < start.Length; i++)
        {
            double step = state.Current[i] - start[i];
            state.Average[i].Should().BeApproximately(start[i] + (step / (1 + (3 * 2))), 1e-9);
        }

        IEnumerable<Matrix<double>> Chunks()
        {
            bool cancels = round++ == 1;
            yield return First(64);
            if (cancels)
            {
                cancellation.Cancel();
            }

            yield return Rows.SubMatrix(64, 64, 0, 2);
        }
    }

    [Fact]
    public void Resume_OfATrainingThatIsAllButExact_GoesOn()
    {
        HybridOptions options = Options() with { Estimator = GradientEstimator.Analytic, GapTolerance = 5e-5, MaxEpochs = 1_000 };
        HybridResult result = new HybridSolver(options).Fit(Model, new MlpEncoder(2, 1), Rows);

        HybridResult resumed = new HybridSolver(options with { GapTolerance = 0, MaxEpochs = result.Epochs + 1 }).Resume(Model, result.Checkpoint, Rows);

        result.Converged.Should().BeTrue();
        resumed.Epochs.Should().Be(result.Epochs + 1);
    }

    [Fact]
    public void Resume_WithOtherLatents_NamesThoseOfBoth()
    {
        HybridOptions options = Options() with { AmortizedLatents = [0, 1] };
        HybridCheckpoint checkpoint = new HybridSolver(options).Fit(Model, new MlpEncoder(2, 2), Rows).Checkpoint;

        Refusal.Of<ArgumentException>(
            () => new HybridSolver(options with { AmortizedLatents = [0, 2] }).Resume(Model, checkpoint, Rows),
            "checkpoint",
            "The checkpoint has an encoder of the latents [0, 1]; AmortizedLatents is [0, 2] and must be the same.");
    }

    private static HybridOptions Options() => new() { BatchSize = 64, MaxEpochs = 1, GapTolerance = 0, ShuffleRows = false };

    private static HybridResult Fit(HybridOptions options, Matrix<double> rows) =>
        new HybridSolver(options).Fit(Model, Encoder(), [rows], HeldOut);

    private static MlpEncoder Encoder() => new(2, 1, [6], seed: 3);

    private static Matrix<double> First(int rows) => Rows.SubMatrix(0, rows, 0, 2);
}
