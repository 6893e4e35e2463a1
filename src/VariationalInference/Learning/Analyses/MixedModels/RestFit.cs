namespace VariationalInference;

/// <summary>The blocks of M that belong to the factors but the first, once its levels are eliminated, and the fit of [X y] by them.</summary>
internal sealed partial class RestFit
{
    /// <summary>A correction worth less than this part of the residual sum of squares changes no digit of it.</summary>
    private const double NoCorrection = 1e-18;

    private const int MostCorrections = 6;

    /// <summary>Beyond this amplification of rounding, a block is reduced by its root: 1e-10 nats are lost for each level.</summary>
    private const double MostAmplification = 1e6;

    private readonly MixedReduction _reduction;
    private readonly RestRoots _roots;
    private readonly bool[] _isRooted;
    private readonly RestColumns _columns;
    private readonly DenseCholesky[] _factors;
    private readonly double[][] _squares;
    private readonly double[][] _products;
    private readonly int[][] _members;
    private readonly int[] _factorOf;
    private readonly double[] _touched;
    private readonly double[] _effects;
    private readonly double[] _step;

    // u for each column of [X y], one after another.
    private readonly double[] _spherical;
    private readonly bool _isScalar;
    private double[][] _lambda = [];

    public RestFit(MixedReduction reduction, int maxThreads)
    {
        _reduction = reduction;
        _columns = reduction.Rest!;
        _roots = new RestRoots(reduction);
        _isRooted = new bool[_columns.BlockOrders.Length];
        _factors = [.. _columns.BlockOrders.Select(order => new DenseCholesky(order, maxThreads))];
        _squares = [.. _columns.BlockOrders.Select(order => new double[order * order])];
        _products = [.. _columns.BlockOrders.Select(order => new double[order * order])];
        _members = [.. _columns.BlockOrders.Select(order => new int[order])];
        _factorOf = new int[_columns.Count];
        for (int f = 1; f < _columns.Widths.Length; f++)
        {
            for (int column = _columns.Offsets[f]; column < _columns.Offsets[f + 1]; column++)
            {
                _members[_columns.BlockOf[column]][_columns.PlaceOf[column]] = column;
                _factorOf[column] = f;
            }
        }

        _isScalar = Array.TrueForAll(_columns.Widths[1..], width => width == 1);
        _touched = new double[_columns.TouchTops.Length];
        _effects = new double[_columns.Count];
        _step = new double[_columns.Count];
        _spherical = new double[_columns.Count * reduction.ColumnCount];
        Scores = new double[_spherical.Length];
    }

    /// <summary>Gets log det of the blocks.</summary>
    public double LogDeterminant { get; private set; }

    public double Amplification { get; private set; }

    /// <summary>Gets v = ZᵀV⁻¹ of each column of [X y] as fitted by the random effects, one after another.</summary>
    public double[] Scores { get; }

    /// <summary>Factors I + ΛᵀSΛ with S = Zᵀ(I − QQᵀ)Z + Σ_g T_gᵀL_g⁻ᵀL_g⁻¹T_g, block by block.</summary>
    public bool Factor(double[] levelFactors, double[][] lambda)
    {
        _lambda = lambda;
        WhitenTouched(levelFactors);
        LogDeterminant = 0;
        Amplification = 1;
        for (int block = 0; block < _factors.Length; block++)
        {
            AddSquares(block);
            Scale(block);
            DenseCholesky factor = _factors[block];
            bool isFactored = factor.Factor();
            double amplification = isFactored ? AmplificationOf(block) : double.PositiveInfinity;
            _isRooted[block] = amplification > MostAmplification && _roots.CanReduce(block);
            if (_isRooted[block])
            {
                factor.Adopt(_roots.Reduce(block, _touched, MixRow));
                amplification = Math.Sqrt(AmplificationOf(block));
            }
            else if (!isFactored)
            {
                return false;
            }

            LogDeterminant += factor.LogDeterminant;
            Amplification = Math.Max(Amplification, amplification);
        }

        return true;
    }

    /// <summary>Returns the largest ratio of a diagonal element of a block to its pivot.</summary>
    private double AmplificationOf(int block)
    {
        DenseCholesky factor = _factors[block];
        double largest = 1;
        for (int i = 0; i < factor.Order; i++)
        {
            double pivot = factor.Lower[(i * factor.Stride) + i];
            largest = Math.Max(largest, Diagonal(_members[block][i]) / (pivot * pivot));
        }

        return largest;
    }

    /// <summary>Replaces a row of a block by the row times Λ.</summary>
    private void MixRow(double[] row, int block)
    {
        Span<double> mixed = _step.AsSpan(0, row.Length);
        for (int j = 0; j < row.Length; j++)
        {
            mixed[j] = MixedTransposed(row, _members[block][j], j);
        }

        mixed.CopyTo(row);
    }

