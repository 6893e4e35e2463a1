using System.Collections.Immutable;
using System.Numerics;
using System.Runtime.CompilerServices;
using MathNet.Numerics;

namespace VariationalInference;

/// <summary>A row's posterior but for its location: the precision in whitened coordinates, and what follows from it for the latents one by one.</summary>
/// <remarks>
/// <para>
/// Written in whitened coordinates t = L⁻¹(z − m), with S = LLᵀ, B = R^(−½)AL and w = R^(−½)(x − b − Am), the log joint of a row is
/// const − ½‖w − Bt‖² − ½‖t‖², so that LᵀΛL = I + BᵀB. Nothing here depends on units, and no term loses digits when R is tiny.
/// </para>
/// <para>
/// A latent that moves alone moves t along a unit vector d_j, with s_j = (S⁻¹)_jj^(−½) for each unit of its length; s_j²Λ_jj = 1 + ‖Bd_j‖². Where
/// priors are independent, L is diagonal and d_j the j-th axis.
/// </para>
/// <para>
/// Rows observed in the same cells with the same noise share a shape (<see cref="SharedShape"/>); where each row has precisions of its own they
/// pass through a workspace (<see cref="RowShape"/>).
/// </para>
/// </remarks>
internal abstract class PosteriorShape
{
    /// <summary>More than what the squares of tiny numbers may lose.</summary>
    private const double Underflow = 1e-130;

    private readonly bool _isIndependent;
    private readonly double[] _scaledPrecision;
    private readonly double[] _scaledDeviations;
    private readonly double[] _diagonal;
    private readonly double[] _columnNorms;

    /// <summary>Bd_j, where d_j is no axis.</summary>
    private readonly double[] _images;

    /// <param name="loadings">B.</param>
    /// <param name="precision">I + BᵀB.</param>
    /// <param name="prior">The priors of the latents.</param>
    protected PosteriorShape(WhitenedLoadings loadings, WhitenedPrecision precision, GaussianPrior prior)
    {
        Loadings = loadings;
        Precision = precision;
        Prior = prior;
        _isIndependent = prior.IsIndependent;
        IsExtended = precision.IsExtended;
        WhitenedLength = IsExtended ? 2 * loadings.Rank : loadings.Rank;
        _scaledPrecision = new double[LatentCount];
        _scaledDeviations = new double[LatentCount];
        _columnNorms = new double[LatentCount];
        _images = prior.IsIndependent ? [] : new double[LatentCount * loadings.Rank];
        _diagonal = prior.IsIndependent ? _scaledPrecision : new double[LatentCount];
    }

    public WhitenedLoadings Loadings { get; }

    /// <summary>Gets LᵀΛL = I + BᵀB.</summary>
    public WhitenedPrecision Precision { get; }

    public GaussianPrior Prior { get; }

    public int LatentCount => Prior.Count;

    public int Rank => Loadings.Rank;

    /// <summary>Gets the length of w: Rank values, and where they count as many again for their digits beyond a double.</summary>
    public int WhitenedLength { get; }

    /// <summary>Gets the largest <see cref="WhitenedLength"/> of rows of which some of these cells are missing, or none.</summary>
    public int LargestWhitenedLength => PrecisionForm.MayBeExtended(Loadings) ? 2 * Rank : Rank;

    /// <summary>Gets a value indicating whether the optimum is worked out in twice the precision.</summary>
    public bool IsExtended { get; }

    /// <summary>Gets the number of observed cells.</summary>
    public int ObservedCount { get; protected set; }

    /// <summary>Gets −½ Σ log 2πr over the observed cells, in nats.</summary>
    public double LogNormalizer { get; protected set; }

    /// <summary>Gets s_j²Λ_jj = 1 + ‖Bd_j‖².</summary>
    public ReadOnlySpan<double> ScaledPrecision => _scaledPrecision;

    /// <summary>Gets the diagonal of I + BᵀB.</summary>
    public ReadOnlySpan<double> Diagonal => _diagonal;

