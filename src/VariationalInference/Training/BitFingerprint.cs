using System.Buffers.Binary;
using System.Security.Cryptography;

namespace VariationalInference;

/// <summary>A fingerprint of numbers by their bits, in order, however they are cut into calls: the first 128 bits of their SHA-256. Not thread-safe.</summary>
/// <remarks>Every NaN counts as the same: it marks a missing cell, and its payload says nothing.</remarks>
internal sealed class BitFingerprint : IDisposable
{
    private const int BlockLength = 256;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _bytes = new byte[BlockLength * sizeof(double)];

    public void Add(ReadOnlySpan<double> values)
    {
        for (int first = 0; first < values.Length; first += BlockLength)
        {
            ReadOnlySpan<double> block = values[first..Math.Min(first + BlockLength, values.Length)];
            for (int i = 0; i < block.Length; i++)
            {
                double value = double.IsNaN(block[i]) ? double.NaN : block[i];
                BinaryPrimitives.WriteDoubleLittleEndian(_bytes.AsSpan(i * sizeof(double)), value);
            }

            _hash.AppendData(_bytes, 0, block.Length * sizeof(double));
        }
    }

    /// <summary>Returns the fingerprint of all numbers so far.</summary>
    public UInt128 Value()
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        _hash.GetCurrentHash(digest);
        return BinaryPrimitives.ReadUInt128BigEndian(digest);
    }

    public void Dispose() => _hash.Dispose();
}