    /// <summary>Writes the residual rows of [X y] below those of the levels, and u below them.</summary>
    /// <param name="rows">Columns whose first elements are L_g⁻¹Q_gᵀC; these become residuals, too.</param>
    /// <param name="height">How far apart columns lie.</param>
    /// <param name="topHeight">The number of rows of the levels.</param>
    public void Fit(double[] rows, int height, int topHeight)
    {
        int rowCount = _reduction.RowCount, count = _columns.Count, columns = _reduction.ColumnCount;
        for (int c = 0; c < columns; c++)
        {
            Span<double> top = rows.AsSpan(c * height, topHeight), within = rows.AsSpan((c * height) + topHeight, rowCount);
            Span<double> spherical = _spherical.AsSpan(c * count, count), scores = Scores.AsSpan(c * count, count);
            ReadOnlySpan<double> data = _reduction.WithinRows.AsSpan(c * rowCount, rowCount);
            for (int column = 0; column < count; column++)
            {
                scores[column] = _columns.Products[(column * columns) + c];
            }

            AddTouchedTransposed(top, scores);
            ApplyTransposed(scores, spherical);
            Solve(spherical);
            double[] whole = top.ToArray();
            Residuals(whole, data, spherical, top, within, scores);

            // Seminormal equations, corrected on the residuals (Björck, 1987): once, or until nothing is left where Λ is large.
            double before = double.PositiveInfinity;
            for (int pass = 0; pass < MostCorrections; pass++)
            {
                ApplyTransposed(scores, _step);
                for (int i = 0; i < count; i++)
                {
                    _step[i] -= spherical[i];
                }

                double[] gradient = [.. _step];
                Solve(_step);
                double worth = ShortVectors.Dot(gradient, _step);
                if (!(worth > NoCorrection * (ShortVectors.SquaredNorm(within) + ShortVectors.SquaredNorm(top) + ShortVectors.SquaredNorm(spherical)))
                    || worth > before / 2)
                {
                    break;
                }

                before = worth;
                for (int i = 0; i < count; i++)
                {
                    spherical[i] += _step[i];
                }

                Residuals(whole, data, spherical, top, within, scores);
            }

            DivideScores(spherical, scores);
            spherical.CopyTo(rows.AsSpan((c * height) + topHeight + rowCount));
        }
    }

    private (int Width, int Effect, double[] Lambda) Place(int column)
    {
        int factor = _factorOf[column], width = _columns.Widths[factor];
        return (width, width == 1 ? 0 : (column - _columns.Offsets[factor]) % width, _lambda[factor]);
    }

    private double Diagonal(int column)
    {
        (int width, int effect, double[] lambda) = Place(column);
        double sum = 1;
        for (int e = 0; e < width; e++)
        {
            double weight = lambda[(e * width) + effect];
            sum += weight * weight * _columns.Squares[column - effect + e];
        }

        return sum;
    }

    private void WhitenTouched(double[] levelFactors)
    {
        int width = _reduction.Width;
        for (int g = 0; g < _reduction.LevelCount; g++)
        {
            ReadOnlySpan<double> triangle = levelFactors.AsSpan(g * width * width, width * width);
            for (int at = _columns.TouchStarts[g]; at < _columns.TouchStarts[g + 1]; at++)
            {
                for (int k = 0; k < width; k++)
                {
                    double value = _columns.TouchTops[(at * width) + k];
                    for (int l = 0; l < k; l++)
                    {
                        value -= triangle[(l * width) + k] * _touched[(at * width) + l];
                    }

                    _touched[(at * width) + k] = value / triangle[(k * width) + k];
                }
            }
        }
    }

    private void AddSquares(int block)
    {
        int width = _reduction.Width, order = _factors[block].Order;
        double[] squares = _squares[block];
        _columns.BlockSquares[block].CopyTo(squares, 0);
        foreach (int g in _columns.LevelsByBlock[block])
        {
            int first = _columns.TouchStarts[g], met = _columns.TouchStarts[g + 1] - first;
            ReadOnlySpan<int> places = _columns.TouchPlaces.AsSpan(first, met);
            ReadOnlySpan<double> tops = _touched.AsSpan(first * width, met * width);
            for (int a = 0; a < met; a++)
            {
                Span<double> row = squares.AsSpan(places[a] * order, order);
                for (int k = 0; k < width; k++)
                {
                    double top = tops[(a * width) + k];
                    for (int b = 0; b < places.Length; b++)
                    {
                        row[places[b]] += top * tops[(b * width) + k];
                    }
                }
            }
        }
    }

    private void Solve(Span<double> values)
    {
        for (int block = 0; block < _factors.Length; block++)
        {
            int[] members = _members[block];
            var local = new double[members.Length];
            for (int i = 0; i < members.Length; i++)
            {
                local[i] = values[members[i]];
            }

            _factors[block].Solve(local);
            for (int i = 0; i < members.Length; i++)
            {
                values[members[i]] = local[i];
            }
        }
    }

