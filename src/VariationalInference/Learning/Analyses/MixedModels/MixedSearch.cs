namespace VariationalInference;

/// <summary>Finds the least deviance over θ: scans along each variance, descents from all valleys found, and scans again.</summary>
/// <remarks>
/// The likelihood of variances has several maxima where groups differ in size or effects in kind, and a maximum at zero beside another (Henn and
/// Hodges, 2014). A scan goes along one variance from zero to where the data have no more digits, by a constant factor; with one variance, the
/// slopes at its points show valleys that lie between them, and each is descended. With several, scans start from all variances at one and from
/// all at zero, and go on from the best optimum until they find none better.
/// </remarks>
internal sealed class MixedSearch
{
    private const double Smallest = 0.01;
    private const double SmallestOfSeveral = 0.03;
    private const double Fine = 1.35;
    private const double Medium = 1.8;
    private const double Coarse = 5;

    /// <summary>Valleys that are higher than the best point by more than this, in deviance, are not descended: on the grid they lie at most a little too high.</summary>
    private const double Margin = 2;

    private const int MostRounds = 6;

    /// <summary>Each scanner has memory of its own, five times the square of the largest block.</summary>
    private const int MostScanners = 4;

    private readonly MixedObjective _objective;
    private readonly Lazy<MixedObjective[]> _scanners;
    private readonly MixedAscent _ascent;
    private readonly CancellationToken _cancellationToken;
    private readonly List<MixedOptimum> _optima = [];
    private double[] _grid = [];

    public MixedSearch(MixedObjective objective, int maxIterations, CancellationToken cancellationToken)
    {
        _objective = objective;

        // Where an evaluation is costly, points of a scan are evaluated side by side, each by one thread: their values do not depend on it.
        _scanners = new Lazy<MixedObjective[]>(() => objective.IsCostly && objective.MaxThreads > 1
            ? [.. Enumerable.Range(0, Math.Min(objective.MaxThreads, MostScanners)).Select(_ => objective.Another())]
            : [objective]);
        _ascent = new MixedAscent(objective, maxIterations, cancellationToken);
        _cancellationToken = cancellationToken;
    }

    /// <summary>Gets the optima found, the best first.</summary>
    public IReadOnlyList<MixedOptimum> Optima => [.. _optima.OrderBy(optimum => optimum.Value)];

    /// <summary>Gets the receiver of the best deviance after each ascent.</summary>
    public required Action<double> Found { get; init; }

    /// <summary>Searches; what was found stays in <see cref="Optima"/> when it is cancelled.</summary>
    public void Run()
    {
        int count = _objective.Parameters.Count;
        int[] diagonals = [.. _objective.Parameters.Diagonals];
        _grid = Grid(count, diagonals);
        if (count == 1)
        {
            foreach (double[] valley in Valleys())
            {
                Add(_ascent.Ascend(valley));
            }

            return;
        }

        var start = new double[count];
        foreach (int diagonal in diagonals)
        {
            start[diagonal] = 1;
        }

        Add(_ascent.Ascend(ScanAll(start, diagonals)));
        double[] fromZero = ScanAll(new double[count], diagonals);
        if (IsNew(fromZero))
        {
            Add(_ascent.Ascend(fromZero));
        }

        for (int round = 0; round < MostRounds; round++)
        {
            MixedOptimum best = Optima[0];
            foreach (double[] valley in diagonals.SelectMany(diagonal => Scan(best.Theta, diagonal).Where(point => point.Value < best.Value + Margin))
                .Select(point => point.Theta).Where(IsNew))
            {
                Add(_ascent.Ascend(valley));
            }

            if (!(Optima[0].Value < best.Value - (_objective.Rounding)))
            {
                return;
            }
        }
    }

    /// <summary>Returns zero and a geometric sequence up to where the residuals have ceased to fall.</summary>
    private double[] Grid(int count, int[] diagonals)
    {
        double last = 100;
        var theta = new double[count];
        double SquaresAt(double value)
        {
            foreach (int diagonal in diagonals)
            {
                theta[diagonal] = value;
            }

            return double.IsInfinity(_objective.Value(theta)) ? 0 : _objective.Criterion.ResidualSquares;
        }

        // Squares that fall with 1/θ² are still those of the penalty.
        double first = SquaresAt(0), squares = SquaresAt(last);
        for (double next; last < 1e16 && (next = SquaresAt(last * 10)) < squares / 2; squares = next)
        {
            last *= 10;
            if (next < 1e-30 * first)
            {
                break;
            }
        }

        double factor = _objective.IsCostly ? Coarse : count == 1 ? Fine : Medium;
        var grid = new List<double> { 0 };
        for (double value = count == 1 ? Smallest : SmallestOfSeveral; value < (count == 1 ? 10 : 3) * last; value *= factor)
        {
            grid.Add(value);
        }

        return [.. grid];
    }

