using System.Collections;

namespace VariationalInference;

/// <summary>The names of columns or latents, checked: as many as there are, or none; no two alike, none blank.</summary>
internal sealed class NameList : IReadOnlyList<string>
{
    private readonly string[] _names;

    private NameList(string[] names) => _names = names;

    public static NameList None { get; } = new([]);

    public int Count => _names.Length;

    public string this[int index] => _names[index];

    /// <summary>Checks and copies names.</summary>
    /// <param name="names">The names; <see langword="null"/> or empty means none.</param>
    /// <param name="count">How many there must be, if any.</param>
    /// <param name="parameter">The parameter that they came in.</param>
    /// <param name="meaning">What each of them is for, as in "one for each latent".</param>
    /// <exception cref="ArgumentException">There are more or fewer, or one is null, blank, no text, or there twice.</exception>
    public static NameList Of(IReadOnlyList<string>? names, int count, string parameter, string meaning)
    {
        if (names is null || names.Count == 0)
        {
            return None;
        }

        Guard.Length(names.Count, count, parameter, meaning);
        if (names is NameList known)
        {
            return known;
        }

        string[] copy = [.. names];
        var places = new Dictionary<string, int>(copy.Length, StringComparer.Ordinal);
        for (int i = 0; i < copy.Length; i++)
        {
            Require(copy[i], i, parameter);
            if (!places.TryAdd(copy[i], i))
            {
                throw new ArgumentException(
                    Guard.Text($"{parameter}[{i}] is '{copy[i]}', as {parameter}[{places[copy[i]]}] is; names must differ."), parameter);
            }
        }

        return new NameList(copy);
    }

    /// <summary>Returns the names that are given, or else a result's own, or else a letter and numbers from 1.</summary>
    public static NameList OrOwn(
        IReadOnlyList<string>? names, IReadOnlyList<string> own, string letter, int count, string parameter, string meaning)
    {
        if (names is not null)
        {
            Guard.Length(names.Count, count, parameter, meaning);
            return Of(names, count, parameter, meaning);
        }

        return own.Count > 0
            ? Of(own, count, parameter, meaning)
            : new NameList([.. Enumerable.Range(1, count).Select(i => Guard.Text($"{letter}{i}"))]);
    }

    /// <summary>Returns the names that two of the same thing have: those of either where the other has none.</summary>
    /// <exception cref="ArgumentException">Both have names, and they differ.</exception>
    public static NameList Common(NameList first, NameList second, string firstName, string secondName, string parameter)
    {
        for (int i = 0; i < Math.Min(first.Count, second.Count); i++)
        {
            if (first[i] != second[i])
            {
                throw new ArgumentException(
                    Guard.Text($"{secondName}[{i}] is '{second[i]}'; it must be '{first[i]}', as {firstName}[{i}] is, or there must be no names."), parameter);
            }
        }

        return first.Count > 0 ? first : second;
    }

    /// <summary>Returns what stands behind a place in a message, as in <c> ('pressure')</c>; nothing where there are no names.</summary>
    public string Behind(int index) => Count == 0 ? string.Empty : $" ('{_names[index]}')";

    /// <summary>Returns the place of a name.</summary>
    /// <exception cref="ArgumentException">There is no such name.</exception>
    public int Find(string name, string parameter, string property)
    {
        ArgumentNullException.ThrowIfNull(name, parameter);
        int place = Array.IndexOf(_names, name);
        if (place >= 0)
        {
            return place;
        }

        string allowed = Count == 0 ? $"{property} is empty, so that only numbers are known" : $"it must be one of {this}";
        throw new ArgumentException($"{parameter} is '{name}'; {allowed}.", parameter);
    }

    public IEnumerator<string> GetEnumerator() => ((IEnumerable<string>)_names).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public override string ToString() => Wording.Join(", ", Count, i => $"'{_names[i]}'");

    private static void Require(string? name, int index, string parameter)
    {
        string? wrong = name switch
        {
            null => "is null; it must be a name",
            _ when string.IsNullOrWhiteSpace(name) => $"is '{name}'; a name must not be blank",
            _ when !IsText(name) => "holds half of a surrogate pair; a name must be text",
            _ => null,
        };
        if (wrong is not null)
        {
            throw new ArgumentException(Guard.Text($"{parameter}[{index}] {wrong}."), parameter);
        }
    }

    /// <summary>Determines whether UTF-8 can hold a name, as files must.</summary>
    private static bool IsText(string name)
    {
        for (int i = 0; i < name.Length; i++)
        {
            if (char.IsSurrogate(name[i]) && !(char.IsHighSurrogate(name[i]) && i + 1 < name.Length && char.IsLowSurrogate(name[++i])))
            {
                return false;
            }
        }

        return true;
    }
}
