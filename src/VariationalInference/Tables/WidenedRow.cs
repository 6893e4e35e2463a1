using System.Buffers;

namespace VariationalInference;

/// <summary>A row in single precision as doubles: in the caller's stack memory, or of long rows in memory that is rented until it is disposed.</summary>
internal ref struct WidenedRow
{
    /// <summary>How many doubles of stack memory to hand over.</summary>
    public const int StackDoubles = 64;

    private double[]? _rented;

    public WidenedRow(ReadOnlySpan<float> row, Span<double> stack)
    {
        _rented = row.Length > stack.Length ? ArrayPool<double>.Shared.Rent(row.Length) : null;
        Span<double> values = (_rented ?? stack)[..row.Length];
        for (int k = 0; k < values.Length; k++)
        {
            values[k] = row[k];
        }

        Values = values;
    }

    public ReadOnlySpan<double> Values { get; }

    public void Dispose()
    {
        if (_rented is not null)
        {
            ArrayPool<double>.Shared.Return(_rented);
            _rented = null;
        }
    }
}
