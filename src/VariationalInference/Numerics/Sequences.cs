using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace VariationalInference;

/// <summary>Arrays of doubles from their elements: what a first answer needs is compiled once, not for every query over doubles.</summary>
internal static class Sequences
{
    /// <summary>Returns the array of the values of a function of the place, counted from 0.</summary>
    public static double[] Array(int count, Func<int, double> element)
    {
        var values = new double[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = element(i);
        }

        return values;
    }

    /// <summary>Returns the same, immutable.</summary>
    public static ImmutableArray<double> Immutable(int count, Func<int, double> element) =>
        ImmutableCollectionsMarshal.AsImmutableArray(Array(count, element));
}
