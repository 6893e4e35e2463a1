using System.Buffers.Binary;
using MathNet.Numerics.Random;

namespace VariationalInference.Tests.Persistence;

/// <summary>Spoils bytes without knowing what they mean; the random stream determines how.</summary>
internal static class ByteMutation
{
    private static readonly byte[] ByteOrderMark = [0xEF, 0xBB, 0xBF];

    private static readonly double[] Doubles =
    [
        double.NaN, double.PositiveInfinity, double.NegativeInfinity, double.MaxValue, double.Epsilon, 1e200, -1e-320, -0.0, 0, -1,
    ];

    private static readonly long[] Integers = [0, 1, -1, 255, 32_768, 65_536, int.MaxValue, int.MinValue, 1L << 40, long.MaxValue, long.MinValue];

    /// <summary>Spoils a file in one of a dozen ways; two of them put a part of the other file in.</summary>
    public static byte[] Of(byte[] file, byte[] other, Xoshiro256StarStar random)
    {
        if (file.Length == 0)
        {
            return Bytes(random, 40);
        }

        (int first, int end) = Range(file, random);
        (int otherFirst, int otherEnd) = Range(other, random);
        return random.Next(12) switch
        {
            0 => Flip(file, 0, random),
            1 => file[..first],
            2 => file[first..],
            3 => [.. file[..first], .. file[end..]],
            4 => [.. file[..end], .. file[first..end], .. file[end..]],
            5 => [.. file[..first], .. Bytes(random, 40), .. file[first..]],
            6 => [.. file[..first], .. other[otherFirst..]],
            7 => [.. file[..first], .. other[otherFirst..otherEnd], .. file[end..]],
            8 => [.. file[..first], .. Enumerable.Repeat(file[first], random.Next(random.Next(32) == 0 ? 20_000 : 200)), .. file[first..]],
            9 => [.. ByteOrderMark, .. file],
            10 => Overwrite(file, random, BitConverter.DoubleToInt64Bits(Doubles[random.Next(Doubles.Length)]), sizeof(double)),
            _ => Overwrite(file, random, Integers[random.Next(Integers.Length)], 1 << random.Next(4)),
        };
    }

    /// <summary>Flips one to four bits behind the first bytes.</summary>
    public static byte[] Flip(byte[] file, int first, Xoshiro256StarStar random)
    {
        byte[] mutant = [.. file];
        for (int i = random.Next(4); i >= 0; i--)
        {
            mutant[random.Next(first, file.Length)] ^= (byte)(1 << random.Next(8));
        }

        return mutant;
    }

    private static byte[] Overwrite(byte[] file, Xoshiro256StarStar random, long value, int length)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        byte[] mutant = [.. file];

        // Numbers of a file mostly stand where a whole number of them fits up to its end.
        int last = Math.Max(0, file.Length - length);
        int place = random.Next(2) == 0 ? random.Next(last + 1) : last - (length * random.Next((last / length) + 1));
        bytes[..Math.Min(length, file.Length)].CopyTo(mutant.AsSpan(place));
        return mutant;
    }

    private static (int First, int End) Range(byte[] file, Xoshiro256StarStar random)
    {
        int first = random.Next(file.Length);
        int most = random.Next(2) == 0 ? 16 : file.Length;
        return (first, first + random.Next(Math.Min(most, file.Length - first) + 1));
    }

    private static byte[] Bytes(Xoshiro256StarStar random, int most)
    {
        byte[] bytes = new byte[1 + random.Next(most)];
        random.NextBytes(bytes);
        return bytes;
    }
}
