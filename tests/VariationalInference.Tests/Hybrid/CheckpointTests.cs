using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Random;
using VariationalInference.Tests.Persistence;
using Xunit;

namespace VariationalInference.Tests.Hybrid;

/// <summary>Training that stops and goes on is training that never stopped, to the last bit.</summary>
public sealed class CheckpointTests
{
    private static readonly GaussianSumModel Model = new(4, 3, 0.5);
    private static readonly Matrix<double> Rows = Model.Sample(400, seed: 1).Observations;

    public static TheoryData<GradientEstimator, int?, string> Runs
    {
        get
        {
            var data = new TheoryData<GradientEstimator, int?, string>();
            foreach (GradientEstimator estimator in Enum.GetValues<GradientEstimator>())
            {
                data.Add(estimator, null, "adam");
                data.Add(estimator, 1, "sgd");
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public void Resume_FromTheEndOfAnEpoch_ByFile_SameBits(GradientEstimator estimator, int? sweeps, string optimizer)
    {
        HybridOptions options = Options(8) with { Estimator = estimator, CoordinateSweeps = sweeps, Optimizer = Optimizer(optimizer) };
        HybridResult whole = new HybridSolver(options).Fit(Model, Encoder(), Rows);
        HybridResult first = new HybridSolver(options with { MaxEpochs = 3 }).Fit(Model, Encoder(), Rows);
        using var folder = new TemporaryFolder();
        first.Checkpoint.Save(folder.File("run"));

        HybridResult second = new HybridSolver(options).Resume(Model, HybridCheckpoint.Load(folder.File("run")), Rows);

        second.ShouldBeTheSameAs(whole);
        first.Checkpoint.Epochs.Should().Be(3);
        second.History[^1].Elapsed.Should().BeGreaterThan(first.History[^1].Elapsed);
    }

    [Fact]
    public void Cancel_AtARandomStepAHundredTimes_AUsableResult_ThatGoesOnToTheSameBits()
    {
        HybridOptions options = Options(4) with { Estimator = GradientEstimator.StickingTheLanding };
        HybridResult whole = new HybridSolver(options).Fit(Model, Encoder(), Rows);
        long steps = whole.Checkpoint.Steps;
        var random = new Xoshiro256StarStar(7, threadSafe: false);
        for (int time = 0; time < 100; time++)
        {
            using var cancellation = new CancellationTokenSource();
            var encoder = new CancellingEncoder(Encoder(), cancellation, atPass: random.Next((int)steps));

            HybridResult result = new HybridSolver(options).Fit(Model, encoder, Rows, cancellationToken: cancellation.Token);

            result.StopReason.Should().Be(StopReason.Cancelled);
            result.AmortizationGap.Should().BeLessThanOrEqualTo(result.History[0].AmortizationGap);
            result.Infer([1, 2, 3]).MeanField.Means.Should().OnlyContain(mean => double.IsFinite(mean));
            new HybridSolver(options).Resume(Model, result.Checkpoint, Rows).ShouldBeTheSameAs(whole);
        }
    }

    [Fact]
    public void CheckpointPath_HoldsTheStateOnTheWayAndAtTheEnd()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("run");
        HybridOptions options = Options(5) with { CheckpointPath = path, CheckpointEpochs = 2 };
        var seen = new List<int>();
        HybridResult whole = new HybridSolver(options).Fit(Model, Encoder(), Rows, new Callback(progress =>
            seen.Add(File.Exists(path) ? HybridCheckpoint.Load(path).Epochs : -1)));

        seen.Should().Equal(-1, -1, -1, 2, 2, 4);
        HybridCheckpoint last = HybridCheckpoint.Load(path);
        last.Epochs.Should().Be(5);
        last.History.Should().BeEquivalentTo(whole.History);
        last.AmortizationGap.Should().Be(whole.AmortizationGap);
        last.BestEncoder().Parameters.ToArray().Should().Equal(whole.Encoder.Parameters.ToArray());
        last.Options.Should().Be(options with { CheckpointPath = null });
        folder.Names.Should().Equal("run");
        whole.CheckpointFailure.Should().BeNull();
        last.ToString().Should().StartWith("MlpEncoder 3-6-2 tanh, 5 epochs");
    }

    [Fact]
    public void CheckpointPath_ThatCannotBeWritten_DoesNotEndTraining()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("taken"), "old");
        File.SetAttributes(folder.File("taken"), FileAttributes.ReadOnly);
        HybridResult result = new HybridSolver(Options(3) with { CheckpointPath = folder.File("taken"), CheckpointEpochs = 1 }).Fit(Model, Encoder(), Rows);
        result.StopReason.Should().Be(StopReason.IterationLimit);
        result.CheckpointFailure.Should().BeOfType<UnauthorizedAccessException>();
        result.ShouldBeTheSameAs(new HybridSolver(Options(3)).Fit(Model, Encoder(), Rows));
    }

