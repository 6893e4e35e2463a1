using System.Buffers.Binary;
using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Random;
using VariationalInference.Tests.Amortized;
using Xunit;

namespace VariationalInference.Tests.Persistence;

/// <summary>
/// Whatever bytes a reader is given, it ends with a valid result or with the exception that it documents, in memory that the bytes bound.
/// </summary>
public sealed class FuzzTests
{
    // A chunk of 64 KiB to read through, and a multiple of the file: its text, its names, its numbers and what saves it again.
    private const long BaseMemory = 1 << 18;
    private const long MemoryPerByte = 40;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Encoder_OfAHundredThousandSpoiltFiles_IsValidOrRefused(int quarter)
    {
        byte[][] files = Encoders();
        int accepted = 0;
        for (int seed = 25_000 * quarter; seed < 25_000 * (quarter + 1); seed++)
        {
            byte[] spoilt = Spoil(files, seed);

            // With its checksum made right, what is wrong reaches the checks behind it.
            byte[] mutant = seed % 4 == 0 ? spoilt : Checksum.Repair(spoilt);
            MlpEncoder? encoder = Bounded(mutant, seed, () => EncoderBytes.Load(mutant));
            if (encoder is not null)
            {
                accepted++;
                CheckValid(encoder, seed);
            }
        }

        accepted.Should().BeInRange(1_000, 24_000, "some files are spoilt in a number only, and others in their format");
    }

    [Fact]
    public void Checkpoint_OfTwentyThousandSpoiltFiles_IsValidOrRefused()
    {
        byte[][] files = [Checkpoint(new MlpEncoder(2, 1, [3], seed: 1), new Adam()), Checkpoint(new MlpEncoder(2, 1), new Sgd())];
        int accepted = 0;
        for (int seed = 0; seed < 20_000; seed++)
        {
            byte[] spoilt = Spoil(files, seed);
            byte[] mutant = seed % 4 == 0 ? spoilt : Checksum.Repair(spoilt);
            HybridCheckpoint? checkpoint = Bounded(mutant, seed, () => ReadCheckpoint(mutant));
            if (checkpoint is not null)
            {
                accepted++;
                byte[] saved = Save(checkpoint);
                Save(ReadCheckpoint(saved)).AsSpan().SequenceEqual(saved).Should().BeTrue($"the checkpoint of seed {seed} is whole");
                AllFinite(checkpoint.BestEncoder().Parameters.Span).Should().BeTrue($"seed {seed} was accepted");
            }
        }

        accepted.Should().BeInRange(100, 19_900, "some files are spoilt in a number only, and others in their format");
    }

    [Fact]
    public void Statistics_OfTwentyThousandSpoiltStreamsOfTheOldFormat_AreValidOrRefused()
    {
        byte[][] streams = [OldStatistics.Of(Statistics(columns: 3, rows: 40, missing: 0.2)), OldStatistics.Of(Statistics(columns: 9, rows: 2, missing: 0)), OldStatistics.Of(Statistics(columns: 1, rows: 1, missing: 0))];
        int accepted = 0;
        for (int seed = 0; seed < 20_000; seed++)
        {
            byte[] mutant = Spoil(streams, seed);

            // With its checksum made right, what is wrong reaches the checks behind it.
            byte[] stream = seed % 4 == 0 ? mutant : WithChecksum(mutant);
            SufficientStatistics? statistics = Bounded(stream, seed, () => SufficientStatistics.Load(new MemoryStream(stream)));
            if (statistics is not null)
            {
                accepted++;
                statistics.Patterns.Sum(pattern => pattern.RowCount).Should().Be(statistics.RowCount);
                byte[] saved = Save(statistics);
                Save(SufficientStatistics.Load(new MemoryStream(saved))).AsSpan().SequenceEqual(saved)
                    .Should().BeTrue($"the statistics of seed {seed} are whole");
            }
        }

        accepted.Should().BeInRange(100, 19_900, "some streams are spoilt in a number only, and others in their format");
    }

    // One, two or three spoilings; the first of a safetensors file may know the format, or leave the header alone.
    private static byte[] Spoil(byte[][] files, int seed)
    {
        var random = new Xoshiro256StarStar(seed, false);
        byte[] file = files[seed % files.Length];
        byte[] other = files[random.Next(files.Length)];
        byte[] mutant = (file[0] == (byte)'V' ? 0 : random.Next(4)) switch
        {
            0 => ByteMutation.Of(file, other, random),
            1 => ByteMutation.Flip(file, 8 + BinaryPrimitives.ReadInt32LittleEndian(file), random),
            _ => Mutation.Of(file, seed),
        };
        for (int more = random.Next(4) == 0 ? 1 + random.Next(2) : 0; more > 0; more--)
        {
            mutant = ByteMutation.Of(mutant, other, random);
        }

        return mutant;
    }

