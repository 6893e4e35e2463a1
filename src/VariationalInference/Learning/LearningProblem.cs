using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Factorization;
using MathNet.Numerics.Random;

namespace VariationalInference;

/// <summary>What is to be learned in standard units: the blocks, where to start, and the way back.</summary>
internal sealed class LearningProblem
{
    private const int StartPurpose = 0x454D;

    private readonly VariationalEmOptions _options;
    private readonly LearningPoint _given;

    // The columns that the problem is about; a Gaussian sum has one that stands for all.
    private readonly int[] _columns;

    public LearningProblem(LinearGaussianModel start, SufficientStatistics statistics, VariationalEmOptions options)
    {
        _options = options;
        IsSum = start is GaussianSumModel && !options.Loadings && !options.Offset && options.NoiseVariance != VarianceLearning.Each;
        Units = new LearningUnits(start, ColumnMoments.Of(statistics), options, IsSum);
        ConstantColumns = options.Loadings && options.NoiseVariance == VarianceLearning.Each
            ? [.. Enumerable.Range(0, start.ObservationCount).Where(Units.Columns.IsConstant)]
            : [];
        EmptyColumns = [.. Enumerable.Range(0, start.ObservationCount).Where(k => Units.Columns.Count[k] == 0)];
        _columns = [.. Enumerable.Range(0, start.ObservationCount).Except(ConstantColumns).Except(EmptyColumns)];
        LearningPoint all = Units.ToStandard();
        _columns = IsSum ? [0] : _columns;
        _given = Select(all, _columns);
        Blocks = IsSum ? SumBlocks(statistics) : [.. statistics.Patterns.Select(Block).OfType<LearningBlock>()];
        Layout = new LearningLayout(_given.Observations, _given.Latents, options);
        RowCount = Blocks.Sum(block => block.Count);
        LogScale = statistics.Patterns.Sum(
            pattern => pattern.Count * pattern.Observed.Where(k => IsSum || _columns.Contains(k)).Sum(k => Math.Log(Units.Scales[k])));
    }

    /// <summary>Initializes a new instance of the <see cref="LearningProblem"/> class for groups of one measurement a cell.</summary>
    /// <param name="start">A sum of one observation.</param>
    /// <param name="groups">Groups of each size.</param>
    /// <param name="cells">The moments of all measurements together.</param>
    /// <param name="options">What to learn.</param>
    /// <param name="isRestricted">Whether the likelihood is integrated over the prior mean.</param>
    public LearningProblem(
        GaussianSumModel start, IReadOnlyList<GroupMoments> groups, Moments cells, VariationalEmOptions options, bool isRestricted)
    {
        _options = options;
        Units = new LearningUnits(start, new ColumnMoments([cells]), options, isSum: true);
        IsSum = true;
        IsRestricted = isRestricted;
        ConstantColumns = EmptyColumns = [];
        _columns = [0];
        _given = Units.ToStandard();
        double scale = Units.Scales[0];
        Blocks =
        [
            .. groups.Select(group => SumBlock(
                group.Cells,
                new Moments(
                    group.Means.Count,
                    [Math.Sqrt(group.Cells) * group.Means.MeanFrom(0, Units.Origin[0]) / scale],
                    [0],
                    [group.Cells * group.Means.Product(0, 0) / (scale * scale)]),
                group.WithinSquares / (scale * scale))),
        ];
        Layout = new LearningLayout(1, _given.Latents, options);
        RowCount = Blocks.Sum(block => block.Count);
        LogScale = (cells.Count - (isRestricted ? 1 : 0)) * Math.Log(scale);
    }

    public LearningUnits Units { get; }

    public bool IsRestricted { get; }

    public bool IsSum { get; }

    public IReadOnlyList<LearningBlock> Blocks { get; }

    public LearningLayout Layout { get; }

    public int[] ConstantColumns { get; }

    public int[] EmptyColumns { get; }

    /// <summary>Gets the columns that the parameters of the points belong to.</summary>
    public IReadOnlyList<int> Columns => _columns;

    /// <summary>Gets the number of rows that say something about the parameters.</summary>
    public double RowCount { get; }

    /// <summary>Gets Σ log d over all cells, which takes the density of x̃ to that of x.</summary>
    public double LogScale { get; }

    /// <summary>Gets the parameters of the model that learning starts from.</summary>
    public LearningPoint Given => _given.Copy();

    /// <summary>Gets the number of starts: one, unless the bound may have several optima.</summary>
    public int StartCount => _options.Loadings || (_options.Family == PosteriorFamily.MeanField && _given.Latents > 1) ? _options.Starts : 1;