    [Fact]
    public void CheckpointPath_InAFolderThatIsNotThere_IsRefusedBeforeAnyWork()
    {
        HybridOptions options = Options(3) with { CheckpointPath = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString("N"), "run") };
        ((Action)(() => new HybridSolver(options).Fit(Model, Encoder(), Rows))).Should().Throw<DirectoryNotFoundException>().WithMessage("CheckpointPath is *");
        Refusal.Of<ArgumentException>(
            () => new HybridSolver(options with { CheckpointPath = Path.GetTempPath() }).Fit(Model, Encoder(), Rows), "model", "CheckpointPath is ");
        ((Action)(() => _ = new HybridOptions { CheckpointPath = "  " })).Should().Throw<ArgumentException>().WithParameterName("CheckpointPath");
        Refusal.Of<ArgumentException>(
            () => _ = new HybridOptions { CheckpointPath = "a\0b" }, "CheckpointPath", "CheckpointPath has the null character at position 1;");
        ((Action)(() => _ = new HybridOptions { CheckpointEpochs = 0 })).Should().Throw<ArgumentException>().WithParameterName("CheckpointEpochs");
    }

    [Fact]
    public void Resume_WithMoreEpochs_GoesOn_AndWithNoneLeft_StopsAtOnce()
    {
        HybridResult first = new HybridSolver(Options(3)).Fit(Model, Encoder(), Rows);
        HybridResult again = new HybridSolver(Options(3)).Resume(Model, first.Checkpoint, Rows);
        again.ShouldBeTheSameAs(first);
        new HybridSolver(Options(6)).Resume(Model, first.Checkpoint, Rows).Epochs.Should().Be(6);
        new HybridSolver(Options(6)).Resume(Model, first.Checkpoint, Rows).ShouldBeTheSameAs(
            new HybridSolver(Options(6)).Resume(Model, first.Checkpoint, Rows));
    }

    [Fact]
    public void Resume_OfAnEncoderOfOnesOwn_ByFile_SameBits()
    {
        using var cancellation = new CancellationTokenSource();
        HybridResult whole = new HybridSolver(Options(6)).Fit(Model, new CancellingEncoder(Encoder(), cancellation, -1), Rows);
        HybridResult first = new HybridSolver(Options(2)).Fit(Model, new CancellingEncoder(Encoder(), cancellation, -1), Rows);
        using var folder = new TemporaryFolder();
        first.Checkpoint.Save(folder.File("run"));

        ((Action)(() => HybridCheckpoint.Load(folder.File("run")))).Should().Throw<ArgumentNullException>().WithParameterName("encoder");
        var outputs = new double[2];
        HybridCheckpoint checkpoint = HybridCheckpoint.Load(folder.File("run"), new CancellingEncoder(Encoder(), cancellation, -1));

        checkpoint.BestEncoder().CreateTape(1).Forward([1, 2, 3], outputs);
        double variance = RepeatableFunctions.Exp(new System.Numerics.Vector<double>(outputs[1]))[0];
        (outputs[0], variance).Should().Be((first.Infer([1, 2, 3]).MeanField.Means[0], first.Infer([1, 2, 3]).MeanField.Variances[0]), "the scales come back too");
        new HybridSolver(Options(6)).Resume(Model, checkpoint, Rows).ShouldBeTheSameAs(whole);
    }

    [Fact]
    public void Resume_AfterDivergence_StandsAtTheBestParameters()
    {
        HybridOptions wild = Options(20) with { Optimizer = new Sgd { LearningRate = 1e8 }, Patience = 100 };
        HybridResult diverged = new HybridSolver(wild).Fit(Model, Encoder(), Rows);
        diverged.StopReason.Should().Be(StopReason.Diverged);

        HybridResult result = new HybridSolver(wild with { Optimizer = new Sgd { LearningRate = 0.01 } }).Resume(Model, diverged.Checkpoint, Rows);

        result.StopReason.Should().Be(StopReason.IterationLimit);
        result.AmortizationGap.Should().BeLessThan(diverged.AmortizationGap);
    }

    [Fact]
    public void Resume_WithAnythingElse_SaysWhatDiffers()
    {
        HybridCheckpoint checkpoint = new HybridSolver(Options(1)).Fit(Model, Encoder(), Rows).Checkpoint;
        Refused(Options(2), Model, Rows.SubMatrix(0, 399, 0, 3), "checkpoint", "The checkpoint was made with 360 training rows; there are 359 now");
        Refused(Options(2), Model, Rows + 1, "checkpoint", "The held-out rows are not those of the checkpoint;");
        Refused(Options(2), new GaussianSumModel(4, 3, 0.6), Rows, "checkpoint", "The model's numbers (prior, loadings, offset, noise variances) are not");
        Refused(Options(2), new GaussianSumModel(4, 3, 0.5 * 1.0000001), Rows, "checkpoint", "The model's numbers (prior, loadings, offset, noise variances) are not");
        Refused(Options(2) with { Seed = 5 }, Model, Rows, "checkpoint", "The held-out rows are not those of the checkpoint;");
        Refused(Options(2) with { CoordinateSweeps = 1 }, Model, Rows, "checkpoint", "The checkpoint holds 0 coordinate means, and there must be 1080");
        Refused(Options(2) with { Optimizer = new Sgd() }, Model, Rows, "checkpoint", "The checkpoint holds the state of adam; Optimizer is sgd");
        Refused(Options(2) with { AmortizedLatents = [1] }, Model, Rows, "checkpoint", "The checkpoint has an encoder of the latents [0]; AmortizedLatents is [1]");
        ((Action)(() => new HybridSolver().Resume(Model, null!, Rows))).Should().Throw<ArgumentNullException>().WithParameterName("checkpoint");

        void Refused(HybridOptions options, GaussianSumModel model, Matrix<double> rows, string parameter, string message) =>
            Refusal.Of<ArgumentException>(() => new HybridSolver(options).Resume(model, checkpoint, rows), parameter, message);
    }

    [Fact]
    public void Resume_OfAModelWithTheSameEvidenceAndOtherLatents_IsRefused()
    {
        LinearGaussianModel Of(double[,] loadings) => new(Matrix<double>.Build.DenseOfArray(loadings), [0, 0, 0], [1, 1, 1], [0, 0], [1, 1]);
        LinearGaussianModel model = Of(new[,] { { 1, 3.0 }, { 2, 0.5 }, { 1, 1 } });
        LinearGaussianModel exchanged = Of(new[,] { { 3.0, 1 }, { 0.5, 2 }, { 1, 1 } });
        HybridCheckpoint checkpoint = new HybridSolver(Options(5)).Fit(model, Encoder(), Rows).Checkpoint;
        Refusal.Of<ArgumentException>(
            () => new HybridSolver(Options(6)).Resume(exchanged, checkpoint, Rows), "checkpoint", "The model's numbers (prior, loadings, offset, noise variances) are not");
        Refusal.Of<ArgumentException>(
            () => new HybridSolver(Options(6)).Resume(exchanged, WithoutFingerprint(checkpoint), Rows),
            "checkpoint",
            "The best parameters of the checkpoint have a mean amortization gap of");
    }

    [Fact]
    public void Resume_WithOneTrainingValueChangedByABit_IsRefused()
    {
        HybridOptions options = Options(1) with { ShuffleRows = false };
        HybridCheckpoint checkpoint = new HybridSolver(options).Fit(Model, Encoder(), Rows).Checkpoint;
        Matrix<double> changed = Rows.Clone();
        changed[17, 1] = Math.BitIncrement(changed[17, 1]);

        Refusal.Of<ArgumentException>(
            () => new HybridSolver(options).Resume(Model, checkpoint, changed), "checkpoint", "The training rows are not those of the checkpoint;");
    }

    [Fact]
    public void Resume_FromAFileWithoutFingerprints_GoesOn_KnownByTheHeldOutEvidence()
    {
        using var folder = new TemporaryFolder();
        HybridResult first = new HybridSolver(Options(2)).Fit(Model, Encoder(), Rows);
        WithoutFingerprint(first.Checkpoint).Save(folder.File("run"));
        HybridCheckpoint old = HybridCheckpoint.Load(folder.File("run"));

        HybridResult resumed = new HybridSolver(Options(4)).Resume(Model, old, Rows);

        old.State.Fingerprint.Should().BeNull();
        resumed.ShouldBeTheSameAs(new HybridSolver(Options(4)).Fit(Model, Encoder(), Rows));
        resumed.Checkpoint.State.Fingerprint.Should().Be(first.Checkpoint.State.Fingerprint).And.NotBeNull();
        Refusal.Of<ArgumentException>(
            () => new HybridSolver(Options(4)).Resume(new GaussianSumModel(4, 3, 0.6), old, Rows),
            "checkpoint",
            "The held-out rows have a mean log evidence of");
    }

    [Fact]
    public void Resume_AfterDivergenceWithSweeps_StandsAtTheBestParameters()
    {
        HybridOptions wild = Options(4) with { Optimizer = new Sgd { LearningRate = 1e250 }, CoordinateSweeps = 1 };
        HybridResult diverged = new HybridSolver(wild).Fit(Model, Encoder(), Rows);
        diverged.StopReason.Should().Be(StopReason.Diverged);
        using var folder = new TemporaryFolder();
        diverged.Checkpoint.Save(folder.File("run"));

        HybridCheckpoint checkpoint = HybridCheckpoint.Load(folder.File("run"));
        HybridResult result = new HybridSolver(wild with { Optimizer = new Sgd { LearningRate = 0.01 } }).Resume(Model, checkpoint, Rows);

        result.StopReason.Should().Be(StopReason.IterationLimit);
        double.IsFinite(result.History[^1].TrainingElbo).Should().BeTrue();
    }

    [Fact]
    public void MaxThreads_BeyondAllWork_StartsNoMoreThanThereIsWorkFor()
    {
        HybridOptions options = Options(1) with { MaxThreads = int.MaxValue };
        new HybridSolver(options).Fit(Model, Encoder(), Rows).ShouldBeTheSameAs(new HybridSolver(Options(1)).Fit(Model, Encoder(), Rows));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void ProgressThatThrows_EndsTraining_WithTheBestSoFar_AndItCanGoOn(int atEpoch)
    {
        HybridResult whole = new HybridSolver(Options(4)).Fit(Model, Encoder(), Rows);
        var failure = new FormatException("No pen.");

        HybridResult result = new HybridSolver(Options(4)).Fit(Model, Encoder(), Rows, new Callback(progress =>
        {
            if (progress.Epoch == atEpoch)
            {
                throw failure;
            }
        }));

        result.StopReason.Should().Be(StopReason.Failed);
        result.Failure.Should().BeSameAs(failure);
        result.Epochs.Should().Be(atEpoch);
        new HybridSolver(Options(4)).Resume(Model, result.Checkpoint, Rows).ShouldBeTheSameAs(whole);
    }

    [Fact]
    public void EncoderThatThrows_EndsTraining_WithTheBestSoFar()
    {
        using var cancellation = new CancellationTokenSource();
        var encoder = new CancellingEncoder(Encoder(), cancellation, atPass: 9, throws: true);

        HybridResult result = new HybridSolver(Options(4)).Fit(Model, encoder, Rows);

        result.StopReason.Should().Be(StopReason.Failed);
        result.Failure.Should().BeOfType<NotSupportedException>();
        result.AmortizationGap.Should().BeLessThan(result.History[0].AmortizationGap);
        result.Infer([1, 2, 3]).MeanField.Means.Should().OnlyContain(mean => double.IsFinite(mean));
    }

    private static HybridOptions Options(int epochs) => new() { BatchSize = 64, MaxEpochs = epochs, GapTolerance = 0, Patience = 2 };

    private static Optimizer Optimizer(string kind) => kind == "adam" ? new Adam() : new Sgd { LearningRate = 0.01 };

    /// <summary>What a version of the library that knew no fingerprints would have made.</summary>
    private static HybridCheckpoint WithoutFingerprint(HybridCheckpoint checkpoint)
    {
        TrainingState<HybridProgress> state = checkpoint.State;
        return new HybridCheckpoint(checkpoint.BestEncoder(), checkpoint.Options, checkpoint.Scales, TrainingStateJson.Read(TrainingStateJson.Write(state))
            .ToState(fingerprint: null, state.Current, state.Average, state.Best, state.Carried, state.Optimizer, state.History));
    }

    private static MlpEncoder Encoder() => new(3, 1, [6], seed: 3);

    private sealed class Callback(Action<HybridProgress> report) : IProgress<HybridProgress>
    {
        public void Report(HybridProgress value) => report(value);
    }

    /// <summary>A perceptron that in one of its backward passes cancels its training, or throws.</summary>
    private sealed class CancellingEncoder(MlpEncoder inner, CancellationTokenSource cancellation, int atPass, bool throws = false) : IEncoder
    {
        private int _passes;

        public int ObservationCount => inner.ObservationCount;

        public int LatentCount => inner.LatentCount;

        public Memory<double> Parameters => inner.Parameters;

        public void Calibrate(EncoderScales scales) => inner.Calibrate(scales);

        public INetworkTape CreateTape(int capacity) => new Tape(this, inner.CreateTape(capacity));

        public IEncoder Clone() => new CancellingEncoder(inner.Clone(), cancellation, atPass, throws);

        public string Kind => "cancelling";

        public void Write(ModelState state) => inner.Write(state);

        public IEncoder Read(ModelState state) =>
            new CancellingEncoder((MlpEncoder)((IEncoder)inner).Read(state), cancellation, atPass, throws);

        private void Pass()
        {
            if (Interlocked.Increment(ref _passes) - 1 == atPass)
            {
                if (throws)
                {
                    throw new NotSupportedException();
                }

                cancellation.Cancel();
            }
        }

        private sealed class Tape(CancellingEncoder owner, INetworkTape tape) : INetworkTape
        {
            public void Forward(ReadOnlySpan<double> inputs, Span<double> outputs) => tape.Forward(inputs, outputs);

            public void Backward(ReadOnlySpan<double> outputGradients, Span<double> parameterGradient)
            {
                tape.Backward(outputGradients, parameterGradient);
                owner.Pass();
            }
        }
    }
}
