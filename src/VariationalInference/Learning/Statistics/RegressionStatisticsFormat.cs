namespace VariationalInference;

/// <summary>The binary format of <see cref="RegressionStatistics"/>, little-endian.</summary>
/// <remarks>
/// Eight bytes "VIREGRS1"; J in 4; the numbers of observations that are there and that are missing, 8 each; J + 1 exponents, 4 each; the upper
/// triangle of the scaled factor, row by row; at the end the FNV-1a hash of all bytes before it, in 8.
/// </remarks>
internal static class RegressionStatisticsFormat
{
    /// <summary>The most latents that a stream may claim.</summary>
    private const int MostLatents = 32_768;

    /// <summary>Two to this power is the largest exponent of a double, and two to its negative below the smallest.</summary>
    private const int LargestExponent = 1_100;

    private static ReadOnlySpan<byte> Magic => "VIREGRS1"u8;

    public static void Write(RegressionStatistics statistics, Stream stream)
    {
        var format = new HashedStream(stream, fileName: null);
        TriangularFactor factor = statistics.Factor;
        format.Put(Magic);
        format.Put(statistics.LatentCount, sizeof(int));
        format.Put(statistics.ObservationCount, sizeof(long));
        format.Put(statistics.MissingCount, sizeof(long));
        foreach (int exponent in factor.Exponents)
        {
            format.Put(exponent, sizeof(int));
        }

        for (int i = 0; i < factor.Size; i++)
        {
            format.Put(factor.Entries.AsSpan((i * factor.Size) + i, factor.Size - i));
        }

        format.PutHash();
    }

    /// <exception cref="ModelFileException">The stream holds no statistics, or damaged ones.</exception>
    public static RegressionStatistics Read(Stream stream, string? fileName)
    {
        var format = new HashedStream(stream, fileName);
        Span<byte> magic = stackalloc byte[Magic.Length];
        format.Get(magic);
        format.Require(magic.SequenceEqual(Magic), "it does not begin with \"VIREGRS1\"");
        long latents = format.GetInteger(sizeof(int));
        format.Require(latents is >= 1 and <= MostLatents, Guard.Text($"it has {latents} latents; 1 to {MostLatents} are allowed"));
        long observations = format.GetInteger(sizeof(long));
        long missing = format.GetInteger(sizeof(long));
        format.Require(
            observations >= 0 && missing >= 0 && missing <= long.MaxValue - observations && observations + missing >= 1,
            Guard.Text($"it has {observations} rows with observations and {missing} without; at least 1 is needed, and no more than {long.MaxValue}"));
        int size = (int)latents + 1;
        var exponents = new int[size];
        for (int k = 0; k < size; k++)
        {
            exponents[k] = (int)format.GetInteger(sizeof(int));
            format.Require(
                exponents[k] == TriangularFactor.Unset || exponents[k] is >= -LargestExponent and <= LargestExponent,
                Guard.Text($"exponent {k} is {exponents[k]}; it must be within ±{LargestExponent}"));
        }

        // A false size fails when the stream ends, before memory is taken for the square.
        double[] triangle = format.GetNumbers(Moments.TriangleLength(size));
        format.GetHash();
        var entries = new double[size * size];
        for (int i = 0, at = 0; i < size; i++)
        {
            format.Require(triangle[at] >= 0, "an element of the diagonal is negative");
            for (int j = i; j < size; j++, at++)
            {
                format.Require(
                    triangle[at] == 0 || (exponents[j] != TriangularFactor.Unset && i < observations),
                    "its triangle is not zero where it must be");
                entries[(i * size) + j] = triangle[at];
            }
        }

        return new RegressionStatistics(new TriangularFactor(entries, exponents), observations, missing);
    }
}
