using System.Buffers.Binary;

namespace VariationalInference;

/// <summary>Reads tensors from the place where a stream stands up to its end, and believes nothing that the stream has not delivered.</summary>
/// <remarks>
/// Lengths are checked against that of the stream before memory is taken for them. A stream that does not know its length may have
/// <see cref="MaxUnknownLength"/> bytes of data, and takes memory as it delivers.
/// </remarks>
internal sealed class SafeTensorsReader : IDisposable
{
    /// <summary>The most bytes of data from a stream that does not know its length.</summary>
    public const int MaxUnknownLength = 1 << 30;

    private const int ChunkLength = 1 << 16;

    private readonly string? _fileName;
    private readonly long? _length;
    private readonly Stream _stream;
    private readonly byte[] _chunk = new byte[ChunkLength];
    private readonly ContentHash? _hash;

    // What was read before the stream came here.
    private ReadOnlyMemory<byte> _start;

    // What is left of the data when they were read ahead.
    private ReadOnlyMemory<byte>? _readAhead;

    /// <summary>Reads the header.</summary>
    /// <exception cref="ModelFileException">The header is not as the format has it, or does not fit the stream.</exception>
    /// <param name="stream">The stream.</param>
    /// <param name="fileName">The file, for messages.</param>
    /// <param name="start">The first bytes, where they were read already: as many as a header's length takes, or all that there are.</param>
    public SafeTensorsReader(Stream stream, string? fileName, ReadOnlyMemory<byte> start = default)
    {
        _stream = stream;
        _fileName = fileName;
        _start = start;
        _length = stream.CanSeek ? start.Length + Math.Max(0, stream.Length - stream.Position) : null;
        int headerLength = ReadHeaderLength();
        Header = new SafeTensorsHeader(ReadBytes(headerLength, "the header"), fileName);
        DataOffset = SafeTensors.PrefixLength + headerLength;
        _hash = Header.Metadata.ContainsKey(ContentHash.Key) ? new ContentHash(Header.Metadata, Header.Tensors) : null;
    }

    public SafeTensorsHeader Header { get; }

    private int DataOffset { get; }

    /// <summary>Checks that the tensors are as the format has them and that the data are there, neither more nor less.</summary>
    /// <exception cref="ModelFileException">They are not.</exception>
    public void CheckData()
    {
        Header.CheckLayout();
        long needed = Header.DataLength;
        if (_length is { } length)
        {
            CheckDataLength(length - DataOffset, needed);
            return;
        }

        if (needed > MaxUnknownLength)
        {
            throw Failure(
                $"the tensors have {needed} bytes; a stream that does not know its length may have {MaxUnknownLength}, so load from a file.");
        }

        byte[] data = ReadBytes((int)needed, "the data");
        if (_stream.Read(_chunk.AsSpan(0, 1)) != 0)
        {
            throw Failure($"the stream goes on after its tensors; it must end there, after {needed} bytes of data.");
        }

        _readAhead = data;
    }

    /// <summary>Reads the next tensor, in the order of the data.</summary>
    /// <exception cref="ModelFileException">The data end early.</exception>
    public void ReadValues(TensorType type, Span<double> values)
    {
        int itemSize = SafeTensors.ItemSize(type);
        while (!values.IsEmpty)
        {
            int count = Math.Min(values.Length, ChunkLength / itemSize);
            Span<byte> bytes = _chunk.AsSpan(0, count * itemSize);
            Fill(bytes, "the data");
            _hash?.Add(bytes);
            for (int i = 0; i < count; i++)
            {
                ReadOnlySpan<byte> item = bytes[(i * itemSize)..];
                values[i] = type == TensorType.F64
                    ? BinaryPrimitives.ReadDoubleLittleEndian(item)
                    : BinaryPrimitives.ReadSingleLittleEndian(item);
            }

            values = values[count..];
        }
    }

    /// <summary>Compares the checksum, if there is one, with what was read: the header and all tensors.</summary>
    /// <exception cref="ModelFileException">They differ.</exception>
    public void CheckHash()
    {
        if (_hash is null)
        {
            return;
        }

        string stated = Header.Metadata[ContentHash.Key], found = _hash.Text();
        if (stated != found)
        {
            throw Failure(
                $"{ContentHash.Key} is {SafeTensors.Show(stated)}; the contents have {SafeTensors.Show(found)}, so that something was altered. A program that means to alter a file leaves the entry out.");
        }
    }

    public void Dispose() => _hash?.Dispose();

    private int ReadHeaderLength()
    {
        if (_length < SafeTensors.PrefixLength)
        {
            throw Failure($"there are {_length} bytes; a safetensors file has at least {SafeTensors.PrefixLength}.");
        }

        Span<byte> prefix = stackalloc byte[SafeTensors.PrefixLength];
        Fill(prefix, "the length of the header");
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        ulong most = (ulong)Math.Min(SafeTensors.MaxHeaderLength, (_length - SafeTensors.PrefixLength) ?? long.MaxValue);
        if (length > most)
        {
            throw Failure($"the header's length is given as {length} bytes; at most {most} are possible here.");
        }

        return (int)length;
    }

    private void CheckDataLength(long actual, long needed)
    {
        if (actual != needed)
        {
            throw Failure($"there are {actual} bytes of data after the header; the tensors must fill them, and have {needed}.");
        }
    }

    private byte[] ReadBytes(int count, string what)
    {
        // A stream that does not know its length may promise anything: its memory grows with what it delivers.
        byte[] bytes = new byte[_length is null ? Math.Min(count, ChunkLength) : count];
        Fill(bytes, what);
        while (bytes.Length < count)
        {
            int filled = bytes.Length;
            Array.Resize(ref bytes, (int)Math.Min(count, 2L * filled));
            Fill(bytes.AsSpan(filled), what);
        }

        return bytes;
    }

    private void Fill(Span<byte> bytes, string what)
    {
        if (_readAhead is { } data)
        {
            data.Span[..bytes.Length].CopyTo(bytes);
            _readAhead = data[bytes.Length..];
            return;
        }

        int filled = Math.Min(_start.Length, bytes.Length);
        _start.Span[..filled].CopyTo(bytes);
        _start = _start[filled..];
        filled += _stream.ReadAtLeast(bytes[filled..], bytes.Length - filled, throwOnEndOfStream: false);
        if (filled < bytes.Length)
        {
            throw Failure($"the end comes within {what}; the file is truncated.");
        }
    }

    private ModelFileException Failure(FormattableString problem) => new(_fileName, problem);
}
