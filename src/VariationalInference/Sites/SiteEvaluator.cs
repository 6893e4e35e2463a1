namespace VariationalInference;

/// <summary>Evaluates posteriors of a row: the ELBO, and what the cells ask for. One row at a time; nothing is allocated by an evaluation.</summary>
internal sealed class SiteEvaluator
{
    /// <summary>Shards have at least so many cells, which a thread needs a tenth of a millisecond for.</summary>
    private const int LeastShard = 2_048;

    private readonly SiteCells _cells;
    private readonly double[] _values;
    private readonly double[] _sizes;
    private readonly int _shardTiles;
    private readonly ShardSums[] _shards;
    private readonly Scratch[] _scratch;
    private readonly ThreadTeam? _team;
    private readonly Action<int, int> _evaluateShard;
    private SitePosterior _posterior = null!;
    private bool _isStart;
    private double _certainty;
    private CancellationToken _cancellationToken;

    /// <param name="cells">What the rows have in common.</param>
    /// <param name="team">Who shares out the tiles of long rows.</param>
    public SiteEvaluator(SiteCells cells, ThreadTeam? team = null)
    {
        _cells = cells;
        _values = new double[cells.TileCount * cells.TileLength];
        _sizes = new double[_values.Length];
        Array.Fill(_values, double.NaN);
        Array.Fill(_sizes, 1);

        // The sums of a shard are J² numbers: their merging must not cost more than the cells.
        _shardTiles = Math.Max(LeastShard, cells.LatentCount * cells.LatentCount / 16) / cells.TileLength;
        _shards = new ShardSums[Math.Max(1, (cells.TileCount + _shardTiles - 1) / _shardTiles)];
        for (int i = 0; i < _shards.Length; i++)
        {
            _shards[i] = new ShardSums(cells.LatentCount);
        }

        _team = _shards.Length > 1 ? team : null;
        _scratch = new Scratch[_team?.Size ?? 1];
        for (int i = 0; i < _scratch.Length; i++)
        {
            _scratch[i] = new Scratch(cells);
        }

        _evaluateShard = EvaluateShard;
    }

    /// <summary>Takes the cells of a row, which have been checked.</summary>
    /// <param name="row">The cells, length K; NaN where missing.</param>
    /// <param name="sizes">Their trials or exposures, length K; empty for 1 each.</param>
    public void Load(ReadOnlySpan<double> row, ReadOnlySpan<double> sizes)
    {
        _cells.Order(row, _values);
        if (!sizes.IsEmpty)
        {
            _cells.Order(sizes, _sizes);
        }
        else
        {
            _sizes.AsSpan(0, _cells.CellCount).Fill(1);
        }
    }

    /// <summary>Evaluates a posterior, whose parameters have been written.</summary>
    /// <returns>Whether the ELBO is finite; <see langword="false"/>, too, when cancelled.</returns>
    public bool TryEvaluate(SitePosterior posterior, CancellationToken cancellationToken)
    {
        _isStart = false;
        _cancellationToken = cancellationToken;
        posterior.Elbo = double.NaN;
        if (!TrySum(posterior))
        {
            return false;
        }

        Complete(posterior, _shards[0]);
        return double.IsFinite(posterior.Elbo) && double.IsFinite(posterior.Distance);
    }

    /// <summary>Writes what the cells ask for where each of them is likely, relative to the prior.</summary>
    /// <param name="posterior">Receives it; takes the parameters of the prior.</param>
    /// <param name="certainty">The least precision of a cell.</param>
    public void Start(SitePosterior posterior, double certainty)
    {
        _isStart = true;
        _certainty = certainty;
        _cancellationToken = CancellationToken.None;
        posterior.Reset();
        TrySum(posterior);
        Complete(posterior, _shards[0]);
    }

    private bool TrySum(SitePosterior posterior)
    {
        _posterior = posterior;
        if (_team is null)
        {
            for (int shard = 0; shard < _shards.Length; shard++)
            {
                EvaluateShard(member: 0, shard);
            }
        }
        else
        {
            _team.Run(_shards.Length, _evaluateShard);
        }

        ShardSums sums = _shards[0];
        for (int shard = 1; shard < _shards.Length; shard++)
        {
            sums.Add(_shards[shard]);
        }

        return sums.IsFinite;
    }

    private void EvaluateShard(int member, int shard)
    {
        ShardSums sums = _shards[shard];
        sums.Clear();
        int end = Math.Min((shard + 1) * _shardTiles, _cells.TileCount);
        for (int tile = shard * _shardTiles; tile < end && sums.IsFinite; tile++)
        {
            EvaluateTile(tile, _scratch[member], sums);
            sums.IsFinite &= !_cancellationToken.IsCancellationRequested;
        }
    }

