namespace VariationalInference;

/// <summary>The state of coordinate ascent on one row, in whitened coordinates t = L⁻¹(μ − m).</summary>
/// <remarks>
/// <para>
/// The coordinate update of latent j is t_j ← t_j + (B_jᵀe − t_j)/(1 + ‖B_j‖²) with the residual e = w − Bt kept up to date, O(Rank) a latent.
/// The accelerated iteration is the method of conjugate gradients for min ‖w − Bt‖² + ‖t‖² (Hestenes and Stiefel, 1952; in the form CGLS
/// of Björck, Elfving and Strakoš, 1998, which keeps e too): each step maximises the ELBO along its direction, so the ELBO never falls.
/// </para>
/// <para>
/// When a run is assessed, e is computed afresh, so that rounding does not pile up. With g the gradient there, ‖g‖ ≥ ‖t − t*‖
/// because DΛD = I + BᵀB ⪰ I; in the norm of DΛD even (t − t*)ᵀDΛD(t − t*) = gᵀ(DΛD)⁻¹g ≤ ‖g‖², which by Cauchy and Schwarz bounds the
/// error of every mean by ‖g‖ exact posterior standard deviations, and the ELBO's shortfall by ½‖g‖². Where rounding alone keeps ‖g‖
/// above the tolerance, the sharper √(gᵀ(DΛD)⁻¹g) takes its place.
/// </para>
/// </remarks>
internal ref struct CaviRun
{
    /// <summary>Conjugate ascent goes on to a gradient of this share of the tolerance: its last digits cost an iteration or two.</summary>
    private const double Aim = 1e-5;

    private const int SpareSteps = 5;

    private readonly PosteriorShape _shape;
    private readonly double _likelihoodBase;
    private readonly double _whitenedNorm;
    private readonly ReadOnlySpan<double> _w;
    private readonly Span<double> _t;
    private readonly Span<double> _residual;
    private readonly Span<double> _gradient;
    private readonly Span<double> _direction;
    private readonly Span<double> _image;
    private readonly double _tolerance;
    private readonly double _progress;
    private double _gradientNorm;
    private double _assessedNorm = double.PositiveInfinity;
    private double _gradientRounding;
    private bool _restart = true;

    /// <summary>Whether the run ended in the closed form in twice the precision.</summary>
    private bool _isExact;

    /// <param name="shape">The row's posterior but for its location.</param>
    /// <param name="row">What conditioning on the row gave beside it.</param>
    /// <param name="w">The whitened observations, length <see cref="PosteriorShape.WhitenedLength"/>.</param>
    /// <param name="buffer">Room for <see cref="BufferLength"/> values.</param>
    /// <param name="start">The means to start from; empty starts from zero.</param>
    /// <param name="options">What is wanted.</param>
    public CaviRun(PosteriorShape shape, RowConstants row, ReadOnlySpan<double> w, Span<double> buffer, ReadOnlySpan<double> start, CaviOptions options)
    {
        _tolerance = options.Tolerance;
        _progress = options.Method == CaviMethod.PlainSweeps ? 1 : 0.5;
        _shape = shape;
        _likelihoodBase = row.LogLikelihoodBase;
        _whitenedNorm = row.WhitenedNorm;
        _w = w;
        int latents = _shape.LatentCount;
        int rank = _shape.Rank;
        _t = buffer[..latents];
        _gradient = buffer.Slice(latents, latents);
        _direction = buffer.Slice(2 * latents, latents);
        _residual = buffer.Slice(3 * latents, rank);
        _image = buffer.Slice((3 * latents) + rank, rank);
        _direction.Clear();
        _shape.Prior.Whiten(start.IsEmpty ? _direction : start, _t);
    }

    public double Elbo { get; private set; }

    /// <summary>Gets the bound on the error of the means in posterior standard deviations, rounding included.</summary>
    public double ErrorBound { get; private set; }

    /// <summary>Gets a value indicating whether <see cref="ErrorBound"/> is that of the present state.</summary>
    public bool IsAssessed { get; private set; }

    /// <summary>
    /// Gets a value indicating whether the run has nothing more to gain: the gradient is as small as aimed at, or no larger than its
    /// rounding error may be and falling no more, or the closed form was used.
    /// </summary>
    public bool IsDone { get; private set; }

    /// <summary>
    /// Gets the number of conjugate steps after which the closed form is the better way: exact arithmetic needs min(J, Rank) + 1, and when
    /// rounding spoils conjugacy (prior variances over many orders), many more would follow; none are taken where doubles do not carry the run.
    /// </summary>
    public readonly int ConjugateLimit => _shape.IsExtended ? 0 : Math.Min(_shape.LatentCount, _shape.Rank) + SpareSteps;

    /// <summary>Gets the largest change of a mean in the last iteration, in mean-field standard deviations.</summary>
    public double MeanChange { get; private set; }

    public static int BufferLength(int latents, int rank) => (3 * latents) + (2 * rank);

    /// <summary>Returns t from the buffer of a run that has ended.</summary>
    public static ReadOnlySpan<double> Means(ReadOnlySpan<double> buffer, int latents) => buffer[..latents];

    /// <summary>Updates every latent once, in order.</summary>
    public void Sweep()
    {
        MeanChange = _shape.Sweep(_t, _residual);
        Assess();
    }

    /// <summary>Maximises the ELBO along the next conjugate direction, and assesses the state when the gradient is small.</summary>
    public void Accelerate()
    {
        double squaredGradient = _gradientNorm * _gradientNorm;
        if (_restart)
        {
            _gradient.CopyTo(_direction);
            _restart = false;
        }

        _image.Clear();
        _shape.Loadings.Residual(_image, _direction, _image);
        double curvature = ShortVectors.SquaredNorm(_direction) + ShortVectors.SquaredNorm(_image);
        double step = curvature > 0 ? squaredGradient / curvature : 0;
        MeanChange = _shape.Move(_direction, step, _t, _gradient);

        // The image is −Bp.
        for (int k = 0; k < _residual.Length; k++)
        {
            _residual[k] += step * _image[k];
        }

        Measure();
        if (!(_gradientNorm > Math.Max(Aim * _tolerance, _gradientRounding)))
        {
            Assess();
            return;
        }

        double conjugacy = _gradientNorm * _gradientNorm / squaredGradient;
        for (int j = 0; j < _direction.Length; j++)
        {
            _direction[j] = _gradient[j] + (conjugacy * _direction[j]);
        }
    }

    /// <summary>Goes to the stationary point.</summary>
    public void SolveDirectly()
    {
        _t.CopyTo(_direction);
        _shape.GoToOptimum(_w, _t);
        for (int j = 0; j < _t.Length; j++)
        {
            _direction[j] = _t[j] - _direction[j];
        }

        MeanChange = _shape.LargestMeanChange(_direction);
        if (_shape.IsExtended)
        {
            double leastSquares = _shape.Precision.LeastSquares(_w, _t, _residual);
            Elbo = _likelihoodBase - (0.5 * (leastSquares + _shape.LogScaledPrecisionSum));
            _shape.Precision.OptimalMeans(_w, _t, _gradient);
            ErrorBound = _shape.OptimumErrorBound(_gradient, leastSquares, _whitenedNorm);
            _isExact = true;
            IsAssessed = true;
        }
        else
        {
            Assess();
        }

        IsDone = true;
    }

    /// <summary>Goes to the stationary point if that has the smaller error bound.</summary>
    /// <param name="scratch">Room for J values.</param>
    /// <returns>Whether it has.</returns>
    public bool TryDirectly(Span<double> scratch)
    {
        (double elbo, double bound, double change) = (Elbo, ErrorBound, MeanChange);
        _t.CopyTo(scratch);
        SolveDirectly();
        if (ErrorBound < bound)
        {
            return true;
        }

        scratch.CopyTo(_t);
        (Elbo, ErrorBound, MeanChange, _isExact) = (elbo, bound, change, false);
        return false;
    }

    public readonly void CopyMeans(Span<double> means)
    {
        if (_isExact)
        {
            _shape.Precision.OptimalMeans(_w, _t, means);
        }
        else
        {
            _shape.Prior.Unwhiten(_t, means);
        }
    }

    /// <summary>Computes the residual afresh, and with it the ELBO, the gradient and the error bound; to be called before the first step.</summary>
    public void Assess()
    {
        if (_shape.IsExtended)
        {
            _shape.Loadings.ExtendedResidual(_w, _t, _residual);
        }
        else
        {
            _shape.Loadings.Residual(_w, _t, _residual);
        }

        (double errorRounding, double meanRounding) = Measure();
        double error = _gradientNorm;
        if (error + errorRounding + meanRounding > _tolerance && error <= _gradientRounding)
        {
            error = _shape.Precision.ErrorNorm(_gradient, _direction);
        }

        ErrorBound = error + errorRounding + meanRounding;
        IsDone = (_gradientNorm <= _gradientRounding && _gradientNorm >= _progress * _assessedNorm)
            || (ErrorBound <= _tolerance && _gradientNorm <= Aim * _tolerance);
        _assessedNorm = _gradientNorm;
        _restart = true;
        IsAssessed = true;
    }

    /// <summary>Computes the gradient and the ELBO for the residual at hand.</summary>
    private (double Error, double Mean) Measure()
    {
        _shape.Loadings.Gradient(_t, _residual, _gradient);
        double squaredResidual = ShortVectors.SquaredNorm(_residual);
        double squaredNorm = ShortVectors.SquaredNorm(_t);
        _gradientNorm = Math.Sqrt(ShortVectors.SquaredNorm(_gradient));
        Elbo = _likelihoodBase - (0.5 * (squaredResidual + squaredNorm + _shape.LogScaledPrecisionSum));
        (double gradientRounding, double errorRounding) = _shape.RoundingBounds(
            _whitenedNorm, _t, Math.Sqrt(squaredNorm), Math.Sqrt(squaredResidual));
        double meanRounding = _shape.MeanRoundingBound(_t);
        _gradientRounding = gradientRounding + meanRounding;
        IsAssessed = false;
        return (errorRounding, meanRounding);
    }
}
