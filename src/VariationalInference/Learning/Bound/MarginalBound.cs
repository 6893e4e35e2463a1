namespace VariationalInference;

/// <summary>
/// The largest bound that an E-step reaches at given parameters, and its gradient, from statistics: for the full family the log evidence
/// Σ log N(x | Am + b, C) with C = WWᵀ + R and W = A·diag(s); for the mean-field family less what that family loses,
/// ½ (Σ_j log M_jj − log det M) a row with M = I + WᵀR⁻¹W.
/// </summary>
/// <remarks>
/// C stays positive definite where a noise variance or a prior variance is zero, so that the boundary is a point like others. With
/// T = S/n + (x̄ − μ)(x̄ − μ)ᵀ, the derivatives of a block are −n (C⁻¹ − C⁻¹TC⁻¹)W by W, half the diagonal of −n (C⁻¹ − C⁻¹TC⁻¹) by r, and
/// n C⁻¹(x̄ − μ) by the mean. By the envelope theorem they are those of the bound with the posterior held: in the mean-field family C⁻¹ stands
/// there with that family's covariance of the latents, R⁻¹ − R⁻¹W diag(1/M_jj) WᵀR⁻¹, in every place but around T.
/// </remarks>
internal sealed class MarginalBound
{
    private readonly IReadOnlyList<LearningBlock> _blocks;
    private readonly bool _meanField;
    private readonly BlockShards _shards;
    private readonly BoundSums[] _sums;
    private readonly PatternTable? _patterns;
    private readonly SharedLoadings? _loadings;
    private readonly SharedSums[] _sharedSums;

    /// <summary>Initializes a new instance of the <see cref="MarginalBound"/> class.</summary>
    /// <param name="blocks">The blocks.</param>
    /// <param name="latents">The number of latents J.</param>
    /// <param name="family">The family of the posterior.</param>
    /// <param name="maxThreads">The largest number of threads; the bits do not depend on it.</param>
    /// <param name="patterns">The blocks as <see cref="PatternTable"/> has them, where they are known.</param>
    public MarginalBound(
        IReadOnlyList<LearningBlock> blocks,
        int latents,
        PosteriorFamily family,
        int maxThreads = 1,
        PatternTable? patterns = null)
    {
        _blocks = blocks;
        _meanField = family == PosteriorFamily.MeanField && latents > 1;
        _shards = new BlockShards(blocks, latents, maxThreads);
        _sums = new BoundSums[_shards.Count];
        _sharedSums = new SharedSums[_shards.Count];
        int observations = blocks.SelectMany(block => block.Observed).DefaultIfEmpty(-1).Max() + 1;
        _patterns = patterns ?? PatternTable.Of(blocks, observations);
        _loadings = _patterns is null ? null : new SharedLoadings(observations, latents);
        RowCount = blocks.Sum(block => block.Count);
        NoiseCells = blocks.Sum(block => block.NoiseCells);
    }

    /// <summary>Gets the number of rows with at least one cell.</summary>
    public double RowCount { get; }

    /// <summary>Gets the number of cells that are pure noise.</summary>
    public double NoiseCells { get; }

    public IReadOnlyList<LearningBlock> Blocks => _blocks;

    public bool IsMeanField => _meanField;

    public BlockShards Shards => _shards;

    /// <summary>Returns the bound in nats, −∞ where the covariance is not positive definite.</summary>
    /// <param name="point">The parameters.</param>
    /// <param name="derivatives">Receives the derivatives by all of them.</param>
    public double Value(LearningPoint point, LearningPoint derivatives)
    {
        BoundSums total = _patterns is not null && _loadings!.Load(point) ? AddPatterns(point) : AddBlocks(point);
        total.WriteDerivatives(point, derivatives);
        return double.IsFinite(total.Value) ? total.Value : double.NegativeInfinity;
    }

    private BoundSums AddBlocks(LearningPoint point)
    {
        _shards.ForEach((shard, first, end) =>
        {
            BoundSums sums = _sums[shard] ??= new BoundSums(point.Observations, point.Latents);
            BlockAlgebra algebra = _shards.Rent();
            sums.Clear();
            for (int i = first; i < end && double.IsFinite(sums.Value); i++)
            {
                sums.Add(_blocks[i], point, _meanField, algebra);
            }

            _shards.Return(algebra);
        });
        for (int shard = 1; shard < _sums.Length; shard++)
        {
            _sums[0].Add(_sums[shard]);
        }

        return _sums[0];
    }

    private BoundSums AddPatterns(LearningPoint point)
    {
        _shards.ForEach((shard, first, end) =>
        {
            SharedSums sums = _sharedSums[shard] ??= new SharedSums(point.Observations, point.Latents, withMoments: false);
            sums.Clear();
            for (int i = first; i < end; i++)
            {
                sums.Add(_patterns!, i, _loadings!, _meanField);
            }
        });
        for (int shard = 1; shard < _sharedSums.Length; shard++)
        {
            _sharedSums[0].Add(_sharedSums[shard]);
        }

        BoundSums total = _sums[0] ??= new BoundSums(point.Observations, point.Latents);
        total.Clear();
        total.Add(_sharedSums[0], _loadings!);
        return total;
    }
}
