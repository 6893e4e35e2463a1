using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace VariationalInference;

/// <summary>Goes from the prior, or from another posterior, to the best one of a row: by mixing where that raises the ELBO, and else a step along the natural gradient that does.</summary>
/// <remarks>One row at a time; nothing is allocated by a run without a trace.</remarks>
internal sealed class SiteAscent
{
    /// <summary>The shortest step along the natural gradient, 2 to this power.</summary>
    private const int MostHalvings = 40;

    /// <summary>So many halvings are enough where the ELBO no longer tells points apart.</summary>
    private const int HalvingsAtRounding = 2;

    /// <summary>So many iterations without a smaller gradient, the ELBO at its rounding, are enough.</summary>
    private const int Patience = 12;

    /// <summary>The part of the tolerance at which the distance to the optimum, known to first order only, counts for a bound.</summary>
    private const double FirstOrderShare = 1e-2;

    /// <summary>Room for so many latents, which takes some hundred kilobytes, is kept for the next row.</summary>
    private const int MostKeptLatents = 32;

    [ThreadStatic]
    private static SiteAscent? _last;

    private readonly SiteEvaluator _evaluator;
    private readonly SiteMixing _mixing;
    private readonly double[] _square;
    private readonly double[] _shift;
    private readonly double[] _precisions;
    private readonly double[] _sweep;
    private readonly double[] _sweepRow;
    private SitePosterior _current;
    private SitePosterior _candidate;

    // Whether the means of the candidate come from a sweep.
    private bool _isSwept;

    public SiteAscent(SiteCells cells, SiteRules rules, ThreadTeam? team = null)
    {
        Cells = cells;
        Rules = rules;
        _evaluator = new SiteEvaluator(cells, team);
        _mixing = new SiteMixing(cells);
        _current = new SitePosterior(cells);
        _candidate = new SitePosterior(cells);
        _square = new double[cells.LatentCount * cells.LatentCount];
        _shift = new double[cells.LatentCount];
        _precisions = new double[cells.LatentCount];
        _sweep = new double[cells.LatentCount];
        _sweepRow = new double[cells.LatentCount];
    }

    /// <summary>Returns who shares out the cells of a row; <see langword="null"/> where they are few.</summary>
    public static ThreadTeam? TeamFor(SiteCells cells, int maxThreads) => maxThreads > 1 && cells.TileCount > 1 ? new ThreadTeam(maxThreads) : null;

    /// <summary>Returns room for a row, of few cells and latents that of the thread's last row where that had the same model.</summary>
    public static SiteAscent Rent(SiteCells cells, SiteRules rules, ThreadTeam? team)
    {
        if (team is not null || cells.TileCount > 1 || cells.LatentCount > MostKeptLatents)
        {
            return new SiteAscent(cells, rules, team);
        }

        SiteAscent ascent = _last is { } last && last.Cells == cells && last.Rules == rules ? last : new SiteAscent(cells, rules);
        _last = ascent;
        return ascent;
    }

    public SiteCells Cells { get; }

    public SiteRules Rules { get; }

    /// <summary>Gets the posterior that was reached.</summary>
    public SitePosterior Reached => _current;

    /// <summary>Gets the number of iterations done.</summary>
    public int Iterations { get; private set; }

    /// <summary>Gets ‖∇‖ in whitened coordinates.</summary>
    public double GradientNorm { get; private set; }

    /// <summary>Gets ‖∇‖ times the largest ratio of a prior standard deviation to a posterior one.</summary>
    public double ScaledGradient { get; private set; }

    /// <summary>Gets the distance from the optimum to first order, in posterior standard deviations.</summary>
    public double Distance { get; private set; }

    /// <summary>Gets a value indicating whether the optimum is within the tolerance.</summary>
    public bool Converged => ScaledGradient <= Rules.Tolerance || Distance <= FirstOrderShare * Rules.Tolerance;

    /// <summary>Takes the cells of a row, which have been checked; sizes are empty for 1 each.</summary>
    public void Load(ReadOnlySpan<double> row, ReadOnlySpan<double> sizes) => _evaluator.Load(row, sizes);

