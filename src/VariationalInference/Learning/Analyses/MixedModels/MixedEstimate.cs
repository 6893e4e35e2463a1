using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>What was found, in the design's units: the variances, and from them the fixed effects and the posterior of all random effects.</summary>
/// <remarks>
/// With spherical effects b = Λu the posterior of u given β has the precision M/σ²; with β unknown, too, a combination sᵀu + xᵀ(β − β̂) has the
/// variance σ² (sᵀM⁻¹s + ‖R⁻ᵀ(x − Uᵀs)‖²), where RᵀR = XᵀV⁻¹X and U is u as fitted to X. Both are sums of squares.
/// </remarks>
internal sealed class MixedEstimate
{
    /// <summary>How many steps the other variances may take to follow one that is moved.</summary>
    private const int FollowingSteps = 50;

    private readonly MixedCriterion _criterion;
    private readonly double[][] _lambda;

    // Λᵀv for the orthonormal columns of X, then for the residuals of y: p + 1 numbers for each effect of each level.
    private readonly double[][] _spherical;

    public MixedEstimate(MixedDesign design, MixedObjective objective, IReadOnlyList<MixedOptimum> optima, bool isCancelled)
        : this(design, objective, OptimaOf(objective, optima, isCancelled), flat: null, isCancelled)
    {
    }

    /// <param name="design">The design.</param>
    /// <param name="objective">The deviance.</param>
    /// <param name="optima">The maxima, the one that counts first.</param>
    /// <param name="flat">The variances that do not enter the likelihood, where they are known.</param>
    /// <param name="isCancelled">Whether the search was cut short.</param>
    public MixedEstimate(
        MixedDesign design, MixedObjective objective, IReadOnlyList<MixedOptimum> optima, IReadOnlyList<(int Parameter, bool MovesResidual)>? flat, bool isCancelled)
    {
        Design = design;
        IsCancelled = isCancelled;
        Objective = objective;
        Optimum = optima[0];
        Optima = optima;
        Flat = flat ?? FlatVariances();
        objective.Value(Optimum.Theta, new double[Optimum.Theta.Length]);
        _criterion = objective.Criterion;
        _lambda = objective.Lambda;
        LogLikelihood = MixedFitting.LogLikelihood(design, objective, Optimum.Value);
        Variance = _criterion.ResidualSquares / objective.Freedom;
        _spherical = [.. design.Factors.Select((factor, f) => Spherical(f))];
        Effects = [.. design.Factors.Select((factor, f) => EffectsOf(f))];
    }

    public MixedDesign Design { get; }

    public MixedObjective Objective { get; }

    public MixedOptimum Optimum { get; }

    public IReadOnlyList<MixedOptimum> Optima { get; }

    public bool IsCancelled { get; }

    public double LogLikelihood { get; }

    /// <summary>Gets σ².</summary>
    public double Variance { get; }

    /// <summary>Gets b by factor, d numbers a level.</summary>
    public double[][] Effects { get; }

    /// <summary>Gets β.</summary>
    public ReadOnlySpan<double> Coefficients => _criterion.Coefficients;

    /// <summary>
    /// Gets the variances at zero that do not enter the likelihood, by the parameters on the diagonal, and whether they move the residual variance.
    /// </summary>
    public IReadOnlyList<(int Parameter, bool MovesResidual)> Flat { get; }

    /// <summary>Returns a row of Λ.</summary>
    public ReadOnlySpan<double> Factor(int factor, int row)
    {
        int width = Design.Factors[factor].Width;
        return _lambda[factor].AsSpan(row * width, width);
    }

    /// <summary>Returns the covariance of β over σ².</summary>
    public Matrix<double> FixedCovariance()
    {
        int count = Design.Fixed.Length;
        var inverse = Matrix<double>.Build.Dense(count, count);
        for (int j = 0; j < count; j++)
        {
            var unit = new double[count];
            unit[j] = 1;
            inverse.SetRow(j, WhitenFixed(unit));
        }

        // The rows are R⁻ᵀ's columns.
        return inverse.TransposeAndMultiply(inverse);
    }

