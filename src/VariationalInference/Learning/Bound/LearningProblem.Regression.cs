namespace VariationalInference;

/// <content>One long row, by its triangle.</content>
internal sealed partial class LearningProblem
{
    /// <summary>An exact fit leaves residuals that are rounding, of about this part of the observations.</summary>
    private const double ExactFit = 1e-13;

    /// <summary>Initializes a new instance of the <see cref="LearningProblem"/> class for the statistics of one long row.</summary>
    /// <param name="start">The model of the turned observations: the triangle's loadings, no offset, one noise variance.</param>
    /// <param name="turned">The turned observations that depend on the latents, one for each of the model.</param>
    /// <param name="residual">The root of the sum of squares of the others, which are pure noise.</param>
    /// <param name="cells">The number of observations in all.</param>
    /// <param name="options">What to learn; neither loadings nor offset, nor noise variances of each observation.</param>
    public LearningProblem(LinearGaussianModel start, double[] turned, double residual, double cells, VariationalEmOptions options)
    {
        _options = options;
        double scale = RegressionScale(turned, residual, cells);
        double square = scale * scale;
        Units = new LearningUnits(start, new ColumnMoments([.. turned.Select(value => new Moments(1, [value], [0], [square]))]), options, isSum: false);
        ConstantColumns = EmptyColumns = [];
        _columns = _places = [.. Enumerable.Range(0, turned.Length)];
        _given = Units.ToStandard();
        double unit = Units.Scales[0];
        Blocks =
        [
            new LearningBlock
            {
                Observed = _columns,
                Count = 1,
                Mean = [.. turned.Select((value, k) => (value - Units.Origin[k].High - Units.Origin[k].Low) / unit)],
                Root = [],
                NoiseSquares = residual / unit * (residual / unit),
                NoiseCells = cells - turned.Length,
            },
        ];
        Layout = new LearningLayout(turned.Length, _given.Latents, options);
        RowCount = 1;
        _patterns = new Lazy<PatternTable?>(() => PatternTable.Of(Blocks, _given.Observations));
        LogScale = cells * Math.Log(unit);
    }

    /// <summary>Returns the residual deviation, as the spread that standard units go by; of an exact fit, the observations' rounding.</summary>
    private static double RegressionScale(double[] turned, double residual, double cells)
    {
        double length = Math.Sqrt(turned.Sum(value => value * value) + (residual * residual));
        double free = cells - turned.Length;
        double deviation = free > 0 ? residual / Math.Sqrt(free) : 0;
        return deviation > ExactFit * length ? deviation : length > 0 ? length / Math.Sqrt(cells) : 1;
    }
}
