namespace VariationalInference;

/// <summary>
/// The random columns of all factors but the first, orthogonal to it or seen through it: which levels each level of the first factor meets, with
/// T_g = Q_gᵀZ, and by blocks ZᵀZ less what Q_g explains.
/// </summary>
internal sealed class RestColumns
{
    /// <summary>Below this part of what it was, what is left of a column's square is rounding: the column is constant within the levels.</summary>
    private const double Nothing = 1e-13;

    /// <summary>A dense matrix of this order takes 2 GB.</summary>
    private const int MostOrder = 16_000;

    private readonly MixedDesign _design;
    private readonly int[] _sorted;
    private readonly int[] _slots;

    public RestColumns(MixedDesign design, int[] sorted, int[] levelStarts)
    {
        _design = design;
        _sorted = sorted;
        int factors = design.Factors.Count;
        Offsets = new int[factors + 1];
        for (int f = 1; f < factors; f++)
        {
            Offsets[f + 1] = checked(Offsets[f] + (design.Factors[f].Labels.Count * design.Factors[f].Width));
        }

        Count = Offsets[factors];
        Widths = [.. design.Factors.Select(factor => factor.Width)];
        _slots = new int[Count];
        Array.Fill(_slots, -1);
        (TouchStarts, Touched) = Meetings(levelStarts);
        TouchTops = new double[Touched.Length * design.Factors[0].Width];
        Products = new double[Count * (design.Fixed.Length + 1)];
        Squares = new double[Count];
        (BlockOf, PlaceOf, BlockOrders) = Blocks();
        if (BlockOrders.Max() > MostOrder)
        {
            throw new InvalidOperationException(Guard.Text(
                $"The factors {string.Join(", ", design.Factors.Skip(1).Select(factor => $"\"{factor.Name}\""))} have {BlockOrders.Max()} effects that are crossed with \"{design.Factors[0].Name}\"; at most {MostOrder} can be."));
        }

        TouchPlaces = [.. Touched.Select(column => PlaceOf[column])];
        BlockSquares = [.. BlockOrders.Select(order => new double[checked(order * order)])];
        LevelsByBlock = LevelsOf();
    }

    /// <summary>Gets the number of columns.</summary>
    public int Count { get; }

    /// <summary>Gets where the columns of each factor begin; those of a level lie together. The first factor has none.</summary>
    public int[] Offsets { get; }

    /// <summary>Gets the number of effects of each factor.</summary>
    public int[] Widths { get; }

    /// <summary>Gets where the columns that a level of the first factor meets begin in <see cref="Touched"/>.</summary>
    public int[] TouchStarts { get; }

    public int[] Touched { get; }

    /// <summary>Gets the place of each of <see cref="Touched"/> in its block; those that a level meets share one.</summary>
    public int[] TouchPlaces { get; }

    /// <summary>Gets T_g, d numbers for each of <see cref="Touched"/>.</summary>
    public double[] TouchTops { get; }

    /// <summary>Gets ZᵀC over the part of C that is orthogonal to all Q_g, p + 1 numbers a column.</summary>
    public double[] Products { get; }

    /// <summary>Gets the squared norm of each column as it stands.</summary>
    public double[] Squares { get; }

    /// <summary>Gets the block of each column.</summary>
    public int[] BlockOf { get; }

    /// <summary>Gets the place of each column in its block.</summary>
    public int[] PlaceOf { get; }

    public int[] BlockOrders { get; }

    /// <summary>Gets Zᵀ(I − QQᵀ)Z of each block, both triangles.</summary>
    public double[][] BlockSquares { get; }

    /// <summary>Gets the levels of the first factor that meet a column of each block.</summary>
    public int[][] LevelsByBlock { get; }

    /// <summary>Adds the rows of a level.</summary>
    public void AddLevel(int g, int start, int count, int width, double[] basis, double[] withinRows, int rowCount, int columnCount)
    {
        int first = TouchStarts[g], met = TouchStarts[g + 1] - first;
        for (int a = 0; a < met; a++)
        {
            _slots[Touched[first + a]] = a;
        }

        var local = new double[met * met];
        var squares = new double[met];
        Span<int> columns = stackalloc int[Widths.Sum() - Widths[0]];
        Span<double> values = stackalloc double[columns.Length];
        for (int i = start; i < start + count; i++)
        {
            Entries(_sorted[i], columns, values);
            for (int a = 0; a < columns.Length; a++)
            {
                int slot = _slots[columns[a]];
                squares[slot] += values[a] * values[a];
                for (int e = 0; e < width; e++)
                {
                    TouchTops[((first + slot) * width) + e] += basis[(i * width) + e] * values[a];
                }

                for (int b = 0; b < columns.Length; b++)
                {
                    local[(slot * met) + _slots[columns[b]]] += values[a] * values[b];
                }

                for (int c = 0; c < columnCount; c++)
                {
                    Products[(columns[a] * columnCount) + c] += values[a] * withinRows[(c * rowCount) + i];
                }
            }
        }

        Project(first, met, width, local, squares);
        for (int a = 0; a < met; a++)
        {
            int column = Touched[first + a], order = BlockOrders[BlockOf[column]];
            Squares[column] += squares[a];
            double[] block = BlockSquares[BlockOf[column]];
            for (int b = 0; b < met; b++)
            {
                block[(PlaceOf[column] * order) + PlaceOf[Touched[first + b]]] += local[(a * met) + b];
            }

            _slots[column] = -1;
        }
    }

    /// <summary>Writes the columns in which a row, by its place among all, has an entry, and the entries.</summary>
    public void Entries(int row, Span<int> columns, Span<double> values)
    {
        int at = 0;
        for (int f = 1; f < Widths.Length; f++)
        {
            int column = Offsets[f] + (_design.Codes[f][row] * Widths[f]);
            for (int e = 0; e < Widths[f]; e++, at++)
            {
                double[]? effect = _design.Effects[f][e].Values;
                columns[at] = column + e;
                values[at] = _design.RootWeights[row] * (effect is null ? 1 : effect[row]);
            }
        }
    }

    /// <summary>Adds factor · Zw to the rows (sorted) of a vector.</summary>
    public void AddProduct(ReadOnlySpan<double> w, double factor, Span<double> rows)
    {
        for (int f = 1; f < Widths.Length; f++)
        {
            int width = Widths[f], offset = Offsets[f];
            int[] codes = _design.Codes[f];
            for (int e = 0; e < width; e++)
            {
                double[]? effect = _design.Effects[f][e].Values;
                for (int i = 0; i < rows.Length; i++)
                {
                    int row = _sorted[i];
                    double value = factor * _design.RootWeights[row] * w[offset + (codes[row] * width) + e];
                    rows[i] += effect is null ? value : value * effect[row];
                }
            }
        }
    }

    /// <summary>Adds Zᵀrows to a vector with an element for each column.</summary>
    public void AddTransposedProduct(ReadOnlySpan<double> rows, Span<double> sums)
    {
        for (int f = 1; f < Widths.Length; f++)
        {
            int width = Widths[f], offset = Offsets[f];
            int[] codes = _design.Codes[f];
            for (int e = 0; e < width; e++)
            {
                double[]? effect = _design.Effects[f][e].Values;
                for (int i = 0; i < rows.Length; i++)
                {
                    int row = _sorted[i];
                    double value = rows[i] * _design.RootWeights[row];
                    sums[offset + (codes[row] * width) + e] += effect is null ? value : value * effect[row];
                }
            }
        }
    }

    /// <summary>Writes the columns of a level's block over its rows, less what Q_g explains, column by column.</summary>
    public void WriteOrthogonal(int g, int start, int count, int width, double[] basis, double[] rows)
    {
        int block = BlockOf[Touched[TouchStarts[g]]];
        rows.AsSpan(0, count * BlockOrders[block]).Clear();
        Span<int> columns = stackalloc int[Widths.Sum() - Widths[0]];
        Span<double> values = stackalloc double[columns.Length];
        for (int i = 0; i < count; i++)
        {
            Entries(_sorted[start + i], columns, values);
            for (int a = 0; a < columns.Length; a++)
            {
                rows[(PlaceOf[columns[a]] * count) + i] += values[a];
            }

            for (int at = TouchStarts[g]; at < TouchStarts[g + 1]; at++)
            {
                for (int e = 0; e < width; e++)
                {
                    rows[(TouchPlaces[at] * count) + i] -= basis[((start + i) * width) + e] * TouchTops[(at * width) + e];
                }
            }
        }
    }

    private void Project(int first, int met, int width, double[] local, double[] squares)
    {
        for (int a = 0; a < met; a++)
        {
            for (int b = 0; b < met; b++)
            {
                double explained = 0;
                for (int e = 0; e < width; e++)
                {
                    explained += TouchTops[((first + a) * width) + e] * TouchTops[((first + b) * width) + e];
                }

                local[(a * met) + b] -= explained;
            }
        }

        for (int a = 0; a < met; a++)
        {
            if (local[(a * met) + a] <= Nothing * squares[a])
            {
                for (int b = 0; b < met; b++)
                {
                    local[(a * met) + b] = local[(b * met) + a] = 0;
                }
            }
        }
    }

    private (int[] Starts, int[] Touched) Meetings(int[] levelStarts)
    {
        var starts = new int[levelStarts.Length];
        var touched = new List<int>();
        var columns = new int[Widths.Sum() - Widths[0]];
        var values = new double[columns.Length];
        for (int g = 0; g + 1 < levelStarts.Length; g++)
        {
            for (int i = levelStarts[g]; i < levelStarts[g + 1]; i++)
            {
                Entries(_sorted[i], columns, values);
                foreach (int column in columns)
                {
                    if (_slots[column] != g)
                    {
                        _slots[column] = g;
                        touched.Add(column);
                    }
                }
            }

            starts[g + 1] = touched.Count;
        }

        Array.Fill(_slots, -1);
        return (starts, [.. touched]);
    }

    /// <summary>Joins what a level of the first factor meets; blocks are numbered by their first column.</summary>
    private (int[] BlockOf, int[] PlaceOf, int[] Orders) Blocks()
    {
        int[] parent = [.. Enumerable.Range(0, Count)];
        int Root(int column)
        {
            while (parent[column] != column)
            {
                parent[column] = parent[parent[column]];
                column = parent[column];
            }

            return column;
        }

        void Join(int a, int b)
        {
            int first = Root(a), second = Root(b);
            parent[Math.Max(first, second)] = Math.Min(first, second);
        }

        for (int f = 1; f < Widths.Length; f++)
        {
            for (int column = Offsets[f]; column < Offsets[f + 1]; column++)
            {
                Join(column, column - ((column - Offsets[f]) % Widths[f]));
            }
        }

        for (int g = 0; g + 1 < TouchStarts.Length; g++)
        {
            for (int i = TouchStarts[g] + 1; i < TouchStarts[g + 1]; i++)
            {
                Join(Touched[i - 1], Touched[i]);
            }
        }

        var blockOf = new int[Count];
        var placeOf = new int[Count];
        var orders = new List<int>();
        for (int column = 0; column < Count; column++)
        {
            int root = Root(column);
            if (root == column)
            {
                blockOf[column] = orders.Count;
                orders.Add(0);
            }

            blockOf[column] = blockOf[root];
            placeOf[column] = orders[blockOf[column]]++;
        }

        return (blockOf, placeOf, [.. orders]);
    }

    private int[][] LevelsOf()
    {
        var levels = new List<int>[BlockOrders.Length];
        for (int block = 0; block < levels.Length; block++)
        {
            levels[block] = [];
        }

        for (int g = 0; g + 1 < TouchStarts.Length; g++)
        {
            if (TouchStarts[g] < TouchStarts[g + 1])
            {
                levels[BlockOf[Touched[TouchStarts[g]]]].Add(g);
            }
        }

        return [.. levels.Select(list => list.ToArray())];
    }
}
