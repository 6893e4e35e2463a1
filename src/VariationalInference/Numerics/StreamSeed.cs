namespace VariationalInference;

/// <summary>Seeds of independent random streams, one for each (seed, purpose, index): a hash by SplitMix64 (Steele, Lea and Flood, 2014).</summary>
internal static class StreamSeed
{
    public static int Of(int seed, int purpose, long index)
    {
        ulong hash = Mix((uint)seed);
        hash = Mix(hash ^ (uint)purpose);
        return (int)(Mix(hash ^ (ulong)index) >> 32);
    }

    private static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
