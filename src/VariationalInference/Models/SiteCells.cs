using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>What all rows of a <see cref="LinearModel"/> have in common: predictors η = η₀ + Bt of scaled latents t, in tiles of cells; cells of one likelihood lie side by side.</summary>
/// <remarks>
/// For full covariance, latents are whitened, z = m + Lt with S = LLᵀ; in mean field, which no rotation keeps, they are scaled by s_j = 1/√(S⁻¹)_jj.
/// <threadsafety>Immutable, hence safe to share.</threadsafety>
/// </remarks>
internal sealed class SiteCells
{
    /// <summary>The largest number of cells of a tile.</summary>
    private const int LargestTile = 64;

    private readonly int[] _order;
    private readonly double[] _loadings;
    private readonly double[] _start;
    private readonly LikelihoodRun[] _runs;
    private readonly int[] _firstRuns;

    public SiteCells(LinearModel model, SiteFamily family)
    {
        Family = family;
        Prior = model.Prior;
        CellCount = model.ObservationCount;
        TileLength = Math.Min(LargestTile, SiteKernels.Pad(CellCount));
        TileCount = (CellCount + TileLength - 1) / TileLength;
        _start = new double[TileCount * TileLength];
        _loadings = new double[TileCount * TileLength * LatentCount];
        _order = GroupByLikelihood(model);
        var row = new double[LatentCount];
        for (int i = 0; i < CellCount; i++)
        {
            double predictor = model.Offset[_order[i]];
            for (int j = 0; j < row.Length; j++)
            {
                row[j] = model.Loading(_order[i], j);
                predictor += row[j] * Prior.Means[j];
            }

            _start[i] = predictor;
            Scale(row);
            int tile = i / TileLength, first = (tile * TileLength * LatentCount) + (i % TileLength);
            for (int j = 0; j < row.Length; j++)
            {
                _loadings[first + (j * TileLength)] = row[j];
            }
        }

        (_runs, _firstRuns) = CutIntoRuns(model);
        if (family == SiteFamily.MeanField && !Prior.IsIndependent)
        {
            PriorPrecision = Prior.Precision(Matrix<double>.Build.DenseIdentity(LatentCount))
                .MapIndexed((i, j, value) => value * Prior.Deviations[i] * Prior.Deviations[j]).ToRowMajorArray();
            Coupling = Prior.Coupling;
        }
    }

    public SiteFamily Family { get; }

    public GaussianPrior Prior { get; }

    public int LatentCount => Prior.Count;

    public int CellCount { get; }

    /// <summary>Gets the number of cells of a tile, those that only fill it up included.</summary>
    public int TileLength { get; }

    public int TileCount { get; }

    /// <summary>Gets the prior precision of t, row-major; <see langword="null"/> for the identity.</summary>
    public double[]? PriorPrecision { get; }

    /// <summary>Gets the logarithm of the determinant of the prior covariance of t.</summary>
    public double Coupling { get; }

    /// <summary>Gets B of a tile's cells, latent by latent.</summary>
    public ReadOnlySpan<double> Loadings(int tile) => _loadings.AsSpan(tile * TileLength * LatentCount, TileLength * LatentCount);

    /// <summary>Gets the predictors η₀ of a tile's cells.</summary>
    public ReadOnlySpan<double> Start(int tile) => _start.AsSpan(tile * TileLength, TileLength);

    /// <summary>Gets the likelihoods of a tile's cells.</summary>
    public ReadOnlySpan<LikelihoodRun> Runs(int tile) => _runs.AsSpan(_firstRuns[tile], _firstRuns[tile + 1] - _firstRuns[tile]);

    /// <summary>Puts what comes cell by cell in the order of the tiles.</summary>
    /// <param name="row">What comes, length K.</param>
    /// <param name="ordered">Receives it; what fills up the last tile is left alone.</param>
    public void Order(ReadOnlySpan<double> row, Span<double> ordered)
    {
        for (int i = 0; i < _order.Length; i++)
        {
            ordered[i] = row[_order[i]];
        }
    }

    /// <summary>Writes z of t.</summary>
    public void ToLatents(ReadOnlySpan<double> t, Span<double> latents)
    {
        if (Family == SiteFamily.FullCovariance)
        {
            Prior.Unwhiten(t, latents);
            return;
        }

        for (int j = 0; j < latents.Length; j++)
        {
            latents[j] = Math.FusedMultiplyAdd(Prior.Deviations[j], t[j], Prior.Means[j]);
        }
    }

    private void Scale(Span<double> loadings)
    {
        if (Family == SiteFamily.FullCovariance)
        {
            Prior.ScaleTransposed(loadings);
            return;
        }

        for (int j = 0; j < loadings.Length; j++)
        {
            loadings[j] *= Prior.Deviations[j];
        }
    }

    private static int[] GroupByLikelihood(LinearModel model)
    {
        var numbers = new Dictionary<Likelihood, int>(ReferenceEqualityComparer.Instance);
        var keys = new int[model.ObservationCount];
        var order = new int[model.ObservationCount];
        for (int k = 0; k < order.Length; k++)
        {
            order[k] = k;
            numbers.TryAdd(model.Likelihoods[k], numbers.Count);
            keys[k] = numbers[model.Likelihoods[k]];
        }

        if (numbers.Count > 1)
        {
            Array.Sort(order, (a, b) => keys[a] != keys[b] ? keys[a].CompareTo(keys[b]) : a.CompareTo(b));
        }

        return order;
    }

    private (LikelihoodRun[] Runs, int[] Firsts) CutIntoRuns(LinearModel model)
    {
        var runs = new List<LikelihoodRun>();
        var firsts = new int[TileCount + 1];
        for (int tile = 0; tile < TileCount; tile++)
        {
            int first = tile * TileLength, end = Math.Min(first + TileLength, CellCount);
            for (int i = first; i < end;)
            {
                Likelihood likelihood = model.Likelihoods[_order[i]];
                int next = i + 1;
                while (next < end && ReferenceEquals(model.Likelihoods[_order[next]], likelihood))
                {
                    next++;
                }

                runs.Add(new LikelihoodRun(likelihood, i - first, next - i));
                i = next;
            }

            firsts[tile + 1] = runs.Count;
        }

        return ([.. runs], firsts);
    }
}

/// <summary>Cells of a tile that lie side by side and have one likelihood.</summary>
/// <param name="Likelihood">The likelihood.</param>
/// <param name="First">The first of the cells, in the tile.</param>
/// <param name="Count">Their number.</param>
internal readonly record struct LikelihoodRun(Likelihood Likelihood, int First, int Count);
