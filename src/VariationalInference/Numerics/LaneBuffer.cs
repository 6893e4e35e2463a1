using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace VariationalInference;

/// <summary>A few values for each of many rows, laid out so that as many rows as a vector has elements are worked on together.</summary>
/// <remarks>A place is where a row stands, counted from 0; the rows of one vector, its lanes, are neighbours.</remarks>
internal sealed class LaneBuffer
{
    private readonly Vector<double>[] _values;
    private readonly int _width;

    /// <param name="places">The number of places; rounded up to whole vectors.</param>
    /// <param name="width">The number of values of a row.</param>
    public LaneBuffer(int places, int width)
    {
        _width = width;
        _values = new Vector<double>[checked(VectorsFor(places) * width)];
    }

    /// <summary>Gets the number of rows in a vector.</summary>
    public static int Lanes => Vector<double>.Count;

    /// <summary>Gets all values, in the order in which they stand in memory.</summary>
    public Span<double> Values => MemoryMarshal.Cast<Vector<double>, double>(_values.AsSpan());

    /// <summary>Gets a value of the row at a place.</summary>
    public ref double this[int place, int index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref Values[(((place / Lanes * _width) + index) * Lanes) + (place % Lanes)];
    }

    /// <summary>Gets the values of a vector of rows, one vector for each.</summary>
    public Span<Vector<double>> this[int vector] => _values.AsSpan(vector * _width, _width);

    /// <summary>Returns how many vectors so many places fill.</summary>
    public static int VectorsFor(int places) => (places + Lanes - 1) / Lanes;

    /// <summary>Copies the values of a row to its place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(int place, ReadOnlySpan<double> row)
    {
        if (row.IsEmpty)
        {
            return;
        }

        Span<double> values = Values[((place / Lanes * _width * Lanes) + (place % Lanes))..];
        for (int i = 0; i < row.Length; i++)
        {
            values[i * Lanes] = row[i];
        }
    }

    /// <summary>Copies the values of the row at a place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Read(int place, Span<double> row)
    {
        if (row.IsEmpty)
        {
            return;
        }

        ReadOnlySpan<double> values = Values[((place / Lanes * _width * Lanes) + (place % Lanes))..];
        for (int i = 0; i < row.Length; i++)
        {
            row[i] = values[i * Lanes];
        }
    }
}
