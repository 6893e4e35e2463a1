using System.Numerics;

namespace VariationalInference;

/// <summary>Which cells of a row are missing, one bit an observation.</summary>
internal readonly struct MissingPattern : IEquatable<MissingPattern>
{
    private const int WordBits = 64;
    private const ulong Odd = 0x9E3779B97F4A7C15;

    [ThreadStatic]
    private static ulong[]? _transientRest;

    private readonly ulong _first;
    private readonly ulong[]? _rest;

    private MissingPattern(ulong first, ulong[]? rest)
    {
        _first = first;
        _rest = rest;
    }

    public bool IsComplete => MissingCount == 0;

    /// <summary>Gets the number of missing cells.</summary>
    public int MissingCount
    {
        get
        {
            int count = BitOperations.PopCount(_first);
            foreach (ulong word in _rest ?? [])
            {
                count += BitOperations.PopCount(word);
            }

            return count;
        }
    }

    /// <summary>Reads off the pattern of a row.</summary>
    public static MissingPattern Of(ReadOnlySpan<double> row) => Read(row, RestLength(row) is int length and > 0 ? new ulong[length] : null);

    /// <summary>Returns the pattern Σ 2^k over the missing cells k of at most 64.</summary>
    public static MissingPattern OfCode(ulong code) => new(code, null);

    /// <summary>Reads off the pattern of a row without allocating, for use until this thread reads the next.</summary>
    public static MissingPattern OfTransient(ReadOnlySpan<double> row)
    {
        int length = RestLength(row);
        if (length > 0 && _transientRest?.Length != length)
        {
            _transientRest = new ulong[length];
        }

        return Read(row, length > 0 ? _transientRest : null);
    }

    /// <summary>Returns a pattern that lasts.</summary>
    public MissingPattern Copy() => new(_first, _rest?.ToArray());

    public bool IsMissing(int observation) =>
        (((observation < WordBits ? _first : _rest![(observation / WordBits) - 1]) >> (observation % WordBits)) & 1) != 0;

    public bool Equals(MissingPattern other) =>
        _first == other._first && (_rest is null || _rest.AsSpan().SequenceEqual(other._rest));

    public override bool Equals(object? obj) => obj is MissingPattern other && Equals(other);

    public override int GetHashCode()
    {
        ulong hash = _first;
        foreach (ulong word in _rest ?? [])
        {
            hash = (hash * Odd) ^ word;
        }

        return (int)((hash * Odd) >> 32);
    }

    private static int RestLength(ReadOnlySpan<double> row) => Math.Max(row.Length - 1, 0) / WordBits;

    private static MissingPattern Read(ReadOnlySpan<double> row, ulong[]? rest)
    {
        rest?.AsSpan().Clear();
        ulong first = 0;
        for (int k = 0; k < row.Length; k++)
        {
            ulong bit = (double.IsNaN(row[k]) ? 1ul : 0ul) << (k % WordBits);
            if (k < WordBits)
            {
                first |= bit;
            }
            else
            {
                rest![(k / WordBits) - 1] |= bit;
            }
        }

        return new MissingPattern(first, rest);
    }
}