    /// <summary>Gets Σ_j log v_j of the best factors' variances, less log det S, and negative: what the ELBO at its best has of the variances.</summary>
    public double LogScaledPrecisionSum { get; private set; }

    /// <summary>Goes to the stationary point t* = (I + BᵀB)⁻¹Bᵀw.</summary>
    public abstract void GoToOptimum(ReadOnlySpan<double> w, Span<double> t);

    /// <summary>Computes what <see cref="GoToOptimum"/> needs, where that takes long.</summary>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public virtual void Prepare(CancellationToken cancellationToken)
    {
    }

    /// <summary>Returns the log evidence of a row, in nats: stationary at the optimum, so that the rounding of the optimum does not count.</summary>
    /// <param name="w">The whitened observations.</param>
    /// <param name="t">The optimum.</param>
    /// <param name="likelihoodBase">The log joint's part that depends neither on z nor on the priors' normalisation.</param>
    /// <param name="residual">Room for <see cref="Rank"/> values.</param>
    public double LogEvidence(ReadOnlySpan<double> w, ReadOnlySpan<double> t, double likelihoodBase, Span<double> residual) =>
        likelihoodBase - (0.5 * (Precision.LeastSquares(w, t, residual) + Precision.LogDeterminant));

    /// <summary>Bounds the error of means at the optimum, in posterior standard deviations; infinite where only a gradient tells.</summary>
    /// <param name="means">The means.</param>
    /// <param name="leastSquares">The least of ‖w − Bt‖² + ‖t‖².</param>
    /// <param name="whitenedNorm">‖w‖.</param>
    public virtual double OptimumErrorBound(ReadOnlySpan<double> means, double leastSquares, double whitenedNorm) => double.PositiveInfinity;

    /// <summary>Returns the variance 1/Λ_jj of the best factor of a latent.</summary>
    public double MeanFieldVariance(int latent) => Prior.ConditionalVariances[latent] / _scaledPrecision[latent];

    /// <summary>Returns q = Λ_jj v of a factor with log variance ρ = log v; 1 at the optimum.</summary>
    public double VarianceRatio(int latent, double logVariance) => Math.Exp(logVariance) / MeanFieldVariance(latent);

    /// <summary>Returns what the ELBO lacks because a factor's variance is not 1/Λ_jj, ½(q − 1 − log q), in nats.</summary>
    public double VarianceGap(int latent, double logVariance)
    {
        // Of a ratio as small as that, what is left of ρ in q − 1 is too little, or nothing.
        const double small = 1e-3;
        double ratio = VarianceRatio(latent, logVariance);
        double excess = ratio - 1;
        double log = ratio < small ? logVariance - Math.Log(MeanFieldVariance(latent)) : SpecialFunctions.Log1p(excess);
        return VarianceGap(ratio, log);
    }

    /// <summary>Returns ½(q − 1 − log q), in nats.</summary>
    public static double VarianceGap(double ratio, double logRatio) => 0.5 * (ratio - 1 - logRatio);

    /// <summary>Returns the same for many factors at once, with a series where the terms would cancel.</summary>
    public static Vector<double> VarianceGap(Vector<double> ratio, Vector<double> logRatio)
    {
        // The first term left out is 3e-12 of the first.
        const double small = 1e-3;
        Vector<double> series = logRatio * logRatio * (new Vector<double>(0.25)
            + (logRatio * (new Vector<double>(1.0 / 12) + (logRatio * (new Vector<double>(1.0 / 48) + (logRatio * (1.0 / 240)))))));
        return Vector.ConditionalSelect(
            Vector.LessThan(Vector.Abs(logRatio), new Vector<double>(small)), series, 0.5 * (ratio - Vector<double>.One - logRatio));
    }

