namespace VariationalInference;

/// <summary>
/// The observed information at the learned parameters, minus the second derivatives of the bound, and what its inverse says: standard errors,
/// how far the optimum is, and which parameters the data cannot tell apart.
/// </summary>
/// <remarks>
/// Directions whose curvature is no larger than its own error are those along which the data cannot tell parameters apart. Every parameter
/// that moves along one, or has to move for the bound to stay the same further on, has no standard error; the others have theirs from the
/// pseudo-inverse. Rotations of free loadings are a convention, not news: no loading of several latents has a standard error.
/// </remarks>
internal sealed class LearningInformation
{
    /// <summary>A parameter moves along a direction if it does so by this part of its own length, where the one that moves most does by all of it.</summary>
    private const double Share = 1e-6;

    /// <summary>So far, in parameters' own lengths, one goes along a direction to see what has to follow.</summary>
    private const double Excursion = 0.01;

    /// <summary>What then moves by this part of its own length follows.</summary>
    private const double Following = 1e-5;

    /// <summary>So many corrections lead back to where the gradient is as it was.</summary>
    private const int Corrections = 3;

    private readonly LearningLayout _layout;
    private readonly int _latents;
    private readonly BoundAscent _ascent;
    private readonly BoundCurvature _curvature;
    private readonly double[] _slopes;
    private readonly double[] _lengths;
    private readonly double[] _errors;
    private readonly bool[] _unidentified;

    public LearningInformation(LearningProblem problem, LearningPoint learned, VariationalEmOptions options, double[]? noiseFloors)
    {
        _layout = problem.Layout;
        _latents = learned.Latents;
        _ascent = new BoundAscent(problem.CreateBound(options.Family), _layout, learned, CancellationToken.None, noiseFloors);
        _errors = [.. Enumerable.Repeat(double.NaN, _ascent.Vector.Length)];
        _unidentified = new bool[_errors.Length];
        _slopes = [.. _ascent.Vector.Select(value => 2 * Math.Abs(value))];
        _curvature = new BoundCurvature(_ascent, refined: true);
        _lengths = _curvature.Frame.ParameterLengths;
        Missing = problem.RowCount * _curvature.Missing(_curvature.Derivatives, withRounding: true);
        if (_curvature.IsFinite)
        {
            Invert(problem.RowCount);
        }
    }

    /// <summary>Gets how much higher the bound is at the optimum nearby, in nats, to second order, the rounding of the gradient included.</summary>
    public double Missing { get; }

    /// <summary>
    /// Gets independent changes of the free parameters in standard units, each of one standard error, of variances those of t²; <see langword="null"/> where
    /// the curvature is not finite. Directions in which the data tell nothing are left out.
    /// </summary>
    public IReadOnlyList<double[]>? Directions { get; private set; }

    /// <summary>Returns the standard error of a parameter in standard units; NaN where there is none.</summary>
    public double Error(int parameter) => _errors[parameter];

    /// <summary>Returns the standard error of a variance: of t², or of t² above a floor, 2t times that of t.</summary>
    public double VarianceError(int parameter) => _slopes[parameter] * _errors[parameter];

    /// <summary>Names the parameters that the data cannot tell apart.</summary>
    /// <param name="includeSums">Whether to name prior means and variances.</param>
    /// <param name="columns">The columns that the observations stand for.</param>
    /// <param name="columnNames">Their names.</param>
    /// <returns>The names, and the columns that own one of them.</returns>
    public (string[] Names, int[] Columns) Unidentified(bool includeSums, IReadOnlyList<int> columns, NameList columnNames)
    {
        int[] named =
        [
            .. Enumerable.Range(0, _unidentified.Length).Where(i => _unidentified[i]
                && (includeSums || i < _layout.MeanStart)
                && !(i < _layout.LoadingCount && _latents > 1 && !_curvature.Frame.LeavesOutRotations)),
        ];
        return ([.. named.Select(i => Name(i, columns, columnNames)).Distinct()], [.. named.Where(i => Place(i) >= 0).Select(i => columns[Place(i)]).Distinct().Order()]);
    }

    private bool IsTurning(int parameter) => parameter < _layout.LoadingCount && _latents > 1;

