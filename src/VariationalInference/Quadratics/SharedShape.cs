using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace VariationalInference;

/// <summary>What the posteriors of all rows observed in the same cells have in common: everything but their location.</summary>
/// <remarks><threadsafety>Safe to share: lazily computed values do not depend on the thread that computes them.</threadsafety></remarks>
internal sealed class SharedShape : PosteriorShape
{
    private readonly CancellableLazy<RowResponse> _response;
    private readonly CancellableLazy<double[]> _variances;
    private readonly Lazy<(double Min, double Max)> _spectrum;
    private readonly Lazy<CovarianceStructure> _covariance;
    private readonly Lazy<double> _approximationGap;
    private readonly Lazy<ImmutableArray<double>> _precisionDiagonal;

    /// <param name="loadings">B.</param>
    /// <param name="prior">The priors of the latents.</param>
    /// <param name="observedCount">The number of observed cells.</param>
    /// <param name="logNormalizer">−½ Σ log 2πr over the observed cells.</param>
    public SharedShape(WhitenedLoadings loadings, GaussianPrior prior, int observedCount, double logNormalizer)
        : base(loadings, PrecisionForm.Of(loadings, prior), prior)
    {
        ObservedCount = observedCount;
        LogNormalizer = logNormalizer;
        Measure();
        MeanFieldVariances = Sequences.Immutable(LatentCount, MeanFieldVariance);
        _response = new CancellableLazy<RowResponse>(cancellationToken => new RowResponse(this, cancellationToken));
        _spectrum = new Lazy<(double, double)>(() => Precision.Spectrum(ScaledPrecision));
        _variances = new CancellableLazy<double[]>(Precision.Variances);
        _covariance = new Lazy<CovarianceStructure>(Precision.Covariance);
        _precisionDiagonal = new Lazy<ImmutableArray<double>>(
            () => [.. Enumerable.Range(0, LatentCount).Select(j => ScaledPrecision[j] / Prior.ConditionalVariances[j])]);
        _approximationGap = new Lazy<double>(() => Precision.ApproximationGap(ScaledPrecision));
    }

    /// <summary>Gets the optimal mean-field variances 1/Λ_jj.</summary>
    public ImmutableArray<double> MeanFieldVariances { get; }

    /// <summary>Gets Λ_jj, in the latents' units.</summary>
    public ImmutableArray<double> PrecisionDiagonal => _precisionDiagonal.Value;

    /// <summary>Gets how the stationary point depends on the row.</summary>
    public RowResponse Response => _response.Get(CancellationToken.None);

    /// <summary>Gets ½(Σ log Λ_jj − log det Λ), what mean field loses against the evidence.</summary>
    public double ApproximationGap => _approximationGap.Value;

    /// <summary>Gets the extreme eigenvalues of Λ scaled to a unit diagonal.</summary>
    public (double Min, double Max) Spectrum => _spectrum.Value;

    /// <summary>Gets the exact posterior covariance Λ⁻¹, in the latents' units.</summary>
    public CovarianceStructure Covariance => _covariance.Value;

    /// <summary>Gets the exact posterior variances, the diagonal of Λ⁻¹.</summary>
    public ImmutableArray<double> Variances => VariancesUnless(CancellationToken.None);

    /// <summary>Returns <see cref="Variances"/>.</summary>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public ImmutableArray<double> VariancesUnless(CancellationToken cancellationToken) =>
        ImmutableCollectionsMarshal.AsImmutableArray(_variances.Get(cancellationToken));

    /// <summary>Returns the exact posterior of a row that has these means.</summary>
    public MultivariateGaussian PosteriorOf(ImmutableArray<double> means, IReadOnlyList<string> latentNames) =>
        new(means, Variances, () => Covariance) { LatentNames = latentNames };

    /// <summary>Computes what <see cref="GoToOptimum"/> needs, once for all rows of the shape.</summary>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public override void Prepare(CancellationToken cancellationToken)
    {
        if (!IsExtended)
        {
            _ = ResponseUnless(cancellationToken);
        }
    }

    /// <summary>Returns <see cref="Response"/>.</summary>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public RowResponse ResponseUnless(CancellationToken cancellationToken) => _response.Get(cancellationToken);

    /// <summary>Bounds the error of means that <see cref="WhitenedPrecision.OptimalMeans"/> gives in twice the precision, in posterior standard deviations.</summary>
    /// <remarks>
    /// Each mean is rounded to a double in the end, and the roots of variances were: a relative change of ε in all of those moves the optimum by no
    /// more than 2ε(‖w − Bt‖ + ‖t‖) in the norm of Λ. The reduction itself errs by ε²(‖w‖ + ‖B‖(‖w − Bt‖ + ‖t‖)).
    /// </remarks>
    /// <param name="means">The means.</param>
    /// <param name="leastSquares">The least of ‖w − Bt‖² + ‖t‖².</param>
    /// <param name="whitenedNorm">‖w‖.</param>
    public override double OptimumErrorBound(ReadOnlySpan<double> means, double leastSquares, double whitenedNorm)
    {
        double largest = 0;
        for (int j = 0; j < means.Length; j++)
        {
            largest = Math.Max(largest, Math.Abs(means[j]) / Math.Sqrt(Covariance[j, j]));
        }

        double least = Math.Sqrt(leastSquares);
        double reduction = 8 * (LatentCount + Rank) * DoublePrecision.UnitRoundoff * (whitenedNorm + (2 * (1 + Loadings.FrobeniusNorm) * least));
        return DoublePrecision.UnitRoundoff * ((2 * largest) + (3 * least) + reduction);
    }

    public override void GoToOptimum(ReadOnlySpan<double> w, Span<double> t)
    {
        if (IsExtended)
        {
            Precision.Optimum(w, t, []);
            return;
        }

        for (int j = 0; j < t.Length; j++)
        {
            t[j] = ShortVectors.Dot(Response.Row(j), w);
        }
    }
}
