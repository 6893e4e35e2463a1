namespace VariationalInference.Tests.Persistence;

/// <summary>Writes on to another stream until it has taken so many bytes.</summary>
internal sealed class FullDisk(Stream stream, int fits) : MemoryStream
{
    private int _left = fits;

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        int count = Math.Min(buffer.Length, _left);
        stream.Write(buffer[..count]);
        _left -= count;
        if (count < buffer.Length)
        {
            throw new IOException("The disk is full.");
        }
    }
}
