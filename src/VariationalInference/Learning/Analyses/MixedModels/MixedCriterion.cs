namespace VariationalInference;

/// <summary>
/// The parts of the (restricted) likelihood at given relative covariances ΛΛᵀ of the random effects, and their derivatives by Λ.
/// </summary>
/// <remarks>
/// With M = I + ΛᵀZᵀZΛ the likelihood needs log det M, for REML log det XᵀV⁻¹X, and r² = min ‖y − Xβ − ZΛu‖² + ‖u‖² (Bates et al., 2015). Levels of
/// the first factor are eliminated one by one: with L_gL_gᵀ = I + R_gΛΛᵀR_gᵀ, from an orthogonal reduction of [ΛᵀR_gᵀ; I], what they leave of the
/// other columns is L_g⁻¹T_g beside what is orthogonal to Q_g. The other factors' blocks of M are then factored; y and X are fitted by
/// them, and once more on the residuals, of which the orthogonal reduction gives XᵀV⁻¹X and r²: no quadratic form is a difference.
/// With v_b = Z_bᵀV⁻¹(y − Xβ) for a level b, derivatives by Ω = ΛΛᵀ are Σ_b Z_bᵀV⁻¹Z_b of log det M, −Σ_b v_b v_bᵀ of r², and likewise with
/// orthonormal columns of V^-½X of log det XᵀV⁻¹X. One thread at a time.
/// </remarks>
internal sealed partial class MixedCriterion
{
    private readonly MixedReduction _reduction;
    private readonly int _height;
    private readonly double[] _levelFactors;
    private readonly double[] _rows;
    private readonly double[] _triangular;
    private readonly double[] _stack;
    private readonly double[] _small;
    private readonly RestFit? _rest;

    public MixedCriterion(MixedReduction reduction, bool restricted, int maxThreads = 1)
    {
        _reduction = reduction;
        IsRestricted = restricted;
        int width = reduction.Width, columns = reduction.ColumnCount;
        _rest = reduction.Rest is null ? null : new RestFit(reduction, maxThreads);
        TopHeight = reduction.LevelCount * width;
        _height = TopHeight + (reduction.Rest is RestColumns rest ? reduction.RowCount + rest.Count : columns);
        _levelFactors = new double[TopHeight * width];
        _rows = new double[checked(_height * columns)];
        _triangular = new double[_rows.Length];
        _stack = new double[2 * width * width];
        _small = new double[(3 * width * width) + (width * columns) + columns];
        Coefficients = new double[columns - 1];
        FixedTriangle = new double[columns * columns];
        int[] widths = reduction.Rest?.Widths ?? [width];
        LogGradient = [.. widths.Select(d => new double[d * d])];
        SquaresGradient = [.. widths.Select(d => new double[d * d])];
    }

    public bool IsRestricted { get; }

    public MixedReduction Reduction => _reduction;

    /// <summary>Gets log det M.</summary>
    public double LogDeterminant { get; private set; }

    /// <summary>Gets log det XᵀV⁻¹X, in the design's units.</summary>
    public double LogFixedDeterminant { get; private set; }

    /// <summary>Gets r².</summary>
    public double ResidualSquares { get; private set; }

    /// <summary>Gets by how much rounding may be amplified in log det M: the largest ratio of a diagonal element to its pivot.</summary>
    public double Amplification => _rest?.Amplification ?? 1;

    /// <summary>Gets β.</summary>
    public double[] Coefficients { get; }

    /// <summary>Gets the triangle R of V^-½[X y], column by column.</summary>
    public double[] FixedTriangle { get; }

    /// <summary>Gets the derivatives of log det M, and of log det XᵀV⁻¹X where restricted, by Λ of each factor.</summary>
    public double[][] LogGradient { get; }

    /// <summary>Gets those of r².</summary>
    public double[][] SquaresGradient { get; }

    /// <summary>Gets the fit of the other factors' columns; null where there are none.</summary>
    public RestFit? Rest => _rest;

    private int TopHeight { get; }

