namespace VariationalInference;

/// <summary>
/// Puts parts together as a binary counter counts, so that the tree of merges depends on their number alone and each part is merged log₂ n times.
/// </summary>
internal sealed class MergeTree<T>(Func<T, T, T> merge)
    where T : class
{
    // Element l holds 2^l parts, or nothing.
    private readonly List<T?> _levels = [];

    /// <summary>Gets the number of parts.</summary>
    public long Count { get; private set; }

    public void Add(T part)
    {
        Count++;
        for (int level = 0; ; level++)
        {
            if (level == _levels.Count)
            {
                _levels.Add(null);
            }

            if (_levels[level] is not T earlier)
            {
                _levels[level] = part;
                return;
            }

            part = merge(earlier, part);
            _levels[level] = null;
        }
    }

    /// <summary>Returns all parts and one more behind them, together; <see langword="null"/> where there are none.</summary>
    public T? Total(T? last)
    {
        T? all = last;
        foreach (T? level in _levels)
        {
            all = (level, all) switch
            {
                (null, _) => all,
                (_, null) => level,
                _ => merge(level, all),
            };
        }

        return all;
    }
}
