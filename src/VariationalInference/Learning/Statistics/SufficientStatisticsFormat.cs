using System.Buffers.Binary;

namespace VariationalInference;

/// <summary>The binary format of <see cref="SufficientStatistics"/>, little-endian.</summary>
/// <remarks>
/// Eight bytes "VISTATS1"; K and the number of patterns, 4 bytes each; then for each pattern ⌈K/8⌉ bytes with a bit for each missing column,
/// n in 8 bytes, the high and the low parts of the means and, where n > 1, the upper triangle of the cross products; at the end the FNV-1a
/// hash of all bytes before it, in 8.
/// </remarks>
internal sealed class SufficientStatisticsFormat
{
    /// <summary>The most columns that a stream may claim.</summary>
    private const int MostColumns = 32_768;

    private const int BlockLength = 4096;
    private const ulong HashStart = 0xCBF29CE484222325;
    private const ulong HashPrime = 0x100000001B3;

    private readonly Stream _stream;
    private readonly string? _fileName;
    private ulong _hash = HashStart;

    private SufficientStatisticsFormat(Stream stream, string? fileName)
    {
        _stream = stream;
        _fileName = fileName;
    }

    private static ReadOnlySpan<byte> Magic => "VISTATS1"u8;

    public static void Write(SufficientStatistics statistics, Stream stream)
    {
        var format = new SufficientStatisticsFormat(stream, fileName: null);
        format.Put(Magic);
        format.Put(statistics.ColumnCount, sizeof(int));
        format.Put(statistics.Patterns.Length, sizeof(int));
        foreach (PatternStatistics item in statistics.Patterns)
        {
            var mask = new byte[(statistics.ColumnCount + 7) / 8];
            for (int k = 0; k < statistics.ColumnCount; k++)
            {
                mask[k / 8] |= (byte)((item.Pattern.IsMissing(k) ? 1 : 0) << (k % 8));
            }

            format.Put(mask);
            format.Put(item.RowCount, sizeof(long));
            format.Put(item.Moments.High);
            format.Put(item.Moments.Low);
            if (item.RowCount > 1)
            {
                format.Put(item.Moments.Products);
            }
        }

        format.Put((long)format._hash, sizeof(long));
    }

    /// <exception cref="ModelFileException">The stream holds no statistics, or damaged ones.</exception>
    public static SufficientStatistics Read(Stream stream, string? fileName)
    {
        var format = new SufficientStatisticsFormat(stream, fileName);
        Span<byte> magic = stackalloc byte[Magic.Length];
        format.Get(magic);
        format.Require(magic.SequenceEqual(Magic), "it does not begin with \"VISTATS1\"");
        long columns = format.GetInteger(sizeof(int));
        format.Require(columns is >= 1 and <= MostColumns, Guard.Text($"it has {columns} columns; 1 to {MostColumns} are allowed"));
        long patterns = format.GetInteger(sizeof(int));
        format.Require(patterns >= 1, Guard.Text($"it has {patterns} patterns; at least 1 is needed"));
        var moments = new Dictionary<MissingPattern, Moments>();
        long rows = 0;
        for (long i = 0; i < patterns; i++)
        {
            (MissingPattern pattern, Moments item) = format.GetPattern((int)columns);
            format.Require(moments.TryAdd(pattern, item), Guard.Text($"pattern {i} occurs twice"));
            format.Require(item.Count <= long.MaxValue - rows, "it has more rows than can be counted");
            rows += item.Count;
        }

        long hash = (long)format._hash;
        format.Require(format.GetInteger(sizeof(long)) == hash, "its checksum is wrong");
        return new SufficientStatistics((int)columns, moments);
    }

    private (MissingPattern Pattern, Moments Moments) GetPattern(int columns)
    {
        var mask = new byte[(columns + 7) / 8];
        Get(mask);
        var row = new double[columns];
        for (int k = 0; k < 8 * mask.Length; k++)
        {
            bool missing = ((mask[k / 8] >> (k % 8)) & 1) != 0;
            Require(k < columns || !missing, "a pattern names a column that is not there");
            if (missing)
            {
                row[k] = double.NaN;
            }
        }

        MissingPattern pattern = MissingPattern.Of(row);
        int observed = columns - pattern.MissingCount;
        long count = GetInteger(sizeof(long));
        Require(count >= 1, Guard.Text($"a pattern has {count} rows; at least 1 is needed"));
        double[] high = GetNumbers(observed);
        double[] low = GetNumbers(observed);
        double[]? products = count == 1 ? null : GetNumbers(Moments.TriangleLength(observed));
        var moments = new Moments(count, high, low, products);
        for (int k = 0; k < observed; k++)
        {
            Require(double.IsFinite(moments.Mean(k)) && moments.Mean(k) == high[k], "a mean is not in its normal form");
            Require(moments.Product(k, k) >= 0, "a sum of squares is negative");
        }

        return (pattern, moments);
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        _stream.Write(bytes);
        Hash(bytes);
    }

    private void Put(long value, int length)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        Put(bytes[..length]);
    }

    private void Put(ReadOnlySpan<double> values)
    {
        foreach (double value in values)
        {
            Put(BitConverter.DoubleToInt64Bits(value), sizeof(double));
        }
    }

    private void Get(Span<byte> bytes)
    {
        try
        {
            _stream.ReadExactly(bytes);
        }
        catch (EndOfStreamException exception)
        {
            throw new ModelFileException(_fileName, $"there are no valid statistics: it ends too soon.", exception);
        }

        Hash(bytes);
    }

    private long GetInteger(int length)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        bytes.Clear();
        Get(bytes[..length]);
        return length == sizeof(int) ? BinaryPrimitives.ReadInt32LittleEndian(bytes) : BinaryPrimitives.ReadInt64LittleEndian(bytes);
    }

    /// <summary>Reads finite numbers, a block at a time: a false length fails when the stream ends, before memory is taken for it.</summary>
    private double[] GetNumbers(int count)
    {
        var numbers = new List<double>(Math.Min(count, BlockLength));
        var block = new byte[Math.Min(count, BlockLength) * sizeof(double)];
        while (numbers.Count < count)
        {
            Span<byte> bytes = block.AsSpan(0, Math.Min(count - numbers.Count, BlockLength) * sizeof(double));
            Get(bytes);
            for (int at = 0; at < bytes.Length; at += sizeof(double))
            {
                double number = BinaryPrimitives.ReadDoubleLittleEndian(bytes[at..]);
                Require(double.IsFinite(number), "a number is not finite");
                numbers.Add(number);
            }
        }

        return [.. numbers];
    }

    private void Hash(ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
        {
            _hash = (_hash ^ value) * HashPrime;
        }
    }

    private void Require(bool condition, string complaint)
    {
        if (!condition)
        {
            throw new ModelFileException(_fileName, $"there are no valid statistics: {complaint}.");
        }
    }
}
