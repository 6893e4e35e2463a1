using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace VariationalInference;

/// <summary>Preconditions in one place: each failure names the parameter, the value and what would be allowed.</summary>
internal static class Guard
{
    /// <summary>Formats a message in the invariant culture, so that it reads the same everywhere.</summary>
    public static string Text(FormattableString message) => message.ToString(CultureInfo.InvariantCulture);

    public static int AtLeast(int value, int minimum, string name)
    {
        if (value < minimum)
        {
            throw new ArgumentOutOfRangeException(name, value, Text($"{name} is {value}; it must be at least {minimum}."));
        }

        return value;
    }

    /// <summary>Requires a count at least 1 whose numbers fit into an array.</summary>
    /// <param name="value">The count.</param>
    /// <param name="each">How many numbers each takes.</param>
    /// <param name="name">The parameter.</param>
    public static void InArray(int value, int each, string name)
    {
        AtLeast(value, 1, name);
        AtMost(value, Array.MaxLength / each, name);
    }

    /// <summary>Requires the side of a square whose elements fit into an array.</summary>
    public static void SquareInArray(int value, string name)
    {
        AtLeast(value, 1, name);
        AtMost(value, (int)Math.Sqrt(Array.MaxLength) - 1, name);
    }

    /// <summary>Requires a path that can name a file.</summary>
    public static void Path(string path, string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(path, name);
        ArgumentException.ThrowIfNullOrWhiteSpace(path, name);
        int place = path.IndexOf('\0', StringComparison.Ordinal);
        if (place >= 0)
        {
            throw new ArgumentException(Text($"{name} has a null character at place {place}; it must have none."), name);
        }
    }

    public static double Positive(double value, string name)
    {
        if (!(value > 0 && double.IsFinite(value)))
        {
            throw new ArgumentOutOfRangeException(name, value, Text($"{name} is {value}; it must be positive and finite."));
        }

        return value;
    }

    public static double NonNegative(double value, string name)
    {
        if (!(value >= 0 && double.IsFinite(value)))
        {
            throw new ArgumentOutOfRangeException(name, value, Text($"{name} is {value}; it must be zero or positive, and finite."));
        }

        return value;
    }

    /// <summary>Requires <c>minimum ≤ value &lt; limit</c>.</summary>
    public static double InRange(double value, double minimum, double limit, string name)
    {
        if (!(value >= minimum && value < limit))
        {
            throw new ArgumentOutOfRangeException(
                name, value, Text($"{name} is {value}; it must be at least {minimum} and less than {limit}."));
        }

        return value;
    }

    /// <summary>Requires a named member of an enumeration.</summary>
    public static T Defined<T>(T value, string name)
        where T : struct, Enum
    {
        if (!Enum.IsDefined(value))
        {
            throw new ArgumentOutOfRangeException(name, value, Text($"{name} is {value:D}; it must be a member of {typeof(T).Name}."));
        }

        return value;
    }

    public static void Length(int actual, int expected, string name, string meaning)
    {
        if (actual != expected)
        {
            throw new ArgumentException(Text($"{name} has {actual} elements; it must have {expected}, {meaning}."), name);
        }
    }

    /// <summary>Requires that writing one buffer does not change another.</summary>
    public static void NoOverlap(ReadOnlySpan<double> first, ReadOnlySpan<double> second, string firstName, string secondName)
    {
        if (first.Overlaps(second))
        {
            throw new ArgumentException(Text($"{secondName} shares memory with {firstName}; each needs memory of its own."), secondName);
        }
    }

    public static void Readable(Stream stream, string name)
    {
        ArgumentNullException.ThrowIfNull(stream, name);
        if (!stream.CanRead)
        {
            throw new ArgumentException($"{name} cannot be read; it must be open for reading.", name);
        }
    }

    public static void Writable(Stream stream, string name)
    {
        ArgumentNullException.ThrowIfNull(stream, name);
        if (!stream.CanWrite)
        {
            throw new ArgumentException($"{name} cannot be written; it must be open for writing.", name);
        }
    }

    public static void AllFinite(ReadOnlySpan<double> values, string name)
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (!double.IsFinite(values[i]))
            {
                throw new ArgumentException(Text($"{name}[{i}] is {values[i]}; it must be finite."), name);
            }
        }
    }

    public static void AllPositive(ReadOnlySpan<double> values, string name)
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (!(values[i] > 0 && double.IsFinite(values[i])))
            {
                throw new ArgumentException(Text($"{name}[{i}] is {values[i]}; it must be positive and finite."), name);
            }
        }
    }

    private static void AtMost(int value, int maximum, string name)
    {
        if (value > maximum)
        {
            throw new ArgumentOutOfRangeException(name, value, Text($"{name} is {value}; it must be at most {maximum}."));
        }
    }

    [DoesNotReturn]
    public static void ThrowNonFinite(string quantity, double value, long row, int iteration) =>
        throw new NonFiniteValueException(quantity, value, row, iteration);
}