    /// <summary>Moves every latent once, in order, by the coordinate update.</summary>
    /// <param name="t">The means.</param>
    /// <param name="residual">e = w − Bt, kept up to date.</param>
    /// <returns>The largest change of a mean, in mean-field standard deviations.</returns>
    public double Sweep(Span<double> t, Span<double> residual)
    {
        double largest = 0;
        for (int j = 0; j < t.Length; j++)
        {
            double step = _isIndependent ? UpdateAlone(j, ref t[j], residual) : Update(j, t, 0, residual);
            largest = Math.Max(largest, Math.Abs(step) * _scaledDeviations[j]);
        }

        return largest;
    }

    /// <summary>Moves one latent to its optimum given the others: the coordinate update.</summary>
    /// <param name="latent">The latent j.</param>
    /// <param name="t">The means, from latent <paramref name="first"/> on.</param>
    /// <param name="first">The latent of the first element of <paramref name="t"/>.</param>
    /// <param name="residual">e = w − Bt, kept up to date.</param>
    /// <returns>The step along d_j.</returns>
    public double Update(int latent, Span<double> t, int first, Span<double> residual)
    {
        if (_isIndependent)
        {
            return UpdateAlone(latent, ref t[latent - first], residual);
        }

        ReadOnlySpan<double> direction = Prior.Direction(latent);
        Span<double> moved = t.Slice(latent - first, direction.Length);
        ReadOnlySpan<double> image = _images.AsSpan(latent * Rank, Rank);
        double step = (ShortVectors.Dot(image, residual) - ShortVectors.Dot(direction, moved)) / _scaledPrecision[latent];
        ShortVectors.Subtract(direction, -step, moved);
        ShortVectors.Subtract(image, step, residual);
        return step;
    }

    /// <summary>Does the same for many rows at once, one in each lane, with the same bits.</summary>
    public void Update(int latent, Span<Vector<double>> t, int first, Span<Vector<double>> residual)
    {
        int place = latent - first;
        bool isAlone = _isIndependent;
        ReadOnlySpan<double> image = isAlone ? Loadings.Column(latent) : _images.AsSpan(latent * Rank, Rank);
        ReadOnlySpan<double> direction = isAlone ? default : Prior.Direction(latent);
        Vector<double> along = isAlone ? t[place] : ShortVectors.Dot(direction, t.Slice(place, direction.Length));
        Vector<double> step = (ShortVectors.Dot(image, residual) - along) / new Vector<double>(_scaledPrecision[latent]);
        if (isAlone)
        {
            t[place] += step;
        }
        else
        {
            ShortVectors.Subtract(direction, -step, t.Slice(place, direction.Length));
        }

        ShortVectors.Subtract(image, step, residual);
    }

    /// <summary>Moves all means along a direction.</summary>
    /// <param name="direction">The direction in t.</param>
    /// <param name="step">How far.</param>
    /// <param name="t">The means.</param>
    /// <param name="scratch">Room for J values.</param>
    /// <returns>The largest change of a mean, in mean-field standard deviations.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public double Move(ReadOnlySpan<double> direction, double step, Span<double> t, Span<double> scratch)
    {
        if (!_isIndependent)
        {
            return MoveTogether(direction, step, t, scratch);
        }

        double largest = 0;
        double[] precision = _scaledPrecision;
        for (int j = 0; j < t.Length; j++)
        {
            double change = step * direction[j];
            t[j] += change;
            largest = Math.Max(largest, change * change * precision[j]);
        }

        return Math.Sqrt(largest);
    }

    private double MoveTogether(ReadOnlySpan<double> direction, double step, Span<double> t, Span<double> scratch)
    {
        for (int j = 0; j < t.Length; j++)
        {
            scratch[j] = step * direction[j];
            t[j] += scratch[j];
        }

        return LargestMeanChange(scratch);
    }

    /// <summary>Returns the largest change of a mean, in mean-field standard deviations.</summary>
    /// <param name="change">The change of t; overwritten.</param>
    public double LargestMeanChange(Span<double> change)
    {
        if (!_isIndependent)
        {
            Prior.Scale(change);
            for (int j = 0; j < change.Length; j++)
            {
                change[j] /= Prior.Deviations[j];
            }
        }

        double largest = 0;
        for (int j = 0; j < change.Length; j++)
        {
            largest = Math.Max(largest, change[j] * change[j] * _scaledPrecision[j]);
        }

        return Math.Sqrt(largest);
    }

