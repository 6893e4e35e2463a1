namespace VariationalInference.Tests.Numerics;

/// <summary>The generator as Steele, Lea and Flood published it.</summary>
internal static class SplitMix64
{
    public static ulong Next(ref ulong state)
    {
        state = unchecked(state + 0x9E3779B97F4A7C15);
        ulong word = state;
        word = unchecked((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9);
        word = unchecked((word ^ (word >> 27)) * 0x94D049BB133111EB);
        return word ^ (word >> 31);
    }
}