    /// <summary>Returns the variance of Σ zᵀb + xᵀβ over σ², given β and with its uncertainty.</summary>
    /// <param name="parts">The effects with their weights, one entry for each level; level −1 is one without data.</param>
    /// <param name="x">The weights of β.</param>
    public (double Conditional, double Whole) RelativeVariance(IReadOnlyList<(int Factor, int Level, double[] Weights)> parts, ReadOnlySpan<double> x)
    {
        double conditional = 0;
        double[] rest = WhitenFixed(x);
        var others = new Dictionary<int, double>();
        foreach ((int factor, int level, double[] weights) in parts)
        {
            double[] s = TimesLambda(factor, weights);
            if (level < 0)
            {
                conditional += ShortVectors.SquaredNorm(s);
                continue;
            }

            SubtractFitted(factor, level, s, rest);
            if (factor == 0)
            {
                conditional += LevelVariance(level, s, others);
            }
            else
            {
                RestColumns columns = _criterion.Reduction.Rest!;
                for (int e = 0; e < weights.Length; e++)
                {
                    Add(others, columns.Offsets[factor] + (level * weights.Length) + e, weights[e]);
                }
            }
        }

        foreach ((int a, double weight) in others)
        {
            foreach ((int b, double other) in others)
            {
                conditional += weight * other * _criterion.Rest!.Covariance(a, b);
            }
        }

        return (conditional, conditional + ShortVectors.SquaredNorm(rest));
    }

    /// <summary>Puts the best point first, which after a cancellation may be none of the maxima.</summary>
    private static IReadOnlyList<MixedOptimum> OptimaOf(MixedObjective objective, IReadOnlyList<MixedOptimum> optima, bool isCancelled) =>
        optima.Count > 0 && (!isCancelled || optima[0].Value <= objective.BestValue)
            ? optima
            : [new MixedOptimum(objective.BestTheta!, objective.BestValue, [], [], null, double.PositiveInfinity, false), .. optima];

    private List<(int Parameter, bool MovesResidual)> FlatVariances()
    {
        const double change = 1e-3;
        var flat = new List<(int, bool)>();
        var ascent = new MixedAscent(Objective, FollowingSteps, CancellationToken.None);
        double squares = ResidualSquaresAt(Optimum.Theta);
        foreach (int diagonal in Objective.Parameters.Diagonals.Where(
            i => !IsCancelled && !Optimum.IsUnbounded && Array.TrueForAll(Objective.Parameters.RowOf(i), j => Optimum.Theta[j] == 0)))
        {
            if (ascent.IsFlat(Optimum.Theta, Optimum.Value, diagonal))
            {
                flat.Add((diagonal, Math.Abs(Math.Log(Objective.Criterion.ResidualSquares / squares)) > change));
            }
        }

        return flat;
    }

    private double ResidualSquaresAt(double[] theta)
    {
        Objective.Value(theta);
        return Objective.Criterion.ResidualSquares;
    }

    private static void Add(Dictionary<int, double> sums, int key, double value) =>
        sums[key] = sums.TryGetValue(key, out double known) ? known + value : value;

    /// <summary>Returns R⁻ᵀx.</summary>
    private double[] WhitenFixed(ReadOnlySpan<double> x)
    {
        int columns = _criterion.Reduction.ColumnCount;
        double[] values = x.ToArray();
        for (int c = 0; c < values.Length; c++)
        {
            for (int k = 0; k < c; k++)
            {
                values[c] -= values[k] * _criterion.FixedTriangle[(c * columns) + k];
            }

            values[c] /= _criterion.FixedTriangle[(c * columns) + c];
        }

        return values;
    }

    /// <summary>Returns Λᵀz.</summary>
    private double[] TimesLambda(int factor, double[] weights)
    {
        int width = weights.Length;
        var s = new double[width];
        for (int j = 0; j < width; j++)
        {
            for (int e = 0; e < width; e++)
            {
                s[j] += _lambda[factor][(e * width) + j] * weights[e];
            }
        }

        return s;
    }

    private void SubtractFitted(int factor, int level, double[] s, double[] rest)
    {
        int columns = _criterion.Reduction.ColumnCount;
        for (int j = 0; j < s.Length; j++)
        {
            for (int c = 0; c < rest.Length; c++)
            {
                rest[c] -= _spherical[factor][(((level * s.Length) + j) * columns) + c] * s[j];
            }
        }
    }