    /// <summary>
    /// Bounds the rounding error of a computed gradient (Higham, 2002, section 3.1): in its norm, and in the norm of (LᵀΛL)⁻¹, which is
    /// what it means for the error of the means in posterior standard deviations.
    /// </summary>
    /// <remarks>
    /// The residual is off by δ with ‖δ‖ ≤ γ(‖w‖ + Σ ‖B_j‖|t_j|) and the gradient thus by Bᵀδ, up to ‖B‖ times as much; but
    /// B(I + BᵀB)⁻¹Bᵀ ⪯ I, so that in the second norm it is δ that counts.
    /// </remarks>
    public (double Gradient, double Error) RoundingBounds(double whitenedNorm, ReadOnlySpan<double> t, double normT, double normE)
    {
        double reach = whitenedNorm;
        for (int j = 0; j < t.Length; j++)
        {
            reach += _columnNorms[j] * Math.Abs(t[j]);
        }

        double operations = (LatentCount + Math.Max(Rank, ObservedCount) + 8) * DoublePrecision.UnitRoundoff;
        double rest = (Loadings.FrobeniusNorm * normE) + normT;
        return (operations * ((Loadings.FrobeniusNorm * reach) + rest), operations * (reach + rest));
    }

    /// <summary>
    /// Bounds what rounding the means μ = m + Lt to doubles moves them, in the norm that Λ defines, hence in posterior standard deviations.
    /// </summary>
    public double MeanRoundingBound(ReadOnlySpan<double> t)
    {
        double sum = Underflow;
        double[] deviations = _scaledDeviations;
        ImmutableArray<double> means = Prior.RelativeMeans;
        if (_isIndependent)
        {
            for (int j = 0; j < t.Length; j++)
            {
                sum += (means[j] + Math.Abs(t[j])) * deviations[j];
            }
        }
        else
        {
            for (int j = 0; j < t.Length; j++)
            {
                sum += (means[j] + Reach(j, t)) * deviations[j];
            }
        }

        return 2 * DoublePrecision.UnitRoundoff * sum;
    }

    /// <summary>Returns what an error of each mean by all of its terms would come to in the norm of Λ.</summary>
    public double Reach(ReadOnlySpan<double> t)
    {
        double sum = 0;
        for (int j = 0; j < t.Length; j++)
        {
            sum += _scaledDeviations[j] * Reach(j, t);
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private double UpdateAlone(int latent, ref double t, Span<double> residual)
    {
        ReadOnlySpan<double> column = Loadings.Column(latent);
        double step = (ShortVectors.Dot(column, residual) - t) / _scaledPrecision[latent];
        t += step;
        ShortVectors.Subtract(column, step, residual);
        return step;
    }

    /// <summary>Returns the size of all terms of a latent's mean, in its conditional prior standard deviations.</summary>
    private double Reach(int latent, ReadOnlySpan<double> t) =>
        Prior.IsAlone(latent) ? Math.Abs(t[latent]) : Prior.Reach(latent, t) / Prior.Deviations[latent];

    /// <summary>Works out what depends on B alone, whenever it has changed.</summary>
    protected void Measure()
    {
        double logSum = 0;
        for (int j = 0; j < LatentCount; j++)
        {
            double square = ShortVectors.SquaredNorm(Loadings.Column(j));
            _columnNorms[j] = Math.Sqrt(square);
            _diagonal[j] = 1 + square;
            if (_images.Length > 0)
            {
                Span<double> image = _images.AsSpan(j * Rank, Rank);
                Loadings.Image(j, Prior.Direction(j), image);
                square = ShortVectors.SquaredNorm(image);
                _scaledPrecision[j] = 1 + square;
            }

            _scaledDeviations[j] = Math.Sqrt(1 + square);
            logSum += Math.Log(_scaledPrecision[j]);
        }

        LogScaledPrecisionSum = logSum + Prior.Coupling;
    }
}
