namespace VariationalInference;

/// <summary>
/// The triangles of I + ΛᵀSΛ by orthogonal reduction of [AΛ; I] with S = AᵀA, which lose as many digits as Λ is large where products lose twice as
/// many: A has the triangle of the columns orthogonal to all Q_g, and below it L_g⁻¹T_g of each level of the first factor.
/// </summary>
/// <remarks>The sum of one factor's indicators is that of another's, so that a block of S is singular or nearly so and its root decides.</remarks>
internal sealed class RestRoots
{
    /// <summary>So many multiplications are worth it: tens of milliseconds at each evaluation, about a second once.</summary>
    private const double MostEach = 3e7;
    private const double MostOnce = 2e9;

    private readonly MixedReduction _reduction;
    private readonly RestColumns _columns;
    private readonly double[]?[] _within;

    public RestRoots(MixedReduction reduction)
    {
        _reduction = reduction;
        _columns = reduction.Rest!;
        _within = new double[]?[_columns.BlockOrders.Length];
    }

    /// <summary>Returns whether the reduction of a block takes little enough time.</summary>
    public bool CanReduce(int block)
    {
        double square = (double)_columns.BlockOrders[block] * _columns.BlockOrders[block];
        return HeightOf(block) * square <= MostEach && RowsOf(block) * square <= MostOnce;
    }

    /// <summary>Reduces a block.</summary>
    /// <param name="block">The block.</param>
    /// <param name="touched">L_g⁻¹T_g of all levels.</param>
    /// <param name="mix">Writes a row of A times Λ, in place.</param>
    /// <returns>The triangle, column by column.</returns>
    public double[] Reduce(int block, double[] touched, Action<double[], int> mix)
    {
        int order = _columns.BlockOrders[block], height = HeightOf(block), next = 0;
        var stack = new double[(height + order) * order];
        var row = new double[order];
        void Push()
        {
            mix(row, block);
            for (int j = 0; j < order; j++)
            {
                stack[(j * (height + order)) + next] = row[j];
            }

            next++;
        }

        // The largest rows first, which keeps the reduction accurate.
        double[] within = _within[block] ??= Within(block);
        for (int i = 0; i < order; i++)
        {
            for (int j = 0; j < order; j++)
            {
                row[j] = i <= j ? within[(j * order) + i] : 0;
            }

            Push();
        }

        foreach (int g in _columns.LevelsByBlock[block])
        {
            for (int k = 0; k < _reduction.Width; k++)
            {
                Array.Clear(row);
                for (int at = _columns.TouchStarts[g]; at < _columns.TouchStarts[g + 1]; at++)
                {
                    row[_columns.TouchPlaces[at]] = touched[(at * _reduction.Width) + k];
                }

                Push();
            }
        }

        for (int j = 0; j < order; j++)
        {
            stack[(j * (height + order)) + height + j] = 1;
        }

        TriangleAccumulator.Triangularise(stack, height + order, order, height + order);
        var triangle = new double[order * order];
        for (int j = 0; j < order; j++)
        {
            stack.AsSpan(j * (height + order), order).CopyTo(triangle.AsSpan(j * order));
        }

        return triangle;
    }

    private int HeightOf(int block) => _columns.BlockOrders[block] + (_columns.LevelsByBlock[block].Length * _reduction.Width);

    private int RowsOf(int block)
    {
        int rows = 0;
        foreach (int g in _columns.LevelsByBlock[block])
        {
            rows += _reduction.LevelStarts[g + 1] - _reduction.LevelStarts[g];
        }

        return rows;
    }

    /// <summary>Returns the triangle of (I − QQᵀ)Z of a block, column by column.</summary>
    private double[] Within(int block)
    {
        int order = _columns.BlockOrders[block];
        var accumulator = new TriangleAccumulator(order);
        double[] rows = [];
        foreach (int g in _columns.LevelsByBlock[block])
        {
            int count = _reduction.LevelStarts[g + 1] - _reduction.LevelStarts[g];
            if (rows.Length < count * order)
            {
                rows = new double[count * order];
            }

            _columns.WriteOrthogonal(g, _reduction.LevelStarts[g], count, _reduction.Width, _reduction.Basis, rows);
            accumulator.Add(rows, count, count);
        }

        return accumulator.Finish();
    }
}
