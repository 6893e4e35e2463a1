using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using Xunit;

namespace VariationalInference.Tests.Hybrid;

/// <summary>Training over chunks that are read again in each epoch.</summary>
public sealed class ChunkTests
{
    private const int TrainingRows = 450;
    private static readonly GaussianSumModel Model = new(3, 2, 0.5);
    private static readonly Matrix<double> Rows = Model.Sample(500, seed: 1).Observations;
    private static readonly Matrix<double> HeldOut = Rows.SubMatrix(TrainingRows, 50, 0, 2);

    public static TheoryData<int, int?> ChunkSizes
    {
        get
        {
            var data = new TheoryData<int, int?>();
            foreach (int size in new[] { 1, 7, 64, 449, 450 })
            {
                data.Add(size, null);
                data.Add(size, 2);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(ChunkSizes))]
    public void Chunks_WithoutShuffling_SameBitsAsTheTable(int size, int? sweeps)
    {
        HybridOptions options = Options() with { ShuffleRows = false, CoordinateSweeps = sweeps };
        HybridResult table = new HybridSolver(options).Fit(Model, Encoder(), Rows);
        HybridResult chunked = new HybridSolver(options).Fit(Model, Encoder(), Cut(size), HeldOut);
        chunked.ShouldBeTheSameAs(table);
        chunked.Epochs.Should().Be(3);
    }

    [Fact]
    public void Chunks_Shuffled_AreRepeatable_AndVisitedInAnotherOrder()
    {
        HybridResult Fit(bool shuffle, int size) => new HybridSolver(Options() with { ShuffleRows = shuffle }).Fit(Model, Encoder(), Cut(size), HeldOut);
        Fit(shuffle: true, 100).ShouldBeTheSameAs(Fit(shuffle: true, 100));
        Fit(shuffle: true, 100).AmortizationGap.Should().NotBe(Fit(shuffle: false, 100).AmortizationGap);
        Fit(shuffle: true, 100).AmortizationGap.Should().NotBe(Fit(shuffle: true, 450).AmortizationGap, "rows stay in their chunk");
    }

    [Fact]
    public void Chunks_AreReadOnceToCheckThemAndOnceAnEpoch_OneAtATime()
    {
        int enumerations = 0;
        IEnumerable<Matrix<double>> Counted()
        {
            enumerations++;
            foreach (Matrix<double> chunk in Cut(100))
            {
                yield return chunk;
            }
        }

        new HybridSolver(Options()).Fit(Model, Encoder(), Counted(), HeldOut);
        enumerations.Should().Be(1 + 3);
    }

    [Fact]
    public void Chunks_BadFromTheStart_AreRefusedByNumber()
    {
        Matrix<double> bad = Rows.SubMatrix(0, 10, 0, 2);
        bad[4, 1] = double.NegativeInfinity;
        Refused([Rows, bad], HeldOut, "chunks", "chunks[1][4, 1] is -Infinity; it must be finite.");
        Refused([Rows, null!], HeldOut, "chunks", "chunks[1] is null");
        Refused([Matrix<double>.Build.Dense(4, 3)], HeldOut, "chunks", "chunks[0] has 3 columns; it must have 2");
        Refused([], HeldOut, "chunks", "chunks holds no rows; it must hold at least 1");
        Refused([Rows], Matrix<double>.Build.Dense(4, 3), "heldOut", "heldOut has 3 columns; it must have 2");
        ((Action)(() => new HybridSolver().Fit(Model, Encoder(), null!, HeldOut))).Should().Throw<ArgumentNullException>().WithParameterName("chunks");
    }

    [Fact]
    public void Chunks_ThatFailLater_EndTraining_WithTheBestSoFar_AndItCanGoOn()
    {
        var failing = new FailingChunks(Cut(100), failsInRound: 2, new IOException("The disk has gone."));
        HybridResult whole = new HybridSolver(Options()).Fit(Model, Encoder(), Cut(100), HeldOut);

        HybridResult result = new HybridSolver(Options()).Fit(Model, Encoder(), failing, HeldOut);

        result.StopReason.Should().Be(StopReason.Failed);
        result.Failure.Should().BeOfType<IOException>();
        result.Converged.Should().BeFalse();
        result.AmortizationGap.Should().BeLessThan(result.History[0].AmortizationGap);
        new HybridSolver(Options()).Resume(Model, result.Checkpoint, Cut(100), HeldOut).ShouldBeTheSameAs(whole);
    }

    [Theory]
    [InlineData(-1, null)]
    [InlineData(1, null)]
    [InlineData(-1, 1)]
    [InlineData(1, 1)]
    public void Chunks_OfAnotherNumberOfRowsLater_EndTraining(int more, int? sweeps)
    {
        int round = 0;
        IEnumerable<Matrix<double>> Changing()
        {
            int rows = round++ < 2 ? 450 : 450 + more;
            yield return Rows.SubMatrix(0, rows, 0, 2);
        }

        HybridResult result = new HybridSolver(Options() with { CoordinateSweeps = sweeps }).Fit(Model, Encoder(), Changing(), HeldOut);

        result.StopReason.Should().Be(StopReason.Failed);
        result.Failure!.Message.Should().Be($"The chunks held {450 + more} rows in epoch 2 and 450 before; they must be the same in every epoch.");
    }

    [Theory]
    [InlineData(null)]
    [InlineData(1)]
    public void Chunks_OfOtherValuesLater_EndTraining_AndLeaveNoTrace(int? sweeps)
    {
        HybridOptions options = Options() with { CoordinateSweeps = sweeps };
        int round = 0;
        IEnumerable<Matrix<double>> Changing()
        {
            bool changes = round++ == 2;
            foreach (Matrix<double> chunk in Cut(100))
            {
                yield return changes ? chunk * (1 + 1e-15) : chunk;
            }
        }

        HybridResult result = new HybridSolver(options).Fit(Model, Encoder(), Changing(), HeldOut);

        result.StopReason.Should().Be(StopReason.Failed);
        result.Failure!.Message.Should().Be("The chunks held other values in epoch 2 than before; they must be the same in every epoch.");
        result.Epochs.Should().Be(1);
        result.Encoder.Parameters.ToArray().Should().Equal(
            new HybridSolver(options with { MaxEpochs = 1 }).Fit(Model, Encoder(), Cut(100), HeldOut).Encoder.Parameters.ToArray());
        new HybridSolver(options).Resume(Model, result.Checkpoint, Cut(100), HeldOut)
            .ShouldBeTheSameAs(new HybridSolver(options).Fit(Model, Encoder(), Cut(100), HeldOut));
    }

    [Fact]
    public void ShareHeldOut_BesideChunks_IsRefused()
    {
        var solver = new HybridSolver(Options() with { ValidationFraction = 0.3 });
        const string message = "ValidationFraction is 0.3; chunks come with held-out rows of their own, and it must be left at 0.1.";
        HybridCheckpoint checkpoint = new HybridSolver(Options()).Fit(Model, Encoder(), Cut(100), HeldOut).Checkpoint;

        Refusal.Of<ArgumentException>(() => solver.Fit(Model, Encoder(), Cut(100), HeldOut), "heldOut", message);
        Refusal.Of<ArgumentException>(() => solver.Resume(Model, checkpoint, Cut(100), HeldOut), "heldOut", message);
    }

    [Fact]
    public void Chunks_ThatCannotBeClosedOnCancellation_KeepTheBestSoFar()
    {
        int round = 0;
        using var cancellation = new CancellationTokenSource();
        IEnumerable<Matrix<double>> Closing()
        {
            bool fails = round++ == 2;
            try
            {
                foreach (Matrix<double> chunk in Cut(100))
                {
                    yield return chunk;
                    if (fails)
                    {
                        cancellation.Cancel();
                    }
                }
            }
            finally
            {
                Close(fails);
            }
        }

        void Close(bool fails) => _ = fails ? throw new IOException("The disk has gone.") : 0;

        HybridResult result = new HybridSolver(Options()).Fit(Model, Encoder(), Closing(), HeldOut, cancellationToken: cancellation.Token);

        result.StopReason.Should().Be(StopReason.Failed);
        result.Failure.Should().BeOfType<IOException>();
        result.Epochs.Should().Be(2);
    }

    [Fact]
    public void Cancelled_WhileChunksAreReadForTheFirstTime_Throws()
    {
        using var cancellation = new CancellationTokenSource();
        int read = 0;
        IEnumerable<Matrix<double>> Endless()
        {
            while (true)
            {
                if (read++ == 3)
                {
                    cancellation.Cancel();
                }

                yield return Rows;
            }
        }

        ((Action)(() => new HybridSolver().Fit(Model, Encoder(), Endless(), HeldOut, cancellationToken: cancellation.Token)))
            .Should().Throw<OperationCanceledException>();
        read.Should().Be(4);
    }

    [Fact]
    public void Resume_WithAModelOfOtherObservations_BlamesTheCheckpoint()
    {
        HybridCheckpoint checkpoint = new HybridSolver(Options()).Fit(Model, Encoder(), Cut(100), HeldOut).Checkpoint;
        Refusal.Of<ArgumentException>(
            () => new HybridSolver(Options()).Resume(new GaussianSumModel(3, 4, 1), checkpoint, Cut(100), HeldOut),
            "checkpoint",
            "encoder maps 2 observations to 1 latents; it must map 4 to 1.");
    }

    private static void Refused(IEnumerable<Matrix<double>> chunks, Matrix<double> heldOut, string parameter, string message) =>
        Refusal.Of<ArgumentException>(() => new HybridSolver().Fit(Model, Encoder(), chunks, heldOut), parameter, message);

    private static HybridOptions Options() => new()
    {
        BatchSize = 64,
        MaxEpochs = 3,
        GapTolerance = 0,
        Estimator = GradientEstimator.Reparameterized,
    };

    private static MlpEncoder Encoder() => new(2, 1, [8], seed: 3);

    private static IEnumerable<Matrix<double>> Cut(int size)
    {
        for (int first = 0; first < TrainingRows; first += size)
        {
            yield return Rows.SubMatrix(first, Math.Min(size, TrainingRows - first), 0, 2);
        }
    }

    /// <summary>Chunks that end with an exception in one of the rounds that read them.</summary>
    private sealed class FailingChunks(IEnumerable<Matrix<double>> chunks, int failsInRound, Exception failure) : IEnumerable<Matrix<double>>
    {
        private int _round;

        public IEnumerator<Matrix<double>> GetEnumerator()
        {
            int round = _round++;
            int number = 0;
            foreach (Matrix<double> chunk in chunks)
            {
                if (round == failsInRound && number++ == 3)
                {
                    throw failure;
                }

                yield return chunk;
            }
        }

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
