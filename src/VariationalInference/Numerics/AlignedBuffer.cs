namespace VariationalInference;

/// <summary>An array that does not move, from an address that vectors can be loaded from without crossing cache lines.</summary>
internal sealed unsafe class AlignedBuffer<T>
    where T : unmanaged
{
    private const int Alignment = 64;

    /// <summary>The most bytes that a buffer can have.</summary>
    public static readonly int MostBytes = Array.MaxLength - Alignment;

    // Keeps the memory alive; pinned, it stays where it is.
    private readonly byte[] _memory;

    public AlignedBuffer(int length)
    {
        _memory = GC.AllocateArray<byte>(checked((length * sizeof(T)) + Alignment), pinned: true);
        fixed (byte* first = _memory)
        {
            Pointer = (T*)(((nint)first + Alignment - 1) & -Alignment);
        }

        Length = length;
    }

    public T* Pointer { get; }

    public int Length { get; }

    public Span<T> Span => new(Pointer, Length);
}
