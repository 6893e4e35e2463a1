using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>Rows that were checked, in the order in which they are used, and which cells each of them misses.</summary>
internal sealed class DecoderRows : ITrainingRows
{
    private readonly double[] _observations;
    private readonly int[] _patterns;
    private readonly List<bool[]> _missing = [[]];
    private readonly int _width;

    /// <param name="width">The number of observations in a row.</param>
    /// <param name="table">A table that has been checked.</param>
    /// <param name="indices">Which of its rows, and in which order.</param>
    /// <param name="first">The number of the first of these rows among all of their kind, counted from 0.</param>
    public DecoderRows(int width, Matrix<double> table, ReadOnlySpan<int> indices, long first = 0)
    {
        _width = width;
        First = first;
        Count = indices.Length;
        _observations = new double[checked(Count * width)];
        _patterns = new int[Count];
        var known = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int n = 0; n < Count; n++)
        {
            Span<double> row = _observations.AsSpan(n * width, width);
            RowTable.CopyRow(table, indices[n], row);
            _patterns[n] = PatternOf(row, known);
        }
    }

    /// <param name="row">One row, which has been checked.</param>
    public DecoderRows(ReadOnlySpan<double> row)
    {
        _width = row.Length;
        Count = 1;
        _observations = row.ToArray();
        _patterns = [PatternOf(row, new Dictionary<string, int>(StringComparer.Ordinal))];
    }

    public int Count { get; }

    /// <inheritdoc/>
    public long First { get; }

    public ReadOnlySpan<double> Observations(int row) => _observations.AsSpan(row * _width, _width);

    /// <summary>Gets the number of a row's pattern of missing cells: 0 of a complete row.</summary>
    public int Pattern(int row) => _patterns[row];

    /// <summary>Gets which cells a pattern misses; empty of complete rows.</summary>
    public ReadOnlySpan<bool> Missing(int pattern) => _missing[pattern];

    public void AddTo(BitFingerprint fingerprint) => fingerprint.Add(_observations);

    private int PatternOf(ReadOnlySpan<double> row, Dictionary<string, int> known)
    {
        var missing = new bool[_width];
        bool any = false;
        for (int k = 0; k < _width; k++)
        {
            missing[k] = double.IsNaN(row[k]);
            any |= missing[k];
        }

        if (!any)
        {
            return 0;
        }

        string key = string.Create(_width, missing, static (text, cells) =>
        {
            for (int k = 0; k < text.Length; k++)
            {
                text[k] = cells[k] ? '1' : '0';
            }
        });
        if (!known.TryGetValue(key, out int pattern))
        {
            pattern = _missing.Count;
            known.Add(key, pattern);
            _missing.Add(missing);
        }

        return pattern;
    }
}
