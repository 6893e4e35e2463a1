namespace VariationalInference.Tests.Persistence;

/// <summary>A stream that cannot seek, hands out a few bytes at a time and, if endless, zeros after its contents.</summary>
internal sealed class PipeStream(byte[] contents, bool endless) : Stream
{
    private const int Portion = 1000;

    public long Delivered { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        int count = Math.Min(buffer.Length, Portion);
        ReadOnlySpan<byte> left = contents.AsSpan((int)Math.Min(Delivered, contents.Length));
        if (left.IsEmpty && endless)
        {
            buffer[..count].Clear();
        }
        else
        {
            count = Math.Min(count, left.Length);
            left[..count].CopyTo(buffer);
        }

        Delivered += count;
        return count;
    }

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
