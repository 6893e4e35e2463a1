using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Random;
using Xunit;

namespace VariationalInference.Tests.Hybrid.Decoders;

/// <summary>Training over chunks that are read again in each epoch.</summary>
public sealed class DecoderChunkTests
{
    private const int TrainingRows = 180;
    private static readonly Matrix<double> Rows = Draw();
    private static readonly Matrix<double> HeldOut = Rows.SubMatrix(TrainingRows, 20, 0, 4);

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(64)]
    [InlineData(180)]
    public void Chunks_WithoutShuffling_HaveTheBitsOfTheTable_MissingCellsIncluded(int size)
    {
        DecoderOptions options = Options() with { ShuffleRows = false };

        DecoderResult table = new HybridSolver(options).Fit(Model(), Encoder(), Rows);
        DecoderResult chunked = new HybridSolver(options).Fit(Model(), Encoder(), Cut(size), HeldOut);

        ShouldBeTheSame(chunked, table);
        chunked.Evaluation.Should().Be(table.Evaluation);
        chunked.Epochs.Should().Be(5);
    }

    [Fact]
    public void Resume_OfChunks_GivesTheBitsOfTrainingThatNeverStopped()
    {
        DecoderResult atOnce = new HybridSolver(Options()).Fit(Model(), Encoder(), Cut(50), HeldOut);
        foreach (int epochs in (int[])[1, 2, 4])
        {
            DecoderResult begun = new HybridSolver(Options() with { MaxEpochs = epochs }).Fit(Model(), Encoder(), Cut(50), HeldOut);

            ShouldBeTheSame(new HybridSolver(Options()).Resume(begun.Checkpoint, Cut(50), HeldOut), atOnce);
        }
    }

    [Fact]
    public void Chunks_AreReadThreeTimesBeforeAndOnceAnEpoch()
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

        new HybridSolver(Options()).Fit(Model(), Encoder(), Counted(), HeldOut);

        enumerations.Should().Be(3 + 5);
    }

    [Fact]
    public void Chunks_ThatChangeLater_EndTraining_WithTheBestSoFar()
    {
        int round = 0;
        IEnumerable<Matrix<double>> Changing()
        {
            yield return round++ < 5 ? Rows.SubMatrix(0, 100, 0, 4) : Rows.SubMatrix(1, 100, 0, 4);
        }

        DecoderResult result = new HybridSolver(Options()).Fit(Model(), Encoder(), Changing(), HeldOut);

        result.StopReason.Should().Be(StopReason.Failed);
        result.Failure!.Message.Should().Be("The chunks held other values in epoch 3 than before; they must be the same in every epoch.");
    }

    [Fact]
    public void Chunks_BadFromTheStart_AreRefusedByNumber()
    {
        Matrix<double> bad = Rows.SubMatrix(0, 10, 0, 4);
        bad[4, 1] = double.NegativeInfinity;

        Refused([Rows, bad], HeldOut, "chunks[1][4, 1] is -Infinity; it must be finite, or NaN when it is missing*");
        Refused([Rows, null!], HeldOut, "chunks[1] is null; it must be a table*");
        Refused([Matrix<double>.Build.Dense(4, 3)], HeldOut, "chunks[0] has 3 columns; it must have 4*");
        Refused([], HeldOut, "chunks holds no rows; it must hold at least 1*");
        Refused([Rows], HeldOut.SubMatrix(0, 1, 0, 4), "heldOut has 1 row; it must have at least 2*");
        Refused([Rows], Matrix<double>.Build.Dense(4, 3), "heldOut has 3 columns; it must have 4*");
        ((Action)(() => new HybridSolver(Options() with { ValidationFraction = 0.3 }).Fit(Model(), Encoder(), Cut(10), HeldOut)))
            .Should().Throw<ArgumentException>().WithMessage("ValidationFraction is 0.3; chunks come with held-out rows of their own*");
    }

    private static void Refused(Matrix<double>[] chunks, Matrix<double> heldOut, string message) =>
        ((Action)(() => new HybridSolver(Options()).Fit(Model(), Encoder(), chunks, heldOut))).Should().Throw<ArgumentException>().WithMessage(message);

    private static DecoderOptions Options() =>
        new() { MaxEpochs = 5, ExploringEpochs = 1, BatchSize = 32, RefinedRows = 2, FinalDraws = 10, MaxThreads = 1 };

    private static DecoderModel Model() => new(new MlpDecoder(1, 4, hiddenWidths: [6], seed: 1), linearLatentCount: 1);

    private static MlpEncoder Encoder() => new(4, 1, new PerceptronOptions { HiddenWidths = [6], AcceptsMissing = true, Seed = 2 });

    private static IEnumerable<Matrix<double>> Cut(int size)
    {
        for (int first = 0; first < TrainingRows; first += size)
        {
            yield return Rows.SubMatrix(first, Math.Min(size, TrainingRows - first), 0, 4);
        }
    }

    private static Matrix<double> Draw()
    {
        var random = new Xoshiro256StarStar(1, threadSafe: false);
        Matrix<double> rows = new GaussianSumModel(latentCount: 2, observationCount: 4, noiseVariance: 0.1).Sample(TrainingRows + 20, seed: 1).Observations;
        rows.MapIndexedInplace((n, k, x) => n % 3 == 0 && random.NextDouble() < 0.3 ? double.NaN : k % 2 == 0 ? x : Math.Sin(2 * x));
        return rows;
    }

    private static void ShouldBeTheSame(DecoderResult actual, DecoderResult expected)
    {
        actual.Encoder.Parameters.Span.SequenceEqual(expected.Encoder.Parameters.Span).Should().BeTrue();
        actual.Model.Decoder.Parameters.Span.SequenceEqual(expected.Model.Decoder.Parameters.Span).Should().BeTrue();
        actual.Model.LoadingValues.Should().Equal(expected.Model.LoadingValues);
        actual.Model.NoiseVariances.Should().Equal(expected.Model.NoiseVariances);
    }
}