    /// <summary>Goes on until the optimum is within the tolerance.</summary>
    /// <param name="row">What to call the row in an exception.</param>
    /// <param name="trace">Receives the ELBO by iteration.</param>
    /// <param name="start">Which start: 0 for the one that the cells suggest, others for draws from the seed of this number.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <exception cref="NonFiniteValueException">No posterior with a finite ELBO was found to start from.</exception>
    public StopReason Run(long row, ImmutableArray<double>.Builder? trace, int start, CancellationToken cancellationToken)
    {
        if (start == 0 || !TryScatter(start))
        {
            Start(row);
        }

        _mixing.Clear();
        _mixing.Add(_current);
        StopReason reason = Climb(trace, cancellationToken);
        Certify();
        return reason;
    }

    private StopReason Climb(ImmutableArray<double>.Builder? trace, CancellationToken cancellationToken)
    {
        double smallest = double.PositiveInfinity, firstIdle = _current.Elbo;
        int idle = 0;
        for (Iterations = 0; ; Iterations++)
        {
            trace?.Add(_current.Elbo);
            idle = _current.Distance < 0.9 * smallest ? 0 : idle + 1;
            smallest = Math.Min(smallest, _current.Distance);
            firstIdle = idle == 0 ? _current.Elbo : firstIdle;
            Distance = _current.Distance;

            // Where likelihoods are log-concave, precisions are at least those of the prior, and the scaled gradient is never shorter than the natural one.
            if (_current.Distance <= Rules.Tolerance && Certify() <= Rules.Tolerance)
            {
                return StopReason.CertificateMet;
            }

            Distance = DistanceToGo();
            if (Distance <= FirstOrderShare * Rules.Tolerance)
            {
                return StopReason.MeanChangeBelowTolerance;
            }

            if (idle > Patience && _current.Elbo - firstIdle <= _current.ElboRounding)
            {
                return StopReason.RoundingFloor;
            }

            if (Iterations > 0 && HasSettled() is { } settled)
            {
                return settled;
            }

            if (Iterations == Rules.MaxIterations)
            {
                return StopReason.IterationLimit;
            }

            if (cancellationToken.IsCancellationRequested)
            {
                return StopReason.Cancelled;
            }

            if (!TryStep(cancellationToken))
            {
                return cancellationToken.IsCancellationRequested ? StopReason.Cancelled : StopReason.RoundingFloor;
            }
        }
    }

    /// <summary>Computes the certificate.</summary>
    private double Certify()
    {
        GradientNorm = _current.GradientNorm();
        return ScaledGradient = GradientNorm == 0 ? 0 : GradientNorm * _current.LargestRatio();
    }

    /// <summary>Returns why the last iteration is the last one by how little it changed.</summary>
    private StopReason? HasSettled()
    {
        if (Rules.MeanChangeTolerance is { } meanTolerance)
        {
            double largest = 0;
            for (int j = 0; j < Cells.LatentCount; j++)
            {
                largest = Math.Max(largest, Math.Abs(_current.Means[j] - _candidate.Means[j]) / Math.Sqrt(_current.Variances[j]));
            }

            if (largest <= meanTolerance)
            {
                return StopReason.MeanChangeBelowTolerance;
            }
        }

        return Rules.ElboChangeTolerance is { } elboTolerance && _current.Elbo - _candidate.Elbo <= elboTolerance
            ? StopReason.ElboChangeBelowTolerance
            : null;
    }

    /// <summary>Returns the mean-field posterior that was reached, in the latents' units.</summary>
    public MeanFieldGaussian MeanFieldPosterior(IReadOnlyList<string> latentNames)
    {
        double[] means = new double[Cells.LatentCount], variances = new double[means.Length];
        Cells.ToLatents(_current.Means, means);
        for (int j = 0; j < variances.Length; j++)
        {
            variances[j] = Cells.Prior.ConditionalVariances[j] * _current.Variances[j];
        }

        return new MeanFieldGaussian(means, variances) { LatentNames = latentNames };
    }