    private void EvaluateTile(int tile, Scratch scratch, ShardSums sums)
    {
        int length = _cells.TileLength;
        bool isFull = _cells.Family == SiteFamily.FullCovariance;
        SitePosterior posterior = _posterior;
        ReadOnlySpan<double> loadings = _cells.Loadings(tile);
        SiteKernels.Predict(loadings, posterior.Means, _cells.Start(tile), scratch.Predictors);
        SiteKernels.Whiten(loadings, posterior.Inverse, scratch.Images, scratch.Variances);
        if (!isFull)
        {
            SiteKernels.WeightSquares(loadings, posterior.Variances, scratch.Variances);
        }

        if (_isStart)
        {
            StartTile(tile, scratch);
        }
        else
        {
            if (!SiteKernels.AreFinite(scratch.Predictors) || !SiteKernels.AreFinite(scratch.Variances))
            {
                sums.IsFinite = false;
                return;
            }

            Expect(tile, scratch.Predictors, scratch.Variances, scratch);
            (double sum, double magnitude) = SiteKernels.Sum(scratch.Expectations);
            sums.Expectation += sum;
            sums.Magnitude += magnitude;
            sums.IsFinite = double.IsFinite(sum);
        }

        SiteKernels.AddSums(scratch.Images, scratch.Precisions, scratch.Gradients, scratch.Weighted, sums.Square, sums.Slope);
        if (!isFull)
        {
            SiteKernels.AddSquares(loadings, scratch.Precisions, sums.Squares);
        }
    }

    private void Expect(int tile, ReadOnlySpan<double> predictors, ReadOnlySpan<double> variances, Scratch scratch)
    {
        int first = tile * _cells.TileLength;
        foreach (LikelihoodRun run in _cells.Runs(tile))
        {
            run.Likelihood.Expect(new SiteBatch
            {
                Values = _values.AsSpan(first + run.First, run.Count),
                Sizes = _sizes.AsSpan(first + run.First, run.Count),
                Means = predictors.Slice(run.First, run.Count),
                Variances = variances.Slice(run.First, run.Count),
                Expectations = scratch.Expectations.AsSpan(run.First, run.Count),
                Gradients = scratch.Gradients.AsSpan(run.First, run.Count),
                Precisions = scratch.Precisions.AsSpan(run.First, run.Count),
            });
        }

        // What fills up the last tile has no cells.
        int count = Math.Min(_cells.TileLength, _cells.CellCount - first);
        scratch.Expectations.AsSpan(count).Clear();
        scratch.Gradients.AsSpan(count).Clear();
        scratch.Precisions.AsSpan(count).Clear();
    }

    /// <summary>Writes the curvature of each cell where it is likely, and the pull towards there.</summary>
    private void StartTile(int tile, Scratch scratch)
    {
        int first = tile * _cells.TileLength;
        ReadOnlySpan<double> start = _cells.Start(tile);
        foreach (LikelihoodRun run in _cells.Runs(tile))
        {
            for (int i = run.First; i < run.First + run.Count; i++)
            {
                double value = _values[first + i];
                scratch.Predictors[i] = double.IsNaN(value) ? start[i] : run.Likelihood.StartOf(value, _sizes[first + i]);
            }
        }

        scratch.Variances.AsSpan().Clear();
        Expect(tile, scratch.Predictors, scratch.Variances, scratch);
        foreach (LikelihoodRun run in _cells.Runs(tile))
        {
            for (int i = run.First; i < run.First + run.Count; i++)
            {
                if (!double.IsNaN(_values[first + i]))
                {
                    double precision = scratch.Precisions[i], gradient = scratch.Gradients[i];
                    precision = Math.Max(double.IsFinite(precision) ? precision : 0, _certainty);
                    scratch.Precisions[i] = precision;
                    scratch.Gradients[i] = (double.IsFinite(gradient) ? gradient : 0) + (precision * (scratch.Predictors[i] - start[i]));
                }
            }
        }
    }

