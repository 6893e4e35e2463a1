namespace VariationalInference;

/// <summary>
/// The smallest noise variances that are learned, in standard units: those asked for, else the rounding with which the columns came in.
/// </summary>
/// <remarks>
/// Below a column's own rounding, and below that of its covariances with others, no noise can be told from none. There the bound either goes
/// over into its value at zero, and the variance is zero, or it rises without limit, and the floor holds it.
/// </remarks>
internal sealed class NoiseFloors
{
    /// <summary>The rounding of a covariance, as a part of the variances: some units in the last place, more for many columns.</summary>
    private const double LeastRoundings = 16;

    private const double RoundingsPerColumn = 2;
    /// <summary>A variance below so many floors is at its floor.</summary>
    private const double AtFloor = 4;

    /// <summary>The bound at zero is the limit of that at the floor if it differs by less than so many nats a row; without limit it differs by about ½.</summary>
    private const double Continuous = 0.05;

    /// <summary>A noise variance below this part of its column's may be as good as none.</summary>
    private const double Small = 1e-6;

    /// <summary>It is if the likelihood loses no more than so many nats by its floor.</summary>
    private const double Unseen = 1e-4;

    private readonly double? _wanted;
    private readonly LearningLayout _layout;

    public NoiseFloors(LearningProblem problem, VariationalEmOptions options)
    {
        _layout = problem.Layout;
        _wanted = options.NoiseFloor > 0 ? options.NoiseFloor : null;
        Values = new double[_layout.NoiseCount];
        for (int i = 0; i < Values.Length; i++)
        {
            IEnumerable<int> columns = Values.Length == 1 ? Enumerable.Range(0, problem.Units.Scales.Length) : [problem.Columns[i]];
            Values[i] = _wanted ?? columns.Max(k => Rounding(problem, k));
        }

        IsUnlimited = _wanted is null && (Values.Length == 1 || options.NoiseFloor == 0);
    }

    /// <summary>Gets the floors, one for each free noise variance.</summary>
    public double[] Values { get; }

    /// <summary>Gets a value indicating whether a bound that rises to a floor is said to have no limit; else the floor is its limit.</summary>
    public bool IsUnlimited { get; }

    /// <summary>Returns the observations whose noise variance is at its floor and not zero.</summary>
    public int[] Binding(LearningPoint point) =>
        [.. Enumerable.Range(0, point.Observations).Where(k => _layout.Noise[k] >= 0 && point.Noise[k] != 0 && IsLow(point, k))];

    /// <summary>Returns the observations whose noise the likelihood cannot tell from none.</summary>
    public int[] Silent(LearningProblem problem, LearningPoint point)
    {
        if (_wanted is not null)
        {
            return [.. Enumerable.Range(0, point.Observations).Where(k => _layout.Noise[k] >= 0 && point.Noise[k] == 0)];
        }

        MarginalBound likelihood = problem.CreateBound(PosteriorFamily.FullGaussian);
        LearningPoint derivatives = point.Copy();
        double value = likelihood.Value(point, derivatives);
        bool[] silent = new bool[Values.Length];
        for (int i = 0; i < silent.Length; i++)
        {
            LearningPoint floored = point.Copy();
            int[] members = [.. Enumerable.Range(0, point.Observations).Where(k => _layout.Noise[k] == i)];
            foreach (int k in members)
            {
                floored.Noise[k] = Math.Min(Math.Abs(point.Noise[k]), Math.Sqrt(Values[i]));
            }

            silent[i] = members.Any(k => Square(point.Noise[k]) < Small) && !(value - likelihood.Value(floored, derivatives) > Unseen);
        }

        return [.. Enumerable.Range(0, point.Observations).Where(k => _layout.Noise[k] >= 0 && silent[_layout.Noise[k]])];
    }

    private bool IsLow(LearningPoint point, int observation) =>
        Square(point.Noise[observation]) < AtFloor * Values[_layout.Noise[observation]];

    /// <summary>Returns the floors without those at which the bound goes over into its value at zero.</summary>
    public double[] WithoutZeros(BoundAscent ascent, Func<double[], double> valueWith)
    {
        double[] floors = [.. ascent.NoiseFloors!];
        if (_wanted is not null)
        {
            return floors;
        }

        int[] zeros = [.. Enumerable.Range(0, floors.Length).Where(i => floors[i] > 0 && ascent.Vector[_layout.NoiseStart + i] == 0)];
        if (zeros.Length == 0)
        {
            return floors;
        }

        if (!Remove(zeros))
        {
            foreach (int i in zeros)
            {
                Remove([i]);
            }
        }

        return floors;

        bool Remove(int[] places)
        {
            double[] fewer = [.. floors];
            foreach (int i in places)
            {
                fewer[i] = 0;
            }

            double value = valueWith(fewer);
            bool isLimit = value >= ascent.Value - (100 * ascent.Rounding) && value < ascent.Value + Continuous;
            floors = isLimit ? fewer : floors;
            return isLimit;
        }
    }

    private static double Rounding(LearningProblem problem, int column)
    {
        double scale = problem.Units.Scales[column];
        double level = problem.Units.Columns.Count[column] > 0 ? problem.Units.Columns.Mean(column) / scale : 0;
        double roundings = Math.Max(LeastRoundings, RoundingsPerColumn * problem.Columns.Count) * 2 * DoublePrecision.UnitRoundoff;
        return Math.Max(roundings, Square(2 * DoublePrecision.UnitRoundoff * (1 + Math.Abs(level))));
    }

    private static double Square(double value) => value * value;
}