    /// <summary>Returns the posterior of full covariance that was reached, in the latents' units.</summary>
    public MultivariateGaussian FullPosterior(IReadOnlyList<string> latentNames)
    {
        var means = new double[Cells.LatentCount];
        Cells.ToLatents(_current.Means, means);
        return new MultivariateGaussian(
            ImmutableCollectionsMarshal.AsImmutableArray(means), DenseCovariance.Of(new LowerFactor(PackedFactor(), Cells.LatentCount)))
        {
            LatentNames = latentNames,
        };
    }

    /// <summary>Returns the lower Cholesky factor of its covariance, in the latents' units, packed by rows.</summary>
    public double[] PackedFactor()
    {
        // Σ = WᵀW with the rows of W those of F⁻¹Lᵀ; column by column for the reduction.
        int latents = Cells.LatentCount;
        double[] root = _square, row = _shift;
        for (int i = 0; i < latents; i++)
        {
            _current.Inverse.AsSpan(i * latents, latents).CopyTo(row);
            Cells.Prior.Scale(row);
            for (int j = 0; j < latents; j++)
            {
                root[(j * latents) + i] = row[j];
            }
        }

        return LowerFactor.PackedOfRoot(root, latents);
    }

    /// <summary>Starts from the curvature of each cell where it is likely, with as little certainty about the predictors as gives a finite ELBO.</summary>
    private void Start(long row)
    {
        _isSwept = false;
        for (double certainty = 0; double.IsFinite(certainty); certainty = certainty == 0 ? 1e-3 : 10 * certainty)
        {
            _evaluator.Start(_candidate, certainty);
            (_current, _candidate) = (_candidate, _current);
            if (TryStart(_current.Square) || TryStart(Halved(_current.Square)))
            {
                (_current, _candidate) = (_candidate, _current);
                return;
            }
        }

        Guard.ThrowNonFinite("The ELBO", double.NaN, row, iteration: 0);
    }

    /// <summary>Starts somewhere else: at twice a draw from the prior, three times as sure of it.</summary>
    private bool TryScatter(int seed)
    {
        const double certainty = 3;
        _current.Reset();
        NormalStream.Fill(seed, _current.Means);
        for (int j = 0; j < Cells.LatentCount; j++)
        {
            int diagonal = j * (Cells.LatentCount + 1);
            _current.Means[j] *= 2;
            _current.Factor[diagonal] = certainty;
            _current.Inverse[diagonal] = 1 / certainty;
            _current.Variances[j] = 1 / (certainty * certainty);
        }

        return _evaluator.TryEvaluate(_current, CancellationToken.None);
    }

    private bool TryStart(ReadOnlySpan<double> square)
    {
        square.CopyTo(_square);
        return TryPlace(_current.Slope, _current.BestPrecisions) && _evaluator.TryEvaluate(_candidate, CancellationToken.None);
    }

    /// <summary>Returns a matrix whose elements beside the diagonal are half as large: positive definite, whatever rounding has done to it.</summary>
    private double[] Halved(double[] square)
    {
        int latents = Cells.LatentCount;
        for (int i = 0; i < square.Length; i++)
        {
            square[i] *= i % (latents + 1) == 0 ? 1 : 0.5;
        }

        return square;
    }

    private bool IsMixing => Rules.Steps == SiteSteps.Mixed && _mixing.IsReady;

    /// <summary>Returns the distance to where the natural gradient, or a combination of steps, says that the optimum is, in posterior standard deviations.</summary>
    private double DistanceToGo()
    {
        if (!IsMixing)
        {
            return _current.Distance;
        }

        _mixing.Combine(_square, _shift, _precisions);
        return Math.Max(_current.Distance, _current.DistanceTo(_square, _shift, _precisions));
    }