    /// <summary>Returns a start on the data's own scale: the first is always the same, the second is the given model, others are drawn.</summary>
    public LearningPoint Start(int index)
    {
        LearningPoint point = Given;
        if (index == 1)
        {
            return point;
        }

        // The origin is near the data, the given model need not be.
        point.Offset.AsSpan(0, Layout.OffsetCount).Clear();
        point.Means.AsSpan(0, Layout.MeanCount).Clear();
        var random = new Xoshiro256StarStar(StreamSeed.Of(_options.Seed, StartPurpose, index), threadSafe: false);
        if (Layout.DeviationCount > 0)
        {
            for (int j = 0; j < point.Latents; j++)
            {
                double factor = index == 0 || Layout.DeviationCount == 1 ? 1 : Math.Exp(Normal.Sample(random, 0, 1));
                point.Deviations[j] = Math.Sqrt(0.5 / point.Latents) * factor;
            }
        }

        if (Layout.LoadingCount > 0)
        {
            StartLoadings(point, index == 0 ? null : random);
        }
        else if (Layout.NoiseCount > 0)
        {
            point.Noise.AsSpan().Fill(Math.Sqrt(0.5) * (index == 0 ? 1 : Math.Exp(Normal.Sample(random, 0, 1))));
        }

        return point;
    }

    /// <summary>Writes the learned parameters over all columns, those that were left out with the parameters of the start.</summary>
    public LearningPoint Complete(LearningPoint point)
    {
        LearningPoint all = Units.ToStandard();
        point.Means.CopyTo(all.Means, 0);
        point.Deviations.CopyTo(all.Deviations, 0);
        for (int k = 0; k < all.Observations; k++)
        {
            int place = IsSum ? 0 : Array.IndexOf(_columns, k);
            if (place >= 0)
            {
                all.Noise[k] = point.Noise[place];
                all.Offset[k] = point.Offset[place];
                point.Loadings.AsSpan(place * all.Latents, all.Latents).CopyTo(all.Loadings.AsSpan(k * all.Latents));
            }
            else
            {
                LeaveOut(all, k, point);
            }
        }

        return all;
    }

    /// <summary>A constant column has no loadings, its value for an offset, and no noise; a shared noise variance goes to empty ones too.</summary>
    private void LeaveOut(LearningPoint all, int k, LearningPoint point)
    {
        if (ConstantColumns.Contains(k))
        {
            all.Loadings.AsSpan(k * all.Latents, all.Latents).Clear();
            all.Noise[k] = 0;
            all.Offset[k] = Layout.OffsetCount > 0 ? 0 : all.Offset[k];
        }
        else if (Layout.NoiseCount == 1 && _columns.Length > 0)
        {
            all.Noise[k] = point.Noise[0];
        }
    }

    public MarginalBound CreateBound(PosteriorFamily family) => new(Blocks, _given.Latents, family, IsRestricted);

    private static LearningPoint Select(LearningPoint all, int[] columns)
    {
        var point = new LearningPoint(columns.Length, all.Latents);
        all.Means.CopyTo(point.Means, 0);
        all.Deviations.CopyTo(point.Deviations, 0);
        for (int i = 0; i < columns.Length; i++)
        {
            point.Noise[i] = all.Noise[columns[i]];
            point.Offset[i] = all.Offset[columns[i]];
            all.Loadings.AsSpan(columns[i] * all.Latents, all.Latents).CopyTo(point.Loadings.AsSpan(i * all.Latents));
        }

        return point;
    }

    private LearningBlock? Block(PatternStatistics pattern)
    {
        int[] cells = [.. Enumerable.Range(0, pattern.Observed.Length).Where(i => _columns.Contains(pattern.Observed[i]))];
        if (cells.Length == 0)
        {
            return null;
        }

        var covariance = new double[cells.Length * cells.Length];
        for (int i = 0; i < cells.Length; i++)
        {
            for (int j = 0; j < cells.Length; j++)
            {
                double scale = Units.Scales[pattern.Observed[cells[i]]] * Units.Scales[pattern.Observed[cells[j]]];
                covariance[(i * cells.Length) + j] = pattern.Moments.Product(cells[i], cells[j]) / pattern.Count / scale;
            }
        }

        return new LearningBlock
        {
            Observed = [.. cells.Select(cell => Array.IndexOf(_columns, pattern.Observed[cell]))],
            Count = pattern.Count,
            Mean = [.. cells.Select(cell => StandardMean(pattern, cell))],
            Covariance = covariance,
        };
    }

    private double StandardMean(PatternStatistics pattern, int cell)
    {
        int k = pattern.Observed[cell];
        return pattern.Moments.MeanFrom(cell, Units.Origin[k]) / Units.Scales[k];
    }