    /// <summary>Adds what the prior says, and computes the ELBO.</summary>
    private void Complete(SitePosterior posterior, ShardSums sums)
    {
        int latents = _cells.LatentCount;
        bool isFull = _cells.Family == SiteFamily.FullCovariance;
        double[] inverse = posterior.Inverse, square = posterior.Square, slope = posterior.Slope, means = posterior.Means;
        sums.Square.CopyTo(square, 0);
        double trace = 0, squares = 0, logDeterminant = 0;
        ReadOnlySpan<double> pulled = means, precision = _cells.PriorPrecision;
        Span<double> product = _scratch[0].Latents;
        if (!precision.IsEmpty)
        {
            for (int i = 0; i < latents; i++)
            {
                product[i] = LowerTriangles.Dot(precision.Slice(i * latents, latents), means);
            }

            pulled = product;
        }

        // Πτ in the posterior's own units, and F⁻¹ΠF⁻ᵀ.
        squares = LowerTriangles.Dot(means, pulled);
        for (int i = 0; i < latents; i++)
        {
            ReadOnlySpan<double> row = inverse.AsSpan(i * latents, i + 1);
            slope[i] = sums.Slope[i] - LowerTriangles.Dot(row, pulled[..(i + 1)]);
            for (int j = 0; precision.IsEmpty && j <= i; j++)
            {
                double element = LowerTriangles.Dot(inverse.AsSpan(j * latents, j + 1), row[..(j + 1)]);
                square[(i * latents) + j] += element;
                trace += i == j ? element : 0;
            }
        }

        if (!precision.IsEmpty)
        {
            AddPrior(inverse, precision, square);
        }

        double distance = LowerTriangles.Dot(slope, slope), relative = 0;
        if (isFull)
        {
            for (int i = 0; i < latents; i++)
            {
                ReadOnlySpan<double> row = square.AsSpan(i * latents, i + 1);
                double diagonal = row[i] - 1;
                relative += (2 * LowerTriangles.Dot(row[..i], row[..i])) + (diagonal * diagonal);
                logDeterminant += 2 * Math.Log(posterior.Factor[(i * latents) + i]);
            }
        }
        else
        {
            trace = 0;
            for (int j = 0; j < latents; j++)
            {
                double variance = posterior.Variances[j], best = 1 + sums.Squares[j];
                posterior.BestPrecisions[j] = best;
                relative += ((variance * best) - 1) * ((variance * best) - 1);
                trace += variance;
                logDeterminant -= Math.Log(variance);
            }
        }

        posterior.Distance = Math.Sqrt(distance + (0.5 * relative));
        posterior.Elbo = sums.Expectation - (0.5 * (trace + squares - latents + logDeterminant + _cells.Coupling));
        posterior.ElboRounding = DoublePrecision.UnitRoundoff * (8 + Math.Sqrt(_cells.CellCount))
            * (sums.Magnitude + trace + squares + latents + Math.Abs(logDeterminant) + _cells.Coupling);
    }

    /// <summary>Adds F⁻¹ΠF⁻ᵀ.</summary>
    private void AddPrior(ReadOnlySpan<double> inverse, ReadOnlySpan<double> precision, Span<double> square)
    {
        int latents = _cells.LatentCount;
        Span<double> row = _scratch[0].Latents;
        for (int i = 0; i < latents; i++)
        {
            row.Clear();
            for (int k = 0; k <= i; k++)
            {
                LowerTriangles.AddScaled(precision.Slice(k * latents, latents), inverse[(i * latents) + k], row);
            }

            for (int j = 0; j <= i; j++)
            {
                square[(i * latents) + j] += LowerTriangles.Dot(inverse.Slice(j * latents, j + 1), row[..(j + 1)]);
            }
        }
    }

    /// <summary>What a thread needs for a tile.</summary>
    private sealed class Scratch(SiteCells cells)
    {
        public readonly double[] Predictors = new double[cells.TileLength];
        public readonly double[] Variances = new double[cells.TileLength];
        public readonly double[] Expectations = new double[cells.TileLength];
        public readonly double[] Gradients = new double[cells.TileLength];
        public readonly double[] Precisions = new double[cells.TileLength];
        public readonly double[] Weighted = new double[cells.TileLength];
        public readonly double[] Images = new double[cells.TileLength * cells.LatentCount];
        public readonly double[] Latents = new double[cells.LatentCount];
    }

    /// <summary>What a shard of tiles adds up to.</summary>
    private sealed class ShardSums(int latents)
    {
        public readonly double[] Square = new double[latents * latents];
        public readonly double[] Slope = new double[latents];
        public readonly double[] Squares = new double[latents];
        public double Expectation;
        public double Magnitude;
        public bool IsFinite;

        public void Clear()
        {
            Array.Clear(Square);
            Array.Clear(Slope);
            Array.Clear(Squares);
            (Expectation, Magnitude, IsFinite) = (0, 0, true);
        }

        public void Add(ShardSums other)
        {
            LowerTriangles.AddScaled(other.Square, 1, Square);
            LowerTriangles.AddScaled(other.Slope, 1, Slope);
            LowerTriangles.AddScaled(other.Squares, 1, Squares);
            Expectation += other.Expectation;
            Magnitude += other.Magnitude;
            IsFinite &= other.IsFinite;
        }
    }
}
