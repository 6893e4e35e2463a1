namespace VariationalInference;

/// <summary>Points and weights for a standard normal of some dimension.</summary>
/// <param name="dimension">The dimension.</param>
/// <param name="points">One point after another.</param>
/// <param name="weights">Their weights, which sum to 1.</param>
internal sealed class NoiseRule(int dimension, double[] points, double[] weights)
{
    public int Dimension => dimension;

    public int Count => weights.Length;

    public ReadOnlySpan<double> Weights => weights;

    public ReadOnlySpan<double> Point(int index) => points.AsSpan(index * dimension, dimension);
}

/// <summary>A way to choose the points, for whatever family asks; the last choice is kept.</summary>
internal abstract class NoisePoints
{
    private NoiseRule? _last;

    public NoiseRule For(GaussianPosterior q)
    {
        Require(q);
        NoiseRule? rule = Volatile.Read(ref _last);
        if (rule?.Dimension != q.NoiseCount)
        {
            rule = Create(q.NoiseCount);
            Volatile.Write(ref _last, rule);
        }

        return rule;
    }

    protected abstract void Require(GaussianPosterior q);

    protected abstract NoiseRule Create(int dimension);
}

/// <summary>Draws ε from a seed, each with −ε, of equal weight.</summary>
internal sealed class AntitheticPoints : NoisePoints
{
    private readonly int _drawCount;
    private readonly int _seed;

    public AntitheticPoints(int drawCount, int seed)
    {
        Guard.AtLeast(drawCount, 2, nameof(drawCount));
        if (drawCount % 2 != 0)
        {
            throw new ArgumentOutOfRangeException(
                nameof(drawCount), drawCount, Guard.Text($"drawCount is {drawCount}; it must be even, since draws come in antithetic pairs."));
        }

        _drawCount = drawCount;
        _seed = seed;
    }

    /// <summary>Requires twice as many independent directions as the parameters that one latent can fit them with.</summary>
    /// <remarks>
    /// A pair counts once. With as few pairs as free parameters there is an F ≠ 0 with a row that is zero at every draw: along it the entropy
    /// rises without end, and the objective has no maximum.
    /// </remarks>
    protected override void Require(GaussianPosterior q)
    {
        if (_drawCount / 2 < 2L * q.FreeDirections)
        {
            throw new ArgumentException(
                Guard.Text($"q has {q.FreeDirections} free directions a latent, and there are {_drawCount / 2} independent ones among the draws; drawCount must be at least {4L * q.FreeDirections}, or the family of lower rank."),
                nameof(q));
        }
    }

    protected override NoiseRule Create(int dimension)
    {
        int pairs = _drawCount / 2;
        var points = new double[checked(_drawCount * dimension)];
        Span<double> first = points.AsSpan(0, pairs * dimension);
        NormalStream.Fill(_seed, first);
        for (int i = 0; i < first.Length; i++)
        {
            points[first.Length + i] = -first[i];
        }

        var weights = new double[_drawCount];
        Array.Fill(weights, 1.0 / _drawCount);
        return new NoiseRule(dimension, points, weights);
    }
}

/// <summary>The product of trapezoid rules over [−8.5, 8.5], where the normal density has fallen below double precision.</summary>
internal sealed class TrapezoidPoints : NoisePoints
{
    private const int MostDimensions = 3;
    private const int FewestPoints = 21;
    private const double Reach = 8.5;

    /// <summary>Below this share of the largest weight a point changes nothing: e^(−8.5²/2).</summary>
    private const double Negligible = 2e-16;

    private readonly int _pointsPerDimension;

    public TrapezoidPoints(int pointsPerDimension)
    {
        Guard.AtLeast(pointsPerDimension, FewestPoints, nameof(pointsPerDimension));
        _pointsPerDimension = pointsPerDimension;
    }

    protected override void Require(GaussianPosterior q)
    {
        if (q.NoiseCount > MostDimensions)
        {
            throw new ArgumentException(
                Guard.Text($"q has {q.NoiseCount} dimensions of noise; quadrature takes at most {MostDimensions}. Take draws."), nameof(q));
        }
    }

    protected override NoiseRule Create(int dimension)
    {
        var points = new List<double>();
        var weights = new List<double>();
        var point = new double[dimension];
        int total = 1;
        for (int d = 0; d < dimension; d++)
        {
            total = checked(total * _pointsPerDimension);
        }

        for (int i = 0; i < total; i++)
        {
            int rest = i;
            double square = 0;
            for (int d = 0; d < dimension; d++)
            {
                point[d] = Reach * (((2.0 * (rest % _pointsPerDimension)) / (_pointsPerDimension - 1)) - 1);
                rest /= _pointsPerDimension;
                square += point[d] * point[d];
            }

            double weight = Math.Exp(-0.5 * square);
            if (weight >= Negligible)
            {
                points.AddRange(point);
                weights.Add(weight);
            }
        }

        double sum = weights.Sum();
        return new NoiseRule(dimension, [.. points], [.. weights.Select(weight => weight / sum)]);
    }
}
