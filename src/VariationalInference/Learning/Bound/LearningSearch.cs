namespace VariationalInference;

/// <summary>The search for the highest optimum: from each start to its top, then from other values of each variance.</summary>
internal sealed partial class LearningSearch
{
    private const int WarmUpIterations = 5;
    private const int MostWarmUpIterations = 60;

    /// <summary>EM goes on beyond the first iterations while it gains this many nats a row in each.</summary>
    private const double QuickGain = 0.02;

    private const double RaceTolerance = 1e-5;
    private const int RaceIterations = 400;
    private const int RoundIterations = 100;
    private const int MostRounds = 20;

    /// <summary>Up to this many parameters all starts are climbed to their last digits, above it only the best.</summary>
    private const int MostForAll = 150;

    /// <summary>Optima this near to each other, in nats, are the same but for a symmetry of the model.</summary>
    private const double Apart = 1e-6;

    /// <summary>Where many parameters are concerned, no more than this part of what is tolerated is left missing.</summary>
    private const double Margin = 1e-2;

    private readonly LearningProblem _problem;
    private readonly VariationalEmOptions _options;
    private readonly IProgress<double>? _progress;
    private readonly CancellationToken _cancellationToken;
    private readonly MarginalBound _bound;
    private readonly ExpectationMaximisation _expectation;
    private readonly List<BoundAscent> _ascents = [];

    public LearningSearch(LearningProblem problem, VariationalEmOptions options, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        _problem = problem;
        _options = options;
        _progress = progress;
        _cancellationToken = cancellationToken;
        _bound = problem.CreateBound(options.Family);
        _expectation = problem.CreateExpectationMaximisation();
        Floors = new NoiseFloors(problem, options);
    }

    public NoiseFloors Floors { get; }

    /// <summary>Gets the optima that were reached, highest first, and from how many starts.</summary>
    public List<(BoundAscent Ascent, int Starts)> Optima { get; } = [];

    /// <summary>Climbs; returns the best that there is when the work is cancelled.</summary>
    public BoundAscent Run()
    {
        try
        {
            ClimbFromStarts();
            if (_options.Method == VariationalEmMethod.Plain)
            {
                LeaveFloors(_ascents[0]);
            }
            else
            {
                Scan();
                FinishBest();
            }
        }
        catch (OperationCanceledException) when (_cancellationToken.IsCancellationRequested && _ascents.Count > 0)
        {
            // What was reached is the result.
        }

        CollectOptima();
        return Best();
    }

    /// <summary>Lets noise variances at their floor go on to zero where the bound has a limit there.</summary>
    /// <returns>Whether any does.</returns>
    private bool LeaveFloors(BoundAscent ascent)
    {
        double[] floors = Floors.WithoutZeros(
            ascent, floors => Ascent(ascent.Point, floors, _cancellationToken).Evaluate(ascent.Vector, new double[ascent.Vector.Length]));
        if (floors.SequenceEqual(ascent.NoiseFloors!))
        {
            return false;
        }

        ascent.Lower(floors);
        return true;
    }

    private bool FinishesAll => _problem.Layout.Count <= MostForAll;

    private void ClimbFromStarts()
    {
        if (_options.Method == VariationalEmMethod.Plain)
        {
            _ascents.Add(Ascent(_problem.Given, Floors.Values, _cancellationToken));
            Iterate(_ascents[0], _options.MaxIterations, leastGain: double.NegativeInfinity);
            return;
        }

        for (int index = 0; index < _problem.StartCount; index++)
        {
            BoundAscent ascent = Ascent(_problem.Start(index), Floors.Values, _cancellationToken);
            _ascents.Add(ascent);
            Iterate(ascent, Math.Min(WarmUpIterations, _options.MaxIterations), leastGain: double.NegativeInfinity);
            Iterate(ascent, Math.Min(MostWarmUpIterations, _options.MaxIterations) - ascent.Iterations, QuickGain);
            ascent.Climb(Math.Max(RaceTolerance, _options.GradientTolerance), Math.Min(RaceIterations, _options.MaxIterations));
            if (FinishesAll)
            {
                Finish(ascent);
            }

            Report();
        }
    }

    private void FinishBest()
    {
        // Where few were climbed to the top, another may be the best after it.
        for (int round = 0; round < _problem.StartCount && double.IsPositiveInfinity(Best().Missing); round++)
        {
            BoundAscent best = Best();
            Finish(best);
            if (Best() == best)
            {
                break;
            }
        }

        Report();
    }

    /// <summary>Climbs to the top, and on where a noise variance goes to zero.</summary>
    private void Finish(BoundAscent ascent)
    {
        ClimbToTop(ascent);
        if (LeaveFloors(ascent))
        {
            ClimbToTop(ascent);
        }
    }

    /// <summary>Climbs to the top, by turns with Newton steps, which take ridges and leave saddles.</summary>
    private void ClimbToTop(BoundAscent ascent)
    {
        bool takesFullSteps = _problem.Layout.Count <= BoundAscent.MostNewtonParameters;
        for (int round = 0; round < MostRounds && ascent.Iterations < _options.MaxIterations; round++)
        {
            double before = ascent.Value;
            ascent.Settle();
            bool leftSaddle = false;
            if (takesFullSteps)
            {
                leftSaddle = ascent.Finish(_options.MaxIterations);
            }
            else
            {
                ascent.FinishTruncated(Margin * ToleratedMissing, _options.MaxIterations);
            }

            ascent.Settle();
            bool isThere = !leftSaddle && ascent.Missing <= ToleratedMissing;
            if (isThere || (round > 0 && ascent.Value <= before + ascent.Rounding))
            {
                return;
            }

            ascent.Climb(_options.GradientTolerance, Math.Min(ascent.Iterations + RoundIterations, _options.MaxIterations));
        }
    }

    /// <summary>Gets what may be missing of a row, in nats: ½τ²/N at a distance of τ standard errors.</summary>
    private double ToleratedMissing => 0.5 * _options.Tolerance * _options.Tolerance / _problem.RowCount;

    private void Iterate(BoundAscent ascent, int iterations, double leastGain)
    {
        for (int i = 0; i < iterations && ascent.GradientNorm > _options.GradientTolerance; i++)
        {
            double before = ascent.Value;
            if (_expectation.Step(ascent.Point) is not LearningPoint next || !ascent.Take(next) || !(ascent.Value - before > leastGain))
            {
                return;
            }
        }
    }

    private BoundAscent Ascent(LearningPoint start, double[] floors, CancellationToken cancellationToken, int held = -1) =>
        new(_bound, _problem.Layout, start, cancellationToken, floors, held);

    /// <summary>Returns the highest, the first of those that are.</summary>
    private BoundAscent Best() => _ascents.MaxBy(ascent => ascent.Value)!;

    private void Report() => _progress?.Report((Best().Value * _problem.RowCount) - _problem.LogScale);

    private void CollectOptima()
    {
        foreach (BoundAscent ascent in _ascents.OrderByDescending(ascent => ascent.Value))
        {
            double apart = (Apart / _problem.RowCount) + (1e3 * ascent.Rounding);
            int known = Optima.FindIndex(optimum => Math.Abs(optimum.Ascent.Value - ascent.Value) <= apart);
            if (known < 0)
            {
                Optima.Add((ascent, 1));
            }
            else
            {
                Optima[known] = (Optima[known].Ascent, Optima[known].Starts + 1);
            }
        }
    }
}
