namespace VariationalInference.Testing;

/// <summary>Values that a network is given to write, between cells that it must leave alone.</summary>
internal sealed class FencedBuffer
{
    private const int FenceWidth = 16;

    // A NaN that no arithmetic makes; what is added to it stays the same NaN.
    private const long Mark = 0x7FF8_0000_FE4C_ED00;

    private readonly double[] _cells;

    /// <summary>Creates a buffer that nobody has written to.</summary>
    public FencedBuffer(int length)
    {
        _cells = new double[length + (2 * FenceWidth)];
        _cells.AsSpan().Fill(BitConverter.Int64BitsToDouble(Mark));
    }

    public int Length => _cells.Length - (2 * FenceWidth);

    public Span<double> Values => _cells.AsSpan(FenceWidth, Length);

    /// <summary>Says what is wrong with the values by themselves: left as they were, not finite, or beside the buffer.</summary>
    public string? Fault(string name)
    {
        if (!AllMarked(_cells.AsSpan(0, FenceWidth)) || !AllMarked(_cells.AsSpan(FenceWidth + Length)))
        {
            return $"wrote beside {name}; it must write nothing but the elements";
        }

        for (int i = 0; i < Length; i++)
        {
            if (BitConverter.DoubleToInt64Bits(Values[i]) == Mark)
            {
                return FormattableString.Invariant($"left {name}[{i}] unwritten, or added to what was there; it must write every element");
            }

            if (!double.IsFinite(Values[i]))
            {
                return FormattableString.Invariant($"made {name}[{i}] {Values[i]}; every element must be finite");
            }
        }

        return null;
    }

    /// <summary>Returns the first place where two buffers of the same length have different bits, or −1.</summary>
    public static int FirstDifference(ReadOnlySpan<double> left, ReadOnlySpan<double> right)
    {
        for (int i = 0; i < left.Length; i++)
        {
            if (BitConverter.DoubleToInt64Bits(left[i]) != BitConverter.DoubleToInt64Bits(right[i]))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>Says where these values have other bits than those of a larger pass from a place on.</summary>
    public string? Difference(FencedBuffer expected, int offset = 0)
    {
        ReadOnlySpan<double> wanted = expected.Values.Slice(offset, Length);
        int i = FirstDifference(Values, wanted);
        return i < 0 ? null : FormattableString.Invariant($"{Values[i]} rather than {wanted[i]} for outputs[{i}]");
    }

    private static bool AllMarked(ReadOnlySpan<double> cells)
    {
        foreach (double cell in cells)
        {
            if (BitConverter.DoubleToInt64Bits(cell) != Mark)
            {
                return false;
            }
        }

        return true;
    }
}
