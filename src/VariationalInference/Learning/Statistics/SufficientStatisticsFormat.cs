namespace VariationalInference;

/// <summary>The binary format of <see cref="SufficientStatistics"/> up to version 0.2.0, little-endian, which is still read.</summary>
/// <remarks>
/// Eight bytes "VISTATS1"; K and the number of patterns, 4 bytes each; then for each pattern ⌈K/8⌉ bytes with a bit for each missing column,
/// n in 8 bytes, the high and the low parts of the means and, where n > 1, the upper triangle of the cross products; at the end the FNV-1a
/// hash of all bytes before it, in 8.
/// </remarks>
internal static class SufficientStatisticsFormat
{
    /// <summary>The most columns that a stream may claim.</summary>
    private const int MostColumns = 32_768;

    /// <summary>Gets what such a file begins with.</summary>
    public static ReadOnlySpan<byte> Magic => "VISTATS1"u8;

    /// <summary>Reads what stands behind the first bytes.</summary>
    /// <exception cref="ModelFileException">The stream holds no statistics, or damaged ones.</exception>
    public static SufficientStatistics Read(Stream stream, string? fileName)
    {
        var format = new HashedStream(stream, fileName);
        format.Hash(Magic);
        long columns = format.GetInteger(sizeof(int));
        format.Require(columns is >= 1 and <= MostColumns, Guard.Text($"it has {columns} columns; 1 to {MostColumns} are allowed"));
        long patterns = format.GetInteger(sizeof(int));
        format.Require(patterns >= 1, Guard.Text($"it has {patterns} patterns; at least 1 is needed"));
        var moments = new Dictionary<MissingPattern, Moments>();
        long rows = 0;
        for (long i = 0; i < patterns; i++)
        {
            (MissingPattern pattern, Moments item) = GetPattern(format, (int)columns);
            format.Require(moments.TryAdd(pattern, item), Guard.Text($"pattern {i} occurs twice"));
            format.Require(item.Count <= long.MaxValue - rows, "it has more rows than can be counted");
            rows += item.Count;
        }

        format.GetHash();
        return new SufficientStatistics((int)columns, moments);
    }

    private static (MissingPattern Pattern, Moments Moments) GetPattern(HashedStream format, int columns)
    {
        var mask = new byte[(columns + 7) / 8];
        format.Get(mask);
        var row = new double[columns];
        for (int k = 0; k < 8 * mask.Length; k++)
        {
            bool missing = ((mask[k / 8] >> (k % 8)) & 1) != 0;
            format.Require(k < columns || !missing, "a pattern names a column that is not there");
            if (missing)
            {
                row[k] = double.NaN;
            }
        }

        MissingPattern pattern = MissingPattern.Of(row);
        int observed = columns - pattern.MissingCount;
        long count = format.GetInteger(sizeof(long));
        format.Require(count >= 1, Guard.Text($"a pattern has {count} rows; at least 1 is needed"));
        double[] high = format.GetNumbers(observed);
        double[] low = format.GetNumbers(observed);
        double[]? products = count == 1 ? null : format.GetNumbers(Moments.TriangleLength(observed));
        var moments = new Moments(count, high, low, products);
        try
        {
            SufficientStatistics.RequirePossible(moments);
        }
        catch (FormatException exception)
        {
            throw new ModelFileException(format.FileName, $"{exception.Message}", exception);
        }

        return (pattern, moments);
    }
}