    // Any exception but the documented ones fails the test.
    private static T? Bounded<T>(byte[] file, int seed, Func<T> load)
        where T : class
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        T? result = null;
        try
        {
            result = load();
        }
        catch (ModelFileException)
        {
            // The file is refused.
        }
        catch (ArgumentNullException exception) when (exception.ParamName == "encoder" && typeof(T) == typeof(HybridCheckpoint))
        {
            // No tensor of the file has the name of an encoder's, as when the encoder is none of the library's own.
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        if (allocated > BaseMemory + (MemoryPerByte * file.Length))
        {
            allocated.Should().BeLessThanOrEqualTo(BaseMemory + (MemoryPerByte * file.Length), $"seed {seed} has {file.Length} bytes");
        }

        return result;
    }

    private static void CheckValid(MlpEncoder encoder, int seed)
    {
        bool isFinite = AllFinite(encoder.Parameters.Span)
            && AllFinite([.. encoder.Scales.InputMeans, .. encoder.Scales.OutputMeans])
            && AllPositive([.. encoder.Scales.InputDeviations, .. encoder.Scales.OutputDeviations, .. encoder.Scales.OutputVariances]);
        byte[] saved = EncoderBytes.Save(encoder);
        MlpEncoder again = EncoderBytes.Load(saved);
        bool isSame = again.ToString() == encoder.ToString() && EncoderBytes.Save(again).AsSpan().SequenceEqual(saved);
        if (!isFinite || !isSame)
        {
            isFinite.Should().BeTrue($"the encoder of seed {seed} was accepted");
            isSame.Should().BeTrue($"the encoder of seed {seed} was saved and loaded");
        }
    }

    private static bool AllFinite(ReadOnlySpan<double> values)
    {
        foreach (double value in values)
        {
            if (!double.IsFinite(value))
            {
                return false;
            }
        }

        return true;
    }

    private static bool AllPositive(double[] values) => values.All(value => value > 0 && double.IsFinite(value));

    private static byte[][] Encoders() =>
    [
        EncoderBytes.Save(EncoderCases.Create([4, 3], Activation.Silu, linearPath: true)),
        EncoderBytes.Save(EncoderCases.Create([2], Activation.Relu, linearPath: false, NetworkPrecision.Bits32)),
        EncoderBytes.Save(new MlpEncoder(1, 1)),
        EncoderBytes.Linear("\"__metadata__\":{\"activation\":\"relu\",\"more\":\"\"},"),
        .. new[] { "torch_sequential.safetensors", "torch_module.safetensors" }
            .Select(name => File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Reference", "encoders", name))),
    ];

    private static byte[] Checkpoint(MlpEncoder encoder, Optimizer optimizer)
    {
        var model = new GaussianSumModel();
        HybridOptions options = new() { MaxEpochs = 2, GapTolerance = 0, Optimizer = optimizer };
        return Save(new HybridSolver(options).Fit(model, encoder, model.Sample(50, seed: 1).Observations).Checkpoint);
    }

    private static HybridCheckpoint ReadCheckpoint(byte[] file)
    {
        using var stream = new MemoryStream(file, writable: false);
        return HybridCheckpointFile.Read(stream, fileName: null, encoder: null, optimizer: null);
    }

    private static byte[] Save(HybridCheckpoint checkpoint)
    {
        using var stream = new MemoryStream();
        HybridCheckpointFile.Write(checkpoint, checkpoint.BestEncoder(), stream);
        return stream.ToArray();
    }

    private static byte[] Save(SufficientStatistics statistics)
    {
        using var stream = new MemoryStream();
        statistics.Save(stream);
        return stream.ToArray();
    }

    private static SufficientStatistics Statistics(int columns, int rows, double missing)
    {
        var random = new Xoshiro256StarStar(columns, false);
        return SufficientStatistics.Of(Matrix<double>.Build.Dense(
            rows, columns, (_, _) => random.NextDouble() < missing ? double.NaN : random.NextDouble()));
    }

    // The last 8 bytes become the FNV-1a hash of those before them.
    private static byte[] WithChecksum(byte[] stream)
    {
        if (stream.Length < sizeof(ulong))
        {
            return stream;
        }

        byte[] whole = [.. stream];
        ulong hash = 0xCBF29CE484222325;
        foreach (byte value in whole.AsSpan(0, whole.Length - sizeof(ulong)))
        {
            hash = (hash ^ value) * 0x100000001B3;
        }

        BinaryPrimitives.WriteUInt64LittleEndian(whole.AsSpan(whole.Length - sizeof(ulong)), hash);
        return whole;
    }
}