    private void Invert(double rows)
    {
        var variances = new double[_errors.Length];
        List<double[]> directions = [];
        for (int q = 0; q < _curvature.Frame.Count; q++)
        {
            double[] move = Move([.. _curvature.Eigenvector(q)]);
            double curvature = _curvature.Eigenvalue(q);
            if (curvature <= _curvature.Error(q))
            {
                MarkAlong(move);
                continue;
            }

            double step = 1 / Math.Sqrt(curvature * rows);
            for (int i = 0; i < move.Length; i++)
            {
                variances[i] += move[i] * move[i] / (curvature * rows);
            }

            directions.Add([.. move.Select((change, i) => step * change * (_layout.IsDeviation(i) ? 2 * _ascent.Vector[i] : 1))]);
        }

        Directions = directions;

        for (int i = 0; i < _errors.Length; i++)
        {
            bool isBoundary = _layout.IsDeviation(i) && _ascent.Vector[i] == 0;
            _errors[i] = _unidentified[i] || isBoundary || IsTurning(i) ? double.NaN : Math.Sqrt(variances[i]);
        }
    }

    /// <summary>Returns the change of the parameters by a change of coordinates along the directions.</summary>
    private double[] Move(double[] coordinates) => _curvature.Move(new double[_errors.Length], coordinates);

    /// <summary>Marks the parameters that move along a flat direction, and those that have to move then for the gradient to stay as it is.</summary>
    private void MarkAlong(double[] move)
    {
        double largest = Largest(move);
        Mark(move, Share * largest);
        if (!(largest > 0))
        {
            return;
        }

        double[] ahead = [.. _ascent.Vector.Zip(move, (value, change) => value + (Excursion / largest * change))];
        double[] there = ahead;
        for (int correction = 0; correction < Corrections; correction++)
        {
            var gradient = new double[there.Length];
            if (!double.IsFinite(_ascent.Evaluate(there, gradient)))
            {
                return;
            }

            double[] change = _curvature.DerivativesAt(_ascent.PointAt(there), gradient);
            change = [.. change.Zip(_curvature.Derivatives, (after, before) => after - before)];
            there = _curvature.Move(there, _curvature.NewtonStep(change, withFlat: false));
        }

        Mark([.. there.Zip(ahead, (after, before) => after - before)], Following);
    }

    private void Mark(double[] move, double least)
    {
        for (int i = 0; i < move.Length; i++)
        {
            _unidentified[i] |= Math.Abs(move[i]) > least * _lengths[i];
        }
    }

    private double Largest(double[] move) => move.Zip(_lengths, (change, length) => Math.Abs(change) / length).DefaultIfEmpty(0).Max();

    /// <summary>Returns the place of the observation that owns a parameter, −1 where none does.</summary>
    private int Place(int parameter) =>
        parameter < _layout.OffsetStart ? parameter / _latents
        : parameter < _layout.NoiseStart ? parameter - _layout.OffsetStart
        : parameter < _layout.MeanStart && _layout.NoiseCount > 1 ? parameter - _layout.NoiseStart
        : -1;

    private string Name(int parameter, IReadOnlyList<int> columns, NameList columnNames)
    {
        if (parameter < _layout.OffsetStart)
        {
            return Guard.Text($"{(_latents == 1 ? "loading" : "loadings")} {columns[Place(parameter)]}{columnNames.Behind(columns[Place(parameter)])}");
        }

        (string name, int start, int count) =
            parameter < _layout.NoiseStart ? ("offset", _layout.OffsetStart, _layout.OffsetCount)
            : parameter < _layout.MeanStart ? ("noise variance", _layout.NoiseStart, _layout.NoiseCount)
            : parameter < _layout.DeviationStart ? ("prior mean", _layout.MeanStart, _layout.MeanCount)
            : ("prior variance", _layout.DeviationStart, _layout.DeviationCount);
        bool isColumn = Place(parameter) >= 0;
        int index = isColumn ? columns[Place(parameter)] : parameter - start;
        return count == 1 ? name : Guard.Text($"{name} {index}{(isColumn ? columnNames.Behind(index) : string.Empty)}");
    }
}