    /// <summary>Returns a point of each valley along the one variance that there is.</summary>
    private List<double[]> Valleys()
    {
        var valleys = new List<double[]>();
        var gradient = new double[1];
        double[] values = new double[_grid.Length], slopes = new double[_grid.Length];
        for (int i = 0; i < _grid.Length; i++)
        {
            _cancellationToken.ThrowIfCancellationRequested();
            values[i] = _objective.Value([_grid[i]], gradient);
            slopes[i] = gradient[0];
        }

        for (int i = 0; i < _grid.Length; i++)
        {
            bool isLow = (i == 0 || values[i] <= values[i - 1]) && (i == _grid.Length - 1 || values[i] <= values[i + 1]);
            bool turns = i > 0 && slopes[i - 1] < 0 && slopes[i] > 0;
            if (isLow || turns)
            {
                valleys.Add([isLow ? _grid[i] : Math.Sqrt(Math.Max(_grid[i - 1], Smallest / 2) * _grid[i])]);
            }
        }

        return valleys;
    }

    /// <summary>Puts each variance in turn to the best of the grid.</summary>
    private double[] ScanAll(double[] start, int[] diagonals)
    {
        double[] theta = start;
        foreach (int diagonal in diagonals)
        {
            theta = Scan(theta, diagonal).MinBy(point => point.Value).Theta;
        }

        return theta;
    }

    /// <summary>Returns the valleys of the grid along a variance, with the direction of its row of Λ kept.</summary>
    private List<(double[] Theta, double Value)> Scan(double[] start, int diagonal)
    {
        int[] row = _objective.Parameters.RowOf(diagonal);
        double norm = Math.Sqrt(row.Sum(i => start[i] * start[i]));
        var points = new (double[] Theta, double Value)[_grid.Length];
        MixedObjective[] scanners = _scanners.Value;
        void Evaluate(int scanner)
        {
            for (int point = scanner; point < _grid.Length; point += scanners.Length)
            {
                _cancellationToken.ThrowIfCancellationRequested();
                double[] theta = [.. start];
                foreach (int i in row)
                {
                    theta[i] = norm > 0 ? _grid[point] * start[i] / norm : i == diagonal ? _grid[point] : 0;
                }

                points[point] = (theta, scanners[scanner].Value(theta));
            }
        }

        ThreadTeam.For(scanners.Length, scanners.Length, Evaluate);

        return [.. Enumerable.Range(0, points.Length)
            .Where(i => (i == 0 || points[i].Value <= points[i - 1].Value) && (i == points.Length - 1 || points[i].Value <= points[i + 1].Value))
            .Select(i => (Between(points, i, row), points[i].Value))];
    }

    /// <summary>Returns the lowest point of the parabola through a point of a scan and its neighbours, on the scale of logarithms.</summary>
    private double[] Between((double[] Theta, double Value)[] points, int i, int[] row)
    {
        double[] theta = [.. points[i].Theta];
        if (i < 2 || i == points.Length - 1)
        {
            return theta;
        }

        double below = points[i - 1].Value - points[i].Value, above = points[i + 1].Value - points[i].Value;
        double shift = below + above > 0 && double.IsFinite(below + above) ? (below - above) / (2 * (below + above)) : 0;
        double factor = Math.Pow(_grid[2] / _grid[1], shift);
        foreach (int place in row)
        {
            theta[place] *= factor;
        }

        return theta;
    }

    /// <summary>Tells whether a point is further from all optima than the grid is wide.</summary>
    private bool IsNew(double[] theta)
    {
        double factor = _grid.Length > 2 ? _grid[2] / _grid[1] : Medium;
        return _optima.TrueForAll(optimum => _objective.Parameters.Diagonals.Any(i =>
        {
            int[] row = _objective.Parameters.RowOf(i);
            double here = Math.Sqrt(row.Sum(j => theta[j] * theta[j])), there = Math.Sqrt(row.Sum(j => optimum.Theta[j] * optimum.Theta[j]));
            return Math.Max(here, there) > _grid[1] && !(Math.Max(here, there) < 1.05 * factor * Math.Min(here, there));
        }));
    }

    /// <summary>Keeps an optimum, unless it is one of those known.</summary>
    private void Add(MixedOptimum optimum)
    {
        // Along a flat valley every point is an optimum; the first one found stands for all.
        bool isFlat = optimum.IsUnbounded || optimum.Curvature?.IsFlat.Contains(true) == true;
        int known = _optima.FindIndex(other => (isFlat && Math.Abs(other.Value - optimum.Value) <= _objective.Rounding) || IsSame(other.Theta, optimum.Theta));
        if (known < 0)
        {
            _optima.Add(optimum);
        }
        else if (optimum.Value < _optima[known].Value && !isFlat)
        {
            _optima[known] = optimum;
        }

        Found(Optima[0].Value);
    }

    /// <summary>Tells whether two points are the same but for the signs of columns of Λ.</summary>
    private static bool IsSame(double[] theta, double[] other)
    {
        const double near = 1e-3, unit = 0.01;
        for (int i = 0; i < theta.Length; i++)
        {
            double a = Math.Abs(theta[i]), b = Math.Abs(other[i]);
            if (Math.Abs(a - b) > near * Math.Max(Math.Max(a, b), unit))
            {
                return false;
            }
        }

        return true;
    }
}