    /// <summary>Evaluates the parts of the likelihood.</summary>
    /// <param name="lambda">Λ of each factor, row by row.</param>
    /// <param name="withGradient">Whether to work out the derivatives, too.</param>
    /// <returns>Whether all are finite.</returns>
    public bool Evaluate(double[][] lambda, bool withGradient)
    {
        int columns = _reduction.ColumnCount;
        EliminateLevels(lambda[0]);
        if (_rest is not null)
        {
            if (!_rest.Factor(_levelFactors, lambda))
            {
                return false;
            }

            LogDeterminant += _rest.LogDeterminant;
            _rest.Fit(_rows, _height, TopHeight);
        }
        else
        {
            for (int c = 0; c < columns; c++)
            {
                _reduction.WithinTriangle.AsSpan(c * columns, columns).CopyTo(_rows.AsSpan((c * _height) + TopHeight));
            }
        }

        _rows.CopyTo(_triangular, 0);
        TriangleAccumulator.Triangularise(_triangular, _height, columns, _height);
        ReadTriangle();
        if (!double.IsFinite(LogDeterminant + LogFixedDeterminant + ResidualSquares))
        {
            return false;
        }

        if (withGradient)
        {
            Differentiate(lambda);
        }

        return true;
    }

    /// <summary>Returns L_g⁻¹ of a vector in place.</summary>
    public void Whiten(int level, Span<double> values)
    {
        int width = _reduction.Width;
        ReadOnlySpan<double> triangle = _levelFactors.AsSpan(level * width * width, width * width);
        for (int k = 0; k < width; k++)
        {
            double value = values[k];
            for (int l = 0; l < k; l++)
            {
                value -= triangle[(l * width) + k] * values[l];
            }

            values[k] = value / triangle[(k * width) + k];
        }
    }

    /// <summary>Writes v_g = R_gᵀL_g⁻ᵀê of a level for the columns of X made orthonormal by the triangle, then for the residual of y.</summary>
    /// <param name="level">The level g of the first factor.</param>
    /// <param name="scores">Receives d numbers for each column.</param>
    public void Scores(int level, Span<double> scores)
    {
        int width = _reduction.Width, columns = _reduction.ColumnCount;
        Span<double> whitened = _small.AsSpan(0, width * width);
        Span<double> residuals = _small.AsSpan(width * width, width * columns);
        WhitenedTriangle(level, whitened);
        for (int k = 0; k < width; k++)
        {
            Residuals((level * width) + k, residuals.Slice(k * columns, columns));
        }

        for (int c = 0; c < columns; c++)
        {
            for (int e = 0; e < width; e++)
            {
                double sum = 0;
                for (int k = 0; k < width; k++)
                {
                    sum += whitened[(k * width) + e] * residuals[(k * columns) + c];
                }

                scores[(c * width) + e] = sum;
            }
        }
    }

    /// <summary>Writes the scores of a column of the other factors, as <see cref="Scores(int, Span{double})"/> does.</summary>
    public void RestScores(int column, Span<double> scores)
    {
        int columns = _reduction.ColumnCount;
        for (int c = 0; c < columns; c++)
        {
            scores[c] = _rest!.Scores[(c * _reduction.Rest!.Count) + column];
        }

        Orthonormalise(scores);
    }

    /// <summary>Writes L_g⁻¹R_g, row by row.</summary>
    public void WhitenedTriangle(int level, Span<double> whitened)
    {
        int width = _reduction.Width;
        Span<double> column = stackalloc double[width];
        for (int e = 0; e < width; e++)
        {
            for (int k = 0; k < width; k++)
            {
                column[k] = _reduction.Triangles[(((level * width) + k) * width) + e];
            }

            Whiten(level, column);
            for (int k = 0; k < width; k++)
            {
                whitened[(k * width) + e] = column[k];
            }
        }
    }

