using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>One tensor as a header announces it: from <paramref name="Begin"/> up to <paramref name="End"/> in the data.</summary>
internal sealed record TensorEntry(string Name, string TypeName, ImmutableArray<long> Shape, long Begin, long End)
{
    /// <summary>Gets the number of bytes.</summary>
    public long Length => End - Begin;

    /// <summary>Gets the type of the numbers, if it is one that can be read.</summary>
    public TensorType? Type => TypeName switch
    {
        nameof(TensorType.F64) => TensorType.F64,
        nameof(TensorType.F32) => TensorType.F32,
        _ => null,
    };

    /// <summary>Gets the product of the shape, 1 for a scalar; <see langword="null"/> when it has more than 63 bits.</summary>
    public long? ElementCount
    {
        get
        {
            UInt128 count = 1;
            foreach (long size in Shape)
            {
                count *= (ulong)size;
                if (count > long.MaxValue)
                {
                    return null;
                }
            }

            return (long)count;
        }
    }
}

/// <summary>A named tensor in memory, row-major: to be written to a file, or to be filled from one.</summary>
internal sealed record TensorValues(string Name, ImmutableArray<long> Shape, Memory<double> Values);
