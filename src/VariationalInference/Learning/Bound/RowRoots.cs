using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>
/// Roots of the centred cross products of some patterns, F with FᵀF = S/n, by orthogonal reduction of the rows themselves: what is small beside
/// the spread of the columns keeps its digits, of which squares lose twice as many.
/// </summary>
internal sealed class RowRoots
{
    private readonly Dictionary<MissingPattern, Rows> _patterns = [];

    /// <summary>Asks for the root of a pattern.</summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="cells">Which of its cells count.</param>
    /// <param name="scales">What they are divided by.</param>
    public void Expect(PatternStatistics pattern, int[] cells, double[] scales) =>
        _patterns.Add(pattern.Pattern, new Rows(pattern, cells, scales));

    /// <summary>Reads the rows of the patterns that were asked for.</summary>
    public void Read(Matrix<double> table)
    {
        if (_patterns.Count == 0)
        {
            return;
        }

        var row = new double[table.ColumnCount];
        for (int n = 0; n < table.RowCount; n++)
        {
            for (int k = 0; k < row.Length; k++)
            {
                row[k] = table[n, k];
            }

            if (_patterns.TryGetValue(MissingPattern.OfTransient(row), out Rows? rows))
            {
                rows.Add(row);
            }
        }
    }

    /// <summary>Returns the root of a pattern, row-major, or null where none was asked for.</summary>
    public double[]? RootOf(PatternStatistics pattern) => _patterns.TryGetValue(pattern.Pattern, out Rows? rows) ? rows.Root() : null;

    /// <summary>The rows of a pattern, which are reduced as often as there are some more of them than columns.</summary>
    private sealed class Rows(PatternStatistics pattern, int[] cells, double[] scales)
    {
        private const int Reserve = 64;

        private readonly List<double[]> _rows = [];

        public void Add(double[] row)
        {
            var standard = new double[cells.Length];
            for (int i = 0; i < cells.Length; i++)
            {
                int k = pattern.Observed[cells[i]];
                double deviation = (row[k] - pattern.Moments.High[cells[i]]) - pattern.Moments.Low[cells[i]];
                standard[i] = deviation / scales[i] / Math.Sqrt(pattern.RowCount);
            }

            _rows.Add(standard);
            if (_rows.Count >= (2 * cells.Length) + Reserve)
            {
                Reduce();
            }
        }

        public double[] Root()
        {
            if (_rows.Count > cells.Length)
            {
                Reduce();
            }

            return [.. _rows.SelectMany(row => row)];
        }

        private void Reduce()
        {
            int size = cells.Length, count = _rows.Count;
            var reduction = new OrthogonalReduction(count, size);
            reduction.Begin(count);
            for (int j = 0; j < size; j++)
            {
                Span<double> column = reduction.Pending;
                for (int i = 0; i < count; i++)
                {
                    column[i] = _rows[i][j];
                }

                reduction.Accept(reduction.Reduce());
            }

            _rows.Clear();
            for (int i = 0; i < size; i++)
            {
                var row = new double[size];
                for (int j = i; j < size; j++)
                {
                    row[j] = reduction[i, j];
                }

                _rows.Add(row);
            }
        }
    }
}
