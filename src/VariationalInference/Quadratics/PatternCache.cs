using System.Collections.Concurrent;

namespace VariationalInference;

/// <summary>
/// Responses of the patterns met so far; those that are looked up may be transient. It is emptied when full, so that a model with endless
/// patterns stays small.
/// </summary>
internal sealed class PatternCache(Func<MissingPattern, PatternResponse> create, int capacity)
{
    /// <summary>Up to this many observations, a thread that solves a table keeps the responses of all patterns, by number.</summary>
    public const int LargestCodedWidth = 8;

    private readonly ConcurrentDictionary<MissingPattern, PatternResponse> _responses = new();

    public PatternResponse this[MissingPattern pattern]
    {
        get
        {
            if (_responses.TryGetValue(pattern, out PatternResponse? known))
            {
                return known;
            }

            MissingPattern lasting = pattern.Copy();
            PatternResponse response = create(lasting);
            if (_responses.Count >= capacity)
            {
                _responses.Clear();
            }

            return _responses.GetOrAdd(lasting, response);
        }
    }
}
