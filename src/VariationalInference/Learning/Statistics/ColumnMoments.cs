namespace VariationalInference;

/// <summary>Count, mean and sum of squares of each column, over all patterns.</summary>
internal sealed class ColumnMoments
{
    private readonly Moments?[] _columns;

    public ColumnMoments(Moments?[] columns)
    {
        _columns = columns;
        Count = [.. columns.Select(column => column?.Count ?? 0)];
    }

    /// <summary>Gets the number of cells of each column.</summary>
    public long[] Count { get; }

    /// <summary>Puts the patterns of each column together.</summary>
    /// <exception cref="NonFiniteValueException">The squares of a column leave the range of double precision.</exception>
    public static ColumnMoments Of(SufficientStatistics statistics)
    {
        var columns = new Moments?[statistics.ColumnCount];
        foreach (PatternStatistics pattern in statistics.Patterns)
        {
            for (int i = 0; i < pattern.Observed.Length; i++)
            {
                var column = new Moments(
                    pattern.RowCount, [pattern.Moments.High[i]], [pattern.Moments.Low[i]], [pattern.Moments.Product(i, i)]);
                int k = pattern.Observed[i];
                columns[k] = columns[k]?.Merge(column) ?? column;
            }
        }

        for (int k = 0; k < columns.Length; k++)
        {
            if (columns[k] is Moments column && !double.IsFinite(column.Mean(0) + column.Product(0, 0)))
            {
                Guard.ThrowNonFinite(Guard.Text($"the sum of squares of column {k}"), column.Product(0, 0), row: 0, iteration: 0);
            }
        }

        return new ColumnMoments(columns);
    }

    public double Mean(int k) => _columns[k]!.Mean(0);

    public double MeanFrom(int k, (double High, double Low) origin) => _columns[k]!.MeanFrom(0, origin);

    /// <summary>Tells whether all cells of a column are equal, to the rounding of their sum.</summary>
    public bool IsConstant(int k) => Count[k] > 0 && _columns[k]!.Product(0, 0) <= Count[k] * Square(1e-15 * Mean(k));

    /// <summary>
    /// Returns the standard deviation of each column, or one for all. Where it is zero, the distance from the origin takes its place, and 1 where
    /// that is zero too.
    /// </summary>
    public double[] Scales(bool shared, (double High, double Low)[] origin)
    {
        double[] squares = [.. _columns.Select(column => column?.Product(0, 0) ?? 0)];
        if (shared)
        {
            double scale = Scale(squares.Sum(), Count.Sum(count => (double)count), Enumerable.Range(0, Count.Length));
            return [.. Enumerable.Repeat(scale, Count.Length)];
        }

        return [.. Enumerable.Range(0, Count.Length).Select(k => Scale(IsConstant(k) ? 0 : squares[k], Count[k], [k]))];

        double Scale(double sum, double count, IEnumerable<int> columns)
        {
            double variance = count > 0 ? sum / count : 0;
            double distance = columns.Where(k => Count[k] > 0).Select(k => Math.Abs(MeanFrom(k, origin[k]))).DefaultIfEmpty(0).Max();
            return variance > 0 ? Math.Sqrt(variance) : distance > 0 ? distance : 1;
        }
    }

    private static double Square(double value) => value * value;
}
