using System.Buffers.Binary;

namespace VariationalInference;

/// <summary>Numbers to be read from a binary stream, little-endian, with the FNV-1a hash of all bytes at their end.</summary>
internal sealed class HashedStream(Stream stream, string? fileName)
{
    private const int BlockLength = 4096;
    private const ulong HashStart = 0xCBF29CE484222325;
    private const ulong HashPrime = 0x100000001B3;

    private ulong _hash = HashStart;

    /// <summary>Gets the file, for messages.</summary>
    public string? FileName => fileName;

    /// <summary>Reads a hash, which must be that of all that was read.</summary>
    public void GetHash()
    {
        long hash = (long)_hash;
        Require(GetInteger(sizeof(long)) == hash, "its checksum is wrong");
    }

    public void Get(Span<byte> bytes)
    {
        try
        {
            stream.ReadExactly(bytes);
        }
        catch (EndOfStreamException exception)
        {
            throw new ModelFileException(fileName, $"there are no valid statistics: it ends too soon.", exception);
        }

        Hash(bytes);
    }

    public long GetInteger(int length)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        bytes.Clear();
        Get(bytes[..length]);
        return length == sizeof(int) ? BinaryPrimitives.ReadInt32LittleEndian(bytes) : BinaryPrimitives.ReadInt64LittleEndian(bytes);
    }

    /// <summary>Reads finite numbers, a block at a time: a false length fails when the stream ends, before memory is taken for it.</summary>
    public double[] GetNumbers(int count)
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

    /// <summary>Counts bytes that were read elsewhere.</summary>
    public void Hash(ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
        {
            _hash = (_hash ^ value) * HashPrime;
        }
    }

    public void Require(bool condition, string complaint)
    {
        if (!condition)
        {
            throw new ModelFileException(fileName, $"there are no valid statistics: {complaint}.");
        }
    }
}