    private bool TryStep(CancellationToken cancellationToken)
    {
        if (IsMixing)
        {
            if (TryMove(_shift, _precisions, cancellationToken))
            {
                return true;
            }
        }

        int latents = Cells.LatentCount;
        double step = 1;
        for (int halving = 0; halving < MostHalvings && !cancellationToken.IsCancellationRequested; halving++, step *= 0.5)
        {
            for (int i = 0; i < latents; i++)
            {
                for (int j = 0; j <= i; j++)
                {
                    _square[(i * latents) + j] = (step * _current.Square[(i * latents) + j]) + (i == j ? 1 - step : 0);
                }

                _shift[i] = step * _current.Slope[i];
                _precisions[i] = (step * _current.BestPrecisions[i]) + ((1 - step) / _current.Variances[i]);
            }

            if (Rules.Steps == SiteSteps.Sweeps)
            {
                Sweep();
                _isSwept = true;
            }

            if (TryMove(_shift, _precisions, cancellationToken))
            {
                return true;
            }

            if (halving == HalvingsAtRounding && Math.Abs(_candidate.Elbo - _current.Elbo) <= _current.ElboRounding)
            {
                return false;
            }
        }

        return false;
    }

    /// <summary>Writes how far the means would move if each were found given those before it: (D + N)⁻¹G, with the precision D + N + Nᵀ of <c>_square</c> and the slope of <c>_shift</c>.</summary>
    private void Sweep()
    {
        int latents = Cells.LatentCount;
        ReadOnlySpan<double> factor = _current.Factor;
        for (int i = 0; i < latents; i++)
        {
            // Row i of FM, then of FMFᵀ.
            Span<double> row = _sweepRow, moved = _sweep;
            for (int j = 0; j < latents; j++)
            {
                row[j] = 0;
                for (int k = 0; k <= i; k++)
                {
                    row[j] += factor[(i * latents) + k] * _square[k >= j ? (k * latents) + j : (j * latents) + k];
                }
            }

            double rest = LowerTriangles.Dot(factor.Slice(i * latents, i + 1), _shift.AsSpan(0, i + 1));
            for (int j = 0; j < i; j++)
            {
                rest -= LowerTriangles.Dot(row[..(j + 1)], factor.Slice(j * latents, j + 1)) * moved[j];
            }

            moved[i] = rest / LowerTriangles.Dot(row[..(i + 1)], factor.Slice(i * latents, i + 1));
        }
    }

    /// <summary>Moves to the posterior of <c>_square</c>, spoiling it, unless that lowers the ELBO by more than its rounding.</summary>
    private bool TryMove(ReadOnlySpan<double> slope, ReadOnlySpan<double> precisions, CancellationToken cancellationToken)
    {
        if (!TryPlace(slope, precisions) || !_evaluator.TryEvaluate(_candidate, cancellationToken))
        {
            return false;
        }

        double gain = _candidate.Elbo - _current.Elbo, rounding = _current.ElboRounding;
        if (!(gain > rounding || (gain >= -rounding && _candidate.Distance < _current.Distance)))
        {
            return false;
        }

        (_current, _candidate) = (_candidate, _current);
        if (Rules.Steps == SiteSteps.Mixed)
        {
            _mixing.Move(_square, _shift);
            _mixing.Add(_current);
        }

        return true;
    }

    /// <summary>Places the candidate where the natural parameters are, relative to the present posterior: the precision M = LLᵀ is <c>_square</c>, replaced by L.</summary>
    private bool TryPlace(ReadOnlySpan<double> slope, ReadOnlySpan<double> precisions)
    {
        if (!LowerTriangles.TryFactor(_square, Cells.LatentCount))
        {
            return false;
        }

        slope.CopyTo(_shift);
        LowerTriangles.Solve(_square, _shift);
        LowerTriangles.SolveTransposed(_square, _shift);
        _candidate.MoveFrom(_current, _square, _shift);
        if (_isSwept)
        {
            _current.Means.CopyTo(_candidate.Means, 0);
            LowerTriangles.AddScaled(_sweep, 1, _candidate.Means);
        }

        if (Cells.Family == SiteFamily.MeanField)
        {
            for (int j = 0; j < precisions.Length; j++)
            {
                _candidate.Variances[j] = 1 / precisions[j];
                if (!(precisions[j] > 0 && double.IsFinite(precisions[j])))
                {
                    return false;
                }
            }
        }

        return true;
    }
}