    /// <summary>Returns sᵀM_g⁻¹s for a level of the first factor, and takes what it says of the others' columns off their weights.</summary>
    private double LevelVariance(int level, double[] s, Dictionary<int, double> others)
    {
        int width = s.Length, height = 2 * width;
        double[] triangle = _criterion.Reduction.Triangles;
        var product = new double[width * width];
        var stack = new double[height * width];
        for (int j = 0; j < width; j++)
        {
            for (int k = 0; k < width; k++)
            {
                for (int e = k; e < width; e++)
                {
                    product[(k * width) + j] += triangle[(((level * width) + k) * width) + e] * _lambda[0][(e * width) + j];
                }

                stack[(j * height) + k] = product[(k * width) + j];
            }

            stack[(j * height) + width + j] = 1;
        }

        // FᵀF = M_g from an orthogonal reduction of [R_gΛ; I], then y = F⁻ᵀs and M_g⁻¹s = F⁻¹y.
        TriangleAccumulator.Triangularise(stack, height, width, height);
        double[] y = [.. s];
        for (int k = 0; k < width; k++)
        {
            for (int l = 0; l < k; l++)
            {
                y[k] -= stack[(k * height) + l] * y[l];
            }

            y[k] /= stack[(k * height) + k];
        }

        double variance = ShortVectors.SquaredNorm(y);
        if (_criterion.Reduction.Rest is not RestColumns columns)
        {
            return variance;
        }

        for (int k = width - 1; k >= 0; k--)
        {
            for (int l = k + 1; l < width; l++)
            {
                y[k] -= stack[(l * height) + k] * y[l];
            }

            y[k] /= stack[(k * height) + k];
        }

        for (int at = columns.TouchStarts[level]; at < columns.TouchStarts[level + 1]; at++)
        {
            double weight = 0;
            for (int k = 0; k < width; k++)
            {
                weight += columns.TouchTops[(at * width) + k] * ShortVectors.Dot(product.AsSpan(k * width, width), y);
            }

            Add(others, columns.Touched[at], -weight);
        }

        return variance;
    }

    private double[] Spherical(int factor)
    {
        int width = Design.Factors[factor].Width, levels = Design.Factors[factor].Labels.Count, columns = _criterion.Reduction.ColumnCount;
        var all = new double[levels * width * columns];
        var scores = new double[width * columns];
        for (int level = 0; level < levels; level++)
        {
            ScoresOf(factor, level, scores);
            for (int j = 0; j < width; j++)
            {
                for (int c = 0; c < columns; c++)
                {
                    double sum = 0;
                    for (int e = 0; e < width; e++)
                    {
                        sum += _lambda[factor][(e * width) + j] * scores[(e * columns) + c];
                    }

                    all[(((level * width) + j) * columns) + c] = sum;
                }
            }
        }

        return all;
    }

    /// <summary>Writes v of a level, p + 1 numbers an effect.</summary>
    private void ScoresOf(int factor, int level, double[] scores)
    {
        int width = Design.Factors[factor].Width, columns = _criterion.Reduction.ColumnCount;
        if (factor > 0)
        {
            for (int e = 0; e < width; e++)
            {
                _criterion.RestScores(_criterion.Reduction.Rest!.Offsets[factor] + (level * width) + e, scores.AsSpan(e * columns, columns));
            }

            return;
        }

        var byColumn = new double[scores.Length];
        _criterion.Scores(level, byColumn);
        for (int c = 0; c < columns; c++)
        {
            for (int e = 0; e < width; e++)
            {
                scores[(e * columns) + c] = byColumn[(c * width) + e];
            }
        }
    }

    private double[] EffectsOf(int factor)
    {
        int width = Design.Factors[factor].Width, columns = _criterion.Reduction.ColumnCount;
        var effects = new double[Design.Factors[factor].Labels.Count * width];
        for (int i = 0; i < effects.Length; i++)
        {
            int level = i / width, e = i % width;
            for (int j = 0; j < width; j++)
            {
                effects[i] += _lambda[factor][(e * width) + j] * _spherical[factor][(((level * width) + j) * columns) + columns - 1];
            }
        }

        return effects;
    }
}
