using System.Text;
using FluentAssertions;
using VariationalInference.Samples;
using Xunit;

namespace VariationalInference.Tests.Persistence;

/// <summary>Spoilt checkpoints are refused with a clear message; nothing else happens.</summary>
public sealed class HybridCheckpointFileTests
{
    private static readonly byte[] File = Checkpoint();

    [Fact]
    public void Load_TwoThousandSpoiltFiles_LoadsThemOrSaysWhatIsWrong()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("mutant");
        int refused = 0;
        for (int seed = 0; seed < 2_000; seed++)
        {
            byte[] mutant = Mutation.Of(File, seed);
            System.IO.File.WriteAllBytes(path, mutant);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                HybridCheckpoint.Load(path);
            }
            catch (ModelFileException exception)
            {
                refused++;
                exception.Message.Should().StartWith(path);
            }
            catch (ArgumentNullException exception)
            {
                // All tensors of the encoder may be gone with the names of a spliced header.
                exception.ParamName.Should().Be("encoder");
            }

            (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(400_000 + (10L * mutant.Length), "seed {0}", seed);
        }

        refused.Should().BeGreaterThan(1_000);
    }

    [Theory]
    [InlineData("\"format_version\":\"2\"", "\"format_version\":\"3\"", "format_version is '3'; the versions known here are: 1, 2.")]
    [InlineData("\"kind\":\"hybrid_checkpoint\"", "\"kind\":\"hybrid_checkpoins\"", "kind is 'hybrid_checkpoins'; it must be hybrid_checkpoint.")]
    [InlineData("\\\"drawCount\\\":1", "\\\"drawCount\\\":0", "Option 'drawCount': DrawCount is 0; it must be at least 1.")]
    [InlineData("drawCount", "drawCounx", "Option 'drawCounx': there is no such option.")]
    [InlineData("drawCount", "\\\\ud800ab", "The options are no JSON: ")]
    [InlineData("rateFactor\\\":1,\\\"waited\\\"", "rat\\\\ud800abc\\\":1,\\\"wai\\\"", "The state of training is no JSON: ")]
    [InlineData("training.best", "training.bess", "tensor 'training.bess' of type 'F64' has no place in a checkpoint")]
    [InlineData("rowsFingerprint", "rowsFingerprinx", "The state of training has no rowsFingerprint, or one out of its range.")]
    [InlineData("waited", "waitex", "The state of training has no waited, or one out of its range.")]
    public void Load_AlteredHeader_SaysWhatIsWrong(string text, string other, string message)
    {
        using var folder = new TemporaryFolder();
        byte[] altered = Replace(File, text.Replace("\\\"", "\\u0022", StringComparison.Ordinal), other.Replace("\\\"", "\\u0022", StringComparison.Ordinal));
        System.IO.File.WriteAllBytes(folder.File("altered"), altered);
        ((Action)(() => HybridCheckpoint.Load(folder.File("altered")))).Should().Throw<ModelFileException>().WithMessage($"*: {message}*");
    }

    [Fact]
    public void SaveAndLoad_OfAStream_KeepEveryByte()
    {
        HybridCheckpoint loaded = HybridCheckpoint.Load(new MemoryStream(File));
        var stream = new MemoryStream();
        loaded.Save(stream);
        stream.ToArray().Should().Equal(File);
        loaded.ToString().Should().MatchRegex("^MlpEncoder .* epochs? and [0-9]+ rows? of the next: amortization gap .* nats a row$");
        Refusal.Of<ArgumentNullException>(() => HybridCheckpoint.Load((Stream)null!), "stream", "Value cannot be null.");
        Refusal.Of<ArgumentNullException>(() => loaded.Save((Stream)null!), "stream", "Value cannot be null.");
    }

    [Fact]
    public void Load_FileOfAnEncoder_SaysThatItIsNone()
    {
        using var folder = new TemporaryFolder();
        new MlpEncoder(2, 1).Save(folder.File("encoder"));
        ((Action)(() => HybridCheckpoint.Load(folder.File("encoder")))).Should().Throw<ModelFileException>().WithMessage("*kind is 'mlp_encoder'; it must be hybrid_checkpoint*");
    }

    [Fact]
    public void Load_EncoderOfAnotherKind_IsRefused_AndOneOfAnotherShapeReads()
    {
        using var folder = new TemporaryFolder();
        System.IO.File.WriteAllBytes(folder.File("run"), File);
        Refusal.Of<ArgumentException>(
            () => HybridCheckpoint.Load(folder.File("run"), new SetEncoder(2, 1, 3, seed: 0)),
            "encoder",
            "The file holds an encoder of the kind 'mlp_encoder'; encoder is of the kind set_encoder and must be of the same.");
        HybridCheckpoint.Load(folder.File("run"), new MlpEncoder(7, 3)).BestEncoder().ToString().Should().Be("MlpEncoder 2-3-2 tanh");
        ((Action)(() => HybridCheckpoint.Load(string.Empty))).Should().Throw<ArgumentException>().WithParameterName("path");
        ((Action)(() => HybridCheckpoint.Load(folder.File("none")))).Should().Throw<FileNotFoundException>();
    }

    [Fact]
    public void Save_NumberThatIsNotFinite_IsRefused_AndLeavesTheOldFile()
    {
        using var folder = new TemporaryFolder();
        HybridCheckpoint checkpoint = Load(folder);
        TrainingState<HybridProgress> state = checkpoint.State.Copy();
        state.Objective = double.NegativeInfinity;
        ((Action)(() => new HybridCheckpoint(checkpoint.BestEncoder(), checkpoint.Options, checkpoint.Scales, state).Save(folder.File("run"))))
            .Should().ThrowExactly<InvalidOperationException>().WithMessage("elbo is -Infinity; it must be finite for the checkpoint to be saved.");
        System.IO.File.ReadAllBytes(folder.File("run")).Should().Equal(File);
    }

    [Fact]
    public void Load_MoreTimeThanCanBeAddedTo_IsRefused()
    {
        using var folder = new TemporaryFolder();
        HybridCheckpoint checkpoint = Load(folder);
        TrainingState<HybridProgress> state = checkpoint.State.Copy();
        state.Elapsed = TimeSpan.MaxValue;
        new HybridCheckpoint(checkpoint.BestEncoder(), checkpoint.Options, checkpoint.Scales, state).Save(folder.File("run"));
        ((Action)(() => HybridCheckpoint.Load(folder.File("run")))).Should().Throw<ModelFileException>().WithMessage("*no elapsedTicks, or one out of its range*");
    }

    [Theory]
    [InlineData(5, 2)]
    [InlineData(1, 0)]
    [InlineData(0, -1)]
    public void Load_HistoryThatDoesNotCountTheEpochs_IsRefused(int epoch, int maxEpochs)
    {
        using var folder = new TemporaryFolder();
        HybridCheckpoint checkpoint = Load(folder);
        TrainingState<HybridProgress> state = checkpoint.State.Copy();
        state.History = state.History.SetItem(1, state.History[1] with { Epoch = epoch, MaxEpochs = maxEpochs });
        new HybridCheckpoint(checkpoint.BestEncoder(), checkpoint.Options, checkpoint.Scales, state).Save(folder.File("run"));

        Action load = () => HybridCheckpoint.Load(folder.File("run"));

        load.Should().Throw<ModelFileException>().WithMessage("*: training.history[1] does not describe epoch 1.");
    }

    [Theory]
    [InlineData(2, double.NaN)]
    [InlineData(3, double.NegativeInfinity)]
    [InlineData(4, double.NaN)]
    [InlineData(5, double.PositiveInfinity)]
    [InlineData(6, double.NaN)]
    [InlineData(7, double.NaN)]
    [InlineData(8, double.NaN)]
    public void Load_HistoryWithWhatIsNotFinite_NamesIt(int column, double value)
    {
        using var folder = new TemporaryFolder();
        HybridCheckpoint checkpoint = Load(folder);
        TrainingState<HybridProgress> state = checkpoint.State.Copy();
        HybridProgress first = state.History[1];
        state.History = state.History.SetItem(1, column switch
        {
            2 => first with { TrainingElbo = value },
            3 => first with { OptimizationGap = value },
            4 => first with { ValidationElbo = value },
            5 => first with { ValidationLogEvidence = value },
            6 => first with { AmortizationGap = value },
            7 => first with { ApproximationGap = value },
            _ => first with { LearningRate = value },
        });
        new HybridCheckpoint(checkpoint.BestEncoder(), checkpoint.Options, checkpoint.Scales, state).Save(folder.File("run"));

        Action load = () => HybridCheckpoint.Load(folder.File("run"));

        load.Should().Throw<ModelFileException>().WithMessage($"*: training.history[1, {column}] is *; it must be finite.");
    }

    [Fact]
    public void Load_EncoderOfOtherSettingsThanTheDefaults_HasThem()
    {
        using var folder = new TemporaryFolder();
        var model = new GaussianSumModel();
        var encoder = new MlpEncoder(2, 1, new PerceptronOptions
        {
            HiddenWidths = [3],
            Activation = Activation.Silu,
            Seed = 1,
            LinearPath = false,
            Precision = NetworkPrecision.Bits64,
        });
        HybridOptions options = new() { MaxEpochs = 1, GapTolerance = 0, CoordinateSweeps = 1 };
        HybridResult result = new HybridSolver(options).Fit(model, encoder, model.Sample(50, seed: 1).Observations);

        result.Checkpoint.Save(folder.File("run"));
        var loaded = (MlpEncoder)HybridCheckpoint.Load(folder.File("run")).BestEncoder();

        loaded.Activation.Should().Be(Activation.Silu);
        loaded.Precision.Should().Be(NetworkPrecision.Bits64);
        loaded.HasLinearPath.Should().BeFalse();
        loaded.Parameters.ToArray().Should().Equal(((MlpEncoder)result.Encoder).Parameters.ToArray());
        Encoding.UTF8.GetString(System.IO.File.ReadAllBytes(folder.File("run"))).Should().Contain("\"training.coordinates\"");
    }

    private static HybridCheckpoint Load(TemporaryFolder folder)
    {
        System.IO.File.WriteAllBytes(folder.File("run"), File);
        return HybridCheckpoint.Load(folder.File("run"));
    }

    private static byte[] Replace(byte[] file, string text, string other)
    {
        byte[] altered = [.. file];
        int place = file.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text));
        place.Should().BeGreaterThan(0);
        Encoding.UTF8.GetBytes(other).CopyTo(altered.AsSpan(place));
        return Checksum.Repair(altered);
    }

    private static byte[] Checkpoint()
    {
        var model = new GaussianSumModel();
        HybridResult result = new HybridSolver(new HybridOptions { MaxEpochs = 2, GapTolerance = 0 }).Fit(
            model, new MlpEncoder(2, 1, [3], seed: 1), model.Sample(50, seed: 1).Observations);
        using var folder = new TemporaryFolder();
        result.Checkpoint.Save(folder.File("run"));
        return System.IO.File.ReadAllBytes(folder.File("run"));
    }
}
