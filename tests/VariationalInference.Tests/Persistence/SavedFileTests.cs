using System.Buffers.Binary;
using System.Globalization;
using FluentAssertions;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Random;
using Xunit;

namespace VariationalInference.Tests.Persistence;

/// <summary>What holds of every file that a model or result is saved to.</summary>
public sealed class SavedFileTests
{
    // A chunk of 64 KiB to read through, hashes and names; and a multiple of what the file has.
    private const long BaseMemory = 1 << 20;
    private const long MemoryPerByte = 60;

    public static TheoryData<int, string> Cases()
    {
        var data = new TheoryData<int, string>();
        for (int i = 0; i < SavedCases.All.Length; i++)
        {
            data.Add(i, SavedCases.All[i].Name);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Load_OfWhatWasSaved_SavesTheSameBytes(int index, string name)
    {
        SavedCase saved = SavedCases.All[index];

        object loaded = saved.LoadFrom(saved.File);

        SavedCase.Save(loaded).AsSpan().SequenceEqual(saved.File).Should().BeTrue(name);
        Metadata(saved.File).Should().Contain("format_version", "1").And.Contain("kind", saved.Kind).And.ContainKey("content_sha256");
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Load_FromAPipe_IsTheSame(int index, string name)
    {
        SavedCase saved = SavedCases.All[index];

        SavedCase.Save(saved.Load(new PipeStream(saved.File, endless: false))).AsSpan().SequenceEqual(saved.File).Should().BeTrue(name);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Save_InAnotherCulture_WritesTheSameBytes(int index, string name)
    {
        SavedCase saved = SavedCases.All[index];
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = new CultureInfo(string.Empty) { NumberFormat = { NumberDecimalSeparator = ",", NegativeSign = "~" } };

            SavedCase.Save(saved.LoadFrom(saved.File)).AsSpan().SequenceEqual(saved.File).Should().BeTrue(name);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Load_OfEveryOtherKind_SaysWhichItIs(int index, string name)
    {
        SavedCase saved = SavedCases.All[index];
        foreach (SavedCase other in SavedCases.All.Where(other => other.Kind != saved.Kind))
        {
            ((Action)(() => saved.LoadFrom(other.File))).Should().Throw<ModelFileException>(name)
                .WithMessage($"The stream: the file holds a '{other.Kind}'; kind must be {saved.Kind}.");
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Load_OfAVersionToCome_RefusesItByName(int index, string name)
    {
        SavedCase saved = SavedCases.All[index];
        byte[] altered = Checksum.Replace(saved.File, "\"format_version\":\"1\"", "\"format_version\":\"2\"");

        ((Action)(() => saved.LoadFrom(altered))).Should().Throw<ModelFileException>(name)
            .WithMessage("The stream: format_version is '2'; the versions known here are: 1. A newer version of the library may know more.");
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Load_WithOneBitOfTheNumbersWrong_RefusesIt(int index, string name)
    {
        SavedCase saved = SavedCases.All[index];
        int data = 8 + (int)BinaryPrimitives.ReadInt64LittleEndian(saved.File);
        int step = Math.Max(1, (saved.File.Length - data) / 200);
        for (int at = data; at < saved.File.Length; at += step)
        {
            byte[] altered = [.. saved.File];
            altered[at] ^= (byte)(1 << (at % 8));

            ((Action)(() => saved.LoadFrom(altered))).Should().Throw<ModelFileException>($"{name}, byte {at}")
                .WithMessage("The stream: content_sha256 is '*'; the contents have '*', so that something was altered.*");
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Load_WithoutChecksum_RefusesIt(int index, string name)
    {
        SavedCase saved = SavedCases.All[index];
        byte[] altered = Checksum.Replace(saved.File, "content_sha256", "content_sha255");

        ((Action)(() => saved.LoadFrom(altered))).Should().Throw<ModelFileException>(name)
            .WithMessage($"The stream: content_sha256 is missing; a {saved.Kind} must have it.");
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Load_OfTwoThousandSpoiltFiles_GivesWhatCanBeSavedAgain_OrRefusesThem(int index, string name)
    {
        SavedCase saved = SavedCases.All[index];
        byte[] other = SavedCases.All[(index + 1) % SavedCases.All.Length].File;
        int accepted = 0;
        for (int seed = 0; seed < 2_000; seed++)
        {
            byte[] mutant = Spoil(saved.File, other, seed);
            byte[] file = seed % 4 == 0 ? mutant : Checksum.Repair(mutant);
            if (Bounded(saved, file, $"{name}, seed {seed}") is object loaded)
            {
                accepted++;
                byte[] again = SavedCase.Save(loaded);
                SavedCase.Save(saved.LoadFrom(again)).AsSpan().SequenceEqual(again).Should().BeTrue($"{name}, seed {seed}");
            }
        }

        accepted.Should().BeInRange(1, 1_999, "some files are spoilt in a number only, and others in their format");
    }

    [Fact]
    public void Load_OfALargeSpoiltFile_TakesNoMoreThanTwiceItsSize()
    {
        const int cells = 100_000;
        var model = new LinearModel(Matrix<double>.Build.Dense(cells, 10, (k, j) => k % (j + 7)), Likelihood.Poisson(), GaussianPrior.Independent(10));
        byte[] file = SavedCase.Save(model);
        byte[] Flipped(int at) => [.. file[..at], (byte)(file[at] ^ 1), .. file[(at + 1)..]];
        byte[][] spoilt =
        [
            Flipped(file.Length / 2),
            Flipped(file.Length - 1),
            file[..^1],
            [.. file, 0],
            Checksum.Replace(file, "\"likelihood_of_cell\"", "\"likelihood_of_sell\""),
            Replaced("[100000,10]", "[100000,99]"),
            Replaced("[100000,10]", "[999999,10]"),
            Replaced("\"content_sha256\"", "\"content_sha255\""),
        ];
        foreach (byte[] bytes in spoilt)
        {
            using var stream = new MemoryStream(bytes, writable: false);
            long before = GC.GetAllocatedBytesForCurrentThread();

            ((Action)(() => LinearModel.Load(stream))).Should().Throw<ModelFileException>();

            (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan((2L * bytes.Length) + BaseMemory);
        }

        byte[] Replaced(string text, string other)
        {
            byte[] altered = [.. file];
            System.Text.Encoding.UTF8.GetBytes(other).CopyTo(altered, file.AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(text)));
            return altered;
        }
    }

    // Three of four have their format kept: a number, a name or a text is another.
    private static byte[] Spoil(byte[] file, byte[] other, int seed)
    {
        var random = new Xoshiro256StarStar(seed, false);
        int data = 8 + BinaryPrimitives.ReadInt32LittleEndian(file);
        return random.Next(4) switch
        {
            0 => ByteMutation.Of(file, other, random),
            1 => data < file.Length ? ByteMutation.Flip(file, data, random) : file,
            2 => [.. file[..data], .. Overwrite(file[data..], random)],
            _ => Mutation.Of(file, seed),
        };
    }

    private static byte[] Overwrite(byte[] data, Xoshiro256StarStar random)
    {
        double[] values = [double.NaN, double.PositiveInfinity, double.NegativeInfinity, 1e308, -1e308, double.Epsilon, 0, -1, 1, 0.5, 1e15, 3e9];
        if (data.Length >= sizeof(double))
        {
            int place = random.Next(data.Length / sizeof(double));
            BinaryPrimitives.WriteDoubleLittleEndian(data.AsSpan(place * sizeof(double)), values[random.Next(values.Length)]);
        }

        return data;
    }

    private static object? Bounded(SavedCase saved, byte[] file, string because)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        object? loaded = null;
        try
        {
            loaded = saved.LoadFrom(file);
        }
        catch (ModelFileException)
        {
            // The file is refused.
        }
        catch (ArgumentException exception) when ((saved.Kind, exception.ParamName) is ("hybrid_inference", "encoder")
            or ("decoder_inference" or "decoder_checkpoint", "encoder" or "decoder") or ("decoder_model", "decoder") or ("linear_model" or "generalized_mixed_fit", "likelihoods"))
        {
            // A network, or a likelihood, has another kind than the library knows.
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        if (allocated > BaseMemory + (MemoryPerByte * file.Length))
        {
            allocated.Should().BeLessThanOrEqualTo(BaseMemory + (MemoryPerByte * file.Length), because);
        }

        return loaded;
    }

    private static Dictionary<string, string> Metadata(byte[] file)
    {
        using var reader = new SafeTensorsReader(new MemoryStream(file), null);
        return new Dictionary<string, string>(reader.Header.Metadata);
    }
}
