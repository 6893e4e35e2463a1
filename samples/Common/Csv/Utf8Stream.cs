namespace VariationalInference.Samples;

/// <summary>
/// Passes a file's bytes on, and refuses the first that is no text in UTF-8. A decoder would put U+FFFD in place of such bytes, so that labels
/// which differ in them only would become one.
/// </summary>
internal sealed class Utf8Stream : Stream
{
    private const byte LowestContinuation = 0x80;
    private const byte HighestContinuation = 0xBF;

    // What such files begin with, longest first where one begins with another; none of it begins a text.
    private static readonly (byte[] Signature, string Name, string Remedy)[] Others =
    [
        ([0x1F, 0x8B], "compressed by gzip", "unpack it first, as with gunzip -k"),
        ([0x50, 0x4B, 0x03, 0x04], "a zip archive, as workbooks (.xlsx) are", "unpack it, or save the sheet as CSV"),
        ([0xFF, 0xFE, 0x00, 0x00], "text in UTF-32", "convert it first, as with iconv -f UTF-32 -t UTF-8"),
        ([0x00, 0x00, 0xFE, 0xFF], "text in UTF-32", "convert it first, as with iconv -f UTF-32 -t UTF-8"),
        ([0xFF, 0xFE], "text in UTF-16", "convert it first, as with iconv -f UTF-16 -t UTF-8"),
        ([0xFE, 0xFF], "text in UTF-16", "convert it first, as with iconv -f UTF-16 -t UTF-8"),
    ];

    private static readonly int LongestSignature = Others.Max(other => other.Signature.Length);

    private readonly string _path;
    private readonly FileStream _file;
    private readonly byte[] _head;
    private readonly int _headLength;
    private int _headRead;

    private long _offset;
    private long _lines;
    private bool _afterReturn;

    // A sequence of bytes that is not complete yet: where it starts, with what, and what may come next.
    private long _start;
    private byte _first;
    private int _needed;
    private byte _lowest = LowestContinuation;
    private byte _highest = HighestContinuation;

    /// <exception cref="CsvFormatException">The file begins as compressed ones do, or text in another encoding.</exception>
    public Utf8Stream(string path)
    {
        _path = path;
        _file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        try
        {
            _head = new byte[LongestSignature];
            _headLength = _file.ReadAtLeast(_head, _head.Length, throwOnEndOfStream: false);
            RefuseOthers(_head.AsSpan(0, _headLength));
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>Gets how many quotation marks have passed.</summary>
    public long QuotationMarks { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => _offset;
        set => throw new NotSupportedException();
    }

    /// <exception cref="CsvFormatException">The bytes are not UTF-8; the message has the line, the first of them, and its offset from 0.</exception>
    public override int Read(Span<byte> buffer)
    {
        int count = _headRead < _headLength ? ReadHead(buffer) : _file.Read(buffer);
        if (count == 0 && buffer.Length > 0 && _needed > 0)
        {
            throw NotUtf8(_first, _start, _lines);
        }

        Check(buffer[..count]);
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _file.Dispose();
        }

        base.Dispose(disposing);
    }

    private int ReadHead(Span<byte> buffer)
    {
        int count = Math.Min(buffer.Length, _headLength - _headRead);
        _head.AsSpan(_headRead, count).CopyTo(buffer);
        _headRead += count;
        return count;
    }

    private void RefuseOthers(ReadOnlySpan<byte> head)
    {
        foreach ((byte[] signature, string name, string remedy) in Others)
        {
            if (head.StartsWith(signature))
            {
                throw new CsvFormatException($"{_path}: the file is {name}, not CSV in UTF-8; {remedy}");
            }
        }
    }

    /// <summary>Follows table 3-7 of the Unicode standard, well-formed sequences, over block after block.</summary>
    private void Check(ReadOnlySpan<byte> block)
    {
        for (int i = 0; i < block.Length; i++)
        {
            if (_needed > 0)
            {
                Continue(block, i);
                continue;
            }

            int plain = block[i..].IndexOfAnyExceptInRange((byte)1, (byte)0x7F);
            if (plain < 0)
            {
                break;
            }

            i += plain;
            Begin(block, i);
        }

        _lines += CountLines(block, _afterReturn);
        _afterReturn = block.IsEmpty ? _afterReturn : block[^1] == '\r';
        QuotationMarks += block.Count((byte)'"');
        _offset += block.Length;
    }

    private void Begin(ReadOnlySpan<byte> block, int index)
    {
        _first = block[index];
        _start = _offset + index;
        switch (_first)
        {
            case >= 0xC2 and <= 0xDF:
                _needed = 1;
                break;
            case >= 0xE0 and <= 0xEF:
                // Neither longer than need be, nor halves of a surrogate pair.
                _needed = 2;
                _lowest = _first == 0xE0 ? (byte)0xA0 : LowestContinuation;
                _highest = _first == 0xED ? (byte)0x9F : HighestContinuation;
                break;
            case >= 0xF0 and <= 0xF4:
                // Neither longer than need be, nor above U+10FFFF.
                _needed = 3;
                _lowest = _first == 0xF0 ? (byte)0x90 : LowestContinuation;
                _highest = _first == 0xF4 ? (byte)0x8F : HighestContinuation;
                break;
            case 0:
                throw new CsvFormatException(
                    $"{_path}({Line(block, index)}): the byte 00 at offset {_start} is in no text in UTF-8, but in most in UTF-16; "
                    + "convert such a file first, as with iconv -f UTF-16 -t UTF-8");
            default:
                throw NotUtf8(_first, _start, Line(block, index) - 1);
        }
    }

    private void Continue(ReadOnlySpan<byte> block, int index)
    {
        if (block[index] < _lowest || block[index] > _highest)
        {
            throw NotUtf8(_first, _start, Line(block, index) - 1);
        }

        _needed--;
        (_lowest, _highest) = (LowestContinuation, HighestContinuation);
    }

    private CsvFormatException NotUtf8(byte first, long offset, long linesBefore) => new(
        $"{_path}({linesBefore + 1}): the byte {first:X2} at offset {offset} is not UTF-8; save the file as UTF-8, or convert it, "
        + "from Windows' encoding as with iconv -f WINDOWS-1252 -t UTF-8");

    private long Line(ReadOnlySpan<byte> block, int index) => _lines + CountLines(block[..index], _afterReturn) + 1;

    /// <summary>Counts the ends of lines, of which a return and a line feed together are one.</summary>
    private static long CountLines(ReadOnlySpan<byte> block, bool afterReturn) =>
        block.Count((byte)'\n') + block.Count((byte)'\r') - block.Count("\r\n"u8) - (afterReturn && !block.IsEmpty && block[0] == '\n' ? 1 : 0);
}
