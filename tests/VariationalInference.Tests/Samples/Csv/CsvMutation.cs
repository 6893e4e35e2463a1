using System.Text;
using System.Text.RegularExpressions;
using MathNet.Numerics.Random;
using VariationalInference.Tests.Persistence;

namespace VariationalInference.Tests.Samples.Csv;

/// <summary>Spoils a CSV file, in a way that its seed determines: as a text with fields, or as mere bytes.</summary>
internal static partial class CsvMutation
{
    private static readonly string[] Fields =
    [
        "NaN", "Infinity", "-Infinity", "-∞", "1e999", "-1e-999", "1e308", "0x10", "1,5", "1.5.2", "--1", "+2", ".5", "5.", "1e", "1 000", "١٢",
        "１", "\0", " ", "", "\"", "\"\"", "\"\"\"", "\"a", "a\"", "\"a\"b", "\"1\"", "\"a\nb\"", "\"a,b\"", "#", "=1+1", "\uFEFF", "null",
    ];

    private static readonly string[] LineEnds = ["\r\n", "\r", "\n\n", "\r\n\r\n", "\n\r", "\u2028", "\u0085", "", ",", "\",", ",\"", "\t"];

    public static byte[] Of(string[] files, int seed)
    {
        var random = new Xoshiro256StarStar(seed, false);
        string file = files[seed % files.Length];
        string other = files[random.Next(files.Length)];
        string text = random.Next(4) == 0 ? file : OfText(file, random);
        byte[] mutant = Encoding.UTF8.GetBytes(random.Next(3) == 0 ? OfText(text, random) : text);
        return random.Next(3) == 0 ? ByteMutation.Of(mutant, Encoding.UTF8.GetBytes(other), random) : mutant;
    }

    private static string OfText(string file, Xoshiro256StarStar random)
    {
        string[] lines = file.Split('\n');
        int line = random.Next(lines.Length);
        switch (random.Next(8))
        {
            case 0:
                return Replace(file, Field(), Fields[random.Next(Fields.Length)], random);
            case 1:
                return file.Replace("\n", LineEnds[random.Next(LineEnds.Length)], StringComparison.Ordinal);
            case 2:
                return Replace(file, LineEnd(), LineEnds[random.Next(LineEnds.Length)], random);
            case 3:
                return Replace(file, Field(), new string("1a\" ,"[random.Next(5)], random.Next(random.Next(32) == 0 ? 20_000 : 200)), random);
            case 4:
                lines[line] = lines[random.Next(lines.Length)];
                return string.Join('\n', lines);
            case 5:
                return string.Join('\n', lines.Where((_, i) => i != line));
            case 6:
                return file.Replace(',', ";\t| \0"[random.Next(5)]);
            default:
                return Replace(file, Comma(), new string(',', random.Next(6)), random);
        }
    }

    private static string Replace(string file, Regex pattern, string replacement, Xoshiro256StarStar random)
    {
        MatchCollection places = pattern.Matches(file);
        if (places.Count == 0)
        {
            return replacement;
        }

        Match place = places[random.Next(places.Count)];
        return $"{file[..place.Index]}{replacement}{file[(place.Index + place.Length)..]}";
    }

    [GeneratedRegex("[^,\n]+")]
    private static partial Regex Field();

    [GeneratedRegex("\n")]
    private static partial Regex LineEnd();

    [GeneratedRegex(",")]
    private static partial Regex Comma();
}
