using System.Collections.Immutable;

namespace VariationalInference;

/// <summary>How results put themselves into words: in the invariant culture, a long list by its beginning, and 1 row rather than 1 rows.</summary>
internal static class Wording
{
    /// <summary>The most items that a list shows; of a longer one, fewer.</summary>
    private const int MostItems = 8;

    private const int FirstItems = 6;

    /// <summary>Counts things, as in "1 row" and "2 rows".</summary>
    public static string Count(long number, string noun) => Guard.Text($"{number} {noun}{(number == 1 ? string.Empty : "s")}");

    /// <summary>Joins items; of more than eight the first six, and how many more there are.</summary>
    public static string Join(string separator, int count, Func<int, string> item) => count <= MostItems
        ? string.Join(separator, Enumerable.Range(0, count).Select(item))
        : string.Join(separator, Enumerable.Range(0, FirstItems).Select(item).Append(Guard.Text($"{count - FirstItems} more")));

    /// <summary>Lists numbers with five significant digits.</summary>
    public static string List(ImmutableArray<double> numbers) => $"[{Join(", ", numbers.Length, i => Guard.Text($"{numbers[i]:G5}"))}]";

    /// <summary>Lists places.</summary>
    public static string List(ImmutableArray<int> places) => $"[{Join(", ", places.Length, i => Guard.Text($"{places[i]}"))}]";

    /// <summary>Shows an option that may not be set.</summary>
    public static string OrNull(IFormattable? value) => value is null ? "null" : Guard.Text($"{value}");
}
