using System.Buffers.Binary;

namespace VariationalInference.Tests.Persistence;

/// <summary>Statistics as version 0.2.0 wrote them.</summary>
internal static class OldStatistics
{
    public static byte[] Of(SufficientStatistics statistics)
    {
        var bytes = new List<byte>();
        bytes.AddRange("VISTATS1"u8);
        Put(statistics.ColumnCount);
        Put(statistics.Patterns.Length);
        foreach (PatternStatistics item in statistics.Patterns)
        {
            var mask = new byte[(statistics.ColumnCount + 7) / 8];
            foreach (int k in Enumerable.Range(0, statistics.ColumnCount).Except(item.Observed))
            {
                mask[k / 8] |= (byte)(1 << (k % 8));
            }

            bytes.AddRange(mask);
            bytes.AddRange(BitConverter.GetBytes(item.RowCount));
            PutAll(item.Moments.High);
            PutAll(item.Moments.Low);
            PutAll(item.RowCount > 1 ? item.Moments.Products : []);
        }

        ulong hash = 0xCBF29CE484222325;
        foreach (byte value in bytes)
        {
            hash = (hash ^ value) * 0x100000001B3;
        }

        bytes.AddRange(BitConverter.GetBytes(hash));
        return [.. bytes];

        void Put(int number)
        {
            Span<byte> four = stackalloc byte[sizeof(int)];
            BinaryPrimitives.WriteInt32LittleEndian(four, number);
            bytes.AddRange(four);
        }

        void PutAll(ReadOnlySpan<double> numbers)
        {
            foreach (double number in numbers)
            {
                bytes.AddRange(BitConverter.GetBytes(number));
            }
        }
    }
}
