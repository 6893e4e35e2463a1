using System.Numerics;

namespace VariationalInference;

/// <summary>
/// Standard normal draws of one stream, without allocating: uniforms from SplitMix64 (Steele, Lea and Flood, 2014), turned into normals by
/// Box and Muller (1958), all of a buffer at once. The same bits on every processor.
/// </summary>
internal static class NormalStream
{
    /// <summary>A multiple of the elements of any vector.</summary>
    private const int BlockLength = 128;

    /// <summary>2⁻⁵³: a double's 53 digits of a random word.</summary>
    private const double Unit = 1.0 / (1L << 53);

    public static void Fill(int seed, Span<double> destination)
    {
        Span<double> uniforms = stackalloc double[BlockLength];
        Span<double> turns = stackalloc double[BlockLength];
        ulong state = (uint)seed;
        for (; !destination.IsEmpty; destination = destination[Math.Min(2 * BlockLength, destination.Length)..])
        {
            int first = Math.Min(BlockLength, (destination.Length + 1) / 2);
            for (int i = 0; i < first; i++)
            {
                // In (0, 1], so that the logarithm is finite.
                uniforms[i] = ((Next(ref state) >> 11) + 1) * Unit;
                turns[i] = (Next(ref state) >> 11) * Unit;
            }

            // Beyond the first ones are those of the block before, whose draws nobody copies.
            for (int i = 0; i < first; i += Vector<double>.Count)
            {
                Vector<double> radius = Vector.SquareRoot(RepeatableFunctions.Log(new Vector<double>(uniforms[i..])) * new Vector<double>(-2));
                (Vector<double> sine, Vector<double> cosine) = RepeatableFunctions.SinCosOfTurns(new Vector<double>(turns[i..]));
                (radius * cosine).CopyTo(uniforms[i..]);
                (radius * sine).CopyTo(turns[i..]);
            }

            uniforms[..first].CopyTo(destination);
            turns[..Math.Min(first, destination.Length - first)].CopyTo(destination[first..]);
        }
    }

    private static ulong Next(ref ulong state)
    {
        state += 0x9E3779B97F4A7C15;
        ulong word = state;
        word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9;
        word = (word ^ (word >> 27)) * 0x94D049BB133111EB;
        return word ^ (word >> 31);
    }
}
