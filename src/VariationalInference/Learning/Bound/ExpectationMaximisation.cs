namespace VariationalInference;

/// <summary>
/// One EM iteration: the posterior's moments in the chosen family, then the parameters that are best for them, in closed form.
/// </summary>
/// <remarks>
/// Loadings and offset of an observation are a regression on the latents, over the blocks that have the observation. It is solved for the change
/// from the parameters at hand, whose residuals ε = x − Az − b have E[εzᵀ] and E[ε²] without a difference of large numbers; see
/// <see cref="ExpectationSums"/>. The noise variances are what the regression then leaves.
/// </remarks>
internal sealed class ExpectationMaximisation
{
    private readonly IReadOnlyList<LearningBlock> _blocks;
    private readonly VariationalEmOptions _options;
    private readonly LearningLayout _layout;
    private readonly BlockShards _shards;
    private readonly ExpectationSums[] _sums;
    private readonly PatternTable? _patterns;
    private readonly SharedLoadings? _loadings;
    private readonly SharedSums[] _sharedSums;
    private readonly double _noiseSquares;
    private readonly double _noiseCells;

    public ExpectationMaximisation(
        IReadOnlyList<LearningBlock> blocks, LearningLayout layout, VariationalEmOptions options, PatternTable? patterns = null)
    {
        _blocks = blocks;
        _options = options;
        _layout = layout;
        _shards = new BlockShards(blocks, layout.Latents, options.MaxThreads);
        _sums = new ExpectationSums[_shards.Count];
        _sharedSums = new SharedSums[_shards.Count];
        _patterns = patterns ?? PatternTable.Of(blocks, layout.Observations);
        _loadings = _patterns is null ? null : new SharedLoadings(layout.Observations, layout.Latents);
        _noiseSquares = blocks.Sum(block => block.NoiseSquares);
        _noiseCells = blocks.Sum(block => block.NoiseCells);
    }

    /// <summary>Returns the parameters after one iteration, or null where the covariance is singular.</summary>
    public LearningPoint? Step(LearningPoint point)
    {
        bool meanField = _options.Family == PosteriorFamily.MeanField && point.Latents > 1;
        bool withRegression = _options.Loadings || _options.Offset;
        if (_patterns is not null && _loadings!.Load(point))
        {
            return Maximise(point, AddPatterns(point, meanField, withRegression));
        }

        _shards.ForEach((shard, first, end) =>
        {
            ExpectationSums sums = _sums[shard] ??= new ExpectationSums(point.Observations, point.Latents, withRegression);
            BlockAlgebra algebra = _shards.Rent();
            sums.Clear();
            for (int i = first; i < end && sums.IsProper; i++)
            {
                sums.Add(_blocks[i], point, meanField, algebra);
            }

            _shards.Return(algebra);
        });
        for (int shard = 1; shard < _sums.Length; shard++)
        {
            _sums[0].Add(_sums[shard]);
        }

        return _sums[0].IsProper ? Maximise(point, _sums[0]) : null;
    }

    private ExpectationSums AddPatterns(LearningPoint point, bool meanField, bool withRegression)
    {
        _shards.ForEach((shard, first, end) =>
        {
            SharedSums sums = _sharedSums[shard] ??= new SharedSums(point.Observations, point.Latents, withRegression);
            sums.Clear();
            for (int i = first; i < end; i++)
            {
                sums.Add(_patterns!, i, _loadings!, meanField);
            }
        });
        for (int shard = 1; shard < _sharedSums.Length; shard++)
        {
            _sharedSums[0].Add(_sharedSums[shard]);
        }

        ExpectationSums total = _sums[0] ??= new ExpectationSums(point.Observations, point.Latents, withRegression);
        total.Clear();
        total.Add(_sharedSums[0], point, _loadings!);
        return total;
    }

    private LearningPoint Maximise(LearningPoint point, ExpectationSums sums)
    {
        LearningPoint next = point.Copy();
        var squares = new double[point.Latents];
        for (int j = 0; j < squares.Length; j++)
        {
            double mean = sums.Means[j] / sums.Rows;
            next.Means[j] += _options.PriorMeans ? mean : 0;
            squares[j] = Math.Max((sums.Squares[j] / sums.Rows) - (_options.PriorMeans ? mean * mean : 0), 0);
        }

        _layout.Deviations.Assign(next.Deviations, squares, [.. Enumerable.Repeat(1.0, squares.Length)]);
        var residuals = new double[point.Observations];
        for (int k = 0; k < residuals.Length; k++)
        {
            residuals[k] = Math.Max(sums.Residuals[k] - (sums.WithRegression ? Regress(sums, next, k) : 0), 0);
        }

        residuals[0] += _noiseSquares;
        double[] counts = [.. sums.Counts];
        counts[0] += _noiseCells;
        _layout.Noise.Assign(next.Noise, residuals, counts);
        return next;
    }

    /// <summary>Changes the free ones of A_k and b_k, and returns what that takes off the squares; they stay where the latents do not vary.</summary>
    private double Regress(ExpectationSums sums, LearningPoint next, int k)
    {
        int latents = next.Latents, width = latents + 1;
        int first = _options.Loadings ? 0 : latents;
        int count = width - first - (_options.Offset ? 0 : 1);
        var products = new double[count * count];
        for (int a = 0; a < count; a++)
        {
            for (int b = 0; b < count; b++)
            {
                products[(a * count) + b] = sums.Products[(((k * width) + first + a) * width) + first + b];
            }
        }

        var factor = new CholeskyFactor(count);
        if (!factor.Factor(products))
        {
            return 0;
        }

        double explained = 0;
        for (int a = 0; a < count; a++)
        {
            double change = 0;
            for (int b = 0; b < count; b++)
            {
                change += factor.Inverse[(a * count) + b] * sums.Targets[(k * width) + first + b];
            }

            explained += change * sums.Targets[(k * width) + first + a];
            if (first + a < latents)
            {
                next.Loadings[(k * latents) + first + a] += change;
            }
            else
            {
                next.Offset[k] += change;
            }
        }

        return explained;
    }
}
