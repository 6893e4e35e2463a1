using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <summary>What is to be learned in standard units: the blocks, where to start, and the way back.</summary>
internal sealed partial class LearningProblem
{
    private readonly VariationalEmOptions _options;
    private readonly LearningPoint _given;
    private readonly Lazy<PatternTable?> _patterns;

    // The columns that the problem is about; a Gaussian sum has one that stands for all.
    private readonly int[] _columns;

    // The place of each column of the table in the problem, −1 where it was left out.
    private readonly int[] _places;

    /// <summary>Initializes a new instance of the <see cref="LearningProblem"/> class.</summary>
    /// <param name="start">The model that learning starts from.</param>
    /// <param name="statistics">The statistics.</param>
    /// <param name="options">What to learn.</param>
    /// <param name="table">The rows that the statistics are of, where they are there; their own digits are taken where cross products have too few.</param>
    public LearningProblem(
        LinearGaussianModel start, SufficientStatistics statistics, VariationalEmOptions options, Matrix<double>? table = null)
    {
        _options = options;
        IsSum = start.Structure.HasReplicates && !options.Loadings && !options.Offset && options.NoiseVariances != VarianceLearning.Each;
        Units = new LearningUnits(start, ColumnMoments.Of(statistics), options, IsSum);
        ConstantColumns = options.Loadings && options.NoiseVariances == VarianceLearning.Each
            ? [.. Enumerable.Range(0, start.ObservationCount).Where(Units.Columns.IsConstant)]
            : [];
        EmptyColumns = [.. Enumerable.Range(0, start.ObservationCount).Where(k => Units.Columns.Count[k] == 0)];
        int[] present = [.. Enumerable.Range(0, start.ObservationCount).Except(ConstantColumns).Except(EmptyColumns)];
        _columns = IsSum ? [0] : present;
        _places = new int[start.ObservationCount];
        Array.Fill(_places, IsSum ? 0 : -1);
        for (int place = 0; place < _columns.Length; place++)
        {
            _places[_columns[place]] = place;
        }

        _given = Select(Units.ToStandard(), _columns);
        Blocks = CreateBlocks(statistics, table);
        Layout = new LearningLayout(_given.Observations, _given.Latents, options);
        RowCount = Blocks.Sum(block => block.Count);
        _patterns = new Lazy<PatternTable?>(() => PatternTable.Of(Blocks, _given.Observations));
        LogScale = statistics.Patterns.Sum(
            pattern => pattern.RowCount * pattern.Observed.Where(k => _places[k] >= 0).Sum(k => Math.Log(Units.Scales[k])));
    }

    public LearningUnits Units { get; }

    /// <summary>Gets a value indicating whether rows are reduced to one cell.</summary>
    public bool IsSum { get; }

    public IReadOnlyList<LearningBlock> Blocks { get; }

    public LearningLayout Layout { get; }

    /// <summary>Gets the columns that were left out because free loadings would explain them without noise.</summary>
    public int[] ConstantColumns { get; }

    /// <summary>Gets the columns without cells.</summary>
    public int[] EmptyColumns { get; }

    /// <summary>Gets the columns that the parameters of the points belong to.</summary>
    public IReadOnlyList<int> Columns => _columns;

    /// <summary>Returns where a column of the table stands among <see cref="Columns"/>, −1 where it was left out.</summary>
    public int PlaceOf(int column) => _places[column];

    /// <summary>Gets the number of rows that say something about the parameters.</summary>
    public double RowCount { get; }

    /// <summary>Gets Σ log d over all cells, which takes the density of x̃ to that of x.</summary>
    public double LogScale { get; }

    /// <summary>Gets the parameters of the model that learning starts from.</summary>
    public LearningPoint Given => _given.Copy();

    /// <summary>Gets the number of starts: one, unless the bound may have several optima.</summary>
    public int StartCount => _options.Loadings || (_options.Family == PosteriorFamily.MeanField && _given.Latents > 1) ? _options.Starts : 1;

    /// <summary>Writes the learned parameters over all columns, those that were left out with the parameters of the start.</summary>
    public LearningPoint Complete(LearningPoint point)
    {
        LearningPoint all = Units.ToStandard();
        point.Means.CopyTo(all.Means, 0);
        point.Deviations.CopyTo(all.Deviations, 0);
        for (int k = 0; k < all.Observations; k++)
        {
            if (_places[k] is int place and >= 0)
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

    public MarginalBound CreateBound(PosteriorFamily family) => new(Blocks, _given.Latents, family, _options.MaxThreads, _patterns.Value);

    public ExpectationMaximisation CreateExpectationMaximisation() => new(Blocks, Layout, _options, _patterns.Value);

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
}