    /// <summary>Writes Λᵀv.</summary>
    private void ApplyTransposed(ReadOnlySpan<double> values, Span<double> result)
    {
        for (int column = 0; column < values.Length; column++)
        {
            (int width, int effect, double[] lambda) = Place(column);
            double sum = 0;
            for (int e = 0; e < width; e++)
            {
                sum += lambda[(e * width) + effect] * values[column - effect + e];
            }

            result[column] = sum;
        }
    }

    /// <summary>Writes Λu.</summary>
    private void Apply(ReadOnlySpan<double> values, Span<double> result)
    {
        for (int column = 0; column < values.Length; column++)
        {
            (int width, int effect, double[] lambda) = Place(column);
            double sum = 0;
            for (int j = 0; j < width; j++)
            {
                sum += lambda[(effect * width) + j] * values[column - effect + j];
            }

            result[column] = sum;
        }
    }

    /// <summary>Writes what Λu leaves of a column, over the levels' rows and the rows within, and its scores.</summary>
    private void Residuals(
        double[] whole, ReadOnlySpan<double> data, ReadOnlySpan<double> spherical, Span<double> top, Span<double> within, Span<double> scores)
    {
        int width = _reduction.Width;
        Apply(spherical, _effects);
        data.CopyTo(within);
        whole.CopyTo(top);
        _columns.AddProduct(_effects, -1, within);
        Span<double> explained = stackalloc double[width];
        for (int g = 0; g < _reduction.LevelCount; g++)
        {
            explained.Clear();
            for (int at = _columns.TouchStarts[g]; at < _columns.TouchStarts[g + 1]; at++)
            {
                double effect = _effects[_columns.Touched[at]];
                for (int k = 0; k < width; k++)
                {
                    explained[k] += _columns.TouchTops[(at * width) + k] * effect;
                    top[(g * width) + k] -= _touched[(at * width) + k] * effect;
                }
            }

            for (int i = _reduction.LevelStarts[g]; i < _reduction.LevelStarts[g + 1]; i++)
            {
                for (int k = 0; k < width; k++)
                {
                    within[i] += _reduction.Basis[(i * width) + k] * explained[k];
                }
            }
        }

        if (Array.IndexOf(_isRooted, true) >= 0)
        {
            ProjectAgain(within);
        }

        scores.Clear();
        _columns.AddTransposedProduct(within, scores);
        AddTouchedTransposed(top, scores);
    }

    /// <summary>Takes rounding's part along Q_g off residuals, which sums over all levels would magnify.</summary>
    private void ProjectAgain(Span<double> within)
    {
        int width = _reduction.Width;
        for (int g = 0; g < _reduction.LevelCount; g++)
        {
            for (int k = 0; k < width; k++)
            {
                double along = 0;
                for (int i = _reduction.LevelStarts[g]; i < _reduction.LevelStarts[g + 1]; i++)
                {
                    along += _reduction.Basis[(i * width) + k] * within[i];
                }

                for (int i = _reduction.LevelStarts[g]; i < _reduction.LevelStarts[g + 1]; i++)
                {
                    within[i] -= _reduction.Basis[(i * width) + k] * along;
                }
            }
        }
    }

    /// <summary>Replaces v by Λ⁻ᵀu, which it equals, where Λ is large: sums of residuals lose their digits there.</summary>
    private void DivideScores(ReadOnlySpan<double> spherical, Span<double> scores)
    {
        for (int column = scores.Length - 1; column >= 0; column--)
        {
            if (!IsLarge(column))
            {
                continue;
            }

            (int width, int effect, double[] lambda) = Place(column);
            double value = spherical[column];
            for (int e = effect + 1; e < width; e++)
            {
                value -= lambda[(e * width) + effect] * scores[column - effect + e];
            }

            scores[column] = value / lambda[(effect * width) + effect];
        }
    }

    /// <summary>Tells whether Λ of a column is so large that sums over rows lose what is left of it.</summary>
    private bool IsLarge(int column)
    {
        (int width, int effect, double[] lambda) = Place(column);
        double pivot = lambda[(effect * width) + effect];
        return _isRooted[_columns.BlockOf[column]] && pivot * pivot * _columns.Squares[column] > MostAmplification;
    }

    private void AddTouchedTransposed(ReadOnlySpan<double> top, Span<double> sums)
    {
        int width = _reduction.Width;
        for (int g = 0; g < _reduction.LevelCount; g++)
        {
            for (int at = _columns.TouchStarts[g]; at < _columns.TouchStarts[g + 1]; at++)
            {
                for (int k = 0; k < width; k++)
                {
                    sums[_columns.Touched[at]] += _touched[(at * width) + k] * top[(g * width) + k];
                }
            }
        }
    }
}
