using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using MathNet.Numerics.Random;

namespace VariationalInference.Tests.Persistence;

/// <summary>Spoils a file, in a way that its seed determines.</summary>
internal static partial class Mutation
{
    private static readonly string[] Numbers =
    [
        "-1", "0", "1", "7", "2147483647", "2147483648", "4294967296", "9223372036854775807", "9223372036854775808",
        "18446744073709551616", "1e308", "1.0", "[]", "{}", "null", "\"\"", "NaN",
    ];

    public static byte[] Of(byte[] file, int seed)
    {
        var random = new Xoshiro256StarStar(seed, false);
        int headerEnd = 8 + (int)BinaryPrimitives.ReadInt64LittleEndian(file);
        return (seed % 8) switch
        {
            0 => Flip(file, random, file.Length),
            1 => Flip(file, random, headerEnd),
            2 => file[..random.Next(file.Length)],
            3 => Insert(file, random),
            4 => [.. file, .. Bytes(random)],
            5 => HostileLength(file, random),
            6 => HostileNumber(file, random, headerEnd),
            _ => Splice(file, random, headerEnd),
        };
    }

    private static byte[] Flip(byte[] file, Xoshiro256StarStar random, int limit)
    {
        byte[] mutant = [.. file];
        for (int i = random.Next(4); i >= 0; i--)
        {
            mutant[random.Next(limit)] ^= (byte)(1 << random.Next(8));
        }

        return mutant;
    }

    private static byte[] Bytes(Xoshiro256StarStar random)
    {
        byte[] bytes = new byte[1 + random.Next(40)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Insert(byte[] file, Xoshiro256StarStar random)
    {
        int place = random.Next(file.Length);
        return [.. file[..place], .. Bytes(random), .. file[place..]];
    }

    private static byte[] HostileLength(byte[] file, Xoshiro256StarStar random)
    {
        byte[] mutant = [.. file];
        ulong value = random.Next(3) switch
        {
            0 => (ulong)random.Next(2 * file.Length),
            1 => 1UL << random.Next(64),
            _ => ulong.MaxValue - (ulong)random.Next(100),
        };
        BinaryPrimitives.WriteUInt64LittleEndian(mutant, value);
        return mutant;
    }

    // Numbers of shapes and offsets become others, and the length of the header stays true.
    private static byte[] HostileNumber(byte[] file, Xoshiro256StarStar random, int headerEnd)
    {
        string header = Encoding.UTF8.GetString(file.AsSpan(8, headerEnd - 8));
        MatchCollection places = Number().Matches(header);
        Match place = places[random.Next(places.Count)];
        string number = random.Next(3) == 0
            ? (int.Parse(place.Value, CultureInfo.InvariantCulture) + random.Next(-8, 9)).ToString(CultureInfo.InvariantCulture)
            : Numbers[random.Next(Numbers.Length)];
        return EncoderBytes.Compose($"{header[..place.Index]}{number}{header[(place.Index + place.Length)..]}", file[headerEnd..]);
    }

    // A part of the header is written twice, or left out, and the length of the header stays true.
    private static byte[] Splice(byte[] file, Xoshiro256StarStar random, int headerEnd)
    {
        string header = Encoding.UTF8.GetString(file.AsSpan(8, headerEnd - 8));
        int first = random.Next(header.Length);
        int second = random.Next(header.Length);
        return EncoderBytes.Compose(header[..first] + header[second..], file[headerEnd..]);
    }

    [GeneratedRegex("(?<=[\\[,])[0-9]+")]
    private static partial Regex Number();
}