    /// <summary>Reduces the patterns of a sum to one cell a row; those with as many cells are one block.</summary>
    private LearningBlock[] SumBlocks(SufficientStatistics statistics)
    {
        double scale = Units.Scales[0] * Units.Scales[0];
        var sums = new SortedDictionary<int, (Moments Sums, double NoiseSquares)>();
        foreach (PatternStatistics pattern in statistics.Patterns.Where(pattern => pattern.Observed.Length > 0))
        {
            int cells = pattern.Observed.Length;
            double[] means = [.. Enumerable.Range(0, cells).Select(cell => StandardMean(pattern, cell))];
            double[] rows = [.. Enumerable.Range(0, cells).Select(
                i => Enumerable.Range(0, cells).Sum(j => pattern.Moments.Product(i, j)) / cells / scale)];
            double between = rows.Sum();
            double mean = means.Average();

            // The trace of the cross products centred across each row, beside the squares that the cells' own means leave.
            double within = Enumerable.Range(0, cells).Sum(
                i => (pattern.Moments.Product(i, i) / scale) - rows[i] + (pattern.Count * (means[i] - mean) * (means[i] - mean)));
            var sum = new Moments(pattern.Count, [Math.Sqrt(cells) * mean], [0], [between]);
            sums[cells] = sums.TryGetValue(cells, out (Moments Sums, double NoiseSquares) known)
                ? (known.Sums.Merge(sum), known.NoiseSquares + Math.Max(within, 0))
                : (sum, Math.Max(within, 0));
        }

        return [.. sums.Select(item => SumBlock(item.Key, item.Value.Sums, item.Value.NoiseSquares))];
    }

    private static LearningBlock SumBlock(int cells, Moments sums, double noiseSquares) => new()
    {
        Observed = [0],
        Count = sums.Count,
        Mean = [sums.Mean(0)],
        Covariance = [sums.Product(0, 0) / sums.Count],
        Weight = Math.Sqrt(cells),
        NoiseSquares = noiseSquares,
        NoiseCells = (double)sums.Count * (cells - 1),
    };

    /// <summary>
    /// Starts from noise variances, drawn or as Jöreskog (1967) has them, (1 − J/2K) over the diagonal of the inverse covariance, and the loadings that
    /// maximise the likelihood for them: with the eigenvalues λ and vectors u of Ψ^-½ S Ψ^-½, the columns √(λ − 1) Ψ^½ u.
    /// </summary>
    private void StartLoadings(LearningPoint point, Xoshiro256StarStar? random)
    {
        int size = point.Observations, latents = point.Latents;
        Matrix<double> covariance = PairwiseCovariance(size);
        if (Layout.NoiseCount > 0)
        {
            double[] variances = random is null
                ? Uniquenesses(covariance, latents)
                : [.. Enumerable.Range(0, size).Select(k => covariance[k, k] * (0.05 + (0.95 * random.NextDouble())))];
            double shared = variances.Average();
            for (int k = 0; k < size; k++)
            {
                point.Noise[k] = Math.Sqrt(Layout.NoiseCount == 1 ? shared : variances[k]);
            }
        }

        double[] noise = point.Noise;
        Matrix<double> scaled = Matrix<double>.Build.Dense(size, size, (i, j) => covariance[i, j] / (noise[i] * noise[j]));
        Evd<double> spectrum = scaled.Evd(Symmetricity.Symmetric);
        for (int j = 0; j < latents; j++)
        {
            int place = size - 1 - j;
            double excess = place >= 0 ? Math.Max(spectrum.EigenValues[place].Real - 1, 0.05) : 0.05;
            for (int k = 0; k < size; k++)
            {
                double vector = place >= 0 ? spectrum.EigenVectors[k, place] : 1 / Math.Sqrt(size);
                point.Loadings[(k * latents) + j] = Math.Sqrt(excess) * noise[k] * vector / point.Deviations[j];
            }
        }
    }

    private static double[] Uniquenesses(Matrix<double> covariance, int latents)
    {
        int size = covariance.RowCount;
        Matrix<double> inverse = (covariance + Matrix<double>.Build.DenseDiagonal(size, size, 1e-6)).PseudoInverse();
        double factor = Math.Max(1 - (0.5 * latents / size), 0.1);
        return [.. Enumerable.Range(0, size).Select(
            k => Math.Clamp(factor / Math.Max(inverse[k, k], 1e-300), 0.005 * covariance[k, k], covariance[k, k]))];
    }

    /// <summary>Returns the covariances of the columns over the rows that have both cells.</summary>
    private Matrix<double> PairwiseCovariance(int size)
    {
        var counts = new double[size * size];
        var means = new double[size];
        var sums = new double[size * size];
        var columnCounts = new double[size];
        foreach (LearningBlock block in Blocks)
        {
            for (int i = 0; i < block.Size; i++)
            {
                means[block.Observed[i]] += block.Count * block.Mean[i];
                columnCounts[block.Observed[i]] += block.Count;
            }
        }

        for (int k = 0; k < size; k++)
        {
            means[k] /= columnCounts[k];
        }

        foreach (LearningBlock block in Blocks)
        {
            for (int i = 0; i < block.Size; i++)
            {
                for (int j = 0; j < block.Size; j++)
                {
                    int a = block.Observed[i], b = block.Observed[j];
                    counts[(a * size) + b] += block.Count;
                    sums[(a * size) + b] += block.Count
                        * (block.Covariance[(i * block.Size) + j] + ((block.Mean[i] - means[a]) * (block.Mean[j] - means[b])));
                }
            }
        }

        return Matrix<double>.Build.Dense(size, size, (a, b) =>
        {
            double floor = a == b ? 1e-3 : 0;
            double count = counts[(a * size) + b];
            return Math.Max(count > 0 ? sums[(a * size) + b] / count : 0, a == b ? floor : double.NegativeInfinity);
        });
    }
}
