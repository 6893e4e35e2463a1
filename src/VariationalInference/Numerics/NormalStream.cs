using System.Numerics.Tensors;

namespace VariationalInference;

/// <summary>
/// Standard normal draws of one stream, without allocating: uniforms from SplitMix64 (Steele, Lea and Flood, 2014), turned into normals by
/// Box and Muller (1958), all of a buffer at once.
/// </summary>
internal static class NormalStream
{
    private const int BlockLength = 128;
    private const double TwoPi = 2 * Math.PI;

    /// <summary>2⁻⁵³: a double's 53 digits of a random word.</summary>
    private const double Unit = 1.0 / (1L << 53);

    public static void Fill(int seed, Span<double> destination)
    {
        Span<double> radiusBlock = stackalloc double[BlockLength];
        Span<double> angleBlock = stackalloc double[BlockLength];
        Span<double> sineBlock = stackalloc double[BlockLength];
        ulong state = (uint)seed;
        for (; !destination.IsEmpty; destination = destination[Math.Min(2 * BlockLength, destination.Length)..])
        {
            int first = Math.Min(BlockLength, (destination.Length + 1) / 2);
            Span<double> radii = radiusBlock[..first], angles = angleBlock[..first], sines = sineBlock[..first];
            for (int i = 0; i < first; i++)
            {
                // In (0, 1], so that the logarithm is finite.
                radii[i] = ((Next(ref state) >> 11) + 1) * Unit;
                angles[i] = (Next(ref state) >> 11) * (Unit * TwoPi);
            }

            TensorPrimitives.Log(radii, radii);
            TensorPrimitives.Multiply(radii, -2.0, radii);
            TensorPrimitives.Sqrt(radii, radii);
            TensorPrimitives.Sin(angles, sines);
            TensorPrimitives.Cos(angles, angles);
            TensorPrimitives.Multiply(sines, radii, sines);
            TensorPrimitives.Multiply(angles, radii, angles);
            angles.CopyTo(destination);
            sines[..Math.Min(first, destination.Length - first)].CopyTo(destination[first..]);
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