    /// <summary>Writes L_g and L_g⁻¹Q_gᵀC of all levels, and begins log det M.</summary>
    private void EliminateLevels(double[] lambda)
    {
        int width = _reduction.Width, columns = _reduction.ColumnCount;
        double product = 1;
        LogDeterminant = 0;
        Span<double> top = stackalloc double[width];
        for (int g = 0; g < _reduction.LevelCount; g++)
        {
            FactorLevel(g, lambda);
            for (int k = 0; k < width; k++)
            {
                product *= _levelFactors[(((g * width) + k) * width) + k];
                if (Math.Abs(product) > 1e100)
                {
                    LogDeterminant += 2 * Math.Log(Math.Abs(product));
                    product = 1;
                }
            }

            for (int c = 0; c < columns; c++)
            {
                for (int k = 0; k < width; k++)
                {
                    top[k] = _reduction.Tops[(((g * width) + k) * columns) + c];
                }

                Whiten(g, top);
                top.CopyTo(_rows.AsSpan((c * _height) + (g * width)));
            }
        }

        LogDeterminant += 2 * Math.Log(Math.Abs(product));
    }

    /// <summary>Writes the triangle of [ΛᵀR_gᵀ; I], the transpose of L_g.</summary>
    private void FactorLevel(int g, double[] lambda)
    {
        int width = _reduction.Width;
        ReadOnlySpan<double> triangle = _reduction.Triangles.AsSpan(g * width * width, width * width);
        Span<double> factor = _levelFactors.AsSpan(g * width * width, width * width);
        if (width == 1)
        {
            double product = triangle[0] * lambda[0];
            factor[0] = Math.Abs(product) < 1e150 ? Math.Sqrt(1 + (product * product)) : Math.Abs(product);
            return;
        }

        int height = 2 * width;
        for (int k = 0; k < width; k++)
        {
            Span<double> column = _stack.AsSpan(k * height, height);
            column.Clear();
            column[width + k] = 1;
            for (int j = 0; j < width; j++)
            {
                for (int e = k; e < width; e++)
                {
                    column[j] += triangle[(k * width) + e] * lambda[(e * width) + j];
                }
            }
        }

        TriangleAccumulator.Triangularise(_stack, height, width, height);
        for (int k = 0; k < width; k++)
        {
            for (int e = 0; e < width; e++)
            {
                factor[(k * width) + e] = _stack[(e * height) + k];
            }
        }
    }

    private void ReadTriangle()
    {
        int columns = _reduction.ColumnCount;
        LogFixedDeterminant = 0;
        for (int c = 0; c < columns; c++)
        {
            for (int k = 0; k < columns; k++)
            {
                FixedTriangle[(c * columns) + k] = k <= c ? _triangular[(c * _height) + k] : 0;
            }
        }

        for (int j = columns - 2; j >= 0; j--)
        {
            double value = FixedTriangle[((columns - 1) * columns) + j];
            for (int k = j + 1; k < columns - 1; k++)
            {
                value -= FixedTriangle[(k * columns) + j] * Coefficients[k];
            }

            double pivot = FixedTriangle[(j * columns) + j];
            Coefficients[j] = value / pivot;
            LogFixedDeterminant += 2 * Math.Log(Math.Abs(pivot));
        }

        double rest = FixedTriangle[(columns * columns) - 1];
        ResidualSquares = rest * rest;
    }

    /// <summary>Writes a row of the residual columns, those of X made orthonormal, that of y less Xβ.</summary>
    private void Residuals(int row, Span<double> residuals)
    {
        for (int c = 0; c < residuals.Length; c++)
        {
            residuals[c] = _rows[(c * _height) + row];
        }

        Orthonormalise(residuals);
    }

    private void Orthonormalise(Span<double> values)
    {
        int columns = values.Length;
        for (int j = 0; j < columns - 1; j++)
        {
            values[columns - 1] -= values[j] * Coefficients[j];
        }

        for (int c = 0; c < columns - 1; c++)
        {
            for (int k = 0; k < c; k++)
            {
                values[c] -= values[k] * FixedTriangle[(c * columns) + k];
            }

            values[c] /= FixedTriangle[(c * columns) + c];
        }
    }
}
