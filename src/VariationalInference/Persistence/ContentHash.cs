using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace VariationalInference;

/// <summary>The checksum of all that a file says: SHA-256 over metadata and tensors by name, and then the bytes of the data.</summary>
/// <remarks>
/// It stands in the metadata under <see cref="Key"/> and leaves out itself and how the header is laid out. Files of other programs have none.
/// </remarks>
internal sealed class ContentHash : IDisposable
{
    public const string Key = "content_sha256";

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>Begins with what a header says.</summary>
    public ContentHash(IEnumerable<KeyValuePair<string, string>> metadata, IEnumerable<TensorEntry> tensors)
    {
        foreach ((string name, string text) in metadata.Where(entry => entry.Key != Key).OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            Add(name);
            Add(text);
        }

        foreach (TensorEntry tensor in tensors.OrderBy(entry => entry.Name, StringComparer.Ordinal))
        {
            Add(tensor.Name);
            Add(tensor.TypeName);
            Add(tensor.Shape.Length);
            foreach (long size in tensor.Shape)
            {
                Add(size);
            }

            Add(tensor.Begin);
            Add(tensor.End);
        }
    }

    /// <summary>Adds the next bytes of the data.</summary>
    public void Add(ReadOnlySpan<byte> data) => _hash.AppendData(data);

    /// <summary>Returns the checksum, in lower-case hexadecimal digits.</summary>
    public string Text() => Convert.ToHexString(_hash.GetCurrentHash()).ToLowerInvariant();

    public void Dispose() => _hash.Dispose();

    // Lengths keep what follows apart: "ab" and "c" are not "a" and "bc".
    private void Add(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Add(bytes.Length);
        _hash.AppendData(bytes);
    }

    private void Add(long number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        _hash.AppendData(bytes);
    }
}
