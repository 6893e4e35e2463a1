using System.Runtime.InteropServices;

namespace VariationalInference;

/// <summary>The rows of a table, column by column, each of equal ones once with how often it occurs.</summary>
internal sealed class SiteRows
{
    private SiteRows(double[][] columns, double[] exposures, double[] weights, int[] places)
    {
        Columns = columns;
        Exposures = exposures;
        Weights = weights;
        Places = places;
    }

    /// <summary>Gets the cells of each column; NaN where missing.</summary>
    public double[][] Columns { get; }

    /// <summary>Gets the exposure of each row, the size of all its cells; empty for 1 each.</summary>
    public double[] Exposures { get; }

    /// <summary>Gets how often each row occurs.</summary>
    public double[] Weights { get; }

    /// <summary>Gets which of the rows kept each row of the table is.</summary>
    public int[] Places { get; }

    public int Count => Weights.Length;

    /// <summary>Copies rows.</summary>
    /// <param name="table">The cells; NaN where missing.</param>
    /// <param name="exposures">The exposure of each row; empty for 1 each.</param>
    public static SiteRows Of(RowSpan table, ReadOnlySpan<double> exposures = default)
    {
        int width = table.ColumnCount;
        var seen = new Dictionary<RowKey, int>();
        var kept = new List<int>();
        var weights = new List<double>();
        var places = new int[table.RowCount];
        for (int n = 0; n < table.RowCount; n++)
        {
            var row = new double[width + (exposures.IsEmpty ? 0 : 1)];
            for (int k = 0; k < width; k++)
            {
                row[k] = table[n, k];
            }

            if (!exposures.IsEmpty)
            {
                row[width] = exposures[n];
            }

            ref int place = ref CollectionsMarshal.GetValueRefOrAddDefault(seen, new RowKey(row), out bool known);
            if (!known)
            {
                place = kept.Count;
                kept.Add(n);
                weights.Add(0);
            }

            weights[place]++;
            places[n] = place;
        }

        var columns = new double[width][];
        for (int k = 0; k < width; k++)
        {
            columns[k] = new double[kept.Count];
            for (int i = 0; i < kept.Count; i++)
            {
                columns[k][i] = table[kept[i], k];
            }
        }

        double[] sizes = exposures.IsEmpty ? [] : new double[kept.Count];
        for (int i = 0; i < sizes.Length; i++)
        {
            sizes[i] = exposures[kept[i]];
        }

        return new SiteRows(columns, sizes, [.. weights], places);
    }

    /// <summary>Returns the size of a row's cells.</summary>
    public double ExposureOf(int row) => Exposures.Length == 0 ? 1 : Exposures[row];

    /// <summary>Returns so many of the rows, evenly spread.</summary>
    public SiteRows Sample(int count)
    {
        int[] chosen = [.. Enumerable.Range(0, count).Select(i => (int)((long)i * Count / count))];
        return new SiteRows(
            [.. Columns.Select(column => Array.ConvertAll(chosen, i => column[i]))],
            Exposures.Length == 0 ? [] : Array.ConvertAll(chosen, i => Exposures[i]),
            Array.ConvertAll(chosen, i => Weights[i]),
            [.. Enumerable.Range(0, count)]);
    }

    /// <summary>Cells compared by value, missing ones being equal.</summary>
    private readonly struct RowKey(double[] cells) : IEquatable<RowKey>
    {
        private readonly double[] _cells = cells;

        public bool Equals(RowKey other)
        {
            for (int k = 0; k < _cells.Length; k++)
            {
                if (!_cells[k].Equals(other._cells[k]))
                {
                    return false;
                }
            }

            return true;
        }

        public override bool Equals(object? obj) => obj is RowKey other && Equals(other);

        public override int GetHashCode()
        {
            ulong hash = 14695981039346656037;
            foreach (double cell in _cells)
            {
                // −0 and 0 are equal; a missing cell is any NaN.
                hash = (hash ^ (double.IsNaN(cell) ? ulong.MaxValue : BitConverter.DoubleToUInt64Bits(cell + 0.0))) * 1099511628211;
                hash ^= hash >> 29;
            }

            return hash.GetHashCode();
        }
    }
}
